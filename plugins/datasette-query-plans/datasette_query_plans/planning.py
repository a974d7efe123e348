"""Asks PostgreSQL how it would answer a query: at what cost, with how many rows, and if wished by running it, in what time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import PostgresDatabase, named_parameters, render

from .settings import Settings
from .tree import Step, read

QUICK_MS = 1000  # no page waits longer to learn whether it will be dear
KEPT_S = 60.0


@dataclass(frozen=True)
class Plan:
    """`cost` is in the planner's units; the times are null where it wasn't run."""

    cost: float
    rows: float
    steps: Step
    planning_ms: float | None
    execution_ms: float | None
    raw: Mapping[str, Any]

    def seconds(self, settings: Settings) -> float:
        """A rough guess."""
        return self.cost * settings.seconds_per_million / 1e6


def parameters(sql: str, args: Any) -> dict[str, str]:
    """As the SQL page fills them in: an empty text where there is nothing."""
    return {name: args.get(name) or "" for name in named_parameters(sql)}


def finished(sql: str, params: Mapping[str, str]) -> str:
    """With the parameters' values in it."""
    return render(sql.strip().removesuffix(";"), params)


async def plan(db: PostgresDatabase, sql: str, params: Mapping[str, str], *, measured: bool = False) -> Plan:
    """Raises PostgresError, QueryInterrupted."""
    options = "analyze, format json" if measured else "format json"
    results = await db.execute(f"explain ({options}) {sql}", params, log_sql_errors=False)
    return _read(results.rows[0][0])


async def quick_plan(db: PostgresDatabase, sql: str, params: Mapping[str, str]) -> Plan:
    """As plan; kept for a minute, so that who runs a query again doesn't wait for its plan."""

    async def ask() -> Plan:
        results = await db.execute(f"explain (format json) {sql}", params, custom_time_limit=QUICK_MS, log_sql_errors=False)
        return _read(results.rows[0][0])

    found: Plan = await db.kept.get(("query-plan", sql, tuple(params.items())), ask, seconds=KEPT_S)
    return found


def _read(value: Any) -> Plan:
    [told] = json.loads(value) if isinstance(value, str) else value
    root = told["Plan"]
    return Plan(
        cost=float(root["Total Cost"]),
        rows=float(root["Plan Rows"]),
        steps=read(root),
        planning_ms=told.get("Planning Time"),
        execution_ms=told.get("Execution Time"),
        raw=root,
    )
