"""PostgreSQL's plan in JSON as a tree of steps in words, each with its share of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
AGGREGATES = {"Sorted": "Group sorted rows", "Hashed": "Group by a hash table", "Mixed": "Group in several ways"}
JOINS = {"Left": "keeping all of the first", "Right": "keeping all of the second", "Full": "keeping all of both",
         "Semi": "those with a match", "Anti": "those without a match"}  # fmt: skip
# What a step was told, as PostgreSQL writes it, and how it is told here.
NOTES = (
    ("Index Cond", "looks up"),
    ("Recheck Cond", "checks"),
    ("Hash Cond", "matches"),
    ("Merge Cond", "matches"),
    ("Join Filter", "keeps where"),
    ("Filter", "keeps where"),
    ("One-Time Filter", "only if"),
    ("Sort Key", "by"),
    ("Presorted Key", "already sorted by"),
    ("Group Key", "by"),
    ("Cache Key", "by"),
    ("Order By", "nearest by"),
    ("Function Call", "calls"),
    ("Workers Planned", "workers"),
    ("Workers Launched", "workers at work"),
    ("Rows Removed by Filter", "rows thrown away"),
    ("Rows Removed by Join Filter", "rows thrown away"),
    ("Sort Space Used", "sorted in, kB"),
)


@dataclass(frozen=True)
class Step:
    """`share` is of the whole plan's cost, or of its time where that was measured; `ms` of all loops together."""

    title: str
    method: str
    rows: float
    share: float
    actual_rows: float | None = None
    ms: float | None = None
    loops: int = 1
    notes: list[tuple[str, str]] = field(default_factory=list)
    children: list["Step"] = field(default_factory=list)


def read(plan: Json) -> Step:
    """`plan` is what stands under "Plan" in PostgreSQL's answer."""
    whole = _spent(plan) or 1.0
    return _step(plan, 1.0, whole)


def _step(plan: Json, factor: float, whole: float) -> Step:
    children: Sequence[Json] = plan.get("Plans", ())
    factors = _factors(plan, children)
    own = _spent(plan) - sum(_spent(child) * each for child, each in zip(children, factors, strict=True))
    actual, loops = plan.get("Actual Rows"), plan.get("Actual Loops", 1)
    return Step(
        title=_title(plan),
        method=_method(plan),
        rows=plan.get("Plan Rows", 0),
        share=min(1.0, max(0.0, own * factor / whole)),
        actual_rows=actual * loops if actual is not None else None,
        ms=plan["Actual Total Time"] * loops if "Actual Total Time" in plan else None,
        loops=loops,
        notes=[(label, _text(plan[key])) for key, label in NOTES if key in plan],
        children=[_step(child, factor * each, whole) for child, each in zip(children, factors, strict=True)],
    )


def _spent(plan: Json) -> float:
    """Measured milliseconds of all loops, else the cost of one."""
    if "Actual Total Time" in plan:
        return float(plan["Actual Total Time"]) * int(plan.get("Actual Loops", 1))
    return float(plan.get("Total Cost", 0))


def _factors(plan: Json, children: Sequence[Json]) -> list[float]:
    """How much of each child the parent pays for: a nested loop's inner one once a row, a limit's only in part."""
    factors = [1.0] * len(children)
    is_loop = plan.get("Node Type") == "Nested Loop" and len(children) == 2 and "Actual Total Time" not in plan
    if is_loop and children[1].get("Node Type") != "Materialize":  # which is read once, then from memory
        factors[1] = max(1.0, float(children[0].get("Plan Rows", 1)))
    paid = sum(_spent(child) * each for child, each in zip(children, factors, strict=True))
    if paid > _spent(plan) > 0:
        factors = [each * _spent(plan) / paid for each in factors]
    return factors


def _title(plan: Json) -> str:
    kind = plan.get("Node Type", "")
    table, index = _table(plan), plan.get("Index Name", "")
    if kind.endswith("Join") or kind == "Nested Loop":
        how = {"Nested Loop": "Join row by row", "Hash Join": "Join by a hash table", "Merge Join": "Join two sorted lists"}
        joined = JOINS.get(plan.get("Join Type", "Inner"))
        return how.get(kind, str(kind)) + (f", {joined}" if joined else "")
    titles = {
        "Seq Scan": f"Read all of {table}",
        "Index Scan": f"Look up {table} by the index {index}",
        "Index Only Scan": f"Read the index {index} of {table} alone",
        "Bitmap Heap Scan": f"Read the found pages of {table}",
        "Bitmap Index Scan": f"Find rows in the index {index}",
        "Function Scan": f"Call {plan.get('Function Name', 'a function')}",
        "CTE Scan": f"Read the result of {plan.get('CTE Name', 'a query')}",
        "Subquery Scan": f"Read the subquery {plan.get('Alias', '')}".rstrip(),
        "Values Scan": "Read the listed values",
        "Sample Scan": f"Read a sample of {table}",
        "Hash": "Put the rows into a hash table",
        "Memoize": "Remember what was looked up",
        "Materialize": "Keep the rows at hand",
        "Sort": "Sort",
        "Incremental Sort": "Sort what is partly sorted",
        "Aggregate": AGGREGATES.get(plan.get("Strategy", ""), "Put all rows together"),
        "WindowAgg": "Compute over windows of rows",
        "Unique": "Drop doubles",
        "Limit": "Stop after enough rows",
        "Gather": "Collect from parallel workers",
        "Gather Merge": "Merge from parallel workers, in order",
        "Append": "One after the other",
        "Result": "Compute values",
        "ProjectSet": "Unfold sets into rows",
    }
    return titles.get(kind) or (f"{kind} of {table}" if table else kind)


def _method(plan: Json) -> str:
    """PostgreSQL's own name of the step."""
    parts = [plan.get("Partial Mode", ""), "Parallel" if plan.get("Parallel Aware") else "", plan.get("Node Type", "")]
    return " ".join(part for part in parts if part and part != "Simple")


def _table(plan: Json) -> str:
    name, alias = plan.get("Relation Name", ""), plan.get("Alias", "")
    return f"{name} ({alias})" if alias and alias != name else str(name)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
