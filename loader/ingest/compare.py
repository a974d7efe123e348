"""Known keys: the same values are counted, other values are refused, kept, replaced or completed, as the policy says.

Alerts hold as float32 what FITS has in double precision (the hosts' positions): a number and its own rounding to float32
are the same value, told with less precision. FILL keeps the precise one, so that the order of the loads doesn't show.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest.log import FileRecord
from loader.ingest.staging import ROW, Staging, aliased, conflict, qualified
from loader.ingest.tables import Table

# Within what a float32 can hold without trouble; elsewhere the cast would fail.
FITS_REAL = "abs(t.{0}) between 1e-30 and 1e30 and abs(i.{0}) between 1e-30 and 1e30"
# An equal row has been sorted out before: `is distinct from` on whole rows is the fast way.
SAME = f"(case when {FITS_REAL} then t.{{0}}::real = i.{{0}} or i.{{0}}::real = t.{{0}} else false end)"
ROUNDED = f"t.{{0}} <> i.{{0}} and (case when {FITS_REAL} then t.{{0}} = i.{{0}}::real else false end)"
PRECISE = f"{{0}} = case when t.{{0}} is null or ({ROUNDED}) then i.{{0}} else t.{{0}} end"


class Policy(Enum):
    """What to do with a known key whose values differ. FILL completes nulls, and refuses every other difference."""

    REFUSE = "refuse"
    KEEP = "keep"
    REPLACE = "replace"
    FILL = "fill"


@dataclass(frozen=True)
class Changed:
    kept: int = 0
    replaced: int = 0
    filled: int = 0

    @property
    def rows(self) -> int:
        return self.kept + self.replaced + self.filled


# Materialized, so that `limit` doesn't tempt the planner: it walked the table in key order and read all of incoming for
# each row, 10 minutes for 67,000 rows against 79,000; now 0.1 s.
FIND_CONFLICT = sql.SQL("""
with conflict as materialized (
    select {old_columns}, {new_columns}, i.{row} as at
    from {staged} i
    join {table} t on ({key}) = ({staged_key})
    where {differs}
)
select *
from conflict
order by at
limit 1
""")

FEW_OF = 10
HOW_MANY = "select reltuples from pg_class where oid = %s::regclass"

NEXT_KEY = sql.SQL("""
select {first}
from {table}
where {first} >= %s
order by {first}
limit 1
""")

COUNT_KNOWN = sql.SQL("""
select count(*), count(*) filter (where {differs})
from {staged} i
join {table} t on ({key}) = ({staged_key})
""")

COUNT_DIFFERENT = sql.SQL("""
select count(*)
from {staged} i
join {table} t on ({key}) = ({staged_key})
where {differs}
""")

# What a changed row said before, for `undo`: the changed columns alone.
KEEP_OLD = sql.SQL("""
insert into ingest_change (file_id, tab, key, old)
select %s, %s, t.{pk}, (
    select jsonb_object_agg(o.key, o.value)
    from jsonb_each(to_jsonb(t)) o
    join jsonb_each(to_jsonb(i)) n using (key)
    where o.value is distinct from n.value
      and ({condition})
)
from {staged} i
join {table} t on ({key}) = ({staged_key})
where {differs}
""")

UPDATE = sql.SQL("""
update {table} t
set {settings}
from {staged} i
where ({key}) = ({staged_key})
  and {differs}
