"""How many rows: exact where somebody knows it or counting fits into its budget, else the planner's estimate, never a wait."""

import asyncio
from collections.abc import Mapping
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import await_me_maybe

from .asking import ask
from .catalogue import Table
from .errors import PostgresError
from .estimates import Estimate, planned
from .hookspecs import table_count_hook

LEAST_MS = 100  # where the planner thinks that a tenth of it will do: a busy machine doesn't make a table big
UNCOUNTED_ROWS = 5_000_000  # a whole table estimated larger isn't even planned for


async def known_count(db: Any, table: str) -> int | None:
    """What other plugins know (hookspecs.py)."""
    for answer in table_count_hook()(datasette=db.ds, database=db.name, table=table):
        count = await await_me_maybe(answer)
        if count is not None:
            return int(count)
    return None


async def count(db: Any, request: Any, relation: Table, source: str, params: Mapping[str, Any]) -> int | None:
    """Of `select count(*) source`, the page's own from and where. None only where a person's `_where` takes too long."""
    limit_ms = db.limit_ms("count_time_limit_ms")
    if "_where" in request.args:
        return await _counted(db, request, source, params, limit_ms)
    if source.strip() == f"from {relation.identifier}":
        return await count_table(db, relation, limit_ms)
    return await _within_budget(db, source, params, limit_ms)


async def count_table(db: Any, relation: Table, limit_ms: int, most: int = UNCOUNTED_ROWS) -> int:
    """All rows of a table or view; one that the catalogue thinks longer than `most` isn't counted."""
    known = await known_count(db, relation.name)
    if known is not None:
        return known
    if relation.estimate is not None and relation.estimate > most:
        return Estimate(relation.estimate)
    return await _within_budget(db, f"from {relation.identifier}", {}, limit_ms)


async def count_tables(db: Any, relations: Mapping[str, Table], limit_ms: int, most: int) -> dict[str, int | None]:
    """Side by side, not waiting for each other's connections: a budget is for waiting, too. None for what can't be read."""
    turns = asyncio.Semaphore(max(1, db.settings.pool_size // 2))

    async def one(relation: Table) -> int | None:
        try:
            async with turns:
                return await count_table(db, relation, limit_ms, most)
        except (QueryInterrupted, PostgresError):
            return None

    return dict(zip(relations, await asyncio.gather(*map(one, relations.values())), strict=True))


async def _within_budget(db: Any, source: str, params: Mapping[str, Any], limit_ms: int) -> int:
    plan = await planned(db, source, params)
    if plan.fits(LEAST_MS // 10):
        limit_ms = max(limit_ms, LEAST_MS)
    exact = await _counted(db, None, source, params, plan.patience_ms(limit_ms)) if plan.fits(limit_ms) else None
    return Estimate(plan.rows) if exact is None else exact


async def _counted(db: Any, request: Any, source: str, params: Mapping[str, Any], limit_ms: int) -> int | None:
    sql, options = f"select count(*) {source}", {"custom_time_limit": limit_ms, "log_sql_errors": False}
    try:
        if request is None:
            answer = await db.execute_generated(sql, params, **options)
        else:
            answer = await ask(db, request, sql, params, **options)
    except QueryInterrupted:
        return None
    return int(answer.rows[0][0])
