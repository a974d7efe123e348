"""What metadata adds to what the database says of itself: the UCDs of columns. An unknown or wrong key stops the start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datasette_postgresql import ConfigurationError

PLUGIN = "datasette-schema"
# IVOA's UCD1+: words of atoms with dots between, semicolons between words.
UCD = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)*(;[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)*)*")


@dataclass(frozen=True)
class Ucds:
    """One database's: pairs of a pattern of `table.column`, where * stands for anything, and a UCD; the first that fits."""

    pairs: tuple[tuple[str, str], ...] = ()

    def of(self, table: str, column: str) -> str | None:
        """Source: IVOA's "UCD1+ controlled vocabulary"; None where metadata name none."""
        found = self._pattern.fullmatch(f"{table}.{column}") if self.pairs else None
        return self.pairs[found.lastindex - 1][1] if found and found.lastindex else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """One for all: 20,000 columns times 50 patterns are a million questions, each in turn."""
        return re.compile("|".join(f"({_regex(pattern)})" for pattern, _ in self.pairs), re.DOTALL)


def fits(pattern: str, name: str) -> bool:
    return re.fullmatch(_regex(pattern), name, re.DOTALL) is not None


def _regex(pattern: str) -> str:
    return ".*".join(map(re.escape, pattern.split("*")))


def read(config: Any) -> dict[str, Ucds]:
    """By database; none is not an error: every database has a schema. Raises ConfigurationError."""
    if config is None:
        return {}
    databases = config.get("databases") if isinstance(config, Mapping) else None
    if not isinstance(databases, Mapping) or set(config) != {"databases"}:
        raise ConfigurationError(f"{PLUGIN}: the configuration must be a mapping with the one key 'databases'.")
    return {str(name): _database(str(name), value) for name, value in databases.items()}


def _database(name: str, config: Any) -> Ucds:
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{PLUGIN}: the settings of the database {name!r} must be a mapping.")
    for key in config:
        if key != "ucds":
            raise ConfigurationError(f"{PLUGIN}: unknown setting {key!r} of the database {name!r}; known is ucds.")
    ucds = config.get("ucds", {})
    if not isinstance(ucds, Mapping):
        raise ConfigurationError(f"{PLUGIN}: 'ucds' of the database {name!r} must say table.column: UCD.")
    for pattern, ucd in ucds.items():
        if not isinstance(ucd, str) or not UCD.fullmatch(ucd):
            raise ConfigurationError(
                f"{PLUGIN}: {ucd!r}, for {pattern!r} of the database {name!r}, is no UCD as pos.eq.ra;meta.main."
            )
    return Ucds(tuple((str(pattern), ucd) for pattern, ucd in ucds.items()))
