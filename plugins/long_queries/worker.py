"""The worker: takes queries from the queue, each into a process of its own, and ends those that are cancelled or too long.

A process rather than a thread: killing it is always possible, and gives all its memory back. It dies with the worker, and
with it go its lock and its connection, so that the server stops the query and the next worker takes it up again.
"""

import ctypes
import os
import resource
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from plugins.long_queries import job
from plugins.long_queries.settings import Limits
from plugins.long_queries.store import CANCELLED, MEGABYTE, Query, Store

TICK_S = 0.2
SWEEP_S = 600
GRACE_S = 30  # the query's own deadline comes first: it has the better words
PATIENCE_S = 5
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Running:
    pid: int
    query: Query
    deadline: float


class Worker:
    """Works until it is stopped; then what runs is put back into the queue."""

    def __init__(self, store: Store, limits: Limits, dsn: str) -> None:
        self._store, self._limits, self._dsn = store, limits, dsn
        self._running: list[Running] = []
        self._swept_at = float("-inf")

    def work(self, is_stopped: Callable[[], bool]) -> None:
        try:
            while not is_stopped():
                self._step_patiently()
        finally:
            self._put_back()

    def step(self) -> None:
        """Look after what runs, begin what waits."""
        self._running = [running for running in self._running if not self._has_ended(running)]
        for running in self._running:
            self._end_if_need_be(running)
        while len(self._running) < self._limits.at_once and self._begin_next():
            pass
        if time.monotonic() - self._swept_at > SWEEP_S:
            self._store.sweep()
            self._swept_at = time.monotonic()

    def _step_patiently(self) -> None:
        try:
            self.step()
            time.sleep(TICK_S)
        except (sqlite3.Error, OSError) as error:
            print(f"The queue of long queries can't be used: {error}", file=sys.stderr, flush=True)
            time.sleep(PATIENCE_S)

    def _begin_next(self) -> bool:
        with self._store.claimed() as claim:
            if claim is None:
                return False
            query, _ = claim
            sys.stderr.flush()
            pid = os.fork()  # the child keeps the lock's file open, and so the lock
            if pid == 0:
                self._be_the_job(query)
            self._running.append(Running(pid, query, time.monotonic() + self._limits.time_limit_s + GRACE_S))
        return True

    def _be_the_job(self, query: Query) -> None:
        """Never returns."""
        status = 1
        try:
            _die_with_parent()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            most = self._limits.memory_mb * MEGABYTE
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
            job.run(query, self._store, self._limits, self._dsn)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _has_ended(self, running: Running) -> bool:
        pid, status = os.waitpid(running.pid, os.WNOHANG)
        if pid == 0:
            return False
        if status:
            self._store.clean(running.query.id)
            how = f"by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "by a fault of the portal's"
            self._store.finish(running.query.id, error=f"The process that ran this query was ended {how}.")
        return True

    def _end_if_need_be(self, running: Running) -> None:
        query = self._store.get(running.query.id)
        if query is None or query.is_cancelled:
            self._end(running, CANCELLED)
        elif time.monotonic() > running.deadline:
            self._end(running, f"The query was cancelled: it ran for more than {self._limits.time_limit_s} seconds.")

    def _end(self, running: Running, error: str) -> None:
        """The error first: the process may have finished in this moment, and then it has."""
        self._store.finish(running.query.id, error=error)
        os.kill(running.pid, signal.SIGKILL)

    def _put_back(self) -> None:
        for running in self._running:
            os.kill(running.pid, signal.SIGKILL)
        for running in self._running:
            os.waitpid(running.pid, 0)
            self._store.clean(running.query.id)
            self._store.put_back(running.query.id)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
