"""What a reader hands over and the writer takes: rows as numpy columns, with their place in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any] | np.ma.MaskedArray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of one table. A masked array's masked values are null; a column not named is null and is not compared.

    `numbers` are the rows' numbers in `file`, from 1. `may_repeat`: the file says a row again wherever it is needed, as
    alerts do with their history; elsewhere a key that stands twice in a file is an error.
    """

    table: str
    columns: Mapping[str, Column]
    file: Path | str | None = None
    numbers: NDArray[np.int64] | None = None
    may_repeat: bool = False

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True)
class Messages:
    """Brokers' messages, known by the digest of what they say; who said it, by `classifier`, a number within the load.

    `messages` has the columns of elasticc_brokermessage and `digest`; `classifiers` those of elasticc_brokerclassifier and
    `number`; `classifications` has digest, number, classId, probability.
    """

    messages: Mapping[str, Column]
    classifiers: Mapping[str, Column]
    classifications: Mapping[str, Column]
    file: Path | str | None = None
    numbers: NDArray[np.int64] | None = None


Batch: TypeAlias = Rows | Messages


def nullable(values: NDArray[Any], is_null: NDArray[np.bool_]) -> Column:
    return np.ma.MaskedArray(values, mask=is_null)


def column(values: Sequence[Any], kind: Any) -> Column:
    """Python values, None for null, as one column."""
    if None not in values:
        return np.array(values, dtype=kind)
    empty: Any = "" if kind is np.str_ else 0
    return nullable(
        np.array([empty if value is None else value for value in values], dtype=kind),
        np.array([value is None for value in values], dtype=np.bool_),
    )
