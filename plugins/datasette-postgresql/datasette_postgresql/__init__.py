"""datasette-postgresql: any PostgreSQL database in Datasette, read-only.

What other plugins may import is here, and in the README under "For other plugins"; the modules are this package's own.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl

from . import settings as settings_module
from .catalogue import Catalogue, Column, Index, Table
from .columns import comparable
from .database import PostgresDatabase
from .descriptions import of_all, of_one
from .errors import ConfigurationError, PostgresError
from .estimates import Estimate
from .lexer import literal, named_parameters, render
from .querying import has_plan
from .role import check
from .samples import Source
from .selected import selected
from .settings import PLUGIN, DatabaseSettings
from .visits import App, listening, name_visitor

__all__ = [
    "Catalogue",
    "Column",
    "ConfigurationError",
    "DatabaseSettings",
    "Estimate",
    "Index",
    "PostgresDatabase",
    "PostgresError",
    "Source",
    "Table",
    "comparable",
    "has_plan",
    "literal",
    "name_visitor",
    "named_parameters",
    "render",
    "selected",
]

# The only keys a comment can answer. "tables" is asked for permissions, twice for each table on a page: it has none of them.
OURS = (None, "description", "columns", "databases")


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where a setting, a role or a server is not as it must be."""
    configured = settings_module.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        from .patches import install  # after this package: it imports this

        install(datasette)
        if datasette.crossdb:
            _hide_from_attach(datasette)
        for name, settings in configured.items():
            if name in datasette.databases:
                raise ConfigurationError(f"{PLUGIN}: there is another database named {name!r}.")
            await _connect(datasette, name, settings)

    return start


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:
    return listening


@hookimpl  # type: ignore[untyped-decorator]
def get_metadata(datasette: Any, key: str | None, database: str | None, table: str | None) -> dict[str, Any]:
    """Comments as descriptions, without a query."""
    if key not in OURS:
        return {}
    ours = {name: db for name, db in datasette.databases.items() if isinstance(db, PostgresDatabase)}
    wanted = ours if database is None else {database: ours[database]} if database in ours else {}
    described = {name: _described(db.catalogue, table) for name, db in wanted.items()}
    return {"databases": {name: {"tables": tables} for name, tables in described.items() if tables}} if described else {}


def _described(catalogue: Catalogue, table: str | None) -> dict[str, Any]:
    if table is None:
        return of_all(catalogue)
    relation = catalogue.relation(table)
    about = of_one(relation) if relation else {}
    return {table: about} if about else {}


async def _connect(datasette: Any, name: str, settings: DatabaseSettings) -> None:
    database = PostgresDatabase(datasette, settings, name)
    try:
        for warning in await check(database):
            sys.stderr.write(f"WARNING: {warning}\n")
        await database.refresh_catalogue()
    except ConfigurationError:
        database.close()
        raise
    except PostgresError as error:
        database.close()
        raise ConfigurationError(f"{PLUGIN}: the catalogue of {name!r} can't be read: {error}") from error
    datasette.add_database(database, name=name)


class _WithoutPostgres:
    """A Datasette whose databases are the SQLite ones."""

    def __init__(self, datasette: Any) -> None:
        self._datasette = datasette

    def __getattr__(self, name: str) -> Any:
        return getattr(self._datasette, name)

    @property
    def databases(self) -> dict[str, Any]:
        return {name: db for name, db in self._datasette.databases.items() if not isinstance(db, PostgresDatabase)}


def _hide_from_attach(datasette: Any) -> None:
    """--crossdb attaches the file of every database to _memory; ours have none."""

    prepare = type(datasette)._prepare_connection

    def prepare_connection(conn: Any, database: str) -> None:
        prepare(_WithoutPostgres(datasette) if database == "_memory" else datasette, conn, database)

    datasette._prepare_connection = prepare_connection
