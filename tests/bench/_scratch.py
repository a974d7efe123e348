"""A PostgreSQL of a bench's own in a folder that is gone afterwards, and a Datasette's metadata that name it."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg2

from server import embedded
from server.settings import Settings, role_url

ROLE = "bench_reader"


@contextlib.contextmanager
def database(statements: Iterable[str]) -> Iterator[str]:
    """With what the statements make; yields the DSN of a role that may only SELECT."""
    with tempfile.TemporaryDirectory(prefix="elasticc-bench-") as folder:
        Path(folder).chmod(0o711)
        with embedded.connect(Settings.from_env({"ELASTICC_HOME": folder, "ELASTICC_STATE": folder})) as url:
            connection = psycopg2.connect(url)
            connection.autocommit = True
            with contextlib.closing(connection), connection.cursor() as cursor:
                for statement in (*statements, f"create role {ROLE} login password '{ROLE}'"):
                    cursor.execute(statement)
                cursor.execute(f"grant select on all tables in schema public to {ROLE}")
            yield role_url(url, ROLE, ROLE)


def metadata(dsn: str) -> dict[str, Any]:
    return {"plugins": {"datasette-postgresql": {"databases": {"pg": {"dsn": dsn}}}}}


class Bare:
    """One connection, kept; `ask` sends a statement and has all its rows."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg2.connect(dsn)
        self._connection.autocommit = True

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def close(self) -> None:
        self._connection.close()
