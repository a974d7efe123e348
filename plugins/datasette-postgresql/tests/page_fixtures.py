"""A Datasette over tables made for pages: mixed-case names, nulls everywhere, keys of one, two and no columns."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from datasette.app import Datasette

PAGES = Path(__file__).parent / "pages.sql"
METADATA = {
    "databases": {
        "pg": {
            "queries": {"of_band": {"sql": 'select count(*) as n from "diaSource" where band = :band and visit::int > 0'}},
            "tables": {"loose": {"fts_table": "loose"}},
        }
    }
}


@pytest.fixture(scope="session")
def pages_dsn(admin_dsn: str) -> str:
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(PAGES.read_text())
    connection.close()
    return admin_dsn


class Site:
    def __init__(self, datasette: Datasette, admin_dsn: str) -> None:
        self.datasette = datasette
        self.admin_dsn = admin_dsn

    def get(self, path: str, **params: Any) -> Any:
        async def fetch() -> Any:
            response = await self.datasette.client.get(path, params=params or None)
            return response

        return asyncio.run(fetch())

    def json(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        """Another door: an administrator's connection."""
        connection = psycopg2.connect(self.admin_dsn, options="-c search_path=pages")
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()


@pytest.fixture
def site(pages_dsn: str, make_datasette: Callable[..., Datasette]) -> Iterator[Site]:
    settings = {"max_returned_rows": 1000, "facet_suggest_time_limit_ms": 1000, "facet_time_limit_ms": 5000}
    yield Site(make_datasette(schemas=["pages"], metadata=METADATA, settings=settings), pages_dsn)
