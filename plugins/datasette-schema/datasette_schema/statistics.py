"""What ANALYZE found out about columns (pg_stats): how many are null, how many differ, the range, common values, a histogram.

The statistics are of a sample, and as old as the last ANALYZE. Nothing is read from the tables. PostgreSQL shows the role
those of columns that it may select, and none where row-level security holds for it.
"""

import asyncio
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

from datasette_postgresql import PostgresDatabase

from .structure import Table

BINS = 24
MOST_COMMON = 6
MOST_TEXT = 80  # characters of a value
MOST_BOUNDS = 201  # of a histogram: PostgreSQL keeps up to 10,001 where a column's statistics target was raised

# `inherited` last: where other tables' rows belong to a table, too, all of them count.
ASK = """
select schemaname, tablename, attname, null_frac::float8, n_distinct::float8,
       array_to_json((most_common_vals::text::text[])[:1000])::text,
       array_to_json(most_common_freqs[:1000])::text,
       (select sum(share)::float8 from unnest(most_common_freqs) share),
       array_to_json(histogram_bounds::text::text[])::text
from pg_stats
where schemaname = any (%(schemas)s) and tablename = any (%(tables)s)
order by inherited
"""


@dataclass(frozen=True)
class Histogram:
    """`shares` of all rows in bins of one width, from `low` to `high`; both are text, as PostgreSQL writes the values."""

    low: str
    high: str
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Statistics:
    """Of a sample of the rows. `distinct` is negative where it is a share of the rows; `common` are values with their share of
    all rows; `low` and `high` are null where order says nothing, or values are texts of which some are common."""

    null_fraction: float
    distinct: float
    low: str | None
    high: str | None
    common: tuple[tuple[str, float], ...]
    histogram: Histogram | None

    def distinct_of(self, rows: int | None) -> int | None:
        """An estimate; None where it depends on the number of rows, and that isn't known."""
        if self.distinct >= 0:
            return round(self.distinct)
        return None if rows is None else round(-self.distinct * int(rows))


Found = Mapping[str, Mapping[str, Statistics]]


async def read(db: PostgresDatabase, tables: Sequence[Table]) -> Found:
    """By table and column, in one question; what was never analysed isn't there. Raises PostgresError, QueryInterrupted."""
    schemas = sorted({table.relation.schema for table in tables})
    relnames = sorted({table.relation.relname for table in tables})
    answer = await db.fetch(ASK, {"schemas": schemas, "tables": relnames})
    return await asyncio.to_thread(_parsed, answer.rows, tables)  # 200 tables have half a million numbers


def _parsed(answer: Sequence[Any], tables: Sequence[Table]) -> Found:
    rows: dict[tuple[str, str], dict[str, Sequence[Any]]] = defaultdict(dict)
    for schema, relname, column, *facts in answer:
        rows[schema, relname][column] = facts
    found = {}
    for table in tables:
        own = rows.get((table.relation.schema, table.relation.relname), {})
        ordered = {column.name for column in table.columns if column.is_ordered}
        found[table.name] = {name: _statistics(facts, name in ordered) for name, facts in own.items()}
    return found


def _statistics(facts: Sequence[Any], is_ordered: bool) -> Statistics:
    null_fraction, distinct, values, shares, total, bounds = facts
    common = _common(json.loads(values or "[]"), json.loads(shares or "[]"))
    edges = _thinned(json.loads(bounds or "[]"))
    low, high = _range(edges, [value for value, _ in common], is_ordered)
    histogram = _histogram(edges, common, 1 - null_fraction - (total or 0)) if is_ordered else None
    short = tuple((_cut(value), share) for value, share in common[:MOST_COMMON])
    return Statistics(null_fraction, distinct, low, high, short, histogram)


def _common(values: list[str], shares: list[float]) -> list[tuple[str, float]]:
    """Types that part an array's values by another sign than a comma can't be told apart: of them none."""
    return list(zip(values, shares, strict=True)) if len(values) == len(shares) else []


def _thinned(bounds: list[str]) -> list[tuple[float, str]]:
    """Each with its place from 0 to 1 in the order of rows."""
    last = len(bounds) - 1
    steps = min(last, MOST_BOUNDS - 1)
    if last < 1:
        return []
    return [(k / last, bounds[k]) for k in (round(step * last / steps) for step in range(steps + 1))]


def _range(edges: list[tuple[float, str]], common: list[str], is_ordered: bool) -> tuple[str | None, str | None]:
    ends = [edges[0][1], edges[-1][1]] if edges else []
    if not is_ordered:
        return (_cut(ends[0]), _cut(ends[1])) if ends and not common else (None, None)
    placed = [(number, text) for text in [*ends, *common] if (number := number_of(text)) is not None]
    return (min(placed)[1], max(placed)[1]) if placed else (None, None)


def _histogram(edges: list[tuple[float, str]], common: list[tuple[str, float]], rest: float) -> Histogram | None:
    """Between PostgreSQL's bounds are as many rows each, without the common values; of those the ones within are added."""
    places = [(place, number, text) for place, text in edges if (number := number_of(text)) is not None]
    if len(places) < 2 or places[0][1] >= places[-1][1]:
        return None
    low, width = places[0][1], (places[-1][1] - places[0][1]) / BINS
    shares = [0.0] * BINS
    for left, right in pairwise(places):
        _spread(shares, (left[1] - low) / width, (right[1] - low) / width, max(rest, 0) * (right[0] - left[0]))
    for value, share in common:
        number = number_of(value)
        if number is not None and low <= number <= places[-1][1]:
            shares[min(BINS - 1, int((number - low) / width))] += share
    return Histogram(places[0][2], places[-1][2], tuple(round(share, 6) for share in shares))


def _spread(shares: list[float], left: float, right: float, mass: float) -> None:
    """`mass` over the bins from `left` to `right`, in bins' widths."""
    first, last = min(BINS - 1, int(left)), min(BINS - 1, int(right))
    if first >= last:
        shares[first] += mass
        return
    for k in range(first, last + 1):
        shares[k] += mass * max(0.0, min(right, k + 1) - max(left, k)) / (right - left)


def number_of(text: str) -> float | None:
    """A number, or a time as seconds; None for what has no place on a line, as NaN and infinity."""
    try:
        number = float(text)
    except ValueError:
        return _seconds(text)
    return number if math.isfinite(number) else None


def _seconds(text: str) -> float | None:
    """Since 1970. PostgreSQL writes +00 for +00:00, which Python reads since 3.11."""
    zone = text[-3:-2] in ("+", "-") and ":" in text and text[-2:].isdigit()
    try:
        moment = datetime.fromisoformat(text + ":00" if zone else text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
