"""Numbers of rows that weren't counted: a type that says so wherever it is shown, and the planner's own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex

COST_PER_MS = 250  # the planner's units that a query gets through: 10 million rows, filtered, cost 250,000 and take a second

PLAN_S = 10  # a plan is looked at by the count and by every facet of a page


class Estimate(int):
    """Prints as `~12,345,678`, is a plain number in JSON, and makes an estimate of whatever it is added to."""

    def __format__(self, spec: str) -> str:
        return f"~{int(self):{spec}}"

    def __str__(self) -> str:
        return f"~{int(self)}"

    def __repr__(self) -> str:
        return f"Estimate({int(self)})"

    def __add__(self, other: int) -> "Estimate":
        return Estimate(int(self) + int(other))

    __radd__ = __add__

    def __reduce__(self) -> tuple[Callable[[SupportsIndex], "Estimate"], tuple[int]]:
        return Estimate, (int(self),)


def labelled(value: Any) -> Any:
    """A copy for JSON: beside each number that is an estimate, `<its name>_is_estimate` is true."""
    if isinstance(value, dict):
        flags = {f"{key}_is_estimate": True for key, item in value.items() if isinstance(item, Estimate)}
        return {**{key: labelled(item) for key, item in value.items()}, **flags}
    return [labelled(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Plan:
    """What the planner expects of a query: how many rows, and the cost in its own units."""

    rows: int
    cost: float

    def fits(self, limit_ms: int) -> bool:
        return self.cost <= limit_ms * COST_PER_MS

    def patience_ms(self, limit_ms: int) -> int:
        """What should take a tenth of the limit isn't given up because the machine is busy for a moment."""
        return limit_ms * 10 if self.fits(limit_ms // 10) else limit_ms


async def planned(db: Any, source: str, params: Mapping[str, Any]) -> Plan:
    """Of `select source`; only for SQL without a person's text in it. Raises PostgresError."""

    async def explain() -> Plan:
        sql = f"explain (format json) select {source}"
        answer = await db.execute_generated(sql, params, log_sql_errors=False)
        plan = json.loads(answer.rows[0][0])[0]["Plan"]
        return Plan(int(plan["Plan Rows"]), float(plan["Total Cost"]))

    plan: Plan = await db.kept.get(("plan", source, tuple(params.items())), explain, seconds=PLAN_S)
    return plan
