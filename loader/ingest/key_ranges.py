"""The keys of rows that come in order, as ranges without a gap: what a run keeps of what it added, known before the insert."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MOST = 100_000  # ranges; a file whose ids are scattered more than that leaves it to the database


@dataclass
class KeyRanges:
    """`low` and `high` are lists of arrays of equal lengths; together they increase, and no range touches the next."""

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
