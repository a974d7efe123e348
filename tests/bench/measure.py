"""Two things measured side by side: rounds that take turns, so that a busy machine slows both; medians; build/bench.json.

medians = rounds({"ours": timed(ours), "theirs": timed(theirs)}, count=7)
report("page vs theirs", medians["ours"] * 1000, medians["theirs"] * 1000, "ms")
"""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parents[2] / "build"
RESULTS = BUILD / "bench.json"


def timed(work: Callable[[], Any]) -> Callable[[], float]:
    """A measure: how many seconds the work takes."""

    def measure() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return measure


def rounds(measures: Mapping[str, Callable[[], float]], *, count: int = 7, warmup: int = 1) -> dict[str, float]:
    """The median of each measure; every round takes each once, every other round in the opposite order."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for turn in range(-warmup, count):
        for name in measures if turn % 2 == 0 else reversed(measures):
            value = measures[name]()
            if turn >= 0:
                taken[name].append(value)
    return {name: statistics.median(values) for name, values in taken.items()}


def report(name: str, value: float, baseline: float, unit: str) -> float:
    """Print and keep `value / baseline`; a result of this name from an earlier run is replaced."""
    ratio = value / baseline
    print(f"{name}: {ratio:.3g} ({value:.4g} vs {baseline:.4g} {unit})", flush=True)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    result = {"name": name, "ratio": ratio, "value": value, "baseline": baseline, "unit": unit}
    BUILD.mkdir(exist_ok=True)
    written = RESULTS.with_suffix(".new")
    written.write_text(json.dumps([*(old for old in kept if old["name"] != name), result], indent=1) + "\n")
    written.replace(RESULTS)
    return ratio
