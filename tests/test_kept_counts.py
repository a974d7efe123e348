"""The kept numbers of rows and the version of the data: right whatever a writer does, with nobody waiting for anybody."""

import io
import threading
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from scratch import Scratch, scratch, scratch_server

__all__ = ["scratch", "scratch_server"]  # pytest fixtures

TABLE = "elasticc_diatruth"
INSERT = f'insert into {TABLE} ("diaSourceId") select generate_series(%s, %s)'


@pytest.fixture
def connect(scratch: Scratch) -> Iterator[Callable[[], Connection]]:
    """Writers of their own, as the tables' owner."""
    opened: list[Connection] = []

    def one() -> Connection:
        opened.append(psycopg2.connect(scratch.admin_url, options="-c role=elasticc_owner"))
        return opened[-1]

    yield one
    for connection in opened:
        connection.close()


def kept(scratch: Scratch, table: str = TABLE) -> int:
    return int(scratch.rows("select sum(rows) from tally.change where relation = %s", [table])[0][0])


def version(scratch: Scratch) -> int:
    return int(scratch.rows("select bit_xor(token) from tally.change where relation = %s", [TABLE])[0][0])


def pieces(scratch: Scratch) -> int:
    return int(scratch.rows("select count(*) from tally.change where relation = %s", [TABLE])[0][0])


def agrees(scratch: Scratch) -> bool:
    return kept(scratch) == scratch.rows(f"select count(*) from {TABLE}")[0][0]


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (f'insert into {TABLE} ("diaSourceId") values (1001), (1002)', 12),
        (f'insert into {TABLE} ("diaSourceId") values (1), (1001) on conflict do nothing', 11),
        (f'insert into {TABLE} ("diaSourceId") values (1), (1001) on conflict ("diaSourceId") do update set mjd = 5', 11),
        (f'delete from {TABLE} where "diaSourceId" < 4', 7),
        (f"update {TABLE} set mjd = 1", 10),
        (f"truncate {TABLE}", 0),
        (f"with gone as (delete from {TABLE} returning *) insert into {TABLE} select 100 + \"diaSourceId\" from gone", 10),
        (
            f'merge into {TABLE} t using (values (1), (2), (77)) v (id) on v.id = t."diaSourceId"'
            ' when matched and v.id = 1 then delete when matched then update set mjd = 3'
            ' when not matched then insert ("diaSourceId") values (v.id)',
            10,
        ),
    ],
)  # fmt: skip
def test_every_way_to_write_is_counted_and_moves_the_version(scratch: Scratch, statement: str, rows: int) -> None:
    scratch.rows(INSERT, [1, 10])
    before = version(scratch)
    scratch.rows(statement)
    assert (kept(scratch), agrees(scratch)) == (rows, True)
    assert version(scratch) != before


def test_copy_is_counted(scratch: Scratch, connect: Callable[[], Connection]) -> None:

    with connect() as connection, connection.cursor() as cursor:
        cursor.copy_expert(f'copy {TABLE} ("diaSourceId") from stdin', io.StringIO("".join(f"{n}\n" for n in range(5000))))
    assert kept(scratch) == 5000


def test_what_changes_nothing_moves_nothing(scratch: Scratch) -> None:
    scratch.rows(INSERT, [1, 10])
    before = version(scratch)
    scratch.rows(f"delete from {TABLE} where false")
    scratch.rows(f'insert into {TABLE} ("diaSourceId") values (1) on conflict do nothing')
    assert version(scratch) == before


def test_a_rollback_and_a_savepoints_take_their_counts_back(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    scratch.rows(INSERT, [1, 10])
    before = version(scratch)
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [11, 20])
        connection.rollback()
        assert (kept(scratch), version(scratch)) == (10, before)
        cursor.execute(INSERT, [11, 20])
        cursor.execute("savepoint here")
        cursor.execute(f"delete from {TABLE}")
        cursor.execute("rollback to savepoint here")
        cursor.execute(INSERT, [21, 30])
        connection.commit()
    assert kept(scratch) == 30 and agrees(scratch)


