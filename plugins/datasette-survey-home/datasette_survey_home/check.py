"""Whether what the metadata name is in the database. Asked once, at the start."""

import dataclasses
from typing import Any

from datasette_postgresql import ConfigurationError, PostgresDatabase, PostgresError

from . import numbers
from .settings import PARTS, PLUGIN, Home


async def check(datasette: Any, home: Home) -> None:
    """Raises ConfigurationError."""
    db = datasette.databases.get(home.database)
    if not isinstance(db, PostgresDatabase):
        raise ConfigurationError(f"{PLUGIN}: there is no PostgreSQL database {home.database!r}.")
    await db.current_catalogue()
    for table, _ in home.counts:
        _columns(db, "counts", table)
    for name in PARTS:
        part = getattr(home, name)
        if part is not None and hasattr(part, "table"):
            _check_columns(db, name, part)
        if part is not None and hasattr(part, "query"):
            await _check_query(datasette, home.database, name, part.query)
    for query in home.queries:
        await _check_query(datasette, home.database, "queries", query)
    try:
        await numbers.parts(db, home, [])
    except PostgresError as error:
        raise ConfigurationError(f"{PLUGIN}: 'notice_sql' can't be run: {error}") from error


def _columns(db: PostgresDatabase, name: str, table: str) -> set[str]:
    found = db.catalogue.relation(table)
    if found is None:
        raise ConfigurationError(f"{PLUGIN}: {name!r} names the table {table!r}, which {db.name!r} doesn't show.")
    return {column.name for column in found.columns}


def _check_columns(db: PostgresDatabase, name: str, part: Any) -> None:
    columns = _columns(db, name, part.table)
    for field in dataclasses.fields(part):
        column = getattr(part, field.name)
        if field.name not in ("table", "query", "parameter") and column not in columns:
            raise ConfigurationError(f"{PLUGIN}: {name!r} names the column {column!r}, which {part.table!r} doesn't have.")


async def _check_query(datasette: Any, database: str, name: str, query: str) -> None:
    if await datasette.get_canned_query(database, query, None) is None:
        raise ConfigurationError(f"{PLUGIN}: {name!r} names the canned query {query!r}, which isn't there.")
