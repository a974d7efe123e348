"""Schemas of the harness's PostgreSQL as databases of a Datasette. The administrator makes them; the plugin only reads."""

import asyncio
import contextlib
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import psycopg2.extensions
from psycopg2.sql import SQL, Identifier

from datasette_postgresql import PostgresDatabase
from datasette_postgresql.lexer import render
from datasette_postgresql.settings import DatabaseSettings

ADMIN_DSN = os.environ["CONFORMANCE_DSN"]
ROLE = "datasette_conformance"
FIXTURES = "fixtures"
EXTRA_SQL = """
create table searchable (pk integer primary key, text1 text, text2 text);
create view searchable_view as select * from searchable;
insert into searchable values (1, 'barry cat', 'terry dog'), (2, 'terry dog', 'sara weasel');
create index on searchable using gin (to_tsvector('simple', text1 || ' ' || text2));
"""
SCHEMA = """
create schema {schema};
grant usage on schema {schema} to {role};
alter default privileges in schema {schema} grant select on tables to {role};
"""
_numbers = itertools.count(1)


def administer(schema, sql, params=None):
    """Runs `sql` with the schema in front of the search path."""
    connection = psycopg2.connect(ADMIN_DSN)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL("set search_path = {}").format(Identifier(schema)))
            cursor.execute(sql, params)
    finally:
        connection.close()


@contextlib.contextmanager
def made_schema(sql):
    """A new schema with what `sql` makes in it, for as long as the client lives."""
    schema = f"made {next(_numbers)} {os.getpid()}"
    administer("public", SQL(SCHEMA).format(schema=Identifier(schema), role=Identifier(ROLE)))
    try:
        administer(schema, sql)
        yield schema
    finally:
        administer("public", SQL("drop schema {} cascade").format(Identifier(schema)))


def _settings(schema):
    dsn = psycopg2.extensions.make_dsn(ADMIN_DSN, user=ROLE, password=ROLE)
    return DatabaseSettings(dsn=dsn, schemas=(schema,), pool_size=4)


def made_database(datasette, name):
    """A database that tests fill by execute_write, as they do those in memory."""
    schema = f"made {next(_numbers)} {os.getpid()}"
    administer("public", SQL(SCHEMA).format(schema=Identifier(schema), role=Identifier(ROLE)))
    return FilledDatabase(datasette, _settings(schema), name)


class FilledDatabase(PostgresDatabase):
    """The plugin's, but for writing: the administrator does that."""

    async def execute_write(self, sql, params=None, block=True):
        administer(self.settings.schemas[0], render(sql, params))
        await self.refresh_catalogue()

    async def execute_write_script(self, sql, block=True):
        await self.execute_write(sql)


def attach(datasette, name, schema):
    """The plugin's own way, but for the role's check, which one database's start has already."""
    database = PostgresDatabase(datasette, _settings(schema), name)
    _awaited(database.refresh_catalogue)
    return datasette.add_database(database, name=name)


def _awaited(function):
    """Also where an event loop runs in this thread already."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(lambda: asyncio.run(function())).result()


def server_version():
    """As `show server_version` gives it."""
    with contextlib.closing(psycopg2.connect(ADMIN_DSN)) as connection:
        return connection.info.parameter_status("server_version")