""")


def count_known(cursor: Cursor, table: Table, staging: Staging) -> tuple[int, int]:
    """Rows whose key is known, and those of them that differ in any way at all, as `compare` is to look at."""
    if _is_apart(cursor, table, staging):
        return 0, 0
    staging.analyze(cursor)
    names = [name for name in staging.columns if name not in table.key]
    differs = _differs(names) if names else sql.SQL("false")
    cursor.execute(COUNT_KNOWN.format(**_at(table, staging), differs=differs))
    known, differing = cursor.fetchone() or (0, 0)
    return int(known), int(differing)


def _is_apart(cursor: Cursor, table: Table, staging: Staging) -> bool:
    """Whether no known key lies between the lowest and the highest staged one: a new file's mostly don't, and nothing joins."""
    if staging.extent is None:
        return False
    low, high = staging.extent
    cursor.execute(NEXT_KEY.format(first=sql.Identifier(table.key[0]), table=sql.Identifier(table.name)), [low])
    found = cursor.fetchone()
    return not found or int(found[0]) > high


@contextmanager
def by_key(cursor: Cursor, table: Table, staging: Staging) -> Iterator[None]:
    """Few rows against many are looked up one by one, in the order of the index: 0.1 s for 100,000 in 5 million.

    The planner expects each to be a read from the disk somewhere else, and reads all the 5 million instead: 1.6 s.
    """
    cursor.execute(HOW_MANY, [table.name])
    (n_rows,) = cursor.fetchone() or (0,)
    if staging.rows * FEW_OF > n_rows:
        yield
        return
    cursor.execute("set local enable_hashjoin = off; set local enable_mergejoin = off")
    yield
    cursor.execute("set local enable_hashjoin to default; set local enable_mergejoin to default")


def compare(
    cursor: Cursor, table: Table, staging: Staging, policy: Policy, record: FileRecord | None, file: Path | str | None
) -> Changed:
    names = [name for name in staging.columns if name not in table.key]
    differs = _differs(names)
    if policy is Policy.REPLACE:
        settings = [sql.SQL("{0} = i.{0}").format(sql.Identifier(name)) for name in names]
        return Changed(replaced=_update(cursor, table, staging, record, differs, settings, "true"))
    numbers = [name for name in names if staging.columns[name] == "double precision"]
    others = [name for name in names if name not in numbers]
    if policy is not Policy.FILL:
        each = _any("t.{0} is distinct from i.{0}", others) + _any(f"t.{{0}} is distinct from i.{{0}} and not {SAME}", numbers)
        really = sql.SQL("{} and ({})").format(differs, sql.SQL(" or ").join(each))
        if policy is Policy.KEEP:
            return Changed(kept=_count(cursor, table, staging, really))
        _refuse(cursor, table, staging, really, file)
        return Changed()
    contradicts = _any("t.{0} <> i.{0}", others) + _any(f"t.{{0}} <> i.{{0}} and not {SAME}", numbers)
    _refuse(
        cursor, table, staging, sql.SQL("{} and ({})").format(differs, sql.SQL(" or ").join(contradicts)), file, is_filling=True
    )
    completes = _any("t.{0} is null and i.{0} is not null", names) + _any(ROUNDED, numbers)
    settings = [sql.SQL("{0} = coalesce(t.{0}, i.{0})").format(sql.Identifier(name)) for name in others]
    settings += [sql.SQL(PRECISE).format(sql.Identifier(name)) for name in numbers]
    condition = sql.SQL("{} and ({})").format(differs, sql.SQL(" or ").join(completes))
    return Changed(filled=_update(cursor, table, staging, record, condition, settings, "n.value <> 'null'"))


def _differs(names: list[str]) -> sql.Composed:
    return sql.SQL("({}) is distinct from ({})").format(qualified("t", names), qualified("i", names))


def _any(condition: str, names: list[str]) -> list[sql.Composed]:
    return [sql.SQL(f"({condition})").format(sql.Identifier(name)) for name in names]


def _at(table: Table, staging: Staging) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(table.name),
        "staged": staging.staged,
        "key": qualified("t", table.key),
        "staged_key": qualified("i", table.key),
    }


def _count(cursor: Cursor, table: Table, staging: Staging, differs: sql.Composable) -> int:
    cursor.execute(COUNT_DIFFERENT.format(**_at(table, staging), differs=differs))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _update(
    cursor: Cursor,
    table: Table,
    staging: Staging,
    record: FileRecord | None,
    differs: sql.Composable,
    settings: list[sql.Composed],
    condition: str,
) -> int:
    at = _at(table, staging)
    if record:
        keep = KEEP_OLD.format(**at, pk=sql.Identifier(table.pk), differs=differs, condition=sql.SQL(condition))
        cursor.execute(keep, [record.id, table.name])
        if not cursor.rowcount:
            return 0
    cursor.execute(UPDATE.format(**at, settings=sql.SQL(", ").join(settings), differs=differs))
    return int(cursor.rowcount)


def _refuse(
    cursor: Cursor,
    table: Table,
    staging: Staging,
    differs: sql.Composable,
    file: Path | str | None,
    *,
    is_filling: bool = False,
) -> None:
    names = list(staging.columns)
    find = FIND_CONFLICT.format(
        **_at(table, staging),
        old_columns=aliased("t", names, "old"),
        new_columns=aliased("i", names, "new"),
        row=sql.Identifier(ROW),
        differs=differs,
    )
    cursor.execute(find)
    found = cursor.fetchone()
    if not found:
        return
    old, new = list(found[: len(names)]), list(found[len(names) : -1])
    is_none = [(is_filling and None in pair) or _is_rounded(*pair) for pair in zip(old, new, strict=True)]
    new = [a if fits else b for a, b, fits in zip(old, new, is_none, strict=True)]
    raise conflict(table.name, table.key, names, [*old, *new], file, found[-1])


def _is_rounded(old: object, new: object) -> bool:
    """As SAME."""
    if not (isinstance(old, float) and isinstance(new, float)):
        return False
    if not (1e-30 <= abs(old) <= 1e30 and 1e-30 <= abs(new) <= 1e30):
        return False
    return float(np.float32(old)) == new or float(np.float32(new)) == old
