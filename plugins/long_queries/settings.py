"""What the metadata may say about long queries, read once at the start of portal and worker; a wrong key stops the start."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLUGIN = "elasticc-long-queries"


class BadSetting(Exception):
    """One sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every number is at least one."""

    unfinished_per_user: int = 10
    """how many queries of one person may wait or run"""
    at_once: int = 2
    """how many queries a worker runs at the same time"""
    time_limit_s: int = 6 * 3600
    """how long one query may run"""
    kept_days: int = 7
    """how long a finished query and its result are kept"""
    result_mb: int = 10_000
    """how large one result may be"""
    user_mb: int = 20_000
    """how large all results of one person may be before new queries are refused"""
    total_mb: int = 100_000
    """how large all results of everybody may be before new queries are refused"""
    memory_mb: int = 4_000
    """how much memory a query's process may take; only texts in pandas and numpy pickles need much"""

    @classmethod
    def read(cls, config: Any) -> "Limits":
        """Raises BadSetting."""
        if config is None:
            return cls()
        if not isinstance(config, Mapping):
            raise BadSetting(f"{PLUGIN}: the settings must be a mapping.")
        known = [field.name for field in dataclasses.fields(cls)]
        for key, value in config.items():
            if key not in known:
                raise BadSetting(f"{PLUGIN}: unknown setting {key!r}; known are {', '.join(known)}.")
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadSetting(f"{PLUGIN}: {key} must be a whole number, 1 or more.")
        return cls(**config)
