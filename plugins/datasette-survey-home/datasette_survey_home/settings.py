"""What metadata says of the home page: which tables, views and canned queries it tells about. A wrong key stops the start."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import ConfigurationError

PLUGIN = "datasette-survey-home"


@dataclass(frozen=True)
class Objects:
    """A row an object."""

    table: str
    id: str


@dataclass(frozen=True)
class Cone:
    """A canned query that lists the objects around a position; the names of its parameters, all in degrees."""

    query: str
    ra: str
    decl: str
    radius: str


@dataclass(frozen=True)
class Nights:
    """A small table or view: a row a night with its date (YYYY-MM-DD) and how much was seen."""

    table: str
    date: str
    count: str


@dataclass(frozen=True)
class Classes:
    """A small table or view: a row a class. `query` is a canned one that lists a class's objects, by `parameter`."""

    table: str
    label: str
    count: str
    query: str
    parameter: str


@dataclass(frozen=True)
class Sky:
    """A small table or view: a row a piece of sky that has objects, with its edges in degrees."""

    table: str
    ra_min: str
    ra_max: str
    decl_min: str
    decl_max: str
    count: str


@dataclass(frozen=True)
class Home:
    """`counts` are tables and what their rows are called; `example_sql` is what the Python snippet asks;
    `notice_sql` gives one text that says what these data are, or null;
    `schema` and `sky_page` are paths of pages that tell what tables and columns mean, and search the sky."""

    database: str
    about: str
    objects: Objects
    counts: tuple[tuple[str, str], ...]
    cone: Cone | None = None
    nights: Nights | None = None
    classes: Classes | None = None
    sky: Sky | None = None
    queries: tuple[str, ...] = ()
    schema: str | None = None
    sky_page: str | None = None
    example_sql: str | None = None
    notice_sql: str | None = None
    basic_auth: bool = False


PARTS: dict[str, type] = {"objects": Objects, "cone": Cone, "nights": Nights, "classes": Classes, "sky": Sky}
NEEDED = ("database", "about", "objects", "counts")


def read(config: Any) -> Home | None:
    """None where nothing is configured: then Datasette's own page stays. Raises ConfigurationError."""
    if config is None:
        return None
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the configuration must be a mapping.")
    known = [field.name for field in dataclasses.fields(Home)]
    for key in config:
        if key not in known:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r}; known are {', '.join(known)}.")
    for key in NEEDED:
        if not config.get(key):
            raise ConfigurationError(f"{PLUGIN}: the setting {key!r} is missing.")
    return Home(**{key: _part(key, value) if key in PARTS else _other(key, value) for key, value in config.items()})


def _part(key: str, value: Any) -> Any:
    names = [field.name for field in dataclasses.fields(PARTS[key])]
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must have the keys {', '.join(names)}, and no others.")
    if not all(isinstance(name, str) and name for name in value.values()):
        raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must hold names.")
    return PARTS[key](**value)


def _other(key: str, value: Any) -> Any:
    if key == "counts":
        if not isinstance(value, Mapping) or not all(isinstance(word, str) for pair in value.items() for word in pair):
            raise ConfigurationError(f"{PLUGIN}: the setting 'counts' must say for each table what its rows are called.")
        return tuple(value.items())
    if key == "queries":
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ConfigurationError(f"{PLUGIN}: the setting 'queries' must be a list of canned queries' names.")
        return tuple(value)
    if key in ("schema", "sky_page") and (not isinstance(value, str) or not value.startswith("/")):
        raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must be a path that begins with /.")
    kind, said = (bool, "true or false") if key == "basic_auth" else (str, "text")
    if not isinstance(value, kind):
        raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must be {said}.")
    return value
