"""Ctrl-C and SIGTERM end a load in order wherever it is; what the database does for a killed one ends soon, too."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from scratch import PROJECT, Scratch, scratch, scratch_server

__all__ = ["scratch", "scratch_server"]

OBJECTS = b"diaObjectId,ra,decl\n1,1,1\n"
WAITS = "select exists (select from pg_locks where not granted)"
LAST = "select outcome from ingest_run order by id desc limit 1"


def start(scratch: Scratch, path: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "loader", "load", "table", "diaobject", path]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=scratch.environment, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe)


def wait_for(scratch: Scratch, process: subprocess.Popen[bytes], question: str) -> None:
    while not scratch.rows(question)[0][0]:
        assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_load_ends_in_order(scratch: Scratch, tmp_path: Path, number: signal.Signals) -> None:
    scratch.rows("update ingest_run set outcome = 'died' where outcome = 'running'")
    reading = start(scratch, "-")
    assert reading.stdin is not None and reading.stderr is not None
    wait_for(scratch, reading, "select exists (select from ingest_run where outcome = 'running')")
    reading.stdin.write(OBJECTS)
    reading.stdin.flush()
    reading.send_signal(number)
    code, said = reading.wait(30), reading.stderr.read()
    assert (code, said) == (1, b"\nAborted!\n"), said.decode()
    reading.communicate()
    assert scratch.rows(LAST) == [("interrupted",)]
    (tmp_path / "a.csv").write_bytes(OBJECTS)
    with closing(psycopg2.connect(scratch.admin_url)) as holder:
        holder.cursor().execute("lock table elasticc_diaobject in row exclusive mode")
        waiting = start(scratch, str(tmp_path / "a.csv"))
        wait_for(scratch, waiting, WAITS)
        waiting.send_signal(number)
        _, said = waiting.communicate(timeout=30)
        assert (waiting.returncode, said) == (1, b"\nAborted!\n")
    assert scratch.rows(LAST) == [("interrupted",)] and set(scratch.counts().values()) == {0}


def test_a_killed_loaders_statement_ends(scratch: Scratch, tmp_path: Path) -> None:
    """Here it waits for a lock that nobody gives back."""
    (tmp_path / "a.csv").write_bytes(OBJECTS)
    with closing(psycopg2.connect(scratch.admin_url)) as holder:
        holder.cursor().execute("lock table elasticc_diaobject in row exclusive mode")
        waiting = start(scratch, str(tmp_path / "a.csv"))
        wait_for(scratch, waiting, WAITS)
        waiting.kill()
        waiting.communicate()
        ends = time.monotonic() + 60
        while scratch.rows(WAITS) == [(True,)]:
            assert time.monotonic() < ends, "the statement of a loader that is gone still waits"
            time.sleep(0.2)
