"""Rows into tables: COPY to a temporary table, compare with what is known, insert the rest. One call, one transaction.

Refuses a reference to a row that the database doesn't have, and, unless the policy says otherwise, a known key with
another value. Everything is streamed: the rows of a file larger than memory wait in the database's temporary tables, and
the file is read in a thread while the database writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader.ingest import foreign, put_messages
from loader.ingest.ahead import ahead
from loader.ingest.compare import Changed, Policy, by_key, compare, count_known
from loader.ingest.errors import DatabaseFailed, IngestError, MissingColumn, RefusedByDatabase, UnknownColumn
from loader.ingest.insert import Insertion
from loader.ingest.locks import lock
from loader.ingest.log import FileRecord
from loader.ingest.outcome import Counts
from loader.ingest.rows import Batch, Messages
from loader.ingest.staging import Staging, columns_of
from loader.ingest.tables import ALL, BY_NAME, Table

MANY = 1000  # rows from which references are checked by sets

# The triggers' rows of a file stay in memory; 4 MB, PostgreSQL's own measure, is 20,000 rows.
WORK_MEMORY = """
select set_config('work_mem', '64MB', true)
where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')
"""


class _Load:
    """The tables that one file's rows wait in. `file` is the last batch's, for errors of the whole."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.staging: dict[str, Staging] = {}
        self.may_repeat: set[str] = set()
        self.messages: put_messages.Waiting | None = None
        self.file: Path | str | None = None
        self._columns: dict[str, dict[str, tuple[str, bool]]] = {}

    def stage(self, batch: Batch) -> None:
        self.file = batch.file
        if isinstance(batch, Messages):
            self.messages = self.messages or put_messages.Waiting(self.cursor)
            self.messages.stage(self.cursor, batch)
            return
        if not len(batch):
            return
        columns = {name: values for name, values in batch.columns.items() if name not in _own_number(batch.table)}
        if batch.table not in self.staging:
            self._columns = self._columns or columns_of(self.cursor, [*BY_NAME])
            known = self._columns[batch.table]
            self.staging[batch.table] = _staging(self.cursor, batch.table, known, list(columns), batch.file)
        if batch.may_repeat:
            self.may_repeat.add(batch.table)
        self.staging[batch.table].copy(self.cursor, columns, batch.file, batch.numbers)


def _own_number(table: str) -> tuple[str, ...]:
    """What the database numbers a row by that files know otherwise: a link says nothing by its number."""
    known = BY_NAME.get(table)
    return (known.pk,) if known and known.pk not in known.key else ()


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
            cursor.execute(WORK_MEMORY)
            load = _Load(cursor)
            with ahead(rows) as batches:
                for batch in batches:
                    load.stage(batch)
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
    for table in tables:
        with connection, connection.cursor() as cursor:  # one after the other: to hold several may be to wait in a circle
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _staging(
    cursor: Cursor, table: str, known: Mapping[str, tuple[str, bool]], names: list[str], file: Path | str | None
) -> Staging:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownColumn(f"{table} has no column {', '.join(unknown)}", file=file)
    missing = [name for name in BY_NAME[table].key if name not in names]
    if missing:
        raise MissingColumn(f"no column {', '.join(missing)}", file=file)
    needed = frozenset(name for name in names if known[name][1])
    return Staging(
        cursor,
        table,
        {name: known[name][0] for name in names},
        needed=needed,
        key=BY_NAME[table].key,
        references=[each.column for each in BY_NAME[table].foreign],
    )


def _finish(cursor: Cursor, load: _Load, policy: Policy, record: FileRecord | None) -> list[Counts]:
    messages = put_messages.TABLES if load.messages else ()
    touched = [table for table in ALL if table.name in load.staging or table.name in messages]
    n_rows = sum(staging.rows for staging in load.staging.values()) + (load.messages.rows if load.messages else 0)
    keeps_references = n_rows >= MANY and foreign.may_check(cursor, touched)
    _lock(cursor, touched, keeps_references=keeps_references)
    if record:
        record.begin(cursor)  # under the locks: the order of files' numbers is that of what they changed
    counts = [
        _put_staged(cursor, table, load.staging[table.name], load, policy, record, keeps_references=keeps_references)
        for table in touched
        if table.name in load.staging
    ]
    if load.messages:
        counts += put_messages.finish(cursor, load.messages, policy, record, keeps_references=keeps_references)
    return counts


def _lock(cursor: Cursor, touched: Sequence[Table], *, keeps_references: bool) -> None:
    """With `keeps_references` what is referred to is held, too: nobody may delete it until we commit."""
    held = {each.table for table in touched for each in table.foreign} if keeps_references else set()
    lock(cursor, {table.name for table in touched}, held)


def _put_staged(
    cursor: Cursor,
    table: Table,
    staging: Staging,
    load: _Load,
    policy: Policy,
    record: FileRecord | None,
    *,
    keeps_references: bool,
) -> Counts:
    if table.name in load.may_repeat:
        staging.keep_once(cursor, load.file)
    else:
        staging.add_key(cursor, load.file)
    with by_key(cursor, table, staging):
        known, differing = count_known(cursor, table, staging)
        changed = compare(cursor, table, staging, policy, record, load.file) if differing else Changed()
        new = Insertion(cursor, table, staging, load.file, known).run(record, keeps_references=keeps_references)
    if new and table.name in put_messages.TABLES:
        put_messages.number_on(cursor, table)
    missing = {each.column: unknown for each in table.pointers if (unknown := foreign.count_unknown(cursor, staging, each))}
    return Counts(table.name, new, known - changed.rows, changed.kept, changed.replaced, changed.filled, missing)
