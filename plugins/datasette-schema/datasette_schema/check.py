"""Whether each UCD of the metadata is for a column that is there. Asked once, at the start."""

from typing import Any

from datasette_postgresql import ConfigurationError, PostgresDatabase

from .settings import PLUGIN, Ucds, fits


async def check(datasette: Any, database: str, ucds: Ucds) -> None:
    """Raises ConfigurationError."""
    db = datasette.databases.get(database)
    if not isinstance(db, PostgresDatabase):
        raise ConfigurationError(f"{PLUGIN}: there is no PostgreSQL database {database!r}.")
    catalogue = await db.current_catalogue()
    relations = [*catalogue.tables.values(), *catalogue.views.values()]
    names = [f"{relation.name}.{column}" for relation in relations for column in relation.column_names]
    for pattern, _ in ucds.pairs:
        if not any(fits(pattern, name) for name in names):
            raise ConfigurationError(f"{PLUGIN}: {pattern!r}, in 'ucds' of the database {database!r}, is no column of it.")
