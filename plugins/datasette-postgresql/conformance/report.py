"""A pytest plugin: leaves out what isn't applicable, and writes each test's outcome to the file in CONFORMANCE_OUTCOMES."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from conformance.not_applicable import REASONS, reason

OUTCOMES = Path(os.environ["CONFORMANCE_OUTCOMES"])


class Recorder:
    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        found = {_short(item.nodeid): item for item in items}
        if len(items) > 500:  # a part of the tests may be run by hand
            names = {name.partition("[")[0] for name in found}
            unknown = [test for test in REASONS if test not in found and test not in names]
            if unknown:
                raise pytest.UsageError(f"Not applicable, but not there: {', '.join(unknown)}")
        self.left_out = {name: why for name in found if (why := reason(name))}
        items[:] = [item for name, item in found.items() if name not in self.left_out]

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = _short(report.nodeid)
        if report.when == "call" or report.outcome != "passed":
            outcome = "failed" if self.outcomes.get(name) == "failed" else report.outcome
            self.outcomes[name] = outcome

    def pytest_sessionfinish(self) -> None:
        OUTCOMES.write_text(json.dumps({"outcomes": self.outcomes, "left_out": self.left_out}), encoding="utf-8")


def _short(nodeid: str) -> str:
    """Without the folder; a case may have slashes of its own."""
    path, separator, test = nodeid.partition("::")
    return path.rpartition("/")[2] + separator + test


def pytest_configure(config: Any) -> None:
    config.pluginmanager.register(Recorder())
