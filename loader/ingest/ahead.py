"""Read on while the database writes: batches come from a thread that is a few of them ahead, never more."""

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 2
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class _Reader(threading.Thread, Generic[T]):
    def __init__(self, items: Iterable[T]) -> None:
        super().__init__(name="reader", daemon=True)
        self._items = items
        self._read: queue.Queue[T | _End] = queue.Queue(DEPTH)
        self._is_wanted = True

    def run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                self._read.put(item)
                if not self._is_wanted:
                    break
        except BaseException as raised:  # whatever it is belongs to who asked for the items
            error = raised
        finally:
            if isinstance(self._items, Generator):
                self._items.close()
        self._read.put(_End(error))

    def taken(self) -> Iterator[T]:
        while not isinstance(item := self._next(), _End):
            yield item
        if item.error:
            raise item.error

    def _next(self) -> T | _End:
        """A signal may come to another thread; who waits without end isn't woken by it, and hears of it only now and then."""
        while True:
            with suppress(queue.Empty):
                return self._read.get(timeout=LOOK_SECONDS)

    def stop(self) -> None:
        """Returns when nothing is read any more."""
        self._is_wanted = False
        while self.is_alive():
            try:
                self._read.get(timeout=0.05)
            except queue.Empty:
                continue
        self.join()


@contextmanager
def ahead(items: Iterable[T]) -> Iterator[Iterable[T]]:
    """`items`, read in a thread; what they raise is raised here. Left early, nothing reads them any more afterwards.

    But for an interrupt, which doesn't wait for a pipe that may never say more.
    """
    if isinstance(items, Sequence):
        yield items
        return
    reader = _Reader(items)
    reader.start()
    try:
        yield reader.taken()
    except Exception:
        reader.stop()
        raise
