"""What metadata says of positions: which tables and columns hold them. An unknown or wrong key stops the start."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import ConfigurationError

PLUGIN = "datasette-sky"


@dataclass(frozen=True)
class Objects:
    """The table with a row an object: what positions and lists are looked for in. Degrees. `id` is null where it has none."""

    table: str
    id: str | None
    ra: str
    decl: str


@dataclass(frozen=True)
class Positions:
    """Another table: its own positions, or the column with the id of the object that a row belongs to, or both."""

    ra: str | None = None
    decl: str | None = None
    object: str | None = None


@dataclass(frozen=True)
class Sky:
    """One database's. `id_columns` are columns of any result that hold an object's id; `show` are columns of the objects that
    results have beside the position, all where it is empty."""

    database: str
    objects: Objects
    tables: Mapping[str, Positions] = dataclasses.field(default_factory=dict)
    id_columns: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    frame: str = "ICRS"
    example: str = "187.70 +12.40"

    def positions(self, table: str | None) -> Positions | None:
        """Where a table's positions are; None where it has nothing to do with the sky."""
        if table == self.objects.table:
            return Positions(self.objects.ra, self.objects.decl, self.objects.id)
        return self.tables.get(table or "")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names of columns that hold a position in any result."""
        found = [(self.objects.ra, self.objects.decl)]
        found += [(one.ra, one.decl) for one in self.tables.values() if one.ra and one.decl]
        return list(dict.fromkeys(found))


KNOWN = tuple(field.name for field in dataclasses.fields(Sky) if field.name != "database")


def read(config: Any) -> dict[str, Sky | None]:
    """The plugin's whole configuration, by database; null for `false`, a database without a sky. Raises ConfigurationError."""
    if config is None:
        return {}
    databases = config.get("databases") if isinstance(config, Mapping) else None
    if not isinstance(databases, Mapping) or set(config) != {"databases"}:
        raise ConfigurationError(f"{PLUGIN}: the configuration must be a mapping with the one key 'databases'.")
    return {str(name): None if value is False else _database(str(name), value) for name, value in databases.items()}


def _database(name: str, config: Any) -> Sky:
    of = f"of the database {name!r}"
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings {of} must be a mapping, or false.")
    for key in config:
        if key not in KNOWN:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r} {of}; known are {', '.join(KNOWN)}.")
    if "objects" not in config:
        raise ConfigurationError(f"{PLUGIN}: the setting 'objects' {of} is missing.")
    values = {key: _setting(key, f"{key!r} {of}", value) for key, value in config.items()}
    values["id_columns"] = tuple(dict.fromkeys((values["objects"].id, *values.get("id_columns", ()))))
    return Sky(database=name, **values)


def _setting(key: str, what: str, value: Any) -> Any:
    if key == "objects":
        names = [field.name for field in dataclasses.fields(Objects)]
        if not isinstance(value, Mapping) or set(value) != set(names) or not _are_names(value.values()):
            raise ConfigurationError(f"{PLUGIN}: the setting {what} must name {', '.join(names)}, and nothing else.")
        return Objects(**value)
    if key == "tables":
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{PLUGIN}: the setting {what} must be a mapping by table.")
        return {str(table): _positions(f"{str(table)!r} in {what}", found) for table, found in value.items()}
    if key in ("id_columns", "show"):
        if not isinstance(value, list) or not _are_names(value):
            raise ConfigurationError(f"{PLUGIN}: the setting {what} must be a list of column names.")
        return tuple(value)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{PLUGIN}: the setting {what} must be text.")
    return value


def _positions(what: str, value: Any) -> Positions:
    wanted = ({"ra", "decl"}, {"object"}, {"ra", "decl", "object"})
    if not isinstance(value, Mapping) or set(value) not in wanted or not _are_names(value.values()):
        raise ConfigurationError(f"{PLUGIN}: {what} must name 'ra' and 'decl', or 'object', or all three, and nothing else.")
    return Positions(**value)


def _are_names(values: Any) -> bool:
    return all(isinstance(value, str) and value for value in values)
