"""Ctrl-C and SIGTERM end a command in order: the run says so, and an embedded server that nobody else uses is stopped.

psycopg2 waits for the server in C, where no signal's handler runs; so a thread asks the server to end the statement.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psycopg2
from psycopg2.extensions import connection as Connection

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HEAD_START_SECONDS = 0.3  # for a command that isn't in a statement: it has ended by then, and nothing is there to cancel


interrupted = threading.Event()


def end_at_signals() -> None:
    """At SIGTERM as at Ctrl-C; `interrupted` says afterwards that it was so."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    interrupted.set()
    raise KeyboardInterrupt


@contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """What `connection` waits for within ends at a signal. Only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    is_over = threading.Event()
    canceller = threading.Thread(target=_cancel, args=(connection, reader, is_over), daemon=True)
    canceller.start()
    try:
        yield
    finally:
        is_over.set()
        signal.set_wakeup_fd(before)
        os.close(writer)
        canceller.join()
        os.close(reader)


def _cancel(connection: Connection, reader: int, is_over: threading.Event) -> None:
    """Until the pipe's other end is closed; each byte is a signal's number."""
    while got := os.read(reader, 1):
        if got[0] in SIGNALS and not is_over.wait(HEAD_START_SECONDS):
            with suppress(psycopg2.Error):
                connection.cancel()
