"""Who asks, and whether they still wait: a visitor who leaves takes the questions along, queued or running.

An ASGI wrapper listens for the connection's end while the page is made. Only questions to PostgreSQL are ended by it: a page's
coroutine is cancelled where it waits for one, never between two writes to another database.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from .budget import Budget
from .turns import PAGE, Job
from .workers import Workers

T = TypeVar("T")
App = Callable[[Any, Any, Any], Awaitable[None]]


class Visit:
    """One request. `visitor` is an address, and the actor once that is known: turns are taken by it."""

    def __init__(self, visitor: Hashable) -> None:
        self.visitor = visitor
        self.is_gone = False
        self.waiting: set[asyncio.Future[Any]] = set()
        self.releases: list[Callable[[], None]] = []

    def leave(self) -> None:
        self.is_gone = True
        for future in list(self.waiting):
            future.cancel()

    def end(self) -> None:
        for release in self.releases:
            release()


VISIT: contextvars.ContextVar[Visit | None] = contextvars.ContextVar("datasette_postgresql_visit", default=None)


def name_visitor(actor: Any) -> None:
    """People who are logged in take turns by name, wherever they sit."""
    visit = VISIT.get()
    if visit is not None and isinstance(actor, dict) and actor.get("id") is not None:
        visit.visitor = ("actor", str(actor["id"]))


async def in_turn(
    workers: Workers,
    budget: Budget,
    work: Callable[[Job], T],
    *,
    lane: str = PAGE,
    topic: str | None = None,
    wait_ms: int | None = None,
) -> T:
    """Runs `work` in a thread when its turn comes; gives up after `wait_ms` in the line.

    Raises Busy, and TimeLimitReached for who gave up.
    """
    visit = VISIT.get()
    if visit is not None and visit.is_gone:
        raise asyncio.CancelledError
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        loop.call_soon_threadsafe(_settle, future, result, error)

    job = Job(work, finish, lane, visit.visitor if visit else None, topic)
    job.hold = lambda count: budget.take(job, count)
    timer = loop.call_later(wait_ms / 1000, workers.give_up, job) if wait_ms else None
    if visit is not None:
        visit.waiting.add(future)
    workers.submit(job)
    try:
        return await future
    except asyncio.CancelledError:
        workers.cancel(job)
        raise
    finally:
        if timer is not None:
            timer.cancel()
        if visit is not None:
            visit.waiting.discard(future)
        if job.held and visit is not None:
            visit.releases.append(lambda: budget.release(job))  # the answer lives as long as the page is made and sent
        elif job.held:
            budget.release(job)


def _settle(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def listening(app: App) -> App:
    """The app, with somebody at the door: `receive` is read ahead by at most one message."""

    async def visited(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or VISIT.get() is not None:
            await app(scope, receive, send)
            return
        visit = Visit((scope.get("client") or (None,))[0])
        inbox: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
        token = VISIT.set(visit)
        door = asyncio.create_task(_listen(visit, receive, inbox))
        try:
            await app(scope, _Inbox(visit, inbox), send)
        except asyncio.CancelledError:
            if not visit.is_gone:
                raise
        finally:
            VISIT.reset(token)
            door.cancel()
            visit.end()

    return visited


async def _listen(visit: Visit, receive: Any, inbox: "asyncio.Queue[Any]") -> None:
    message: Any = None
    while message is None or message["type"] != "http.disconnect":
        message = await receive()
        if message["type"] == "http.disconnect":
            visit.leave()
        await inbox.put(message)


class _Inbox:
    """`receive` for the app."""

    def __init__(self, visit: Visit, inbox: "asyncio.Queue[Any]") -> None:
        self._visit = visit
        self._inbox = inbox

    async def __call__(self) -> Any:
        if self._visit.is_gone and self._inbox.empty():
            return {"type": "http.disconnect"}
        return await self._inbox.get()
