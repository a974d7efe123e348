"""Other plugins' finished statements, prepared once a connection and asked on the event loop itself.

No thread, no cursor, no reset: nothing that a person typed ever runs on these connections, and a statement can't leave
anything behind in a read-only session. A page of a table costs its rows then, and not its SQL: planning one of 73 columns
takes longer than reading a row of it.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE

from . import values as value_types
from .errors import CANCELLED, ConnectionLost, PostgresError, TimeLimitReached, translate
from .session import GRACE_MS, Address, abandon, is_quiet

MOST_PREPARED = 200  # a connection; the least used one goes
OVERDUE = "The time limit passed before the database answered."
BEGIN = "begin transaction isolation level repeatable read read only; set local plan_cache_mode = force_custom_plan"


class Prepared:
    """The door. Long readers have connections of their own, so that they keep nobody's page waiting."""

    def __init__(self, address: Address, size: int, limit_ms: int) -> None:
        self._pages = Lane(address, size, limit_ms)
        self._readers = Lane(address, max(2, size // 2), limit_ms)
        self._streams = Lane(address, max(2, size // 2), limit_ms)

    async def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a finished statement with $1, $2 …; it is asked again, once, where the connection was lost.

        Raises PostgresError, of which TimeLimitReached is one.
        """
        return await self._pages.ask(statement, values)

    def snapshot(self, *, is_stream: bool = False) -> contextlib.AbstractAsyncContextManager["Connection"]:
        """Several questions about one state of the database, by `.ask`. Each is planned for its values.

        A stream lasts as long as its client likes to read; only other streams wait for it.
        """
        return (self._streams if is_stream else self._readers).snapshot()

    def close(self) -> None:
        self._pages.close()
        self._readers.close()
        self._streams.close()


class Lane:
    """At most `size` connections, opened when needed, the last used first."""

    def __init__(self, address: Address, size: int, limit_ms: int) -> None:
        self._address = address
        self._size = size
        self._limit_ms = limit_ms
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open = 0
        self._closed = False

    async def ask(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            async with self._connection() as connection:
                return await connection.ask(statement, values)
        except ConnectionLost:
            self._drop_idle()  # a restart took them all
        async with self._connection() as connection:
            return await connection.ask(statement, values)

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Connection"]:
        async with self._connection() as connection:
            await connection.run(BEGIN)
            try:
                yield connection
            finally:
                if not connection.is_broken:
                    await connection.run("rollback")

    def close(self) -> None:
        self._closed = True
        self._drop_idle()

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator["Connection"]:
        connection = await self._take()
        try:
            yield connection
        finally:
            if connection.is_broken or self._closed:
                self._forget(connection)
            else:
                self._idle.append(connection)
            self._wake()

    async def _take(self) -> "Connection":
        while True:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_quiet:
                    return connection
                self._forget(connection)
            if self._open < self._size:
                return await self._connect()
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # it was our turn: the next one's now
                raise

    async def _connect(self) -> "Connection":
        self._open += 1
        try:
            return await Connection.open(self._address, self._limit_ms)
        except BaseException:
            self._open -= 1
            self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _drop_idle(self) -> None:
        while self._idle:
            self._forget(self._idle.pop())

    def _forget(self, connection: "Connection") -> None:
        self._open -= 1
        connection.close()


class Connection:
    """An asynchronous connection, and what is prepared on it. One question at a time."""

    def __init__(self, raw: Any, limit_ms: int) -> None:
        self._raw = raw
        self._limit_s = (limit_ms + GRACE_MS) / 1000
        self._names: OrderedDict[str, str] = OrderedDict()
        self._made = 0
        self.is_broken = False

    @classmethod
    async def open(cls, address: Address, limit_ms: int) -> "Connection":
        """Raises ConnectionLost."""
        arguments = address.arguments()
        arguments["options"] += f" -c statement_timeout={int(limit_ms)}"
        try:
            raw = psycopg2.connect(**arguments, async_=1)
            connection = cls(raw, limit_ms)
            await connection._connected(address.connect_timeout_s)
        except psycopg2.Error as error:
            raise ConnectionLost(str(error).strip() or "The database server doesn't answer.") from error
        value_types.register(raw, {})
        return connection

    @property
    def is_quiet(self) -> bool:
        return is_quiet(self._raw)

    async def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows. Raises PostgresError."""
        name = self._names.get(statement)
        if name is not None:
            self._names.move_to_end(statement)
            return await self._ask(f"execute {name}{self._literals(values)}")
        self._made += 1
        name = f"prepared_{self._made}"
        spare = f"deallocate {self._names.popitem(last=False)[1]}; " if len(self._names) >= MOST_PREPARED else ""
        try:
            rows = await self._ask(f"{spare}prepare {name} as {statement}; execute {name}{self._literals(values)}")
        except PostgresError:
            self.is_broken = True  # is it prepared or not? The next connection knows
            raise
        self._names[statement] = name
        return rows

    async def run(self, message: str) -> None:
        await self._ask(message)

    def close(self) -> None:
        with contextlib.suppress(psycopg2.Error):
            self._raw.close()

    def _literals(self, values: Sequence[Any]) -> str:
        if not values:
            return ""
        text: bytes = self._raw.cursor().mogrify(f"({', '.join(['%s'] * len(values))})", tuple(values))
        return text.decode("utf-8")

    async def _ask(self, message: str) -> list[tuple[Any, ...]]:
        cursor = self._raw.cursor()
        try:
            cursor.execute(message)
            await self._answered()
            return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            translated = translate(error)
            self.is_broken = self.is_broken or isinstance(translated, ConnectionLost)
            raise translated from error
        except BaseException:  # nobody waits any more: it may be in the middle of an answer
            self.is_broken = True
            abandon(self._raw)
            raise

    async def _answered(self) -> None:
        """Polled whenever something arrives, without going through this coroutine each time."""
        raw, loop = self._raw, asyncio.get_running_loop()
        if (state := raw.poll()) == POLL_OK:
            return
        descriptor = raw.fileno()
        answered: asyncio.Future[None] = loop.create_future()
        is_sending = state == POLL_WRITE

        def poll() -> None:
            nonlocal is_sending
            try:
                state = raw.poll()
            except psycopg2.Error as error:
                _settle(answered, error)
                return
            if is_sending and state != POLL_WRITE:
                is_sending = False
                loop.remove_writer(descriptor)
            if state == POLL_OK:
                _settle(answered)

        loop.add_reader(descriptor, poll)
        if is_sending:
            loop.add_writer(descriptor, poll)
        overdue = loop.call_later(self._limit_s, _settle, answered, TimeLimitReached(OVERDUE, CANCELLED))
        try:
            await answered
        finally:
            overdue.cancel()
            loop.remove_reader(descriptor)
            if is_sending:
                loop.remove_writer(descriptor)

    async def _connected(self, timeout_s: float) -> None:
        """While connecting, libpq may change to another socket."""
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + timeout_s
        while (state := self._raw.poll()) != POLL_OK:
            ready: asyncio.Future[None] = loop.create_future()
            descriptor = self._raw.fileno()
            watch, forget = (
                (loop.add_reader, loop.remove_reader) if state == POLL_READ else (loop.add_writer, loop.remove_writer)
            )
            watch(descriptor, _settle, ready)
            try:
                await asyncio.wait_for(ready, deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise ConnectionLost(f"The database server didn't answer in {timeout_s} s.") from None
            finally:
                forget(descriptor)


def _settle(future: "asyncio.Future[None]", error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
