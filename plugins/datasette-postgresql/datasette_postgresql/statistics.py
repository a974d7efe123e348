"""What ANALYZE found out about a table's columns (pg_stats), asked once a minute and table."""

from typing import Any

from datasette.database import QueryInterrupted

from .catalogue import Column, Table
from .errors import PostgresError

KEPT_S = 60
DISTINCT = """
select attname, n_distinct
from pg_stats
where schemaname = :schema and tablename = :name and inherited = :inherited
order by attname
"""
# The values are an anyarray: their text can be read as an array of the column's type.
COMMON = """
select common.value, common.share
from pg_stats, unnest(most_common_vals::text::{type}[], most_common_freqs) as common(value, share)
where schemaname = :schema and tablename = :name and inherited = :inherited and attname = :column
order by 2 desc, 1
"""


def _of(relation: Table) -> dict[str, Any]:
    return {"schema": relation.schema, "name": relation.relname, "inherited": relation.kind == "p"}


async def distinct_values(db: Any, relation: Table) -> dict[str, float]:
    """Column → how many, negative where it is a share of the rows. Empty where the table was never analysed."""

    async def ask() -> dict[str, float]:
        try:
            return dict((await db.execute_generated(DISTINCT, _of(relation), log_sql_errors=False)).rows)
        except (QueryInterrupted, PostgresError):
            return {}

    found: dict[str, float] = await db.kept.get(("distinct", relation.name, relation.estimate), ask, seconds=KEPT_S)
    return found


async def common_values(db: Any, relation: Table, column: Column) -> list[tuple[Any, float]]:
    """(value, share of all rows), the most common first; empty where there are none, or they can't be read."""

    async def ask() -> list[tuple[Any, float]]:
        sql = COMMON.format(type=column.type)
        try:
            rows = (await db.execute_generated(sql, {**_of(relation), "column": column.name}, log_sql_errors=False)).rows
        except (QueryInterrupted, PostgresError):
            return []
        return [(value, share) for value, share in rows]

    key = ("common", relation.name, column.name, relation.estimate)
    found: list[tuple[Any, float]] = await db.kept.get(key, ask, seconds=KEPT_S)
    return found
