"""What was found out a moment ago, so that the next page needn't ask again: plans, statistics, suggestions."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 2_000  # entries; the oldest go


class Kept:
    """Of one database. Only ever used on the event loop's thread."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[float, Any]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """Where `make` raises nothing is kept."""
        entry = self._entries.get(key)
        if entry is not None and entry[0] > time.monotonic():
            found: T = entry[1]
            return found
        value = await make()
        self._entries.pop(key, None)
        self._entries[key] = (time.monotonic() + seconds, value)
        while len(self._entries) > MOST:
            del self._entries[next(iter(self._entries))]
        return value
