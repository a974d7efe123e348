"""What metadata says: the folder of the file, and how much of each user is kept. A wrong key stops the start."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.utils import StartupError

PLUGIN = "datasette-query-history"


class ConfigurationError(StartupError):  # type: ignore[misc]  # datasette has no types
    """One sentence that says what to change in the metadata."""


@dataclass(frozen=True)
class Settings:
    """Numbers are of each user."""

    folder: Path
    remembered: int = 200
    saved: int = 200
    most_characters: int = 50_000


def read(config: Any) -> Settings | None:
    """None without a configuration: nothing is kept. Raises ConfigurationError."""
    if config is None:
        return None
    known = [field.name for field in dataclasses.fields(Settings)]
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings must be a mapping.")
    for key, value in config.items():
        if key not in known:
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r}; known are {', '.join(known)}.")
        if key != "folder" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ConfigurationError(f"{PLUGIN}: the setting {key!r} must be a whole number, 1 or more.")
    folder = config.get("folder")
    if not isinstance(folder, str) or not folder:
        raise ConfigurationError(f"{PLUGIN}: the setting 'folder' must name a folder that can be written.")
    return Settings(**{**config, "folder": Path(folder).expanduser()})
