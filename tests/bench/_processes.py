"""Datasette as a process of its own on a free loopback port, a client that keeps its connection, and how much memory it has."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_S = 60
# The project's own plugins are installed, too; a process has those that are named on its command line.
SERVE = """
import sys
from importlib.metadata import entry_points
from datasette.plugins import pm
wanted = sys.argv.pop(1).split(",")
for point in entry_points(group="datasette"):
    if point.name not in wanted:
        pm.unregister(name=point.name)
from datasette.cli import cli
cli()
"""
SETTINGS = {"max_csv_mb": "0"}


@dataclass(frozen=True)
class Site:
    """`get` returns the whole body of a page that answered 200, over one connection that is kept."""

    url: str
    pid: int
    client: httpx.Client

    def get(self, path: str) -> bytes:
        response = self.client.get(self.url + path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}: {response.text[:300]}")
        return response.content

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def drain(self, path: str) -> tuple[int, float]:
        """Bytes of a streamed body and the seconds they took, read by a plain socket so that the client is no brake."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        begun, received = time.perf_counter(), 0
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            buffer = bytearray(1 << 20)
            first = b""
            while count := wire.recv_into(buffer):
                first = first or bytes(buffer[: min(count, 300)])
                received += count
        if b" 200 " not in first.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"{path} answered {first!r}")
        return received, time.perf_counter() - begun

    def resident_mb(self, *, peak: bool = False) -> float:
        field = "VmHWM" if peak else "VmRSS"
        [line] = [line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if line.startswith(field)]
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def datasette(
    *files: str, metadata: Mapping[str, Any] | None = None, plugin: str, settings: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """Stock Datasette, or with this plugin."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        described = Path(folder) / "metadata.json"
        described.write_text(json.dumps(metadata or {}))
        command = [sys.executable, "-c", SERVE, plugin, "serve", *files, "-p", str(port), "--metadata", str(described)]
        for name, value in {**SETTINGS, **(settings or {})}.items():
            command += ["--setting", name, value]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        try:
            with httpx.Client(timeout=300) as client:
                yield _answering(f"http://127.0.0.1:{port}", process, client)
        except RuntimeError:
            said.seek(0)
            sys.stderr.write(said.read()[-3000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answering(url: str, process: subprocess.Popen[bytes], client: httpx.Client) -> Site:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            client.get(f"{url}/-/versions.json")
            return Site(url, process.pid, client)
        time.sleep(0.1)
    raise RuntimeError("Datasette didn't come up.")
