"""A PostgreSQL of the tests' own with tables of every type, a role that may only SELECT, and a Datasette that reads it.

DATASETTE_POSTGRESQL_TEST_BIN, a folder with initdb and pg_ctl, names another PostgreSQL than the embedded one.
DATASETTE_POSTGRESQL_TEST_DSN, an administrator's DSN, names another server; its database is filled afresh.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from datasette.app import Datasette
from datasette.plugins import DEFAULT_PLUGINS, pm
from embedded_server import Server, as_role

import datasette_postgresql
from datasette_postgresql import PostgresDatabase

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="dspg-"))
    running = Server(folder)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def admin_dsn(request: pytest.FixtureRequest) -> str:
    """An administrator's DSN of a database that has the tables of fixtures.sql."""
    dsn: str = os.environ.get("DATASETTE_POSTGRESQL_TEST_DSN") or request.getfixturevalue("server").dsn
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute((HERE / "fixtures.sql").read_text())
    connection.close()
    return dsn


@pytest.fixture(scope="session")
def dsn(admin_dsn: str) -> str:
    """The DSN of the role that may only SELECT."""
    return as_role(admin_dsn)


@pytest.fixture
def ask(admin_dsn: str) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Another door: an administrator's connection."""
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    yield rows
    connection.close()


@pytest.fixture
def only_our_plugin() -> Iterator[None]:
    """Whatever else is installed beside this one stays out of its tests."""
    others = [
        (name, plugin)
        for name, plugin in pm.list_name_plugin()
        if plugin is not None and name not in DEFAULT_PLUGINS and plugin is not datasette_postgresql
    ]
    for name, _ in others:
        pm.unregister(name=name)
    if not pm.is_registered(datasette_postgresql):
        pm.register(datasette_postgresql, "postgresql")
    yield
    for name, plugin in others:
        pm.register(plugin, name)


@pytest.fixture
def make_datasette(dsn: str, only_our_plugin: None) -> Iterator[Callable[..., Datasette]]:
    """A Datasette with the database `pg`; keyword arguments are the database's settings."""
    made: list[Datasette] = []

    def make(
        *,
        settings: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        crossdb: bool = False,
        **database: Any,
    ) -> Datasette:
        plugins = {"datasette-postgresql": {"databases": {"pg": {"dsn": dsn, **database}}}}
        datasette = Datasette(
            [], memory=True, metadata={**(metadata or {}), "plugins": plugins}, settings=settings or {}, crossdb=crossdb
        )
        made.append(datasette)
        return datasette

    yield make
    for datasette in made:
        for database in datasette.databases.values():
            database.close()
        datasette.executor.shutdown()


@pytest.fixture
def database(dsn: str) -> Iterator[PostgresDatabase]:
    """The database alone, with a long time limit."""
    alone = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, time_limit_ms=5000)
    yield alone
    alone.close()
