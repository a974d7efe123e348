"""What a reader hands over and the writer takes: rows of one table as numpy columns, with their place in the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any] | np.ma.MaskedArray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of one table. A masked array's masked values are null; a column not named is null and is not compared.

    `numbers` are the rows' numbers in `file`, from 1. `refers` names columns (→ table, column) that must be known to
    the database, where a sentence is better than PostgreSQL's foreign key error.
    """

    table: str
    key: str
    columns: Mapping[str, Column]
    file: Path | None = None
    numbers: NDArray[np.int64] | None = None
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[self.key])

    def number_of(self, key: int) -> int | None:
        """The file's row number of the row with this key."""
        if self.numbers is None:
            return None
        found = np.flatnonzero(self.columns[self.key] == key)
        return int(self.numbers[found[0]]) if len(found) else None


def nullable(values: NDArray[Any], is_null: NDArray[np.bool_]) -> Column:
    return np.ma.MaskedArray(values, mask=is_null)
