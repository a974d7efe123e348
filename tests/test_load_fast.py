"""The short ways of large loads: none of them may let a wrong row in, lose an index, or leave a setting behind."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from scratch import PROJECT, Scratch, scratch, scratch_server

from loader.ingest import foreign, indexes, log, seen
from loader.ingest.ahead import ahead
from loader.ingest.errors import RepeatedKey, UnknownReference
from loader.ingest.put import put
from loader.ingest.rows import Rows
from loader.ingest.tables import BY_NAME
from loader.session import open_connection

__all__ = ["scratch", "scratch_server"]

SOURCE = "elasticc_diasource"
OBJECTS = 500
INDEXES = f"select indexname, indexdef from pg_indexes where tablename = '{SOURCE}' order by indexname"
INDEX_NUMBERS = f"select indexrelid from pg_index where indrelid = '{SOURCE}'::regclass order by 1"


@pytest.fixture
def connection(scratch: Scratch) -> Iterator[Connection]:
    with closing(open_connection(scratch.admin_url)) as opened:
        put(opened, [objects(OBJECTS)])
        yield opened


def objects(n: int) -> Rows:
    ids = np.arange(1, n + 1)
    return Rows("elasticc_diaobject", {"diaObjectId": ids, "ra": ids % 360 * 1.0, "decl": ids % 90 * 1.0})


def sources(ids: np.ndarray, owner: np.ndarray | None = None) -> Rows:
    n = len(ids)
    columns = {
        "diaSourceId": ids, "midPointTai": 60_000.0 + ids % 1000, "filterName": np.full(n, "r"), "ra": np.zeros(n),
        "decl": np.zeros(n), "psFlux": ids * 1.0, "psFluxErr": np.ones(n), "snr": ids * 1.0,
        "diaObject_id": ids % OBJECTS + 1 if owner is None else owner,
    }  # fmt: skip
    return Rows(SOURCE, columns, "a file", np.arange(1, n + 1))


def one(connection: Connection, statement: str) -> object:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None


def test_the_owner_may_and_keys_are_what_the_database_has(connection: Connection) -> None:
    with connection, connection.cursor() as cursor:
        assert foreign.may_check(cursor, list(BY_NAME.values()))


def test_a_wrong_reference_among_many_is_refused(connection: Connection, scratch: Scratch) -> None:
    ids = np.arange(1, 5001)
    owner = ids % OBJECTS + 1
    owner[4321] = OBJECTS + 7
    with pytest.raises(UnknownReference, match=rf"row 4322: diaObject_id {OBJECTS + 7} is not in elasticc_diaobject"):
        put(connection, [sources(ids, owner)])
    assert scratch.counts()[SOURCE] == 0
    assert one(connection, "show session_replication_role") == "origin"
    put(connection, [sources(ids)])
    assert one(connection, "show session_replication_role") == "origin"
    with pytest.raises(psycopg2.errors.ForeignKeyViolation), connection, connection.cursor() as cursor:
        cursor.execute(f'update {SOURCE} set "diaObject_id" = 0 where "diaSourceId" = 1')
        cursor.execute("set constraints all immediate")


def test_what_is_referred_to_cant_be_deleted_meanwhile(connection: Connection, scratch: Scratch) -> None:
    """The load has checked nothing yet, but holds the objects, while another writer keeps it from the sources."""
    with closing(psycopg2.connect(scratch.admin_url)) as writer, closing(psycopg2.connect(scratch.admin_url)) as deleter:
        writer.cursor().execute(f"lock table {SOURCE} in row exclusive mode")
        load = threading.Thread(target=put, args=(connection, [sources(np.arange(1, 3001))]))
        load.start()
        waits = "select count(*) from pg_locks where not granted"
        while not scratch.rows(waits)[0][0]:
            pass
        delete = 'delete from elasticc_diaobject where "diaObjectId" = 5'
        with pytest.raises(psycopg2.errors.LockNotAvailable), deleter, deleter.cursor() as cursor:
            cursor.execute("set local lock_timeout = '200ms'")
            cursor.execute(delete)
        writer.rollback()
        load.join()
        with pytest.raises(psycopg2.errors.ForeignKeyViolation), deleter, deleter.cursor() as cursor:
            cursor.execute(delete)
            cursor.execute("set constraints all immediate")
    assert scratch.counts()[SOURCE] == 3000


def test_a_trigger_of_the_sites_own_still_fires(connection: Connection, scratch: Scratch) -> None:
    scratch.rows("create table seen (id bigint)")
    scratch.rows("grant insert on seen to elasticc_owner")
    scratch.rows(
        "create function see() returns trigger language plpgsql as"
        ' $$ begin insert into seen values (new."diaSourceId"); return null; end $$'
    )
    scratch.rows(f"create trigger see after insert on {SOURCE} for each row execute function see()")
    try:
        put(connection, [sources(np.arange(1, 3001))])
        assert scratch.rows("select count(*) from seen") == [(3000,)]
    finally:
        scratch.rows("drop function see cascade; drop table seen")


def test_a_first_load_has_the_indexes_that_were_there(connection: Connection, scratch: Scratch) -> None:
    before, numbers = scratch.rows(INDEXES), scratch.rows(INDEX_NUMBERS)
    put(connection, [sources(np.arange(1, indexes.MANY + 1))])
    assert scratch.rows(INDEXES) == before
    assert scratch.rows(INDEX_NUMBERS) != numbers
    numbers = scratch.rows(INDEX_NUMBERS)
    put(connection, [sources(np.arange(indexes.MANY + 1, 2 * indexes.MANY + 1))])
    assert scratch.rows(INDEX_NUMBERS) == numbers
    found = scratch.rows(f'set enable_seqscan = off; select count(*) from {SOURCE} where "diaObject_id" = 5')
    assert found == [(2 * indexes.MANY // OBJECTS,)]


def test_a_first_load_that_fails_leaves_the_indexes_alone(connection: Connection, scratch: Scratch) -> None:
    numbers = scratch.rows(INDEX_NUMBERS)
    wrong = Rows("elasticc_diaalert", {"alertId": np.array([1]), "diaSource_id": np.array([0]), "diaObject_id": np.array([1])})
    with pytest.raises(UnknownReference):
        put(connection, [sources(np.arange(1, indexes.MANY + 1)), wrong])
    assert scratch.rows(INDEX_NUMBERS) == numbers
    assert scratch.counts()[SOURCE] == 0


def test_a_first_load_waits_for_no_reader(connection: Connection, scratch: Scratch) -> None:
    numbers = scratch.rows(INDEX_NUMBERS)
    with closing(psycopg2.connect(scratch.admin_url)) as reader:
        reader.cursor().execute(f"select count(*) from {SOURCE}")
        put(connection, [sources(np.arange(1, indexes.MANY + 1))])
    assert scratch.rows(INDEX_NUMBERS) == numbers
    assert scratch.counts()[SOURCE] == indexes.MANY


@pytest.mark.parametrize("many", [10, 3000])
def test_rows_in_any_order_and_repeated_keys(connection: Connection, scratch: Scratch, many: int) -> None:
    ids = np.random.default_rng(1).permutation(np.arange(1, 2 * many + 1))
    ids[many + 3] = ids[2]
    batches = [sources(ids[:many]), Rows(SOURCE, sources(ids[many:]).columns, "a file", np.arange(many + 1, 2 * many + 1))]
    with pytest.raises(RepeatedKey, match=f"row {many + 4}: diaSourceId {ids[2]} stands in row 3 too"):
        put(connection, batches)
    fresh = np.setdiff1d(np.arange(1, 2 * many + 2), ids)[0]
    columns = dict(batches[1].columns)
    columns["diaSourceId"] = np.where(np.arange(many) == 3, fresh, ids[many:])
    (counts,) = put(connection, [batches[0], Rows(SOURCE, columns, "a file", batches[1].numbers)])
    assert counts.new == 2 * many
    assert scratch.rows(f'select count(distinct "diaSourceId"), count(*) from {SOURCE}') == [(2 * many, 2 * many)]


def test_reading_ahead_keeps_order_errors_and_ends() -> None:
    def numbers(end: int) -> Iterator[int]:
        yield from range(end)
        raise ValueError("at the end")

    seen: list[int] = []
    with pytest.raises(ValueError, match="at the end"), ahead(numbers(50)) as items:
        seen.extend(items)
    assert seen == list(range(50))
    is_closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            is_closed.set()

    with pytest.raises(KeyError), ahead(endless()) as items:
        next(iter(items))
        raise KeyError
    assert is_closed.is_set()
    assert not any(thread.name == "reader" for thread in threading.enumerate())


MEASURED = """
import resource, sys
from pathlib import Path
from loader.ingest.put import put
from loader.ingest.source import Source
from loader.ingest.tabular import read_csv
from loader.session import open_connection

