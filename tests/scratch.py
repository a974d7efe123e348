"""A database of its own for tests that load: one server a test module, emptied before each test."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from server.embedded import connect
from server.settings import Settings

PROJECT = Path(__file__).parent.parent

LOADED = (
    "elasticc_diaobject", "elasticc_diasource", "elasticc_diaforcedsource", "elasticc_diaalert", "elasticc_diatruth",
    "elasticc_diaobjecttruth", "elasticc_brokermessage", "elasticc_brokerclassifier", "elasticc_brokerclassification",
)  # fmt: skip


@dataclass(frozen=True)
class Scratch:
    admin_url: str
    environment: dict[str, str]

    def loader(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """`python -m loader …` as a user runs it."""
        command = [sys.executable, "-m", "loader", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, input=stdin, capture_output=True, check=False, cwd=PROJECT, timeout=300
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def rows(self, statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.admin_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def counts(self) -> dict[str, int]:
        return {table: self.rows(f"select count(*) from {table}")[0][0] for table in LOADED}


@pytest.fixture(scope="module")
def scratch_server() -> Iterator[Scratch]:
    # Not below pytest's own folder: pytest closes that to others whenever it starts, and PostgreSQL may run as another.
    with tempfile.TemporaryDirectory(prefix="elasticc-scratch-") as home:
        Path(home).chmod(0o711)
        yield from _serve(Path(home))


def _serve(home: Path) -> Iterator[Scratch]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ELASTICC_")}
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(clean):
            patch.delenv(name)
        patch.setenv("ELASTICC_HOME", str(home))
        with connect(Settings.from_env()) as admin_url:
            made = Scratch(admin_url, {**clean, "ELASTICC_HOME": str(home)})
            done = made.loader("init")
            assert done.returncode == 0, done.stderr
            yield made


@pytest.fixture
def scratch(scratch_server: Scratch) -> Scratch:
    scratch_server.rows(f"truncate {', '.join(LOADED)} cascade")
    return scratch_server
