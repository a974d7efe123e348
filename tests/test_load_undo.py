"""Undo beside other loads: it takes back its own and nothing else, whoever comes in between, and neither waits for ever."""

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import psycopg2
import pytest
from loads import one
from psycopg2.extensions import connection as Connection
from scratch import Scratch, scratch, scratch_server

from loader.ingest import demo, log, undemo
from loader.ingest.compare import Policy
from loader.ingest.errors import NotUndone
from loader.ingest.put import put
from loader.ingest.rows import Rows
from loader.ingest.undo import undo
from loader.session import open_connection

__all__ = ["scratch", "scratch_server"]

RA = 'select array_agg(ra order by "diaObjectId") from elasticc_diaobject'


@pytest.fixture
def connection(scratch: Scratch) -> Iterator[Connection]:
    with closing(open_connection(scratch.admin_url)) as opened:
        yield opened


@pytest.fixture
def other(scratch: Scratch) -> Iterator[Connection]:
    with closing(open_connection(scratch.admin_url)) as opened:
        yield opened


def objects(*ra: float) -> Rows:
    ids = np.arange(1, len(ra) + 1)
    return Rows("elasticc_diaobject", {"diaObjectId": ids, "ra": np.array(ra), "decl": np.zeros(len(ra))}, "a file")


def replace(connection: Connection, run: log.Run, *ra: float) -> None:
    put(connection, [objects(*ra)], policy=Policy.REPLACE, record=run.file([], "a file"))


def wait_for_locks(scratch: Scratch, n_waiting: int) -> None:
    while scratch.rows("select count(*) from pg_locks where not granted")[0][0] < n_waiting:
        pass


def test_a_change_that_comes_first_keeps_the_run(scratch: Scratch, connection: Connection, other: Connection) -> None:
    """Undo finds nothing in its way, waits for the tables behind another load, and looks again."""
    with log.run(connection, "a test", "first", {}) as first:
        replace(connection, first, 1.0, 2.0)
        first.end("done")
    refused: list[Exception] = []

    def change() -> None:
        with log.run(other, "a test", "second", {}) as second:
            replace(other, second, 9.0)
            second.end("done")

    def take_back() -> None:
        try:
            undo(connection, first.id, "a test")
        except NotUndone as error:
            refused.append(error)

    threads = [threading.Thread(target=change), threading.Thread(target=take_back)]
    with closing(psycopg2.connect(scratch.admin_url)) as holder:
        holder.cursor().execute("lock table elasticc_diaobject in row exclusive mode")
        for number, thread in enumerate(threads, start=1):
            thread.start()
            wait_for_locks(scratch, number)
        holder.rollback()
        for thread in threads:
            thread.join()
    assert [str(error) for error in refused] == [
        f"Run {first.id} can't be undone: run {first.id + 1} has changed elasticc_diaobject 1 since; undo that one first."
    ]
    assert one(connection, RA) == [9.0, 2.0]


def test_of_runs_that_overlap_the_last_change_goes_first(connection: Connection, other: Connection) -> None:
    put(connection, [objects(1.0)])
    long = log.Run(connection, "a test", "long", {})
    short = log.Run(other, "a test", "short", {})
    long.start()
    short.start()
    replace(other, short, 2.0)
    short.end("done")
    replace(connection, long, 3.0)
    long.end("done")
    with pytest.raises(NotUndone, match=rf"run {long.id} has changed elasticc_diaobject 1 since"):
        undo(connection, short.id, "a test")
    found = []
    for run in (long, short):
        undo(connection, run.id, "a test")
        found.append(one(connection, RA))
    assert found == [[2.0], [1.0]]


def test_a_run_whose_loader_is_gone_can_be_undone(scratch: Scratch, connection: Connection) -> None:
    with closing(open_connection(scratch.admin_url)) as killed:
        run = log.Run(killed, "a test", "killed", {})
        run.start()
        replace(killed, run, 1.0)
    done = scratch.loader("undo", str(run.id))
    assert (done.returncode, done.stderr) == (0, "")
    assert one(connection, RA) is None


def test_undo_takes_no_row_between_a_loads_checks(scratch: Scratch, connection: Connection, other: Connection) -> None:
    """A load of few rows lets PostgreSQL check its references one by one: undo waits for it before it touches a row."""
    with log.run(connection, "a test", "objects", {}) as run:
        replace(connection, run, 1.0, 2.0)
        run.end("done")
    holder = other.cursor()
    holder.execute("lock table elasticc_diasource in share row exclusive mode")
    taking = threading.Thread(target=undo, args=(connection, run.id, "a test"))
    taking.start()
    wait_for_locks(scratch, 1)
    holder.execute('select from elasticc_diaobject where "diaObjectId" in (1, 2) for key share nowait')
    assert holder.rowcount == 2
    other.rollback()
    taking.join()
    assert one(connection, RA) is None


def test_a_sample_that_was_taken_out_is_no_runs_any_more(connection: Connection) -> None:
    def load() -> int:
        with log.run(connection, "a test", "demo", {}) as run:
            for batch in demo.batches(n_objects=1, seed=1):
                put(connection, batch, record=run.file([], "demo sample"))
            run.end("done")
        return run.id

    first = load()
    undemo.remove(connection)
    load()
    assert undo(connection, first, "a test").removed == {}
    (an_object,) = one(connection, 'select array_agg("diaObjectId") from elasticc_diaobject')
    truth = Rows("elasticc_diaalert", {"alertId": np.array([1]), "diaObject_id": np.array([an_object])}, "a file")
    put(connection, [truth])
    with pytest.raises(NotUndone, match=r"other rows refer to it. Key \(diaObjectId\)"):
        undemo.remove(connection)
    assert one(connection, RA) is not None
