"""Work on several connections at once: while one's rows are put in, the next ones wait in another's temporary tables already.

For items that don't depend on each other: which of two is in first is left to the database's locks.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from psycopg2.extensions import connection as Connection

T = TypeVar("T")
R = TypeVar("R")


def in_turns(connections: Sequence[Connection], items: Iterable[T], work: Callable[[Connection, T], R]) -> Iterator[R]:
    """What `work` returns for each of `items`, in their order; as many of them at once as there are connections, none further.

    Whatever it raises is raised here, when the works that were begun have ended; later items are left alone then.
    """
    free: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)

    def with_a_connection(item: T) -> R:
        connection = free.get()
        try:
            return work(connection, item)
        finally:
            free.put(connection)

    begun: deque[Future[R]] = deque()
    with ThreadPoolExecutor(len(connections)) as pool:
        try:
            for item in items:
                if len(begun) == len(connections):
                    yield begun.popleft().result()
                begun.append(pool.submit(with_a_connection, item))
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
