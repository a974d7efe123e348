"""A list joined with the objects: its lines travel as values of one query each for positions and ids; no table is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import PostgresDatabase

from . import conditions
from .conditions import SEPARATION_DEG
from .lists import Line
from .settings import Sky

MOST_ROWS = 50_000
LIMIT_MS = 20_000

BY_POSITION = """
select i.line, {columns}, 3600 * {separation} as separation
from unnest(%(lines)s::int[], %(ra)s::float8[], %(decl)s::float8[]) as i(line, ra, decl)
join {table} o on {near}
order by i.line, separation, 2
"""
BY_ID = """
select i.line, {columns}, null::float8 as separation
from unnest(%(lines)s::int[], %(ids)s::{id_type}[]) as i(line, id)
join {table} o on o.{id} = i.id
order by i.line
"""


@dataclass(frozen=True)
class Joined:
    """`rows` has one for each object found, and one without object for each line that has none, in the list's order."""

    columns: list[str]
    rows: list[list[Any]]
    missing: list[int]
    is_cut: bool

    @property
    def found(self) -> int:
        return len(self.rows) - len(self.missing)


async def join(db: PostgresDatabase, sky: Sky, lines: Sequence[Line], radius_deg: float, *, has_q3c: bool) -> Joined:
    """Raises PostgresError, QueryInterrupted."""
    shown = list(dict.fromkeys((sky.objects.id, sky.objects.ra, sky.objects.decl, *sky.show)))
    by_line: dict[int, list[list[Any]]] = {}
    is_cut = False
    for query, params in _questions(db, sky, lines, shown, radius_deg, has_q3c=has_q3c):
        answer = await db.fetch(query, params, time_limit_ms=LIMIT_MS, max_rows=MOST_ROWS)
        is_cut = is_cut or answer.truncated
        for line, *values, separation in answer.rows:
            by_line.setdefault(line, []).append([values[0], _rounded(separation), *values[1:]])
    nothing = [None] * (len(shown) + 1)
    rows = [[line.number, line.text, *row] for line in lines for row in by_line.get(line.number, [nothing])]
    missing = [line.number for line in lines if line.number not in by_line]
    return Joined(["line", "given", shown[0], "separation_arcsec", *shown[1:]], rows, missing, is_cut)


def _questions(
    db: PostgresDatabase, sky: Sky, lines: Sequence[Line], shown: Sequence[str], radius_deg: float, *, has_q3c: bool
) -> list[tuple[str, dict[str, Any]]]:
    relation = db.catalogue.relation(sky.objects.table)
    assert relation is not None  # check.py
    columns = ", ".join(f"o.{_quote(name)}" for name in shown)
    ra, decl, table = f"o.{_quote(sky.objects.ra)}", f"o.{_quote(sky.objects.decl)}", relation.identifier.replace("%", "%%")
    placed = [(line.number, line.position) for line in lines if line.position]
    named = [(line.number, line.object_id) for line in lines if line.object_id]
    found: list[tuple[str, dict[str, Any]]] = []
    if placed:
        near = conditions.near(ra, decl, "i.ra", "i.decl", "%(radius)s::float8", has_q3c=has_q3c)
        separation = SEPARATION_DEG.format(ra=ra, decl=decl, ra0="i.ra", decl0="i.decl")
        query = BY_POSITION.format(columns=columns, separation=separation, table=table, near=near)
        values = {"ra": [one.ra for _, one in placed], "decl": [one.decl for _, one in placed], "radius": radius_deg}
        found.append((query, {"lines": [number for number, _ in placed], **values}))
    if named:
        column = relation.column(sky.objects.id)
        query = BY_ID.format(columns=columns, table=table, id=_quote(sky.objects.id), id_type=column.type if column else "text")
        found.append((query, {"lines": [number for number, _ in named], "ids": [one for _, one in named]}))
    return found


def _rounded(separation: float | None) -> float | None:
    """To a microarcsecond, which is what double precision holds."""
    return None if separation is None else round(separation, 6)


def _quote(name: str) -> str:
    return conditions.quote(name).replace("%", "%%")
