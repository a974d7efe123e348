"""How a page asks: through which of the database's doors, and what at the same time.

With `?_where=` a page's SQL has a person's text in it, else it is all ours.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def ask(db: Any, request: Any, sql: str, params: Any, **options: Any) -> Any:
    door = db.execute if "_where" in request.args else db.execute_generated
    return await door(sql, params, **options)


async def beside(begun: "asyncio.Future[Any] | None", coming: Awaitable[T]) -> T:
    """What is coming, while another question is under way; where it fails, nobody waits for the other."""
    try:
        return await coming
    except BaseException:
        if begun is not None:
            begun.cancel()
            await asyncio.wait({begun})
            if not begun.cancelled():
                begun.exception()  # seen
        raise


async def together(*coming: Awaitable[T]) -> list[T]:
    """All at the same time, as far as there are connections. The first failure is everybody's, once all have ended."""
    ended = await asyncio.gather(*coming, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]
