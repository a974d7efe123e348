"""Ends what statement_timeout and our poll loop can't: libpq doesn't return while one huge row keeps arriving.

One thread looks every 20 ms while questions are under way. Past its deadline, or where the process has grown by more than
1.5 times max_bytes while the answer arrives, a question's socket is shut; whoever reads from it gets an error at once.
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
from collections.abc import Iterator
from dataclasses import dataclass

TICK_S = 0.02
GROWTH = 1.5  # times max_bytes: what others allocate meanwhile counts, too
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(eq=False, slots=True)
class Watch:
    """`reason` is "" while nothing was done, then "time" or "size"."""

    descriptor: int
    deadline: float
    max_bytes: int | None
    resident: int
    reason: str = ""


class Watchdog:
    """Its thread lives as long as the process, and sleeps while nothing is watched."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, descriptor: int, deadline: float, max_bytes: int | None) -> Iterator[Watch]:
        """`deadline` is of time.monotonic()."""
        watch = Watch(descriptor, deadline, max_bytes, resident_bytes())
        with self._changed:
            self._watches.add(watch)
            if self._thread is None or not self._thread.is_alive():  # a forked process has no threads
                self._thread = threading.Thread(target=self._look, name="postgresql-watchdog", daemon=True)
                self._thread.start()
            if len(self._watches) == 1:
                self._changed.notify()
        try:
            yield watch
        finally:
            with self._changed:  # after this the descriptor may be closed
                self._watches.discard(watch)

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
            watch.reason = "time"
        elif watch.max_bytes is not None and resident - watch.resident > GROWTH * watch.max_bytes:
            watch.reason = "size" if waiting_bytes(watch.descriptor) else ""
        if watch.reason:
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
