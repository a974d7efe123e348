"""How large tables are, and when they were last analysed: of the server's own books, for many tables in one question.

A size is asked of files under a lock that waits for whoever changes the table: that has a limit, and without it a page is
complete but for its sizes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasette.database import QueryInterrupted
from datasette_postgresql import PostgresDatabase, PostgresError

from .structure import Table

LIMIT_MS = 1000
KEPT_S = 30

ANALYSED = """
to_char(
  greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) at time zone 'UTC',
  'YYYY-MM-DD"T"HH24:MI:SS"Z"'
)
"""
SIZE = """
case c.relkind
  when 'p' then (select sum(pg_total_relation_size(part.relid))::bigint from pg_partition_tree(c.oid) part)
  else pg_total_relation_size(c.oid)
end
"""
ASK = """
select c.oid::bigint, {analysed}, {size}
from pg_class c
where c.oid = any (%(oids)s::oid[]) and c.relkind in ('r', 'p', 'm')
"""


@dataclass(frozen=True)
class Measure:
    """`size` in bytes with indexes and TOAST, null where the role can't learn it; `analysed` is UTC
    as ISO 8601 writes it, null where that never happened."""

    size: int | None
    analysed: str | None


async def read(db: PostgresDatabase, tables: Sequence[Table]) -> Mapping[str, Measure]:
    """By table, without views; empty where nothing can be learnt."""
    oids = sorted(table.relation.oid for table in tables)

    async def ask() -> Mapping[int, Measure]:
        for size in (SIZE, "null::bigint"):
            try:
                rows: list[Any] = (
                    await db.fetch(ASK.format(analysed=ANALYSED, size=size), {"oids": oids}, time_limit_ms=LIMIT_MS)
                ).rows
            except (PostgresError, QueryInterrupted):
                continue
            return {oid: Measure(bytes_, analysed) for oid, analysed, bytes_ in rows}
        return {}

    known: Mapping[int, Measure] = await db.kept.get(("schema-measures", tuple(oids)), ask, seconds=KEPT_S)
    return {table.name: known[table.relation.oid] for table in tables if table.relation.oid in known}