def test_a_reader_sees_the_count_of_the_rows_it_sees(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    scratch.rows(INSERT, [1, 10])
    reader = connect()
    reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
    question = f"select (select count(*) from {TABLE}), sum(rows) from tally.change where relation = '{TABLE}'"
    with reader.cursor() as cursor:
        cursor.execute(question)
        for _ in range(40):  # enough for folds meanwhile
            scratch.rows(f'delete from {TABLE} where "diaSourceId" = (select max("diaSourceId") from {TABLE})')
            scratch.rows(INSERT, [10, 10])
        cursor.execute(question)
        assert cursor.fetchone() == (10, 10)
    assert agrees(scratch)


def test_many_small_transactions_leave_few_counters(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    connection = connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for number in range(200):
            cursor.execute(INSERT, [number, number])
    assert kept(scratch) == 200
    assert pieces(scratch) <= 18


def test_a_transaction_of_many_statements_is_folded_by_the_next(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    with connect() as connection, connection.cursor() as cursor:
        for number in range(3000):
            cursor.execute(INSERT, [number, number])
    scratch.rows(INSERT, [3000, 3000])
    assert (kept(scratch), pieces(scratch)) == (3001, 2)


def test_writers_of_one_table_dont_wait_for_each_other(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    """Each holds its transaction open while the next writes: one that waited would wait for ever."""
    for number in range(20):  # so that the first one folds, and holds what it folded
        scratch.rows(INSERT, [number, number])
    writers = [connect() for _ in range(6)]
    for number, writer in enumerate(writers):
        with writer.cursor() as cursor:
            cursor.execute("set lock_timeout = '5s'")
            cursor.execute(INSERT, [1000 + number, 1000 + number])
    for writer in reversed(writers):
        writer.commit()
    assert kept(scratch) == 26 and agrees(scratch)


def test_concurrent_writers_of_two_tables_never_deadlock(scratch: Scratch, connect: Callable[[], Connection]) -> None:
    failed: list[Exception] = []

    def write(connection: Connection, tables: tuple[str, str], first: int) -> None:
        keys = {"elasticc_diatruth": "diaSourceId", "elasticc_diaobject": "diaObjectId"}
        others = {"elasticc_diatruth": "", "elasticc_diaobject": ", ra, decl"}
        try:
            for number in range(first, first + 60):
                with connection, connection.cursor() as cursor:
                    for table in tables:
                        values = "%s" + ", 0" * others[table].count(",")
                        cursor.execute(f'insert into {table} ("{keys[table]}"{others[table]}) values ({values})', [number])
                        if number % 3 == 0:
                            cursor.execute(f'delete from {table} where "{keys[table]}" = %s', [number])
        except Exception as error:
            failed.append(error)

    both = ("elasticc_diatruth", "elasticc_diaobject")
    threads = [
        threading.Thread(target=write, args=(connect(), both if turn % 2 else both[::-1], turn * 1000)) for turn in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert kept(scratch) == 240 and kept(scratch, "elasticc_diaobject") == 240 and agrees(scratch)


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_stricter_writers_are_counted_and_never_fail_for_it(
    scratch: Scratch, connect: Callable[[], Connection], isolation: str
) -> None:
    strict = connect()
    strict.set_session(isolation_level=isolation)
    with strict.cursor() as cursor:
        cursor.execute("select 1")  # the snapshot is taken now
        for number in range(40):
            scratch.rows(INSERT, [number, number])
        cursor.execute(INSERT, [1000, 1009])
        strict.commit()
        assert kept(scratch) == 50 and agrees(scratch)
        with pytest.raises(psycopg2.errors.FeatureNotSupported, match="needs the isolation level read committed"):
            cursor.execute(f"truncate {TABLE}")
        strict.rollback()


def test_every_published_table_is_counted(scratch: Scratch) -> None:
    uncounted = scratch.rows(r"""
        select relname
        from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname like 'elasticc\_%'
          and 4 <> (select count(*) from pg_trigger where tgrelid = pg_class.oid and tgname like 'tally\_%' and tgenabled = 'A')
    """)
    assert uncounted == []


def test_check_counts_finds_and_mends(scratch: Scratch) -> None:
    assert scratch.loader("check", "counts").stdout == "All counts are right.\n"
    scratch.rows(INSERT, [1, 10])
    scratch.rows(f"alter table {TABLE} disable trigger tally_delete")
    scratch.rows(f'delete from {TABLE} where "diaSourceId" > 7')
    scratch.rows(f"alter table {TABLE} enable always trigger tally_delete")
    done = scratch.loader("check", "counts")
    assert (done.returncode, done.stderr) == (1, f"{TABLE} has 7 rows, but 10 are counted.\n")
    before = version(scratch)
    done = scratch.loader("check", "counts", "--fix")
    assert (done.returncode, done.stdout) == (0, f"{TABLE}: 7 rows are counted now.\n")
    assert kept(scratch) == 7 and version(scratch) != before
    assert scratch.loader("check", "counts").returncode == 0


def test_check_counts_finds_a_table_that_nobody_counts(scratch: Scratch) -> None:
    for event in ("insert", "delete", "update", "truncate"):
        scratch.rows(f"drop trigger tally_{event} on {TABLE}")
    scratch.rows(INSERT, [1, 10])
    done = scratch.loader("check", "counts")
    assert (done.returncode, done.stderr) == (1, f"{TABLE} has 10 rows, and no triggers count them.\n")
    scratch.loader("check", "counts", "--fix")
    scratch.rows(INSERT, [11, 20])
    assert kept(scratch) == 20
