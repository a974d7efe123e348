"""The temporary table that a file's rows of one kind wait in: made, filled by COPY, and given a key to compare by."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest import values
from loader.ingest.binary import encode
from loader.ingest.errors import BadRow, ConflictingValue, RepeatedKey
from loader.ingest.rows import Column
from loader.ingest.seen import Distinct, KeyRanges

ROW = "#row"  # the row's number in its file; no column of ours has such a name

COLUMNS = """
select attrelid::regclass::text, attname, format_type(atttypid, null), attnotnull
from pg_attribute
where attrelid = any(%s::regclass[])
  and attnum > 0
  and not attisdropped
  and attgenerated = ''
order by attrelid, attnum
"""

CREATE = sql.SQL("create temporary table {staged} ({columns}) on commit drop")
COPY = sql.SQL("copy {staged} ({columns}) from stdin with (format binary)")
ADD_KEY = sql.SQL("alter table {staged} add primary key ({key})")
ANALYZE = sql.SQL("analyze {staged} ({columns})")
DROP = sql.SQL("drop table {staged}")
RENAME = sql.SQL("alter table {staged} rename to {name}")

MOST_KEY = 2**63 - 2**32  # a run keeps ranges of keys, which end behind them
FEW = 1000  # rows whose plans need neither index nor statistics

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
    """`columns` → PostgreSQL's type. Names that the target table doesn't have are the caller's own.

    Rows whose `key` is of whole numbers are sorted by it, batch by batch; where no batch reaches back into one before it,
    no key can stand there twice, and neither index nor sort are needed to know it; of a key of one column `ranges` then has
    all. `extent` is the lowest and the highest of the key's first column, `referred` what the columns `references` name.
    """

    def __init__(
        self,
        cursor: Cursor,
        name: str,
        columns: Mapping[str, str],
        *,
        needed: frozenset[str],
        key: Sequence[str] = (),
        references: Sequence[str] = (),
    ) -> None:
        self.name = f"incoming_{name}"
        self.columns = dict(columns)
        self.needed = needed
        self.key = tuple(key)
        self.staged = sql.Identifier(self.name)
        self.rows = 0
        self.is_in_order = bool(key) and all(columns[name] in values.INTEGER_BITS for name in key)
        self.ranges = KeyRanges()
        self.extent: tuple[int, int] | None = None
        self.referred = {column: Distinct() for column in references if column in columns}
        self._is_analyzed = False
        self._last_key: tuple[int, ...] | None = None
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
        order = self._order(columns) if self.is_in_order and n_rows else None
        if self.key and n_rows:
            self._note_extent(np.ma.getdata(columns[self.key[0]]), file, rows)
        for name, seen in self.referred.items():
            seen.add(columns[name])
        fields = [columns[name] if order is None else columns[name][order] for name in self.columns]
        stream = encode([*fields, rows if order is None else rows[order]], [*self.columns.values(), "bigint"])
        cursor.copy_expert(COPY.format(staged=self.staged, columns=listed([*self.columns, ROW])), io.BytesIO(stream))
        self.rows += n_rows

    def _order(self, columns: Mapping[str, Column]) -> NDArray[np.int64] | None:
        """The order by key of a batch that isn't in it; keeps `is_in_order` true or makes it false for good."""
        keys = [np.ma.getdata(columns[name]) for name in self.key]
        order = None if _increases(keys) else np.lexsort(keys[::-1])
        in_order = keys if order is None else [each[order] for each in keys]
        first, last = (tuple(int(each[at]) for each in in_order) for at in (0, -1))
        is_after = self._last_key is None or first > self._last_key
        self.is_in_order = is_after and (order is None or _increases(in_order))
        self._last_key = last
        if self.is_in_order and len(in_order) == 1:
            self.ranges.add(in_order[0])
        return order

    def _note_extent(self, keys: NDArray[Any], file: Path | str | None, rows: NDArray[np.int64]) -> None:
        low, high = int(keys.min()), int(keys.max())
        if max(-low, high) > MOST_KEY:
            at = int(keys.argmax()) if high > MOST_KEY else int(keys.argmin())
            raise BadRow(f"{self.key[0]} is {keys[at]}: past {MOST_KEY:,}", file=file, row=int(rows[at]))
        self.extent = (min(low, self.extent[0]), max(high, self.extent[1])) if self.extent else (low, high)

    def add_key(self, cursor: Cursor, file: Path | str | None) -> None:
        """See to it that no key stands there twice. Raises RepeatedKey."""
        if not self.is_in_order:
            self._index(cursor, file)

    def _index(self, cursor: Cursor, file: Path | str | None) -> None:
        cursor.execute("savepoint keyed")
        try:
            cursor.execute(ADD_KEY.format(staged=self.staged, key=listed(self.key)))
        except psycopg2.errors.UniqueViolation:
            cursor.execute("rollback to savepoint keyed")
            cursor.execute(FIND_REPEATED.format(staged=self.staged, key=listed(self.key), row=sql.Identifier(ROW)))
            found = cursor.fetchone()
            assert found is not None  # the key was refused for that very row
            rows = found[-1]
            shown = " ".join(f"{name} {value}" for name, value in zip(self.key, found[:-1], strict=True))
            raise RepeatedKey(f"{shown} stands in row {rows[0]} too", file=file, row=rows[1]) from None
        cursor.execute("release savepoint keyed")

    def analyze(self, cursor: Cursor) -> None:
        """Before the first join, so that its plan is near linear: the key, and what refers to other tables."""
        if self.rows > FEW and not self._is_analyzed:
            self._is_analyzed = True
            joined = [name for name, kind in self.columns.items() if kind == "bigint"]
            cursor.execute(ANALYZE.format(staged=self.staged, columns=listed(joined)))

    def keep_once(self, cursor: Cursor, file: Path | str | None) -> None:
        """Rows that the file says again are left out. Raises ConflictingValue where it contradicts itself."""
        if self.is_in_order:
            return
        once = sql.Identifier(f"{self.name}_once")
        at = {"staged": self.staged, "once": once, "key": listed(self.key), "row": sql.Identifier(ROW)}
        cursor.execute(CREATE_ONCE.format(**at))
        kept = int(cursor.rowcount)
        if kept < self.rows and set(self.columns) > set(self.key):
            self._refuse_contradiction(cursor, at, file)
        cursor.execute(DROP.format(staged=self.staged))
        cursor.execute(RENAME.format(staged=once, name=self.staged))
        self.rows = kept

    def _refuse_contradiction(self, cursor: Cursor, at: Mapping[str, sql.Composable], file: Path | str | None) -> None:
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
                f"{self.name.removeprefix('incoming_')} (an earlier row of the file)",
                self.key, names, found[:-1], file, found[-1],
            )  # fmt: skip


def _increases(keys: Sequence[NDArray[Any]]) -> bool:
    """Whether each row's key is greater than the one's before it."""
    is_greater = np.zeros(len(keys[0]) - 1, dtype=np.bool_)
    for key in reversed(keys):
        is_greater = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & is_greater)
    return bool(is_greater.all())


def table_columns(cursor: Cursor, table: str) -> dict[str, tuple[str, bool]]:
    """Column → type, and whether it may not be null; generated columns are left out."""
    return columns_of(cursor, [table])[table]


def columns_of(cursor: Cursor, tables: Sequence[str]) -> dict[str, dict[str, tuple[str, bool]]]:
    """As table_columns, of several tables at once."""
    cursor.execute(COLUMNS, [list(tables)])
    found: dict[str, dict[str, tuple[str, bool]]] = {table: {} for table in tables}
    for table, name, kind, is_needed in cursor.fetchall():
        found[table][name] = (kind, is_needed)
    return found


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
