"""Rows into tables: COPY to a temporary table, compare with what is known, insert the rest. One call, one transaction.

Refuses a known key with another value, and a reference to a row that the database doesn't have. Nothing is updated.
"""

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader.ingest.binary import encode
from loader.ingest.errors import ConflictingValue, DatabaseFailed, RefusedByDatabase, UnknownReference
from loader.ingest.rows import Rows

# Two loads at once would both find a key new; readers don't wait for this lock.
LOCK = sql.SQL("lock table {table} in share row exclusive mode")

TYPES = """
select a.attname, format_type(a.atttypid, null)
from pg_attribute a
where a.attrelid = %s::regclass
  and a.attname = any(%s)
"""

CREATE_INCOMING = sql.SQL("""
create temporary table incoming on commit drop as
select {columns}
from {table}
limit 0
""")

# The index and the statistics keep every plan of the comparisons below near linear.
INDEX_INCOMING = sql.SQL("alter table incoming add primary key ({key})")
ANALYZE_INCOMING = "analyze incoming"

FIND_UNKNOWN = sql.SQL("""
select i.{key}, i.{column}, count(*) over ()
from incoming i
where i.{column} is not null
  and not exists (select from {table} t where t.{target} = i.{column})
order by i.{key}
limit 1
""")

# Materialized, so that `limit` doesn't tempt the planner: it walked the table in key order and read all of incoming for
# each row, 10 minutes for 67,000 rows against 79,000; now 0.1 s.
FIND_CONFLICT = sql.SQL("""
with conflict as materialized (
    select {old_columns}, {new_columns}
    from incoming i
    join {table} t on t.{key} = i.{key}
    where ({old_values}) is distinct from ({new_values})
)
select *
from conflict
order by {old_key}
limit 1
""")

INSERT_NEW = sql.SQL("""
insert into {table} ({columns})
select {columns}
from incoming i
where not exists (select from {table} t where t.{key} = i.{key})
order by {key}
""")

DROP_INCOMING = "drop table incoming"


@dataclass(frozen=True)
class Counts:
    """Rows of one table: inserted, and already there with the same values."""

    table: str
    new: int
    known: int


def put(connection: Connection, batch: Sequence[Rows]) -> list[Counts]:
    """Put all of `batch` (in the order of its foreign keys) or nothing. Raises an IngestError's child or DatabaseFailed."""
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            return [_put_rows(cursor, rows) for rows in batch if len(rows)]
    except (psycopg2.IntegrityError, psycopg2.DataError) as error:
        reason = " ".join(str(error).split())
        file = next((rows.file for rows in batch if rows.file), None)
        raise RefusedByDatabase(reason, file=file) from error
    except psycopg2.Error as error:
        raise DatabaseFailed(f"The database failed: {' '.join(str(error).split())}") from error


def analyze(connection: Connection, tables: Iterable[str]) -> None:
    """Let the planner and the portal's row estimates know."""
    with connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _put_rows(cursor: Cursor, rows: Rows) -> Counts:
    table, key = sql.Identifier(rows.table), sql.Identifier(rows.key)
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    cursor.execute(LOCK.format(table=table))
    cursor.execute(CREATE_INCOMING.format(columns=columns, table=table))
    _copy(cursor, rows, columns)
    cursor.execute(INDEX_INCOMING.format(key=key))
    cursor.execute(ANALYZE_INCOMING)
    _refuse_unknown_references(cursor, rows)
    _refuse_conflicts(cursor, rows)
    cursor.execute(INSERT_NEW.format(table=table, columns=columns, key=key))
    new = cursor.rowcount
    cursor.execute(DROP_INCOMING)
    return Counts(rows.table, new=new, known=len(rows) - new)


def _copy(cursor: Cursor, rows: Rows, columns: sql.Composed) -> None:
    names = list(rows.columns)
    cursor.execute(TYPES, [sql.Identifier(rows.table).as_string(cursor), names])
    types: dict[str, str] = dict(cursor.fetchall())
    stream = encode([rows.columns[name] for name in names], [types[name] for name in names])
    copy = sql.SQL("copy incoming ({}) from stdin with (format binary)").format(columns)
    cursor.copy_expert(copy, io.BytesIO(stream))


def _refuse_unknown_references(cursor: Cursor, rows: Rows) -> None:
    for column, (table, target) in rows.refers.items():
        cursor.execute(
            FIND_UNKNOWN.format(
                key=sql.Identifier(rows.key),
                column=sql.Identifier(column),
                table=sql.Identifier(table),
                target=sql.Identifier(target),
            )
        )
        found = cursor.fetchone()
        if found:
            key, value, count = found
            others = f" ({count} such rows in this file)" if count > 1 else ""
            raise UnknownReference(
                f"{column} {value} is not in {table}: its own file was not loaded{others}",
                file=rows.file,
                row=rows.number_of(key),
            )


def _refuse_conflicts(cursor: Cursor, rows: Rows) -> None:
    names = list(rows.columns)
    old_names, new_names = [f"old{at}" for at in range(len(names))], [f"new{at}" for at in range(len(names))]
    cursor.execute(
        FIND_CONFLICT.format(
            table=sql.Identifier(rows.table),
            key=sql.Identifier(rows.key),
            old_key=sql.Identifier(old_names[names.index(rows.key)]),
            old_columns=_aliased("t", names, old_names),
            new_columns=_aliased("i", names, new_names),
            old_values=sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
            new_values=sql.SQL(", ").join(sql.Identifier("i", name) for name in names),
        )
    )
    found = cursor.fetchone()
    if not found:
        return
    old, new = found[: len(names)], found[len(names) :]
    column = next(number for number in range(len(names)) if _is_distinct(old[number], new[number]))
    key = old[names.index(rows.key)]
    raise ConflictingValue(
        table=rows.table,
        key=f"{rows.key} {key}",
        column=names[column],
        old=old[column],
        new=new[column],
        file=rows.file,
        row=rows.number_of(key),
    )


def _aliased(table: str, names: Sequence[str], aliases: Sequence[str]) -> sql.Composed:
    pairs = zip(names, aliases, strict=True)
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(sql.Identifier(table, name), sql.Identifier(alias)) for name, alias in pairs
    )


def _is_distinct(old: object, new: object) -> bool:
    """PostgreSQL's `is distinct from`: null equals null, NaN equals NaN."""
    if isinstance(old, float) and isinstance(new, float) and math.isnan(old) and math.isnan(new):
        return False
    return old != new
