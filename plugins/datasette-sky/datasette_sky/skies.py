"""Each database's sky: what the metadata say, checked at the start; of other databases what their columns' names tell."""

from typing import Any

from datasette_postgresql import ConfigurationError, PostgresDatabase, PostgresError

from . import guess
from .conditions import Functions
from .settings import PLUGIN, Sky

HAVE_FUNCTIONS = """
select coalesce(bool_or(name = 'q3c_radial_query'), false), coalesce(bool_or(name = 'q3c_dist'), false)
from (values ('q3c_radial_query', 5), ('q3c_dist', 4)) as wanted (name, arguments)
cross join to_regprocedure(
    format('%s(%s)', name, array_to_string(array_fill('double precision'::text, array[arguments]), ','))
) as found
where found is not null and has_function_privilege(found, 'execute')
"""


class Skies:
    """Of one Datasette."""

    def __init__(self, datasette: Any, configured: dict[str, Sky | None]) -> None:
        self._datasette = datasette
        self._configured = configured
        self._guessed: dict[str, tuple[int, Sky | None]] = {}
        self._functions: dict[str, Functions] = {}

    async def check(self) -> None:
        """Raises ConfigurationError where the metadata name what isn't there."""
        for sky in self._configured.values():
            if sky is not None:
                await _check(self._datasette, sky)
                await self.functions(sky.database)

    async def of(self, database: str | None) -> Sky | None:
        """None for a database without positions. Raises PostgresError."""
        if database in self._configured:
            return self._configured[database]
        db = self._datasette.databases.get(database)
        if not isinstance(db, PostgresDatabase):
            return None
        catalogue = await db.current_catalogue()
        known = self._guessed.get(db.name)
        if known is None or known[0] != catalogue.fingerprint:
            known = self._guessed[db.name] = (catalogue.fingerprint, guess.sky(db.name, catalogue))
        return known[1]

    async def quietly_of(self, database: str | None) -> Sky | None:
        """As `of`, for what a page does without: None where the database doesn't answer."""
        try:
            return await self.of(database)
        except PostgresError:
            return None

    async def all(self) -> list[Sky]:
        found = [await self.quietly_of(name) for name in self._datasette.databases]
        return [sky for sky in found if sky is not None]

    async def functions(self, database: str) -> Functions:
        """Asked once. Raises PostgresError."""
        if database not in self._functions:
            [row] = (await self._datasette.databases[database].fetch(HAVE_FUNCTIONS)).rows
            self._functions[database] = Functions(*row)
        return self._functions[database]


def skies(datasette: Any) -> Skies:
    """Before the start there are none."""
    found: Skies | None = getattr(datasette, "_sky", None)
    return found or Skies(datasette, dict.fromkeys(datasette.databases))


async def _check(datasette: Any, sky: Sky) -> None:
    db = datasette.databases.get(sky.database)
    if not isinstance(db, PostgresDatabase):
        raise ConfigurationError(f"{PLUGIN}: there is no PostgreSQL database {sky.database!r}.")
    await db.current_catalogue()
    objects = sky.objects
    _check_columns(db, "objects", objects.table, (objects.id, objects.ra, objects.decl))
    _check_columns(db, "show", objects.table, sky.show)
    for table, found in sky.tables.items():
        _check_columns(db, "tables", table, (found.ra, found.decl, found.object))


def _check_columns(db: PostgresDatabase, setting: str, table: str, columns: tuple[str | None, ...]) -> None:
    relation = db.catalogue.relation(table)
    if relation is None:
        raise ConfigurationError(f"{PLUGIN}: {setting!r} names the table {table!r}, which {db.name!r} doesn't show.")
    for column in columns:
        if column is not None and relation.column(column) is None:
            raise ConfigurationError(f"{PLUGIN}: {setting!r} names the column {column!r}, which {table!r} doesn't have.")
