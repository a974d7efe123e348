"""Whether the metadata's tables and columns are in the database, and how it finds a cone. Asked once, at the start."""

from typing import Any

from datasette_postgresql import PostgresDatabase

from .settings import PLUGIN, ConfigurationError, Sky

HAS_RADIAL_QUERY = """
select to_regprocedure(
    'q3c_radial_query(double precision, double precision, double precision, double precision, double precision)'
) is not null as found
"""


async def check(datasette: Any, sky: Sky) -> bool:
    """Whether the database has q3c_radial_query, q3c's own or another's of that name. Raises ConfigurationError."""
    db = datasette.databases.get(sky.database)
    if not isinstance(db, PostgresDatabase):
        raise ConfigurationError(f"{PLUGIN}: there is no PostgreSQL database {sky.database!r}.")
    await db.current_catalogue()
    objects = sky.objects
    _check_columns(db, "objects", objects.table, (objects.id, objects.ra, objects.decl))
    _check_columns(db, "show", objects.table, sky.show)
    for table, found in sky.tables.items():
        _check_columns(db, "tables", table, tuple(name for name in (found.ra, found.decl, found.object) if name))
    return bool((await db.fetch(HAS_RADIAL_QUERY)).rows[0]["found"])


def _check_columns(db: PostgresDatabase, setting: str, table: str, columns: tuple[str, ...]) -> None:
    relation = db.catalogue.relation(table)
    if relation is None:
        raise ConfigurationError(f"{PLUGIN}: {setting!r} names the table {table!r}, which {db.name!r} doesn't show.")
    for column in columns:
        if relation.column(column) is None:
            raise ConfigurationError(f"{PLUGIN}: {setting!r} names the column {column!r}, which {table!r} doesn't have.")
