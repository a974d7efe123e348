"""Uploaded files on their way: a folder each, a load in a process of its own, and what is known of it. No Django here.

    NAME/files/…         as they were called; deleted when the load has ended
    NAME/upload.json     who, the arguments, the files with their sizes, the process
    NAME/progress.json   written by the load (loader.progress)
    NAME/said.txt        all that it said
    NAME/status          its exit status, when it has ended

The load is a child in a session of its own: it goes on where this server is restarted, and a browser needn't stay.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.settings import PROJECT

KEPT_SECONDS = 7 * 24 * 3600
MOST_WORDS = 20_000


@dataclass(frozen=True)
class State:
    """`status` is None while the load goes on, or where nobody was there to see its end; then `is_alive` is what is known."""

    who: str
    arguments: list[str]
    files: list[dict[str, Any]]
    is_alive: bool
    status: int | None
    words: str
    progress: dict[str, int]


class Spool:
    def __init__(self, home: Path) -> None:
        self.home = home
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Make the folder, and empty it of what was left."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (each for each in self.home.iterdir() if each.is_dir()):
            state = self.state(folder.name)
            if state is not None and state.is_alive:
                continue
            shutil.rmtree(folder / "files", ignore_errors=True)
            if state is None or folder.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def open(self) -> tuple[str, Path]:
        """A new upload's name, and the folder for its files."""
        name = secrets.token_hex(8)
        files = self.home / name / "files"
        files.mkdir(mode=0o700, parents=True)
        return name, files

    def discard(self, name: str) -> None:
        shutil.rmtree(self.home / name, ignore_errors=True)

    def start(self, name: str, arguments: Sequence[str], who: str) -> None:
        """Run `python -m loader load ARGUMENTS` among the files; what it says of files has their bare names then."""
        folder = self.home / name
        files = [{"name": file.name, "size": file.stat().st_size} for file in sorted((folder / "files").iterdir())]
        command = [sys.executable, "-m", "loader", "load", "--progress", str(folder / "progress.json"), *arguments]
        with (folder / "said.txt").open("wb") as said:
            child = subprocess.Popen(
                command, cwd=folder / "files", env=_environment(os.environ, who), stdin=subprocess.DEVNULL, stdout=said,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._children[name] = child
        about = {"who": who, "arguments": list(arguments), "files": files, "pid": child.pid}
        (folder / "upload.json").write_text(json.dumps(about))
        threading.Thread(target=self._attend, args=(name, child), daemon=True).start()

    def state(self, name: str) -> State | None:
        """None where there is no such upload."""
        folder = self.home / name
        about = _read(folder / "upload.json")
        if not about:
            return None
        status: int | None = None
        with suppress(OSError, ValueError):
            status = int((folder / "status").read_text())
        words = ""
        with suppress(OSError):
            words = (folder / "said.txt").read_text(errors="replace")[-MOST_WORDS:]
        is_alive = status is None and _is_alive(self._children.get(name), about["pid"])
        return State(
            about["who"], about["arguments"], about["files"], is_alive, status, words, _read(folder / "progress.json") or {}
        )

    def _attend(self, name: str, child: subprocess.Popen[bytes]) -> None:
        status = child.wait()
        folder = self.home / name
        shutil.rmtree(folder / "files", ignore_errors=True)
        with suppress(OSError):
            (folder / "status").write_text(str(status))
        self._children.pop(name, None)


def _environment(environ: Mapping[str, str], who: str) -> dict[str, str]:
    """A run is said to be by whom LOGNAME names; the loader needn't be installed."""
    paths = [str(PROJECT), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "LOGNAME": who, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def _is_alive(child: subprocess.Popen[bytes] | None, pid: int) -> bool:
    if child is not None:
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found
