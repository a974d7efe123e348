"""Puts the fixture tables, with the rows that Datasette's own script makes in SQLite, into a schema of PostgreSQL."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg2
import psycopg2.extensions
from psycopg2.sql import SQL, Identifier

DDL = Path(__file__).with_name("fixtures.sql")
ROLE = "datasette_conformance"
PREPARE = f"""
drop schema if exists fixtures cascade;
do $$ begin
  if not exists (select from pg_roles where rolname = '{ROLE}') then create role {ROLE}; end if;
end $$;
alter role {ROLE} login password '{ROLE}';
create schema fixtures;
grant usage on schema fixtures to {ROLE};
alter default privileges in schema fixtures grant select on tables to {ROLE};
set search_path = fixtures;
"""
# Rows that later versions of Datasette have and this one's tests don't know.
LATER_ROWS = """
delete from no_primary_key where content = 'RENDER_CELL_DEMO';
delete from compound_primary_key where content = 'RENDER_CELL_DEMO';
"""


def load(dsn: str, populate: Callable[[sqlite3.Connection], None]) -> None:
    """`dsn` is an administrator's; the schema `fixtures` is made afresh."""
    source = sqlite3.connect(":memory:")
    populate(source)
    target = psycopg2.connect(dsn)
    with target, target.cursor() as cursor:
        cursor.execute(PREPARE)
        cursor.execute(DDL.read_text(encoding="utf-8"))
        cursor.execute("set session_replication_role = replica")  # in whatever order the tables come
        for table in _tables(cursor):
            _copy(source, cursor, table)
        cursor.execute("set session_replication_role = origin")
        cursor.execute(LATER_ROWS)
        cursor.execute("analyze")
    target.close()
    source.close()


def unload(dsn: str) -> None:
    """Drops what the tests made, where the server stays."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select nspname from pg_namespace where nspname = 'fixtures' or nspname like 'made %'")
        for (schema,) in cursor.fetchall():
            cursor.execute(SQL("drop schema {} cascade").format(Identifier(schema)))


def _tables(cursor: psycopg2.extensions.cursor) -> list[str]:
    cursor.execute("select tablename from pg_tables where schemaname = 'fixtures' and tablename <> 'units' order by 1")
    return [name for (name,) in cursor.fetchall()]


def _copy(source: sqlite3.Connection, cursor: psycopg2.extensions.cursor, table: str) -> None:
    rows = source.execute(f'select * from "{table}"')
    names = [column[0] for column in rows.description]
    insert = SQL("insert into {} ({}) values ({})").format(
        Identifier(table), SQL(", ").join(map(Identifier, names)), SQL(", ").join([SQL("%s")] * len(names))
    )
    cursor.executemany(insert, rows.fetchall())
