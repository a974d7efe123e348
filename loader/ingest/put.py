"""Rows into tables: COPY to a temporary table, compare with what is known, insert the rest. One call, one transaction.

Refuses a reference to a row that the database doesn't have, and, unless the policy says otherwise, a known key with
another value. Everything is streamed: the rows of a file larger than memory wait in the database's temporary tables.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader.ingest import put_messages
from loader.ingest.compare import Counts, Policy, compare
from loader.ingest.errors import DatabaseFailed, IngestError, MissingColumn, RefusedByDatabase, UnknownColumn, UnknownReference
from loader.ingest.log import FileRecord, add_keys
from loader.ingest.rows import Batch, Messages
from loader.ingest.staging import ROW, Staging, listed, table_columns
from loader.ingest.tables import ALL, BY_NAME, Reference, Table

# Two loads at once would both find a key new; readers don't wait for this lock. Always in the same order: no deadlock.
LOCK = sql.SQL("lock table {table} in share row exclusive mode")

INSERT_NEW = sql.SQL("""
insert into {table} as target ({columns})
select {columns}
from {staged} i
where not exists (select from {table} t where ({key}) = ({staged_key}))
order by {staged_key}
returning target.{pk} as added
""")

FIND_UNKNOWN = sql.SQL("""
select i.{row}, i.{column}, count(*) over ()
from {staged} i
where i.{column} is not null
  and not exists (select from {table} t where t.{target} = i.{column})
order by i.{row}
limit 1
""")

COUNT_UNKNOWN = sql.SQL("""
select count(*)
from {staged} i
where i.{column} is not null
  and ({where})
  and not exists (select from {table} t where t.{target} = i.{column})
""")


class _Load:
    """The tables that one file's rows wait in. `file` is the last batch's, for errors of the whole."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.staging: dict[str, Staging] = {}
        self.may_repeat: set[str] = set()
        self.messages: put_messages.Waiting | None = None
        self.file: Path | str | None = None

    def stage(self, batch: Batch) -> None:
        self.file = batch.file
        if isinstance(batch, Messages):
            self.messages = self.messages or put_messages.Waiting(self.cursor)
            self.messages.stage(self.cursor, batch)
            return
        if not len(batch):
            return
        if batch.table not in self.staging:
            self.staging[batch.table] = _staging(self.cursor, batch.table, list(batch.columns), batch.file)
        if batch.may_repeat:
            self.may_repeat.add(batch.table)
        self.staging[batch.table].copy(self.cursor, batch.columns, batch.file, batch.numbers)


def put(
    connection: Connection,
    rows: Iterable[Batch],
    *,
    policy: Policy = Policy.REFUSE,
    record: FileRecord | None = None,
) -> list[Counts]:
    """Put all of `rows` or nothing. Raises an IngestError's child or DatabaseFailed.

    With `record` the keys that were added, the values that were changed and the counts are kept in the same transaction.
    """
    load: _Load | None = None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            load = _Load(cursor)
            for batch in rows:
                load.stage(batch)
            if record:
                record.begin(cursor)
            counts = _finish(cursor, load, policy, record)
            if record:
                record.end(cursor, counts)
            return counts
    except IngestError:
        raise
    except (psycopg2.IntegrityError, psycopg2.DataError, UnicodeEncodeError) as error:
        reason = " ".join(str(error).split())
        raise RefusedByDatabase(reason, file=load.file if load else None) from error
    except psycopg2.Error as error:
        raise DatabaseFailed(f"The database failed: {' '.join(str(error).split())}") from error


def analyze(connection: Connection, tables: Iterable[str]) -> None:
    """Let the planner and the portal's row estimates know."""
    with connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _staging(cursor: Cursor, table: str, names: list[str], file: Path | str | None) -> Staging:
    known = table_columns(cursor, table)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownColumn(f"{table} has no column {', '.join(unknown)}", file=file)
    missing = [name for name in BY_NAME[table].key if name not in names]
    if missing:
        raise MissingColumn(f"no column {', '.join(missing)}", file=file)
    needed = frozenset(name for name in names if known[name][1])
    return Staging(cursor, table, {name: known[name][0] for name in names}, needed=needed)


