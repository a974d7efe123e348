"""A Datasette on SQLite with one plugin and no other, as somebody else would install it; on a port of its own."""

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from house import free_port

START = (
    "import sys; sys._called_from_test = True; from datasette.plugins import pm;"  # which keeps it from loading them all
    "pm.load_setuptools_entrypoints('datasette', name=sys.argv.pop(1)); from datasette.cli import cli; cli()"
)


@contextlib.contextmanager
def alone(folder: Path, plugin: str, sql: str, *, metadata: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    """Yields its address; `plugin` is its entry point, `sql` fills the database `data`."""
    with contextlib.closing(sqlite3.connect(folder / "data.db")) as connection:
        connection.executescript(sql)
    (folder / "metadata.json").write_text(json.dumps(metadata))
    port = free_port()
    words = [word for name, value in settings.items() for word in ("--setting", name, str(value))]
    command = [sys.executable, "-c", START, plugin, "serve", "data.db", "-p", str(port), "-m", "metadata.json", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None and not _listens(port):
                time.sleep(0.05)
            assert process.poll() is None, "Datasette ended at its start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
