"""Which facets a page suggests: what pg_stats knows of a big table, else one query over a sample for all kinds together.

A column makes a facet where its values repeat and are few, a list where all are lists of texts, a date where there is one.
"""

from collections.abc import Sequence
from typing import Any

from datasette.database import QueryInterrupted

from .catalogue import Column, Table
from .columns import is_array, is_day, is_facet_as_text, is_json, is_text
from .errors import PostgresError
from .facets import PgArrayFacet, PgColumnFacet, PgDateFacet, PgFacet
from .filters import day_of
from .lists import as_jsonb, is_list_of_texts
from .quoting import quote
from .samples import Source
from .statistics import KEPT_S, distinct_values

SAMPLE = 2_000  # rows; 73 columns of them are counted in about 60 ms
FIRST = 100  # of them show whether texts are days, and JSON lists
MOST_MS = 500

SAMPLED = """
with sample as materialized (select * from ({sql}) as found limit {rows}),
first as (select * from sample limit {first})
select *
from (select {of_sample} from sample) as a, (select {of_first} from first) as b
"""


async def suggestions(facets: Sequence[Any]) -> list[list[dict[str, Any]]]:
    """What each facet class of the page suggests, in their order."""
    ours = [facet for facet in facets if isinstance(facet, PgFacet)]
    try:
        good = await _good(ours[0], ours[0].get_facet_size()) if ours and ours[0].relation else {}
    except (QueryInterrupted, PostgresError):  # it takes too long, or a view has an error in it
        good = {}
    found = []
    for facet in facets:
        if not isinstance(facet, PgFacet):
            found.append(await facet.suggest())
            continue
        enabled = facet.enabled()
        found.append([facet.suggestion(name) for name in good.get(facet.type, ()) if name not in enabled])
    return found


async def _good(facet: PgFacet, size: int) -> dict[str, list[str]]:
    """Kind of facet → columns, in the table's order."""
    source, relation = facet.source, facet.relation
    assert relation is not None  # suggestions()
    limit_ms = min(MOST_MS, facet.limit_ms("facet_suggest_time_limit_ms") * len(relation.columns))
    if (relation.estimate or 0) <= SAMPLE or source.is_typed:
        return await _by_sample(source, relation, relation.columns, size, limit_ms)
    distinct = await distinct_values(source.db, relation)

    async def look() -> dict[str, list[str]]:
        # A part has no more values than the whole; what never repeats in the whole doesn't in a part.
        columns = [column for column in relation.columns if distinct.get(column.name, 0) > -0.99]
        return await _by_sample(source, relation, () if source.is_whole and distinct else columns, size, limit_ms)

    # A page comes back with another order, with a facet, without one: what is suggested is the same.
    key = ("suggestions", source.sql, tuple(source.params.items()), relation.estimate, size)
    found: dict[str, list[str]] = await source.db.kept.get(key, look, seconds=KEPT_S)
    if not source.is_whole:
        return found
    few = [column.name for column in relation.columns if 1 < distinct.get(column.name, 0) <= size]
    return {**found, **({PgColumnFacet.type: few} if distinct else {})}


async def _by_sample(
    source: Source, relation: Table, columns: Sequence[Column], size: int, limit_ms: int
) -> dict[str, list[str]]:
    """`columns` are those that might make a column facet. Raises QueryInterrupted, PostgresError."""
    lists = [column for column in relation.columns if is_array(column) or is_json(column) or is_text(column)]
    days = [column for column in relation.columns if is_day(column) or is_text(column)]
    of_sample = [measure for column in columns for measure in _counts(column)]
    of_first = [_is_list(column) for column in lists]
    of_first += [f"count({day_of(column, quote(column.name))})" for column in days]
    if not of_sample and not of_first:
        return {}
    sql = SAMPLED.format(
        sql=source.sql,
        rows=SAMPLE,
        first=FIRST,
        of_sample=", ".join(["count(*)", *of_sample]),
        of_first=", ".join(["count(*)", *of_first]),
    )
    measured = list((await source.ask(sql, limit_ms)).rows[0])
    counted, rest = measured[1 : 1 + 2 * len(columns)], measured[2 + 2 * len(columns) :]
    pairs = zip(columns, counted[::2], counted[1::2], strict=True)
    return {
        PgColumnFacet.type: [column.name for column, distinct, known in pairs if 1 < distinct <= size and distinct < known],
        PgArrayFacet.type: [column.name for column, good in zip(lists, rest[: len(lists)], strict=True) if good],
        PgDateFacet.type: [column.name for column, known in zip(days, rest[len(lists) :], strict=True) if known],
    }


def _counts(column: Column) -> tuple[str, str]:
    name = quote(column.name)
    return f"count(distinct {name}{'::text' if is_facet_as_text(column) else ''})", f"count({name})"


def _is_list(column: Column) -> str:
    """Whether every value is a list of texts (of anything, in an array), and one has an element."""
    name = quote(column.name)
    if is_array(column):
        return f"coalesce(bool_or(cardinality({name}) > 0), false)"
    if is_text(column):
        held = f"{name}::text"
        is_filled = f"{held} like '%\"%'"  # where all are lists of texts
        return f"coalesce(bool_and({held} = '' or {is_list_of_texts(held, column.server)}) and bool_or({is_filled}), false)"
    held = as_jsonb(column, name)
    items = f"jsonb_path_query_array({held}, '$[*] ? (@.type() != \"string\")')"
    return (
        f"coalesce(bool_and(jsonb_typeof({held}) = 'array' and {items} = '[]'::jsonb)"
        f" and bool_or({held} <> '[]'::jsonb), false)"
    )
