"""A PostgreSQL without anything of ours, and a Datasette with two plugins: for tests of a plugin that is for any database."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import datasette_postgresql
import psycopg2
import psycopg2.extensions
import pytest
from datasette.app import Datasette
from datasette.plugins import DEFAULT_PLUGINS, pm

from server.embedded import connect
from server.settings import Settings

READER = "reader"


class Bare:
    """`ask` is an administrator's door; `dsn` the address for a role that may use `public` and what is granted."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self.ask(f"create role {READER} login password '{READER}'")
        self.dsn = psycopg2.extensions.make_dsn(admin_url, user=READER, password=READER)

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.admin_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


class Site:
    """Pages and JSON of a Datasette, asked as an actor or as nobody."""

    def __init__(self, datasette: Datasette) -> None:
        self.datasette = datasette

    def get(self, path: str, actor: str | None = None, **params: str) -> Any:
        cookies = {"ds_actor": self.datasette.sign({"a": {"id": actor}}, "actor")} if actor else {}
        return asyncio.run(self.datasette.client.get(path, params=params or None, cookies=cookies))

    def json(self, path: str, actor: str | None = None, **params: str) -> Any:
        answer = self.get(path, actor, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def bare_server() -> Iterator[Bare]:
    """Its folder isn't below pytest's, which is closed to the server's own user."""
    with tempfile.TemporaryDirectory(prefix="bare-postgres-") as home, pytest.MonkeyPatch.context() as patch:
        Path(home).chmod(0o711)
        for name in [name for name in os.environ if name.startswith("ELASTICC_")]:
            patch.delenv(name)
        patch.setenv("ELASTICC_HOME", home)
        with connect(Settings.from_env()) as admin_url:
            yield Bare(admin_url)


@contextmanager
def site(
    bare: Bare,
    plugin: ModuleType,
    *,
    metadata: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Site]:
    """With datasette-postgresql and `plugin`, and none of the others that are installed; the database is `pg`.

    `options` are Datasette's settings, `settings` the database's.
    """
    others = [(name, one) for name, one in pm.list_name_plugin() if one is not None and name not in DEFAULT_PLUGINS]
    for name, _ in others:
        pm.unregister(name=name)
    # Anew: a plugin whose import was the first of Datasette's was registered half loaded, without its hooks.
    pm.register(datasette_postgresql, "postgresql")
    pm.register(plugin, plugin.__name__)
    given = metadata or {}
    plugins = {**given.get("plugins", {}), "datasette-postgresql": {"databases": {"pg": {"dsn": bare.dsn, **settings}}}}
    datasette = Datasette([], memory=True, metadata={**given, "plugins": plugins}, settings=options or {})
    try:
        yield Site(datasette)
    finally:
        for database in datasette.databases.values():
            database.close()
        datasette.executor.shutdown()
        pm.unregister(name="postgresql")
        pm.unregister(name=plugin.__name__)
        for name, one in others:
            pm.register(one, name)
