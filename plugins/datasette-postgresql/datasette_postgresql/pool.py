"""The connections to one server, the last used first. workers.py has as many threads as there may be connections: whoever
has a thread finds a connection idle, or may open one.

A connection that died while idle is noticed and replaced; one that dies at the first question is replaced once.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import ConnectionLost, Unreached
from .session import Address, Plain, Session
from .turns import Job

T = TypeVar("T")

MOURNING_S = 1.0  # at most: how long a server that took its time not to answer isn't tried again


class Pool:
    """`arrays` maps array types to element types; connections made later know it."""

    def __init__(self, address: Address, size: int, name: str) -> None:
        self._address = address
        self._size = size
        self._name = name
        self._lock = threading.Lock()
        self._sessions: list[Session] = []
        self._plains: list[Plain] = []
        self._open = 0
        self._closed = False
        self._arrays: dict[int, int] = {}
        self._lost: ConnectionLost | None = None
        self._try_again_at = 0.0

    def with_session(self, use: Callable[[Session], T], job: Job | None = None, attempts: int = 2) -> T:
        """Runs in one of the threads. `use` is called again, once, where the connection was lost: it must only have asked."""
        return self._with(self._sessions, Session, use, job, attempts)

    def with_plain(self, use: Callable[[Plain], T], job: Job | None = None) -> T:
        """As with_session, but never a second time: the function may have done more than ask."""
        return self._with(self._plains, Plain, use, job, attempts=1)

    def learn_arrays(self, arrays: dict[int, int]) -> None:
        """New array types: the idle connections don't know them, so they go."""
        if arrays == self._arrays:
            return
        self._arrays = arrays
        self._drop_idle()

    def close(self) -> None:
        """After the threads have ended."""
        self._closed = True
        self._drop_idle()

    def _with(self, idle: list[Any], kind: type[Any], use: Callable[[Any], T], job: Job | None, attempts: int) -> T:
        for attempt in range(attempts):
            connection = self._take(idle, kind)
            connection.job = job
            try:
                return use(connection)
            except ConnectionLost:
                connection.close()
                self._drop_idle()  # a restart took them all
                if attempt + 1 == attempts:
                    raise
            finally:
                self._give_back(idle, connection)
        raise AssertionError("unreachable")

    def _take(self, idle: list[Any], kind: type[Any]) -> Any:
        while True:
            with self._lock:
                connection = idle.pop() if idle else None
            if connection is None:
                break
            if connection.is_fit:
                return connection
            self._forget(connection)
        self._count_one_more()
        try:
            return self._connect(kind)
        except BaseException:
            with self._lock:
                self._open -= 1
            raise

    def _connect(self, kind: type[Any]) -> Any:
        """Says once in the log that the server is away, and once that it is back."""
        started = time.monotonic()
        lost = self._lost
        if lost is not None and started < self._try_again_at:
            raise Unreached(lost.detail)
        try:
            connection = kind(self._address, self._arrays)
        except ConnectionLost as error:
            now = time.monotonic()
            with self._lock:  # several threads find it away at the same moment
                is_news, self._lost = self._lost is None, error
                self._try_again_at = now + min(MOURNING_S, now - started)
            if is_news:
                sys.stderr.write(f"ERROR: database={self._name} can't be reached: {' '.join(error.detail.split())}\n")
            raise Unreached(error.detail, error.sqlstate) from error
        with self._lock:
            is_back, self._lost = self._lost is not None, None
        if is_back:
            sys.stderr.write(f"The database {self._name} can be reached again.\n")
        return connection

    def _give_back(self, idle: list[Any], connection: Any) -> None:
        if not connection.reset() or self._closed:
            self._forget(connection)
            return
        with self._lock:
            idle.append(connection)

    def _count_one_more(self) -> None:
        """Idle connections of the other kind count, too: where there are enough, one of them goes."""
        with self._lock:
            self._open += 1
            others: list[list[Any]] = [self._sessions, self._plains]
            spare = next((idle.pop(0) for idle in others if idle), None) if self._open > self._size else None
        if spare is not None:
            self._forget(spare)

    def _drop_idle(self) -> None:
        with self._lock:
            idle: list[Any] = [*self._sessions, *self._plains]
            self._sessions.clear()
            self._plains.clear()
        for connection in idle:
            self._forget(connection)

    def _forget(self, connection: Any) -> None:
        connection.close()
        with self._lock:
            self._open -= 1
