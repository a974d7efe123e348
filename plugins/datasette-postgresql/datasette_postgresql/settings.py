"""What metadata may say about a PostgreSQL database, read once at the start; an unknown or wrong key stops it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.extensions

from .errors import ConfigurationError

PLUGIN = "datasette-postgresql"
OPTIONAL = ("tables", "time_limit_ms", "facet_time_limit_ms", "facet_suggest_time_limit_ms", "max_rows")
LISTS = ("replicas", "schemas", "tables", "exclude_tables")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """None means Datasette's own setting (of the limits), every table (of `tables`). The README tells what each is."""

    dsn: str = dataclasses.field(repr=False)
    replicas: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    schemas: tuple[str, ...] = ("public",)
    tables: tuple[str, ...] | None = None
    exclude_tables: tuple[str, ...] = ()
    time_limit_ms: int | None = None
    facet_time_limit_ms: int | None = None
    facet_suggest_time_limit_ms: int | None = None
    count_time_limit_ms: int = 100
    max_rows: int | None = None
    max_bytes: int = 100_000_000
    max_total_bytes: int = 200_000_000
    pool_size: int = 8
    typed_size: int = 3
    queue_size: int = 200
    streams: int = 2
    stream_limit_s: int = 600
    connect_timeout_s: int = 10
    catalogue_refresh_s: float = 5.0

    @classmethod
    def from_config(cls, name: str, config: Any) -> "DatabaseSettings":
        """Raises ConfigurationError with one sentence."""
        if not isinstance(config, Mapping):
            raise ConfigurationError(f"{PLUGIN}: the database {name!r} needs settings: at least its dsn.")
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(str(key) for key in config if key not in known)
        if unknown:
            raise ConfigurationError(
                f"{PLUGIN}: the database {name!r} has an unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}."
            )
        return cls(**{key: _checked(name, key, value) for key, value in {"dsn": None, **config}.items()})


def read(config: Any) -> dict[str, DatabaseSettings]:
    """The plugin's whole configuration: a name and its settings for each database; none is not an error."""
    if config is None:
        return {}
    if not isinstance(config, Mapping) or not isinstance(config.get("databases", {}), Mapping):
        raise ConfigurationError(f"{PLUGIN}: the configuration must be a mapping with the key 'databases'.")
    unknown = sorted(str(key) for key in config if key != "databases")
    if unknown:
        raise ConfigurationError(f"{PLUGIN}: unknown setting {unknown[0]!r}; only 'databases' is known.")
    return {str(name): DatabaseSettings.from_config(str(name), value) for name, value in config.get("databases", {}).items()}


def _checked(name: str, key: str, value: Any) -> Any:
    wrong = f"{PLUGIN}: the setting {key!r} of the database {name!r} must be "
    if value is None and key in OPTIONAL:
        return None
    if key == "dsn":
        return parsable(wrong, value)
    if key == "replicas" and isinstance(value, list | tuple):
        return tuple(parsable(wrong + "a list, each ", dsn) for dsn in value)
    if key in LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(wrong + f"a list of {'connection strings' if key == 'replicas' else 'names'}.")
        if key == "schemas" and not value:
            raise ConfigurationError(wrong + "a list of at least one name.")
        return tuple(value)
    number = float if key == "catalogue_refresh_s" else int
    if isinstance(value, bool) or not isinstance(value, int | number) or value <= 0:
        raise ConfigurationError(wrong + "a number greater than zero.")
    return value


def parsable(wrong: str, dsn: Any) -> str:
    """libpq's own message would repeat a piece of the DSN, perhaps the password: it isn't shown."""
    if not isinstance(dsn, str) or not dsn.strip():
        raise ConfigurationError(wrong + "a connection string (is its environment variable set?).")
    try:
        psycopg2.extensions.parse_dsn(dsn.strip())
    except psycopg2.ProgrammingError:
        raise ConfigurationError(wrong + "a connection string, as postgresql://user:password@host/database.") from None
    return dsn.strip()
