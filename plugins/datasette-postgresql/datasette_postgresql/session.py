"""One connection to PostgreSQL, and the only place that talks over it. Each question is one message, followed by a full reset.

Asynchronous connections with a poll loop of our own: statement_timeout can't interrupt one big copy or send (a 200 MB lpad
ran 3.2 s past it), and nothing else stops a result that would fill the memory. Past the deadline or the limit the
connection is cancelled and closed. `Plain` is an ordinary connection, for functions that want one. watchdog.py ends the rest.
"""

import contextlib
import select
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions

from . import values
from .errors import Busy, ConnectionLost, Gone, PostgresError, ResultTooLarge, TimeLimitReached, translate
from .turns import Job
from .watchdog import WATCHDOG, Demoted, Watch, waiting_bytes

T = TypeVar("T")

GRACE_MS = 300  # how long after statement_timeout our own deadline is: the server's message is the better one
RESET_S = 2.0
MOST_SERVED_S = 1.0  # of questions, then a new backend: what a `set` of new names takes, no reset gives back
SMALL = 1_000_000  # bytes of an answer that the budget doesn't count, so that pages come however much others hold
READ = 16_384  # libpq's buffer: what it reads at a time, unless a row is larger
# DISCARD ALL refuses company in a message; these are its parts, and one round trip. The locks are the session's.
RESET = (
    "rollback; close all; set session authorization default; reset all; deallocate all; unlisten *; "
    "select pg_catalog.pg_advisory_unlock_all(); discard plans; discard temp; discard sequences"
)
SESSION_OPTIONS = (
    "-c default_transaction_read_only=on -c client_encoding=UTF8 -c datestyle=ISO,YMD -c intervalstyle=postgres "
    "-c timezone=UTC -c bytea_output=hex -c standard_conforming_strings=on -c idle_in_transaction_session_timeout=120000 "
    "-c client_connection_check_interval=1000 -c extra_float_digits=1 -c backslash_quote=off -c search_path={search_path}"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the description is psycopg2's, or None where the statement returns nothing."""

    description: Any
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how to connect."""

    dsn: str
    schemas: tuple[str, ...]
    connect_timeout_s: int

    def arguments(self) -> dict[str, Any]:
        """The DSN's own options come first, so that ours hold."""
        given = psycopg2.extensions.parse_dsn(self.dsn)
        path = ",".join('"' + schema.replace('"', '""') + '"' for schema in self.schemas)
        path = path.replace("\\", "\\\\").replace(" ", "\\ ")
        given["options"] = f"{given.get('options', '')} {SESSION_OPTIONS.format(search_path=path)}".strip()
        return {
            "application_name": "datasette", "keepalives_idle": "30", **given, "connect_timeout": str(self.connect_timeout_s),
        }  # fmt: skip


class Session:
    """An asynchronous connection; `ask` is one message and its last result."""

    def __init__(self, address: Address, arrays: Mapping[int, int]) -> None:
        deadline = time.monotonic() + address.connect_timeout_s
        try:
            self._connection: Any = psycopg2.connect(**address.arguments(), async_=1)
            self._wait(deadline, None)
        except psycopg2.Error as error:
            raise ConnectionLost(str(error).strip() or "the database server doesn't answer") from error
        except TimeLimitReached as error:
            raise ConnectionLost(f"the database server didn't answer in {address.connect_timeout_s} s") from error
        values.register(self._connection, arrays)
        self.server_version: int = self._connection.server_version
        self.job: Job | None = None  # whose question it is; the pool says
        self._served_s = 0.0
        self._resetting: Any = None  # the cursor: without it psycopg2 doesn't read the answer

    def ask(self, message: str, *, time_limit_ms: int, max_bytes: int | None, offset: int = 0) -> Answer:
        """Raises PostgresError; `offset` is where the caller's SQL begins in `message`."""
        if self._connection.closed:
            raise ConnectionLost("the connection is closed")
        cursor = self._connection.cursor()
        started = time.monotonic()
        deadline = started + (time_limit_ms + GRACE_MS) / 1000
        with WATCHDOG.watching(self._connection, deadline + 0.2, max_bytes, self.job) as watch:
            try:
                cursor.execute(message)
                self._wait(deadline, max_bytes)
            except (TimeLimitReached, ResultTooLarge, Busy):
                self.abandon()
                raise
            except psycopg2.Error as error:
                raise self._explained(error, watch, max_bytes, offset) from error
            finally:
                self._served_s += time.monotonic() - started
        try:
            answer = Answer(cursor.description, cursor.fetchall() if cursor.description else [])
        except (psycopg2.Error, ValueError) as error:  # a value that Python can't take: not UTF-8, say
            raise PostgresError(f"The result can't be read: {error}") from error
        if watch.reason:  # the answer was faster, but the cancelling is under way: it mustn't hit the next question
            self.close()
        return answer

    def _explained(self, error: psycopg2.Error, watch: Watch, max_bytes: int | None, offset: int) -> Exception:
        if not watch.reason:
            return translate(error, offset=offset)
        self.close()
        return {"time": _overdue(), "size": _too_large(max_bytes), "gone": Gone(), "slow": Demoted()}[watch.reason]

    def mogrify(self, query: str, params: Any) -> str:
        """psycopg2's own interpolation; the connection isn't used, but it knows the encoding."""
        text: bytes = self._connection.cursor().mogrify(query, params)
        return text.decode("utf-8")

    def reset(self) -> bool:
        """Give up all that the last question may have left behind. It is sent now, and its answer read by `is_fit`.

        False where the connection is of no more use.
        """
        self.job = None
        if self._served_s > MOST_SERVED_S:
            self.close()
        if self._connection.closed:
            return False
        cursor = self._connection.cursor()
        try:
            cursor.execute(RESET)
        except Exception:  # on any doubt it is closed: whatever failed, this session must not serve another request
            self.close()
            return False
        self._resetting = cursor
        return True

    @property
    def is_fit(self) -> bool:
        """Reset, and with nothing to say: where there is something more to read, it is the server's good-bye."""
        if self._resetting is not None and not self._has_reset():
            return False
        return is_quiet(self._connection)

    def _has_reset(self) -> bool:
        deadline = time.monotonic() + RESET_S
        try:
            with WATCHDOG.watching(self._connection, deadline, None):
                self._wait(deadline, None)
        except Exception:  # as in `reset`
            return False
        self._resetting = None
        del self._connection.notices[:]
        return True

    def close(self) -> None:
        with contextlib.suppress(psycopg2.Error):
            self._connection.close()

    def cancel(self) -> None:
        """From another thread: whoever waits for the answer gets an error."""
        with contextlib.suppress(psycopg2.Error):
            self._connection.cancel()

    def abandon(self) -> None:
        """This connection is of no more use to anybody."""
        abandon(self._connection)
        self._connection = _Gone()

    def _wait(self, deadline: float, max_bytes: int | None) -> None:
        connection = self._connection
        poller = select.poll()
        received, watched = 0, -1
        while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
            descriptor = connection.fileno()
            if descriptor != watched:  # while connecting, libpq may change to another socket
                poller = select.poll()
                watched = descriptor
            reading = state == psycopg2.extensions.POLL_READ
            poller.register(descriptor, select.POLLIN if reading else select.POLLOUT)
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0 or not poller.poll(left_ms):
                raise _overdue()
            if max_bytes is not None and reading:
                arrived = min(waiting_bytes(descriptor), READ)
                received += arrived
                if received > max_bytes:
                    raise _too_large(max_bytes)
                if received > SMALL and self.job is not None and self.job.hold is not None:
                    self.job.hold(arrived)


class _Gone:
    """Stands in for an abandoned connection."""

    closed = 1
    notices: list[str] = []  # noqa: RUF012 - never filled

    def close(self) -> None:
        """Somebody else does it."""

    def cancel(self) -> None:
        """It was, or it is closed."""


class Plain:
    """An ordinary psycopg2 connection for `run`, guarded by the watchdog."""

    def __init__(self, address: Address, arrays: Mapping[int, int]) -> None:
        try:
            self.connection = psycopg2.connect(**address.arguments())
        except psycopg2.Error as error:
            raise ConnectionLost(str(error).strip()) from error
        values.register(self.connection, arrays)
        self.job: Job | None = None
        self._served_s = 0.0

    def run(self, function: Callable[[Any], T], *, time_limit_ms: int, read_only: bool) -> T:
        """`function` runs inside one transaction, which is always rolled back."""
        started = time.monotonic()
        deadline = started + (time_limit_ms + GRACE_MS) / 1000
        with WATCHDOG.watching(self.connection, deadline, None, self.job) as watch:
            try:
                self.connection.set_session(readonly=read_only, autocommit=False)
                with self.connection.cursor() as cursor:
                    cursor.execute("set local statement_timeout = %s", (time_limit_ms,))
                result = function(self.connection)
            except psycopg2.Error as error:
                if watch.reason:
                    self.close()
                    raise (_overdue() if watch.reason == "time" else Gone()) from error
                raise translate(error) from error
            finally:
                self._served_s += time.monotonic() - started
        if watch.reason:  # as in Session.ask
            self.close()
        return result

    def reset(self) -> bool:
        self.job = None
        if self._served_s > MOST_SERVED_S:
            self.close()
        if self.connection.closed:
            return False
        try:
            with WATCHDOG.watching(self.connection, time.monotonic() + 2, None):
                self.connection.rollback()
                self.connection.autocommit = True
                with self.connection.cursor() as cursor:
                    cursor.execute("discard all")
        except Exception:  # as in Session.reset
            self.close()
            return False
        return True

    @property
    def is_fit(self) -> bool:
        return is_quiet(self.connection)

    def close(self) -> None:
        with contextlib.suppress(psycopg2.Error):
            self.connection.close()


def is_quiet(connection: Any) -> bool:
    if connection.closed:
        return False
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return not poller.poll(0)


def _overdue() -> TimeLimitReached:
    return TimeLimitReached("The time limit passed before the database answered.", "57014")


def _too_large(max_bytes: int | None) -> ResultTooLarge:
    return ResultTooLarge(f"The result is larger than the limit of {max_bytes} bytes.")


def abandon(connection: Any) -> None:
    """Cancel and close in a thread of its own: a cancel request waits for a server that may be frozen."""
    threading.Thread(target=_cancel_and_close, args=(connection,), daemon=True).start()


def _cancel_and_close(connection: Any) -> None:
    with contextlib.suppress(psycopg2.Error):
        connection.cancel()
    with contextlib.suppress(psycopg2.Error):
        connection.close()
