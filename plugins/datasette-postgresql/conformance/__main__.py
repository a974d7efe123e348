"""`python -m conformance`: Datasette's own tests against PostgreSQL. The last line is the sum; arguments go to pytest.

DATASETTE_POSTGRESQL_TEST_DSN, an administrator's DSN, names a server; otherwise one is started for the run.
"""

import contextlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from .fetch import fetch, tables_script
from .load import load, unload
from .translate import prepare

PACKAGE = Path(__file__).resolve().parent.parent
BUILD = PACKAGE.parent.parent / "build" / "conformance"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The administrator's DSN."""
    given = os.environ.get("DATASETTE_POSTGRESQL_TEST_DSN")
    if given:
        yield given
        return
    sys.path.insert(0, str(PACKAGE / "tests"))
    from embedded_server import Server

    folder = Path(tempfile.mkdtemp(prefix="dspg-"))
    running = Server(folder)
    try:
        yield running.dsn
    finally:
        running.stop()
        shutil.rmtree(folder)


def run(dsn: str, tests: Path, packages: Path, arguments: list[str]) -> dict[str, dict[str, str]]:
    """pytest in a process of its own: outcomes by test, and reasons by test left out."""
    outcomes = BUILD / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "CONFORMANCE_DSN": dsn,
        "CONFORMANCE_OUTCOMES": str(outcomes),
        "PYTHONPATH": os.pathsep.join([str(packages), str(PACKAGE)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    options = [
        "-p",
        "pytest_asyncio.plugin",
        "-p",
        "conformance.report",
        "-c",
        os.devnull,
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        "--rootdir",
        str(tests),
        "-q",
    ]
    command = [sys.executable, "-m", "pytest", *options, *(arguments or [str(tests)])]
    subprocess.run(command, env=environment, cwd=tests.parent, check=False)
    if not outcomes.exists():
        raise SystemExit("pytest ended without an outcome.")
    found: dict[str, dict[str, str]] = json.loads(outcomes.read_text(encoding="utf-8"))
    return found


def main() -> int:
    BUILD.mkdir(parents=True, exist_ok=True)
    source, packages = fetch(BUILD)
    script = tables_script(BUILD)
    tests = BUILD / "run" / "tests"
    prepare(source, script, tests)
    populate = runpy.run_path(str(tests / "upstream_tables.py"))["populate_fixture_database"]
    with server() as dsn:
        load(dsn, populate)
        started = time.monotonic()
        found = run(dsn, tests, packages, sys.argv[1:])
        unload(dsn)
        return report(dsn, found, time.monotonic() - started)


def report(dsn: str, found: dict[str, dict[str, str]], seconds: float) -> int:
    """Prints; 1 where a test failed."""
    outcomes, left_out = Counter(found["outcomes"].values()), found["left_out"]
    for why, count in sorted(Counter(left_out.values()).items()):
        print(f"not applicable: {count:3}  {why}")
    passed, collected = outcomes["passed"], sum(outcomes.values()) + len(left_out)
    failed = sum(outcomes.values()) - passed  # a test that skips itself has shown nothing
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        version = connection.info.parameter_status("server_version")
    applicable = 1 - len(left_out) / max(collected, 1)
    print(f"PostgreSQL {version}: {collected} collected, {applicable:.1%} applicable, {seconds:.0f} s")
    print(f"{passed} passed, {failed} failed, {len(left_out)} not applicable")
    return int(failed > 0 or not passed)


if __name__ == "__main__":
    sys.exit(main())
