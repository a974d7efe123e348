"""Whose turn it is: questions that wait, one visitor after another, however many one of them has asked."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

PAGE, SLOW, TYPED = "page", "slow", "typed"
LANES = (PAGE, SLOW, TYPED)


@dataclass(eq=False, slots=True)
class Job:
    """`work` may be called again where it was moved among the slow; that happens only to jobs with a `topic`.

    `finish` takes a result or an error, once, in whatever thread. The topic is the text by which slowness is remembered.
    """

    work: Callable[["Job"], Any]
    finish: Callable[[Any, BaseException | None], None]
    lane: str = PAGE
    visitor: Hashable = None
    topic: str | None = None
    started: float = 0.0
    is_cancelled: bool = False
    watch: Any = None  # the watchdog's, while it asks
    patience: tuple[float, Callable[[], bool]] | None = None  # when it becomes slow, and whether it may go on then
    hold: Callable[[int], None] | None = None  # takes bytes of the budget, or raises
    held: int = 0


class Turns:
    """What waits in one lane. Not safe for threads: whoever calls holds a lock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._lines: OrderedDict[Hashable, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job) -> Job | None:
        """Returns who is turned away where too many wait: the last of the longest line, perhaps the newcomer."""
        refused = None
        if self._count >= self._most:
            longest = max(self._lines.values(), key=len)
            if len(longest) <= len(self._lines.get(job.visitor, ())):
                return job
            refused = longest[-1]
            self.remove(refused)
        self._lines.setdefault(job.visitor, deque()).append(job)
        self._count += 1
        return refused

    def take(self) -> Job | None:
        """The first in the line of the visitor who waits longest for a turn; that visitor goes to the end."""
        if not self._lines:
            return None
        visitor, line = self._lines.popitem(last=False)
        job = line.popleft()
        if line:
            self._lines[visitor] = line
        self._count -= 1
        return job

    def remove(self, job: Job) -> bool:
        line = self._lines.get(job.visitor)
        if line is None or job not in line:
            return False
        line.remove(job)
        if not line:
            del self._lines[job.visitor]
        self._count -= 1
        return True
