"""A page's rows, and a part of them that stands for all where all would take too long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette.database import Results

from .asking import ask
from .catalogue import Table
from .estimates import Plan, planned

ROWS_PER_MS = 100  # of a sample: 20,000 in the 200 ms that a facet has; in memory they are read in a tenth of that
FIRST_ROWS = 20_000  # of what can't be sampled: a view, a person's `_where`


@dataclass(frozen=True, slots=True)
class Source:
    """`sql` selects every column of `relation`, as the table page makes it, without order or limit."""

    db: Any
    request: Any
    relation: Table | None
    sql: str
    params: Mapping[str, Any]

    @property
    def is_typed(self) -> bool:
        """It has a person's text in it, which is never explained."""
        return "_where" in self.request.args or self._from is None

    @property
    def is_whole(self) -> bool:
        """All rows of the table."""
        return self._from is not None and self.relation is not None and self._from.strip() == f"from {self.relation.identifier}"

    @property
    def _from(self) -> str | None:
        _, found, rest = self.sql.partition(f" from {self.relation.identifier}" if self.relation else "\0")
        return f"from {self.relation.identifier}{rest}" if found and self.relation else None

    async def plan(self) -> Plan:
        assert self._from is not None  # is_typed
        return await planned(self.db, self._from, self.params)

    async def ask(self, sql: str, limit_ms: int | None) -> Results:
        return await ask(self.db, self.request, sql, self.params, custom_time_limit=limit_ms, log_sql_errors=False)

    def sample(self, limit_ms: int) -> tuple[str, float | None]:
        """SQL for fewer rows, and their share of all where it is known."""
        relation, source = self.relation, self._from
        if relation is None or source is None or relation.kind not in "rmp" or not relation.estimate:
            return f"select * from ({self.sql}) as found limit {FIRST_ROWS}", None
        percent = min(100.0, 100 * ROWS_PER_MS * limit_ms / relation.estimate)
        names = self.sql[: len(self.sql) - len(source)]
        rest = source.removeprefix(f"from {relation.identifier}")
        return f"{names}from {relation.identifier} tablesample system ({percent:.6f}) repeatable (1) {rest}", percent / 100
