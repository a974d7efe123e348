"""What is noted of rows as they pass, so that the database needn't read them again for it. Beyond MOST it must all the same."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loader.ingest.rows import Column

MOST = 100_000


@dataclass
class KeyRanges:
    """The keys of rows that come in order, as ranges without a gap: what a run keeps of what it added.

    `low` and `high` are lists of arrays of equal lengths; together they increase, and no range touches the next.
    """

    low: list[NDArray[np.int64]] = field(default_factory=list)
    high: list[NDArray[np.int64]] = field(default_factory=list)
    n_ranges: int = 0

    def add(self, keys: NDArray[np.int64]) -> None:
        """`keys`: at least one, increasing, and greater than all before them."""
        if self.n_ranges > MOST:
            return
        breaks = np.flatnonzero(np.diff(keys) != 1)
        low = keys[np.concatenate(([0], breaks + 1))]
        high = keys[np.concatenate((breaks, [len(keys) - 1]))]
        if self.high and self.high[-1][-1] + 1 == low[0]:
            self.high[-1][-1] = high[0]
            low, high = low[1:], high[1:]
        if len(low):
            self.low.append(low)
            self.high.append(high)
        self.n_ranges += len(low)

    @property
    def bounds(self) -> tuple[list[int], list[int]] | None:
        """The lowest and the highest key of each range; None where they are too many."""
        if self.n_ranges > MOST:
            return None
        return [int(key) for part in self.low for key in part], [int(key) for part in self.high for key in part]


@dataclass
class Distinct:
    """The different values of a column of whole numbers, nulls left out."""

    parts: list[NDArray[np.int64]] = field(default_factory=list)
    n_values: int = 0

    def add(self, values: Column) -> None:
        if self.n_values > MOST:
            return
        plain: NDArray[np.int64] = np.ma.compressed(values) if np.ma.isMaskedArray(values) else np.ma.getdata(values)
        new = np.unique(plain)
        self.parts.append(new)
        self.n_values += len(new)
        if self.n_values > MOST:
            self.parts = [np.unique(np.concatenate(self.parts))]
            self.n_values = len(self.parts[0])

    @property
    def values(self) -> list[int] | None:
        """None where they are too many."""
        if self.n_values > MOST:
            return None
        return [int(value) for value in np.unique(np.concatenate(self.parts))] if self.parts else []
