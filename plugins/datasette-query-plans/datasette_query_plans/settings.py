"""What metadata says of plans: from which cost on a person is asked, and where long queries go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette.utils import StartupError

PLUGIN = "datasette-query-plans"


class ConfigurationError(StartupError):  # type: ignore[misc]  # datasette has no types
    """One sentence that says what to change in the metadata."""


@dataclass(frozen=True)
class Settings:
    """`ask_above` is in the planner's units. `seconds_per_million` is what a million of them take on this server, roughly.

    `background` is a path that takes a form with `sql` by POST, and puts it into a queue.
    """

    ask_above: float = 2_000_000
    seconds_per_million: float = 6
    background: str | None = None


NUMBERS = ("ask_above", "seconds_per_million")
KNOWN = (*NUMBERS, "background")


def read(config: Any) -> Settings:
    """No configuration means the defaults. Raises ConfigurationError."""
    if config is None:
        return Settings()
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings must be a mapping.")
    for key, value in config.items():
        if key not in KNOWN:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r}; known are {', '.join(KNOWN)}.")
        if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
            raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must be a number above 0.")
        if key == "background" and (not isinstance(value, str) or not value.startswith("/")):
            raise ConfigurationError(f"{PLUGIN}: the setting 'background' must be a path that begins with /.")
    return Settings(**config)
