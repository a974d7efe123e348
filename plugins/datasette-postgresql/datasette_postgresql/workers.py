"""The threads in which one database is asked, and who gets one: pages always find some that turn over quickly.

There are as many threads as connections. A question that is slow holds one of a part of them only: SQL that a person typed
from the start, anything else once it has run for PATIENCE_S. Where that part is taken, such a question is ended and
asked again when its turn comes; its text is remembered, so that the next one like it waits in the right line at once.
In each line visitors take turns (turns.py); who comes when too many wait is told so.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from functools import partial
from queue import SimpleQueue
from typing import Any

from .errors import Busy, TimeLimitReached
from .turns import LANES, PAGE, SLOW, TYPED, Job, Turns
from .watchdog import WATCHDOG, Demoted

PATIENCE_S = 0.1
REMEMBERED = 1000  # texts


class Workers:
    """`size` threads; at most `typed` of them run typed SQL, `queue` questions may wait in each lane."""

    def __init__(self, size: int, typed: int, queue: int, name: str) -> None:
        self._name = name
        self._size = size
        self._slow = max(1, size - max(1, size // 4))
        self._most = {PAGE: size, SLOW: self._slow, TYPED: min(typed, self._slow)}
        self._lock = threading.Lock()
        self._waiting = {lane: Turns(queue) for lane in LANES}
        self._running = dict.fromkeys(LANES, 0)
        self._others = [TYPED, SLOW]
        self._idle: list[SimpleQueue[Job | None]] = []
        self._threads: list[threading.Thread] = []
        self._topics: OrderedDict[str, None] = OrderedDict()
        self._closed = False

    def submit(self, job: Job) -> None:
        """A thread now, or a place in a line; `finish` is called in any case, with Busy where there is none."""
        with self._lock:
            if self._closed:
                refused: Job | None = job
            else:
                if job.lane == PAGE and job.topic in self._topics:
                    job.lane = SLOW
                refused = self._waiting[job.lane].add(job)
                self._dispatch()
        if refused is not None:
            _finish(refused, None, Busy())

    def withdraw(self, job: Job) -> bool:
        """Whether it still waited; it never runs then."""
        with self._lock:
            return self._waiting[job.lane].remove(job)

    def cancel(self, job: Job) -> None:
        """Nobody wants the answer any more."""
        if not self.withdraw(job):
            WATCHDOG.interrupt(job)

    def give_up(self, job: Job) -> None:
        """For what a page can do without: it has waited as long as it may take."""
        if self.withdraw(job):
            _finish(job, None, TimeLimitReached("Too many other questions are being answered.", "57014"))

    def may_go_on(self, job: Job) -> bool:
        """Asked once its patience has ended: whether there is room for one more slow question."""
        with self._lock:
            self._topics[job.topic or ""] = None
            self._topics.move_to_end(job.topic or "")
            if len(self._topics) > REMEMBERED:
                self._topics.popitem(last=False)
            if not self._has_room(SLOW):
                return False
            self._running[job.lane] -= 1
            self._running[SLOW] += 1
            job.lane, job.patience = SLOW, None
            return True

    def close(self) -> None:
        """What runs is waited for; what waits is refused."""
        with self._lock:
            self._closed = True
            dropped = [job for turns in self._waiting.values() for job in iter(turns.take, None)]
            for inbox in self._idle:
                inbox.put(None)
            threads = list(self._threads)
        for job in dropped:
            _finish(job, None, Busy())
        for thread in threads:
            thread.join()

    def _has_room(self, lane: str) -> bool:
        if lane == PAGE:
            return True  # whoever asks is a free thread
        slow = self._running[SLOW] + self._running[TYPED]
        return slow < self._slow and self._running[lane] < self._most[lane]

    def _next(self) -> Job | None:
        """Pages first, but never at the cost of all the others; these by turns."""
        slow = sum(self._running.values()) - self._running[PAGE]
        for lane in (PAGE, *self._others) if slow else (*self._others, PAGE, SLOW):  # SLOW again: _take may have moved some
            job = self._take(lane) if self._has_room(lane) else None
            if job is not None:
                self._running[lane] += 1
                if lane != PAGE:
                    self._others.remove(lane)
                    self._others.append(lane)
                return job
        return None

    def _take(self, lane: str) -> Job | None:
        """What has been found slow while it waited goes where it belongs."""
        job = self._waiting[lane].take()
        while job is not None and lane == PAGE and job.topic in self._topics:
            job.lane = SLOW
            refused = self._waiting[SLOW].add(job)
            if refused is not None:
                _finish(refused, None, Busy())
            job = self._waiting[lane].take()
        return job

    def _dispatch(self) -> None:
        while self._idle or len(self._threads) < self._size:
            job = self._next()
            if job is None:
                return
            if self._idle:
                self._idle.pop().put(job)
                continue
            inbox: SimpleQueue[Job | None] = SimpleQueue()
            inbox.put(job)
            name = f"postgresql-{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=(inbox,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, inbox: "SimpleQueue[Job | None]") -> None:
        while job := inbox.get():
            while job:
                job = self._run(job, inbox)

    def _run(self, job: Job, inbox: "SimpleQueue[Job | None]") -> Job | None:
        """The next job, or the thread is idle: it is so before the answer is told, so that the next question finds it."""
        job.started = time.monotonic()
        is_trusted = job.topic is not None and job.lane == PAGE
        job.patience = (job.started + PATIENCE_S, partial(self.may_go_on, job)) if is_trusted else None
        result, error = None, None
        try:
            if not job.is_cancelled:
                result = job.work(job)
        except BaseException as caught:  # as a Future does: whoever asked gets it
            error = caught
        with self._lock:
            refused = self._account(job, error)
            following = self._next()
            if following is None and self._closed:
                inbox.put(None)
            elif following is None:
                self._idle.append(inbox)
        if refused is not None:
            _finish(refused, None, Busy())
        if not isinstance(error, Demoted):
            _finish(job, result, error)
        return following

    def _account(self, job: Job, error: BaseException | None) -> Job | None:
        """Returns who has to be refused because of it."""
        self._running[job.lane] -= 1
        if isinstance(error, Demoted):
            job.lane = SLOW
            return job if self._closed else self._waiting[SLOW].add(job)
        if job.topic is not None and time.monotonic() - job.started < PATIENCE_S:
            self._topics.pop(job.topic, None)
        return None


def _finish(job: Job, result: Any, error: BaseException | None) -> None:
    with contextlib.suppress(RuntimeError):  # the loop that asked is closed
        job.finish(result, error)
