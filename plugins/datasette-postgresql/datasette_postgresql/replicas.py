"""The primary and its replicas: which server a question goes to. Each has a pool; workers.py bounds them all together.

Replicas answer in turn. One that doesn't answer is left out for some seconds; then one question tries it, so that a replica
that is away keeps nobody else waiting. Where none answers the primary does, and where one hasn't replayed yet what the
question is about. A question that loses its connection is asked twice at most, as with one server.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from .errors import STALE_NAMES, ConnectionLost, PostgresError, Unreached
from .grants import STOPS, Role, examine_over
from .pool import Pool
from .session import Address, Session
from .settings import DatabaseSettings
from .turns import Job

T = TypeVar("T")

LEFT_OUT_S = 5.0
EXAMINE_MS = 10_000
CONFLICT = "40001"  # the primary has removed rows that the replica's question still read
UNLOGGED = "0A000"  # such a table is on the primary only
ASK_THE_PRIMARY = (*STALE_NAMES, CONFLICT, UNLOGGED)


class Replica:
    """`name` is for the log. It answers nothing before its role has been examined."""

    def __init__(self, pool: Pool, name: str) -> None:
        self.name = name
        self.pool = pool
        self._is_harmless = False
        self._is_refused = False
        self._lock = threading.Lock()
        self._try_again_at: float | None = None

    def may_be_asked(self) -> bool:
        """True for one caller where it has been left out long enough; the others go on without it."""
        with self._lock:
            if self._try_again_at is not None:
                if time.monotonic() < self._try_again_at:
                    return False
                self._try_again_at = time.monotonic() + LEFT_OUT_S
            return not self._is_refused

    def ask(self, use: Callable[[Session], T], job: Job | None) -> T:
        """Raises Unreached where it can't be asked, else what the question raises."""
        try:
            if not self._is_harmless:
                self._examine_late()
            answer = self.pool.with_session(use, job, attempts=1)
        except ConnectionLost:
            self._leave_out()
            raise
        except PostgresError:
            self._try_again_at = None
            raise
        self._try_again_at = None
        return answer

    def examine(self) -> Role:
        """Its role, which may be another than the primary's. Raises PostgresError."""
        try:
            role = self.pool.with_plain(lambda plain: plain.run(examine_over, time_limit_ms=EXAMINE_MS, read_only=True))
        except PostgresError:
            self._leave_out()
            raise
        self._is_harmless = not role.of(STOPS)
        self._is_refused = not self._is_harmless
        return role

    def _examine_late(self) -> None:
        """Of a replica that was away at the start."""
        try:
            role = self.examine()
        except ConnectionLost:
            raise
        except PostgresError as error:
            raise Unreached(str(error)) from error
        if self._is_refused:
            sys.stderr.write(f"ERROR: {self.name} isn't asked: its role {role.name!r} {role.of(STOPS)[0]}.\n")
            raise Unreached("its role may do too much")

    def _leave_out(self) -> None:
        with self._lock:
            self._try_again_at = time.monotonic() + LEFT_OUT_S


class Servers:
    """`with_session` asks a replica where there is one; `primary` is for what only the primary can answer."""

    def __init__(self, address: Address, settings: DatabaseSettings, name: str) -> None:
        self.primary = Pool(address, settings.pool_size, name)
        named = [(f"replica {number} of {name}", dsn) for number, dsn in enumerate(settings.replicas, 1)]
        self._replicas = [Replica(Pool(replace(address, dsn=dsn), settings.pool_size, of), of) for of, dsn in named]
        self._lock = threading.Lock()
        self._turn = 0

    def learn_arrays(self, arrays: dict[int, int]) -> None:
        for pool in self._pools():
            pool.learn_arrays(arrays)

    def close(self) -> None:
        """After the threads have ended."""
        for pool in self._pools():
            pool.close()

    def examine(self) -> list[tuple[str, Role | PostgresError]]:
        """The replicas: each one's name and its role, or why that isn't known."""
        return [(replica.name, _attempt(replica.examine)) for replica in self._replicas]

    def with_session(self, use: Callable[[Session], T], job: Job | None = None) -> T:
        """As Pool's."""
        for replica in self._in_turn():
            try:
                return replica.ask(use, job)
            except Unreached:
                continue
            except ConnectionLost:
                return self.primary.with_session(use, job, attempts=1)
            except PostgresError as error:
                if error.sqlstate not in ASK_THE_PRIMARY:
                    raise
                break
        return self.primary.with_session(use, job)

    def _in_turn(self) -> Iterator[Replica]:
        if not self._replicas:
            return
        with self._lock:
            first = self._turn = (self._turn + 1) % len(self._replicas)
        yield from (replica for replica in self._replicas[first:] + self._replicas[:first] if replica.may_be_asked())

    def _pools(self) -> list[Pool]:
        return [self.primary, *(replica.pool for replica in self._replicas)]


def _attempt(work: Callable[[], T]) -> T | PostgresError:
    try:
        return work()
    except PostgresError as error:
        return error
