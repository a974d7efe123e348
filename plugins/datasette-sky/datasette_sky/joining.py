"""A list joined with a table, as one query: its lines are a `values` list of literals, and nothing is written anywhere.

Every text of the reader's becomes a literal by datasette-postgresql's own quoting, every position a number; the names of
columns are quoted. The same SQL is run, and shown to whoever wants to go on from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import PostgresDatabase, comparable, literal

from . import conditions
from .conditions import Functions, number, quote
from .cones import SEPARATION
from .lists import Ids, Line, List
from .targets import Target

MOST_ROWS = 50_000
LIMIT_MS = 10_000
INTEGERS = ("smallint", "integer", "bigint")
TEXT = "S"  # pg_type.typcategory
GIVEN_ID, GIVEN_RA, GIVEN_DECL = "given_id", "given_ra", "given_decl"

PART = """\
select
  {columns}
from {lines} m
left join {table} o
  on {condition}"""


@dataclass(frozen=True)
class Joined:
    """A row for each match, and one without for each line that has none, in the list's order. `own` columns are the reader's,
    after the line's number; then come the table's, with the key first; a cut answer lacks the last lines."""

    columns: tuple[str, ...]
    rows: list[list[Any]]
    own: int
    missing: list[int]
    is_cut: bool

    @property
    def found(self) -> int:
        return sum(row[self.at] is not None for row in self.rows)

    @property
    def at(self) -> int:
        """Where the table's columns begin."""
        return 1 + self.own


def ids_of(target: Target) -> Ids:
    column = target.relation.column(target.id) if target.id else None
    if column is None:
        return Ids(None, lambda _: False)
    return Ids(column.name, lambda text: comparable(column, text) == "{p}", are_text=column.category == TEXT)


def columns(target: Target, listed: List) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The reader's own, renamed where they are called as ours, and ours."""
    ours = [name for name in target.columns if name != SEPARATION]
    ours.insert(max(1, len(target.key)), SEPARATION)
    taken = {"line", GIVEN_ID, GIVEN_RA, GIVEN_DECL, *ours}
    own: list[str] = []
    for name in listed.columns:
        found = name
        while found in taken:
            found += "_given"
        own.append(found)
        taken.add(found)
    return tuple(own), tuple(ours)


def sql(target: Target, listed: List, radius_deg: float, functions: Functions, limit: int) -> str:
    own, ours = columns(target, listed)
    named = [line for line in listed.lines if line.object_id is not None]
    placed = [line for line in listed.lines if line.position is not None]
    ra, decl = target.sql(target.ra), target.sql(target.decl)
    ra0, decl0 = f"m.{GIVEN_RA}", f"m.{GIVEN_DECL}"
    values, parts = [], []
    if named:
        column = target.relation.column(target.id or "")
        type_ = column.type if column else "text"
        is_whole = column is not None and (column.base_type or column.type) in INTEGERS
        keys = [(line, (_id(line.object_id or "", is_whole=is_whole),)) for line in named]
        values.append(_values("ids", (*own, GIVEN_ID), keys))
        condition = f"{target.sql(target.id or '')} = m.{GIVEN_ID}::{type_}"
        parts.append(_part(target, own, ours, "ids", condition, "null::float8"))
    if placed:
        lines = [(line, (_number(line.position.ra), _number(line.position.decl))) for line in placed if line.position]
        values.append(_values("positions", (*own, GIVEN_RA, GIVEN_DECL), lines))
        near = conditions.near(ra, decl, ra0, decl0, number(radius_deg), functions)
        separation = f"3600 * {conditions.separation_deg(ra, decl, ra0, decl0, functions)}"
        parts.append(_part(target, own, ours, "positions", near, separation))
    order = f"order by line, {SEPARATION}, {2 + len(own)}"
    return "with " + ",\n".join(values) + "\n" + "\nunion all\n".join(parts) + f"\n{order}\nlimit {limit}"


async def join(db: PostgresDatabase, target: Target, listed: List, radius_deg: float, functions: Functions) -> Joined:
    """Raises PostgresError, QueryInterrupted."""
    own, ours = columns(target, listed)
    query = sql(target, listed, radius_deg, functions, MOST_ROWS + 1)
    # Of those doors that take turns with typed SQL, the one that doesn't look for :parameters: in a megabyte that took 0.3 s.
    answer = await db.run_statements([(query, None)], time_limit_ms=LIMIT_MS)
    rows = [list(row) for row in answer.rows[:MOST_ROWS]]
    at = 1 + len(own)
    missing = [row[0] for row in rows if row[at] is None]
    return Joined(("line", *own, *ours), rows, len(own), missing, len(answer.rows) > MOST_ROWS)


def _values(name: str, columns: Sequence[str], lines: Sequence[tuple[Line, tuple[str, ...]]]) -> str:
    rows = [", ".join([str(line.number), *map(literal, line.cells), *keys]) for line, keys in lines]
    names = ", ".join(["line", *map(quote, columns)])
    return f"{name} ({names}) as (\n  values\n    (" + "),\n    (".join(rows) + ")\n)"


def _part(target: Target, own: Sequence[str], ours: Sequence[str], lines: str, condition: str, separation: str) -> str:
    selected = ["m.line", *(f"m.{quote(name)}" for name in own)]
    selected += [f"{separation} as {SEPARATION}" if name == SEPARATION else target.sql(name) for name in ours]
    return PART.format(columns=",\n  ".join(selected), lines=lines, table=target.relation.identifier, condition=condition)


def _number(value: float) -> str:
    return f"{number(value)}::float8" if value >= 0 else f"({number(value)})::float8"


def _id(text: str, *, is_whole: bool) -> str:
    return str(int(text)) if is_whole else str(literal(text))
