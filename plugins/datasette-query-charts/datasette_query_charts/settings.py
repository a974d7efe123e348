"""What metadata says of charts: which columns to begin with, and the colours of known values. All of it may be left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datasette.utils import StartupError

PLUGIN = "datasette-query-charts"
MARKERS = ("circle", "triangle-up", "triangle-down", "square", "star", "pentagon", "diamond", "cross")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
Look = tuple[str, str, str]  # on light, on dark, marker


class ConfigurationError(StartupError):  # type: ignore[misc]  # datasette has no types
    """One sentence that says what to change in the metadata."""


@dataclass(frozen=True)
class Settings:
    """`x`, `y` and `colour_by` are names of columns, the likeliest first; `colours` is by column, then by value.

    `most_rows` is how many rows a chart fetches at most, where all are asked for.
    """

    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    colour_by: tuple[str, ...] = ()
    colours: Mapping[str, Mapping[str, Look]] = field(default_factory=dict)
    most_rows: int = 100_000

    def told(self) -> dict[str, Any]:
        """For the page's script, without what is as ever."""
        said = {"x": self.x, "y": self.y, "colourBy": self.colour_by, "colours": self.colours}
        limit = {} if self.most_rows == Settings.most_rows else {"mostRows": self.most_rows}
        return {key: value for key, value in said.items() if value} | limit


NAMES = ("x", "y", "colour_by")
KNOWN = (*NAMES, "colours", "most_rows")


def of(datasette: Any) -> Settings:
    """Before its start a Datasette has the defaults."""
    return getattr(datasette, "_query_charts", None) or Settings()


def read(config: Any) -> Settings:
    """No configuration means the defaults. Raises ConfigurationError."""
    if config is None:
        return Settings()
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings must be a mapping.")
    for key in config:
        if key not in KNOWN:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r}; known are {', '.join(KNOWN)}.")
    values: dict[str, Any] = {key: _names(key, config[key]) for key in NAMES if key in config}
    if "colours" in config:
        values["colours"] = _colours(config["colours"])
    if "most_rows" in config:
        values["most_rows"] = _most_rows(config["most_rows"])
    return Settings(**values)


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must be a list of columns' names.")
    return tuple(value)


def _most_rows(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{PLUGIN}: the setting 'most_rows' must be a whole number above 0.")
    return value


def _colours(config: Any) -> dict[str, dict[str, Look]]:
    if not isinstance(config, Mapping) or not all(isinstance(looks, Mapping) for looks in config.values()):
        raise ConfigurationError(f"{PLUGIN}: the setting 'colours' must be a mapping of columns' names to mappings of values.")
    return {str(column): {str(name): _look(name, look) for name, look in looks.items()} for column, looks in config.items()}


def _look(name: Any, config: Any) -> Look:
    """A marker may be left out."""
    wrong = ConfigurationError(
        f"{PLUGIN}: 'colours' must give {str(name)!r} a 'light' and a 'dark' colour like '#1600ea', and may give it a 'marker':"
        f" {', '.join(MARKERS)}."
    )
    if not isinstance(config, Mapping) or not {"light", "dark"} <= set(config) <= {"light", "dark", "marker"}:
        raise wrong
    light, dark, marker = str(config["light"]), str(config["dark"]), config.get("marker", "")
    if not COLOUR.fullmatch(light) or not COLOUR.fullmatch(dark) or marker not in ("", *MARKERS):
        raise wrong
    return light, dark, marker
