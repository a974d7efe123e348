"""Whether the metadata's tables, columns and query are in the database. Asked once, at the start."""

import dataclasses
from typing import Any

from datasette_postgresql import ConfigurationError, PostgresDatabase

from .settings import PARTS, PLUGIN, LightCurves


async def check(datasette: Any, curves: LightCurves) -> None:
    """Raises ConfigurationError."""
    db = datasette.databases.get(curves.database)
    if not isinstance(db, PostgresDatabase):
        raise ConfigurationError(f"{PLUGIN}: there is no PostgreSQL database {curves.database!r}.")
    await db.current_catalogue()
    for name in PARTS:
        part = getattr(curves, name)
        if part is not None and name != "classifications":
            _check_columns(db, name, part)
    if curves.classifications is not None:
        await _check_query(datasette, curves)


def _check_columns(db: PostgresDatabase, name: str, part: Any) -> None:
    found = db.catalogue.relation(part.table)
    if found is None:
        raise ConfigurationError(f"{PLUGIN}: {name!r} names the table {part.table!r}, which {db.name!r} doesn't show.")
    columns = {column.name for column in found.columns}
    for field in dataclasses.fields(part):
        column = getattr(part, field.name)
        if field.name != "table" and column not in columns:
            raise ConfigurationError(f"{PLUGIN}: {name!r} names the column {column!r}, which {part.table!r} doesn't have.")


async def _check_query(datasette: Any, curves: LightCurves) -> None:
    said = curves.classifications
    assert said is not None
    query = await datasette.get_canned_query(curves.database, said.query, None)
    if query is None:
        raise ConfigurationError(f"{PLUGIN}: 'classifications' names the canned query {said.query!r}, which isn't there.")
    if f":{said.parameter}" not in query["sql"]:
        raise ConfigurationError(f"{PLUGIN}: the canned query {said.query!r} has no parameter :{said.parameter}.")
