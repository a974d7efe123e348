"""What came of a file's rows, by table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """Rows of one table. `missing`: column → new or known rows whose pointer leads nowhere yet."""

    table: str
    new: int
    known: int
    kept: int = 0
    replaced: int = 0
    filled: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
