"""Results without end: each has a connection and a thread of its own, so that pages never wait for one, and constant memory.

The thread hands over chunk after chunk and waits while the reader is slow. A reader who goes away ends the query at once.
`Copied` is COPY, for SQL made here; `Fetched` a cursor read in portions, opened as statements.py opens a person's SQL.
"""

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import psycopg2

from .errors import PostgresError, TimeLimitReached
from .session import Address, Plain, Session
from .statements import CURSOR, opened

CHUNK = 1 << 18  # bytes
WAITING = 4  # chunks between the thread and the reader
PORTION_BYTES = 1 << 20
FIRST_ROWS, MOST_ROWS = 100, 20_000

Push = Callable[[bytes], None]
Receive = Callable[[], Awaitable[Any]]


class TooManyStreams(PostgresError):
    """All of the database's streams are taken."""


class Producer(Protocol):
    """Made, run and ended in one thread; `cancel` may come from another."""

    def run(self, push: Push, limit_s: float) -> None: ...
    def cancel(self) -> None: ...


class Streams:
    """Of one database: at most `most` at a time."""

    def __init__(self, most: int, limit_s: float, name: str) -> None:
        self._most = most
        self._limit_s = limit_s
        self._running = 0
        self._executor = ThreadPoolExecutor(max_workers=most, thread_name_prefix=f"postgresql-stream-{name}")

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Raises TooManyStreams."""
        if self._running >= self._most:
            raise TooManyStreams(f"{self._most} streams of this database are running; try again when one has ended.")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def chunks(self, make: Callable[[], Producer], receive: Receive) -> AsyncGenerator[bytes, None]:
        """Ends where the result does or the reader is gone. Raises PostgresError."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        handing = _Handing(loop, queue, make, self._limit_s)
        produced = loop.run_in_executor(self._executor, handing.work)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while (chunk := await _next(queue, produced, gone)) is not None:
                yield chunk
        finally:
            gone.cancel()
            handing.stop()
            while not produced.done():  # whoever hands over must not wait for us
                with contextlib.suppress(asyncio.QueueEmpty):
                    queue.get_nowait()
                await asyncio.wait({produced}, timeout=0.05)
        if not gone.done():
            produced.result()


async def _next(queue: "asyncio.Queue[bytes]", produced: "asyncio.Future[None]", gone: "asyncio.Future[None]") -> bytes | None:
    """None where there is no more, or nobody for it."""
    if not queue.empty() and not gone.done():
        return queue.get_nowait()
    coming = asyncio.ensure_future(queue.get())
    waited: set[asyncio.Future[Any]] = {coming, produced, gone}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if not gone.done() and (coming.done() or not queue.empty()):
        return await coming
    coming.cancel()
    return None


class _Handing:
    """The thread's side."""

    def __init__(self, loop: Any, queue: "asyncio.Queue[bytes]", make: Callable[[], Producer], limit_s: float) -> None:
        self._loop, self._queue, self._make = loop, queue, make
        self._deadline = time.monotonic() + limit_s
        self._producer: Producer | None = None
        self._stopped = False

    def work(self) -> None:
        """Raises PostgresError, unless it was stopped."""
        try:
            self._producer = self._make()
            if not self._stopped:
                self._producer.run(self.push, self._deadline - time.monotonic())
        except (_Stopped, PostgresError):
            if not self._stopped:
                raise

    def push(self, chunk: bytes) -> None:
        """Waits while the reader is slow."""
        if self._stopped:
            raise _Stopped
        put = asyncio.run_coroutine_threadsafe(self._queue.put(chunk), self._loop)
        try:
            put.result(max(0.1, self._deadline - time.monotonic()))
        except TimeoutError:
            put.cancel()
            raise TimeLimitReached("The time limit of streams passed while the reader was slow.", "57014") from None

    def stop(self) -> None:
        """From the loop's thread. The thread may be waiting for the server, and telling that takes a moment, too."""
        self._stopped = True
        if self._producer is not None:
            self._loop.run_in_executor(None, self._producer.cancel)


class _Stopped(Exception):
    """Nobody reads any more."""


class Copied:
    """`copy (…) to stdout (format csv)`, its line ends made CSV's."""

    def __init__(self, address: Address, sql: str) -> None:
        self._plain = Plain(address, {})
        self._sql = sql
        self._ended = False

    def run(self, push: Push, limit_s: float) -> None:
        def copy(connection: Any) -> None:
            with connection.cursor() as cursor, io.BufferedWriter(_Sink(push), CHUNK) as buffer:
                cursor.copy_expert(self._sql, buffer, CHUNK)

        try:
            self._plain.run(copy, time_limit_ms=int(limit_s * 1000), read_only=True)
        except BaseException:
            self.cancel()
            raise
        finally:
            self._ended = True
            self._plain.close()

    def cancel(self) -> None:
        if not self._ended:
            with contextlib.suppress(psycopg2.Error):
                self._plain.connection.cancel()


class _Sink(io.RawIOBase):
    def __init__(self, push: Push) -> None:
        self._push = push
        self._line_ends = LineEnds()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._push(self._line_ends.fixed(chunk))
        return len(chunk)


class LineEnds:
    r"""Makes \n, as COPY ends its lines, \r\n, as Datasette does: outside of quotes only. A quote may span chunks."""

    def __init__(self) -> None:
        self._in_quotes = False

    def fixed(self, chunk: bytes) -> bytes:
        if b'"' not in chunk:
            return chunk if self._in_quotes else chunk.replace(b"\n", b"\r\n")
        parts = chunk.split(b'"')  # in turns in and out of quotes; a doubled quote has an empty part between
        outside, inside = (1, 0) if self._in_quotes else (0, 1)
        self._in_quotes ^= len(parts) % 2 == 0
        if b"\n" not in b"".join(parts[inside::2]):
            return chunk.replace(b"\n", b"\r\n")
        parts[outside::2] = [part.replace(b"\n", b"\r\n") for part in parts[outside::2]]
        return b'"'.join(parts)


class Fetched:
    """Rows of one statement that a person may have typed: a portion must come within a page's time limit."""

    def __init__(
        self, address: Address, arrays: Mapping[int, int], sql: str, *, portion_ms: int, max_bytes: int,
        write: Callable[[Sequence[tuple[Any, ...]]], bytes],
    ) -> None:  # fmt: skip
        self._session = Session(address, arrays)
        self._sql, self._portion_ms, self._max_bytes, self._write = sql, portion_ms, max_bytes, write

    def run(self, push: Push, limit_s: float) -> None:
        deadline, rows, begin = time.monotonic() + limit_s, FIRST_ROWS, opened(self._sql, time_limit_ms=self._portion_ms)
        try:
            while True:
                left_ms = int((deadline - time.monotonic()) * 1000)
                if left_ms <= 0:
                    raise TimeLimitReached("The time limit of streams passed.", "57014")
                message = f"{begin}fetch forward {rows} from {CURSOR}"
                answer = self._session.ask(message, time_limit_ms=min(left_ms, self._portion_ms), max_bytes=self._max_bytes)
                chunk = self._write(answer.rows)
                if chunk:
                    push(chunk)
                if len(answer.rows) < rows:
                    return
                rows = max(1, min(MOST_ROWS, rows * 4, rows * PORTION_BYTES // max(1, len(chunk))))
                begin = ""
        finally:
            self._session.close()

    def cancel(self) -> None:
        self._session.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
