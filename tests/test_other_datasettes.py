"""A Datasette of something else, started where the portal is installed: the project's plugins leave it alone."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from datasette.app import Datasette
from datasette.plugins import pm


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[httpx.Response]]:
    """The answers of a Datasette with a database `db`, its table of an unfortunate name in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ELASTICC_LOGIN_URL", raising=False)
    with sqlite3.connect("db.db") as connection:
        connection.execute("create table listsqlqueries (id integer primary key, word text)")
        connection.execute("insert into listsqlqueries values (1, 'kept')")
    connection.close()

    async def answers(paths: tuple[str, ...], metadata: dict[str, Any]) -> list[httpx.Response]:
        datasette = Datasette(["db.db"], metadata=metadata)
        await datasette.invoke_startup()
        get: Callable[[str], Awaitable[httpx.Response]] = datasette.client.get
        return [await get(path) for path in paths]

    def ask(*paths: str, **metadata: Any) -> list[httpx.Response]:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(answers(paths, metadata))).result()

    return ask


def test_it_answers_everybody_as_ever(asked: Callable[..., list[httpx.Response]], tmp_path: Path) -> None:
    home, table = asked("/", "/db/listsqlqueries")
    assert [answer.status_code for answer in (home, table)] == [200, 200]
    assert "kept" in table.text and "Long queries" not in home.text
    assert pm.has_plugin("elasticc_door")  # it is there, and does nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["db.db"]
    assert asked("/-/queries", "/accounts/login")[1].status_code == 404


def test_the_portals_metadata_without_its_launcher_let_nobody_in(asked: Callable[..., list[httpx.Response]]) -> None:
    """They say who may see anything, so that a missing setting opens nothing."""
    home, table = asked("/", "/db/listsqlqueries", allow={"id": "*"})
    assert [answer.status_code for answer in (home, table)] == [403, 403]
