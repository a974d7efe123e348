"""New rows from their temporary table into their own: references checked, keys kept for `undo`, in the order of the key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest import foreign
from loader.ingest.indexes import without_indexes
from loader.ingest.log import FileRecord, add_keys, add_ranges
from loader.ingest.staging import Staging, listed, qualified
from loader.ingest.tables import Table

INSERT_NEW = sql.SQL("""
insert into {table} as target ({columns})
select {columns}
from {staged} i
where {is_new}
{order}
""")
RETURNING = sql.SQL("{insert} returning target.{pk} as added")
ORDER = sql.SQL("order by {key}")
IS_NEW = sql.SQL("not exists (select from {table} t where ({key}) = ({staged_key}))")


@dataclass(frozen=True)
class Insertion:
    """`n_known`: how many of the staged rows are in `table` already; `file` is for errors."""

    cursor: Cursor
    table: Table
    staging: Staging
    file: Path | str | None
    n_known: int

    def run(self, record: FileRecord | None, *, keeps_references: bool) -> int:
        """Returns the number of new rows. Raises UnknownReference."""
        n_new = self.staging.rows - self.n_known
        if not n_new:
            return 0
        if not keeps_references:
            with self._foreign_keys():
                return self._insert(record)
        foreign.check(self.cursor, self.table, self.staging, self._is_new if self.n_known else None, self.file)
        with foreign.unchecked(self.cursor), without_indexes(self.cursor, self.table.name, n_new):
            return self._insert(record)

    def _insert(self, record: FileRecord | None) -> int:
        """Where all rows are new, and their keys were counted as they came, the database has to find no ranges in them."""
        bounds = self.staging.ranges.bounds if self._is_in_order and self.table.key == (self.table.pk,) else None
        if bounds is not None:
            self.cursor.execute(self._statement())
            n_new = int(self.cursor.rowcount)
            add_ranges(self.cursor, bounds, self.table.name, record)
            return n_new
        statement = RETURNING.format(insert=self._statement(), pk=sql.Identifier(self.table.pk))
        return add_keys(self.cursor, statement, self.table.name, record)

    @property
    def _is_in_order(self) -> bool:
        """All rows are new, and were staged in the order of their keys."""
        return self.staging.is_in_order and not self.n_known

    @property
    def _is_new(self) -> sql.Composable:
        if not self.n_known:
            return sql.SQL("true")
        return IS_NEW.format(
            table=sql.Identifier(self.table.name),
            key=qualified("t", self.table.key),
            staged_key=qualified("i", self.table.key),
        )

    def _statement(self) -> sql.Composed:
        """Rows that were staged in order are read in order."""
        return INSERT_NEW.format(
            table=sql.Identifier(self.table.name),
            staged=self.staging.staged,
            columns=listed(list(self.staging.columns)),
            is_new=self._is_new,
            order=sql.SQL("") if self._is_in_order else ORDER.format(key=qualified("i", self.table.key)),
        )

    @contextmanager
    def _foreign_keys(self) -> Iterator[None]:
        """PostgreSQL checks them; only when it refuses we look for the row, to say more than it can."""
        self.cursor.execute("savepoint referring")
        try:
            yield
        except psycopg2.errors.ForeignKeyViolation:
            self.cursor.execute("rollback to savepoint referring")
            for reference in self.table.foreign:
                foreign.refuse_unknown(self.cursor, reference, self.staging, self.file)
            raise
        self.cursor.execute("release savepoint referring")