def _finish(cursor: Cursor, load: _Load, policy: Policy, record: FileRecord | None) -> list[Counts]:
    messages = put_messages.TABLES if load.messages else ()
    touched = [table for table in ALL if table.name in load.staging or table.name in messages]
    for table in touched:
        cursor.execute(LOCK.format(table=sql.Identifier(table.name)))
    counts = [
        _put_staged(cursor, table, load.staging[table.name], load, policy, record)
        for table in touched
        if table.name in load.staging
    ]
    if load.messages:
        counts += put_messages.finish(cursor, load.messages, policy, record)
    return counts


def _put_staged(
    cursor: Cursor, table: Table, staging: Staging, load: _Load, policy: Policy, record: FileRecord | None
) -> Counts:
    if table.name in load.may_repeat:
        staging.keep_once(cursor, table.key, load.file)
    else:
        staging.add_key(cursor, table.key, load.file)
    changed = compare(cursor, table, staging, policy, record, load.file)
    with _foreign_keys(cursor, table, staging, load.file):
        insert = INSERT_NEW.format(
            table=sql.Identifier(table.name),
            staged=staging.staged,
            columns=listed(list(staging.columns)),
            key=sql.SQL(", ").join(sql.Identifier("t", name) for name in table.key),
            staged_key=sql.SQL(", ").join(sql.Identifier("i", name) for name in table.key),
            pk=sql.Identifier(table.pk),
        )
        new = add_keys(cursor, insert, table.name, record)
    missing = {each.column: unknown for each in table.pointers if (unknown := _count_unknown(cursor, staging, each))}
    known = _count(cursor, staging) - new - changed.rows
    cursor.execute(sql.SQL("drop table {}").format(staging.staged))
    return Counts(table.name, new, known, changed.kept, changed.replaced, changed.filled, missing)


def _count(cursor: Cursor, staging: Staging) -> int:
    cursor.execute(sql.SQL("select count(*) from {}").format(staging.staged))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _foreign_keys(cursor: Cursor, table: Table, staging: Staging, file: Path | str | None) -> Iterator[None]:
    """PostgreSQL checks them; only when it refuses we look for the row, to say more than it can."""
    cursor.execute("savepoint referring")
    try:
        yield
    except psycopg2.errors.ForeignKeyViolation:
        cursor.execute("rollback to savepoint referring")
        for reference in table.foreign:
            _refuse_unknown(cursor, reference, staging, file)
        raise
    cursor.execute("release savepoint referring")


def _refuse_unknown(cursor: Cursor, reference: Reference, staging: Staging, file: Path | str | None) -> None:
    if reference.column not in staging.columns:
        return
    cursor.execute(FIND_UNKNOWN.format(staged=staging.staged, row=sql.Identifier(ROW), **_names(reference)))
    found = cursor.fetchone()
    if found:
        row, value, count = found
        others = f" ({count} such rows in this file)" if count > 1 else ""
        raise UnknownReference(
            f"{reference.column} {value} is not in {reference.table}: its own file was not loaded{others}", file=file, row=row
        )


def _count_unknown(cursor: Cursor, staging: Staging, reference: Reference) -> int:
    if reference.column not in staging.columns or ("detect" in reference.where and "detect" not in staging.columns):
        return 0
    where = sql.SQL(reference.where)
    cursor.execute(COUNT_UNKNOWN.format(staged=staging.staged, where=where, **_names(reference)))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _names(reference: Reference) -> dict[str, sql.Identifier]:
    return {
        "column": sql.Identifier(reference.column),
        "table": sql.Identifier(reference.table),
        "target": sql.Identifier(reference.target),
    }
