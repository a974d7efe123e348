"""How many bytes the answers of one database may hold together, from their arrival until their pages are sent."""

import threading
from collections import Counter
from collections.abc import Hashable

from .errors import Busy
from .turns import Job


class Budget:
    """No visitor gets more than half, so that somebody who reads slowly can't keep large answers from all others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: Counter[Hashable] = Counter()

    def take(self, job: Job, count: int) -> None:
        """Raises Busy."""
        with self._lock:
            if self._held.total() + count > self._most or self._held[job.visitor] + count > self._most // 2:
                raise Busy("There is no room for so large an answer at the moment. Please try again later.")
            self._held[job.visitor] += count
            job.held += count

    def release(self, job: Job) -> None:
        with self._lock:
            self._held[job.visitor] -= job.held
            job.held = 0
            if self._held[job.visitor] <= 0:
                del self._held[job.visitor]
