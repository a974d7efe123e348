"""What metadata says of light curves: which tables and columns hold them. An unknown or wrong key stops the start."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import ConfigurationError

PLUGIN = "datasette-light-curves"
MARKERS = ("circle", "triangle-up", "triangle-down", "square", "star", "pentagon", "diamond", "cross")

# Rubin's colours and symbols (RTN-045): name → (on light, on dark, marker).
RUBIN_BANDS = {
    "u": ("#1600ea", "#3eb7ff", "circle"),
    "g": ("#31de1f", "#30c39f", "triangle-up"),
    "r": ("#b52626", "#ff7e00", "triangle-down"),
    "i": ("#370201", "#2af5ff", "square"),
    "z": ("#ba52ff", "#a7f9c1", "star"),
    "y": ("#61a2b3", "#fdc900", "pentagon"),
}


@dataclass(frozen=True)
class Objects:
    """A row an object; its page shows the light curve."""

    table: str
    id: str


@dataclass(frozen=True)
class Points:
    """A row a point. `object` holds the object's id, `time` an MJD in days."""

    table: str
    id: str
    object: str
    time: str
    band: str
    flux: str
    error: str


@dataclass(frozen=True)
class Peak:
    """When an object was brightest; a row an object."""

    table: str
    object: str
    time: str


@dataclass(frozen=True)
class Classifications:
    """A canned query that takes an object's id as `parameter` and gives a row a time, classifier and class."""

    query: str
    parameter: str
    time: str
    classifier: tuple[str, ...]
    label: str
    probability: str


@dataclass(frozen=True)
class Band:
    """How points of a band look, by its name in the tables."""

    name: str
    light: str
    dark: str
    marker: str


@dataclass(frozen=True)
class LightCurves:
    """One database's. `id_columns` are columns of any table or result that hold an object's id."""

    database: str
    objects: Objects
    detections: Points
    forced: Points | None = None
    peak: Peak | None = None
    classifications: Classifications | None = None
    id_columns: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    zero_point: float = 31.4
    flux_unit: str = "nJy"
    time_scale: str = "TAI"
    upper_limit_sigma: float = 3.0


PARTS: dict[str, type] = {
    "objects": Objects,
    "detections": Points,
    "forced": Points,
    "peak": Peak,
    "classifications": Classifications,
}
NEEDED = ("objects", "detections")
OTHERS = ("id_columns", "bands", "zero_point", "flux_unit", "time_scale", "upper_limit_sigma")


def read(config: Any) -> dict[str, LightCurves]:
    """The plugin's whole configuration, by database; none is not an error. Raises ConfigurationError."""
    if config is None:
        return {}
    databases = config.get("databases") if isinstance(config, Mapping) else None
    if not isinstance(databases, Mapping) or set(config) != {"databases"}:
        raise ConfigurationError(f"{PLUGIN}: the configuration must be a mapping with the one key 'databases'.")
    return {str(name): _database(str(name), value) for name, value in databases.items()}


def _database(name: str, config: Any) -> LightCurves:
    of = f"of the database {name!r}"
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings {of} must be a mapping.")
    known = (*PARTS, *OTHERS)
    for key in config:
        if key not in known:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r} {of}; known are {', '.join(known)}.")
    for key in NEEDED:
        if key not in config:
            raise ConfigurationError(f"{PLUGIN}: the setting {key!r} {of} is missing.")
    parts = {key: _part(kind, f"{key!r} {of}", config[key]) for key, kind in PARTS.items() if config.get(key) is not None}
    others = {key: _other(key, f"{key!r} {of}", config[key]) for key in OTHERS if key in config}
    others["bands"] = others.get("bands") or _rubin_bands()
    others["id_columns"] = tuple(dict.fromkeys((parts["objects"].id, *others.get("id_columns", ()))))
    return LightCurves(database=name, **parts, **others)


def _part(kind: type, what: str, config: Any) -> Any:
    names = [field.name for field in dataclasses.fields(kind)]
    if not isinstance(config, Mapping) or set(config) != set(names):
        raise ConfigurationError(f"{PLUGIN}: the setting {what} must have the keys {', '.join(names)}, and no others.")
    values = {}
    for key in names:
        value = config[key]
        if key == "classifier" and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            value = tuple(value)
        elif not isinstance(value, str) or not value or key == "classifier":
            wanted = "a list of column names" if key == "classifier" else "a name"
            raise ConfigurationError(f"{PLUGIN}: {key!r} in the setting {what} must be {wanted}.")
        values[key] = value
    return kind(**values)


def _other(key: str, what: str, value: Any) -> Any:
    if key == "id_columns":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{PLUGIN}: the setting {what} must be a list of column names.")
        return tuple(value)
    if key == "bands":
        return _bands(what, value)
    if key in ("flux_unit", "time_scale"):
        if not isinstance(value, str):
            raise ConfigurationError(f"{PLUGIN}: the setting {what} must be text.")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or (key == "upper_limit_sigma" and value <= 0):
        raise ConfigurationError(f"{PLUGIN}: the setting {what} must be a number{' above 0' * (key != 'zero_point')}.")
    return float(value)


def _bands(what: str, config: Any) -> tuple[Band, ...]:
    wrong = ConfigurationError(
        f"{PLUGIN}: the setting {what} must give each band a 'light' and a 'dark' colour (as #1600ea)"
        f" and a 'marker' ({', '.join(MARKERS)})."
    )
    if not isinstance(config, Mapping):
        raise wrong
    bands = []
    for name, look in config.items():
        if not isinstance(look, Mapping) or set(look) != {"light", "dark", "marker"} or look["marker"] not in MARKERS:
            raise wrong
        if not all(re.fullmatch(r"#[0-9a-fA-F]{6}", str(look[side])) for side in ("light", "dark")):
            raise wrong
        bands.append(Band(str(name), look["light"], look["dark"], look["marker"]))
    return tuple(bands)


def _rubin_bands() -> tuple[Band, ...]:
    """With Y beside y: both spellings are about."""
    return tuple(Band(name, *RUBIN_BANDS[name.lower()]) for name in "ugrizyY")
