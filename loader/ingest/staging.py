"""The temporary table that a file's rows of one kind wait in: made, filled by COPY, and given a key to compare by."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import psycopg2
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest import values
from loader.ingest.binary import encode
from loader.ingest.errors import ConflictingValue, RepeatedKey
from loader.ingest.rows import Column

ROW = "#row"  # the row's number in its file; no column of ours has such a name

COLUMNS = """
select attname, format_type(atttypid, null), attnotnull
from pg_attribute
where attrelid = %s::regclass
  and attnum > 0
  and not attisdropped
  and attgenerated = ''
order by attnum
"""

CREATE = sql.SQL("create temporary table {staged} ({columns}) on commit drop")
COPY = sql.SQL("copy {staged} ({columns}) from stdin with (format binary)")
ADD_KEY = sql.SQL("alter table {staged} add primary key ({key})")
ANALYZE = sql.SQL("analyze {staged}")
DROP = sql.SQL("drop table {staged}")
RENAME = sql.SQL("alter table {staged} rename to {name}")

FIND_REPEATED = sql.SQL("""
select {key}, array_agg({row} order by {row})
from {staged}
group by {key}
having count(*) > 1
order by {key}
limit 1
""")

# The first of each key; the others must say the same.
CREATE_ONCE = sql.SQL("""
create temporary table {once} on commit drop as
select distinct on ({key}) *
from {staged}
order by {key}, {row}
""")

FIND_CONTRADICTION = sql.SQL("""
select {old_columns}, {new_columns}, r.{row}
from {staged} r
join {once} t using ({key})
where ({old_values}) is distinct from ({new_values})
order by r.{row}
limit 1
""")


class Staging:
    """`columns` → PostgreSQL's type. Names that the target table doesn't have are the caller's own."""

    def __init__(self, cursor: Cursor, name: str, columns: Mapping[str, str], *, needed: frozenset[str]) -> None:
        self.name = f"incoming_{name}"
        self.columns = dict(columns)
        self.needed = needed
        self.staged = sql.Identifier(self.name)
        self.rows = 0
        fields = [sql.SQL("{} {}").format(sql.Identifier(each), sql.SQL(kind)) for each, kind in columns.items()]
        fields.append(sql.SQL("{} bigint").format(sql.Identifier(ROW)))
        cursor.execute(CREATE.format(staged=self.staged, columns=sql.SQL(", ").join(fields)))

    def copy(
        self, cursor: Cursor, columns: Mapping[str, Column], file: Path | str | None, numbers: NDArray[np.int64] | None
    ) -> None:
        """Check and add rows; the columns must be the ones that it was made with."""
        values.check(columns, self.columns, self.needed, file=file, numbers=numbers)
        n_rows = len(next(iter(columns.values())))
        rows = numbers if numbers is not None else np.arange(self.rows + 1, self.rows + n_rows + 1)
        stream = encode([*(columns[name] for name in self.columns), rows], [*self.columns.values(), "bigint"])
        cursor.copy_expert(COPY.format(staged=self.staged, columns=listed([*self.columns, ROW])), io.BytesIO(stream))
        self.rows += n_rows

    def add_key(self, cursor: Cursor, key: Sequence[str], file: Path | str | None) -> None:
        """Index and statistics keep every plan of the comparisons near linear. Raises RepeatedKey."""
        cursor.execute("savepoint keyed")
        try:
            cursor.execute(ADD_KEY.format(staged=self.staged, key=listed(key)))
        except psycopg2.errors.UniqueViolation:
            cursor.execute("rollback to savepoint keyed")
            cursor.execute(FIND_REPEATED.format(staged=self.staged, key=listed(key), row=sql.Identifier(ROW)))
            found = cursor.fetchone()
            assert found is not None  # the key was refused for that very row
            rows = found[-1]
            shown = " ".join(f"{name} {value}" for name, value in zip(key, found[:-1], strict=True))
            raise RepeatedKey(f"{shown} stands in row {rows[0]} too", file=file, row=rows[1]) from None
        cursor.execute("release savepoint keyed")
        cursor.execute(ANALYZE.format(staged=self.staged))

    def keep_once(self, cursor: Cursor, key: Sequence[str], file: Path | str | None) -> None:
        """Rows that the file says again are left out. Raises ConflictingValue where it contradicts itself."""
        once = sql.Identifier(f"{self.name}_once")
        at = {"staged": self.staged, "once": once, "key": listed(key), "row": sql.Identifier(ROW)}
        cursor.execute(CREATE_ONCE.format(**at))
        cursor.execute(sql.SQL("alter table {once} add primary key ({key})").format(**at))
        names = [*self.columns]
        cursor.execute(
            FIND_CONTRADICTION.format(
                **at,
                old_columns=aliased("t", names, "old"),
                new_columns=aliased("r", names, "new"),
                old_values=qualified("t", names),
                new_values=qualified("r", names),
            )
        )
        found = cursor.fetchone()
        if found:
            raise conflict(
                f"{self.name.removeprefix('incoming_')} (an earlier row of the file)", key, names, found[:-1], file, found[-1]
            )
        cursor.execute(DROP.format(staged=self.staged))
        cursor.execute(RENAME.format(staged=once, name=self.staged))
        cursor.execute(ANALYZE.format(staged=self.staged))


def table_columns(cursor: Cursor, table: str) -> dict[str, tuple[str, bool]]:
    """Column → type, and whether it may not be null; generated columns are left out."""
    cursor.execute(COLUMNS, [table])
    return {name: (kind, is_needed) for name, kind, is_needed in cursor.fetchall()}


def listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def qualified(table: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in names)


def aliased(table: str, names: Sequence[str], prefix: str) -> sql.Composed:
    pairs = [(sql.Identifier(table, name), sql.Identifier(f"{prefix}{at}")) for at, name in enumerate(names)]
    return sql.SQL(", ").join(sql.SQL("{} as {}").format(*pair) for pair in pairs)


def conflict(
    table: str,
    key: Sequence[str],
    names: Sequence[str],
    found: Sequence[object],
    file: Path | str | None,
    row: int | None,
) -> ConflictingValue:
    """The error of the first column of `found` (all old values, then all new) that differs as PostgreSQL sees it."""
    old, new = found[: len(names)], found[len(names) :]
    at = next(number for number in range(len(names)) if old[number] != new[number])
    shown = " ".join(f"{name} {old[names.index(name)]}" for name in key)
    return ConflictingValue(table=table, key=shown, column=names[at], old=old[at], new=new[at], file=file, row=row)