types = dict(diaSourceId="bigint", diaObjectId="bigint", mjd="double precision", true_genmag="double precision")
connection = open_connection(sys.argv[1])
for _ in range(3):  # each reads in a thread, and the first threads take memory that later ones use again
    put(connection, read_csv(Source("small", open(sys.argv[2], "rb")), "elasticc_diatruth", types))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
put(connection, read_csv(Source("large", open(sys.argv[3], "rb")), "elasticc_diatruth", types))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_memory_doesnt_grow_with_the_file(scratch: Scratch, tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    for file, start, n in ((small, 0, 200_000), (large, 10**9, 2_000_000)):
        with file.open("w") as out:
            out.write("diaSourceId,diaObjectId,mjd,true_genmag\n")
            out.writelines(f"{start + at},{at // 100},{60000 + at / 100:.10f},{20 + at / 3e5:.12f}\n" for at in range(n))
    command = [sys.executable, "-c", MEASURED, scratch.admin_url, str(small), str(large)]
    done = subprocess.run(
        command, env=scratch.environment, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=240
    )
    grown = int(done.stdout)
    print(f"\n{large.stat().st_size:,} bytes read, {grown:,} more in memory", file=sys.stderr)
    assert scratch.counts()["elasticc_diatruth"] == 2_200_000
    assert grown < large.stat().st_size / 2


@pytest.mark.parametrize("most", [None, 20])
def test_the_keys_a_file_added_are_kept_whatever_their_gaps(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    """Batches that touch, gaps within and between them, single keys; more ranges than are counted leave it to the database."""
    if most is not None:
        monkeypatch.setattr(seen, "MOST", most)
    parts = [np.arange(1, 2001), np.arange(2001, 2500), np.array([2502, 2504, 2505]), np.arange(3000, 9000, 2)]
    with log.run(connection, "a test", "test", {}) as run:
        put(connection, [sources(part) for part in parts], record=run.file([], "a test"))
        run.end("done")
    of_run = f"from ingest_addition where file_id in (select id from ingest_file where run_id = {run.id})"
    keys = f"select unnest(keys) as r {of_run}"
    kept = f"select sum(upper(r) - lower(r)) from ({keys}) k"
    assert one(connection, kept) == sum(map(len, parts)) == one(connection, f"select count(*) from {SOURCE}")
    lost = f'select count(*) from {SOURCE} s where not exists (select from ({keys}) k where k.r @> s."diaSourceId")'
    assert one(connection, lost) == 0
    assert one(connection, f"select count(*) from ({keys}) k") == 3 + 3000
    assert one(connection, f"select sum(n_rows) {of_run}") == sum(map(len, parts))


def test_keys_around_and_between_known_ones(connection: Connection, scratch: Scratch) -> None:
    """Whether any are known is first asked of what lies between the lowest and the highest."""
    put(connection, [sources(np.arange(1000, 2000))])
    for ids, new, known in (
        (np.arange(1, 1000), 999, 0),
        (np.arange(2000, 2100), 100, 0),
        (np.arange(2099, 2101), 1, 1),
        (np.array([0, 5000]), 2, 0),
        (np.arange(1500, 1501), 0, 1),
    ):
        (counts,) = put(connection, [sources(ids)])
        assert (counts.new, counts.known) == (new, known)
    assert scratch.counts()[SOURCE] == 2102
