"""Ends what statement_timeout and our poll loop can't: libpq doesn't return while one huge row keeps arriving.

One thread looks every 20 ms while questions are under way. Past its deadline, where nobody wants the answer any more, where it
is slow and there is no room for another slow one, or where the process has grown by more than 1.5 times max_bytes while the
answer arrives, a question's socket is shut; whoever reads from it gets an error at once.
(Measured: libpq reads a row of 250 MB in one call of 3 s.)
"""

import array
import contextlib
import fcntl
import os
import socket
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2

from .errors import Gone
from .turns import Job

TICK_S = 0.02
GROWTH = 1.5  # times max_bytes: what others allocate meanwhile counts, too
PAGE = os.sysconf("SC_PAGE_SIZE")


class Demoted(Exception):
    """The question is slow, others that are slow have the room: it has to wait for its turn and be asked again."""


@dataclass(eq=False, slots=True)
class Watch:
    """`reason` is "" while nothing was done, then "time", "size", "gone" or "slow"."""

    descriptor: int
    deadline: float
    max_bytes: int | None
    resident: int
    patience: tuple[float, Callable[[], bool]] | None
    cancel: Callable[[], None]
    reason: str = ""


class Watchdog:
    """Its thread lives as long as the process, and sleeps while nothing is watched."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, connection: Any, deadline: float, max_bytes: int | None, job: Job | None = None) -> Iterator[Watch]:
        """`deadline` is of time.monotonic(). Raises Gone for a job that nobody waits for."""
        patience = job.patience if job is not None else None
        with self._changed:
            if job is not None and job.is_cancelled:
                raise Gone
            # A descriptor of its own: the connection may be closed meanwhile, and its number be another connection's.
            descriptor = os.dup(connection.fileno())
            watch = Watch(descriptor, deadline, max_bytes, resident_bytes(), patience, connection.cancel)
            if job is not None:
                job.watch = watch
            self._watches.add(watch)
            if self._thread is None or not self._thread.is_alive():  # a forked process has no threads
                self._thread = threading.Thread(target=self._look, name="postgresql-watchdog", daemon=True)
                self._thread.start()
            if len(self._watches) == 1:
                self._changed.notify()
        try:
            yield watch
        finally:
            with self._changed:
                self._watches.discard(watch)
                os.close(descriptor)
                if job is not None:
                    job.watch = None

    def interrupt(self, job: Job) -> None:
        """End what it asks, and whatever it would ask next."""
        with self._changed:
            job.is_cancelled = True
            if job.watch is not None:
                self._cancel(job.watch, "gone")

    def _look(self) -> None:
        while True:
            with self._changed:
                while not self._watches:
                    self._changed.wait()
                now, resident = time.monotonic(), resident_bytes()
                for watch in self._watches:
                    if not watch.reason:
                        self._judge(watch, now, resident)
            time.sleep(TICK_S)

    def _judge(self, watch: Watch, now: float, resident: int) -> None:
        if now > watch.deadline:
            _end(watch, "time")
        elif watch.max_bytes is not None and resident - watch.resident > GROWTH * watch.max_bytes:
            if waiting_bytes(watch.descriptor):
                _end(watch, "size")
        elif watch.patience is not None and now > watch.patience[0]:
            may_go_on = watch.patience[1]
            watch.patience = None
            if not may_go_on():
                self._cancel(watch, "slow")

    def _cancel(self, watch: Watch, reason: str) -> None:
        """The server is asked first, for it would notice a closed socket only after client_connection_check_interval."""
        if not watch.reason:
            watch.reason = reason
            threading.Thread(target=self._cancel_and_end, args=(watch,), daemon=True).start()

    def _cancel_and_end(self, watch: Watch) -> None:
        with contextlib.suppress(psycopg2.Error):
            watch.cancel()
        with self._changed:
            if watch in self._watches:
                _end(watch, watch.reason)


def _end(watch: Watch, reason: str) -> None:
    watch.reason = watch.reason or reason
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(watch.descriptor)) as wire:
        wire.shutdown(socket.SHUT_RDWR)


WATCHDOG = Watchdog()


def waiting_bytes(descriptor: int) -> int:
    """What has arrived and isn't read yet."""
    buffer = array.array("i", [0])
    try:
        fcntl.ioctl(descriptor, termios.FIONREAD, buffer)
    except OSError:
        return 0
    return buffer[0]


def resident_bytes() -> int:
    """Of this process; 0 where the system doesn't say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0
