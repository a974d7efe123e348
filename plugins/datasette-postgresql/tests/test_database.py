"""The database alone, through its doors; what it says is compared with what an administrator's connection sees."""

import asyncio
import json
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg2
import pytest
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import CustomJSONEncoder, StartupError

from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.errors import ConfigurationError, ResultTooLarge, WriteRefused
from datasette_postgresql.role import check
from datasette_postgresql.settings import read

Ask = Callable[[str], list[tuple[Any, ...]]]


def run(awaitable: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await awaitable

    return asyncio.run(main())


KINDS = {
    "id": 1, "small": -2, "big": 9007199254740993, "realNumber": 1.5, "double": 0.1, "exact": 12345678901234567890,
    "price": "1.50", "yes": True, "text": "naïve 'text'", "varchar": "v", "bytes": b"\x00\xffA", "day": "2024-02-29",
    "clock": "12:34:56.789", "stamp": "2024-02-29T12:34:56.5", "stamptz": "2024-02-29T10:34:56.5+00:00",
    "span": "1 day 02:03:04", "id128": "00000000-0000-0000-0000-00000000000a", "doc": '{"a": [1, null]}', "docb": '{"b": 2}',
    "ints": "[1, null, 3]", "texts": '["a b", "c\\"d", "e\\\\f", null, "NULL"]', "matrix": "[[1, 2], [3, 4]]",
    "floats": '[1.5, "NaN"]', "stamps": '["2024-02-29T12:00:00+00:00"]', "numbers": "[1,5)", "feeling": "calm",
    "feelings": '["calm", "cross, \\"very\\""]', "flux": 3.5,
}  # fmt: skip


def test_values_of_every_type(database: PostgresDatabase) -> None:
    run(database.refresh_catalogue())  # it says what an array of the database's own types is
    row = run(database.execute("select * from kinds where id = :id", {"id": "1"})).rows[0]
    assert dict(row) == KINDS
    assert row.keys() == list(KINDS)
    assert row["big"] == row[2]
    assert json.loads(json.dumps([row], cls=CustomJSONEncoder))[0][:3] == [1, -2, 9007199254740993]
    with pytest.raises(IndexError):
        row["BIG"]
    with pytest.raises(IndexError):
        row[99]


def test_not_a_number(database: PostgresDatabase) -> None:
    row = run(database.fetch('select double, "realNumber", exact from kinds where id = %(id)s', {"id": 2})).rows[0]
    assert math.isnan(row["double"]) and row["realNumber"] == math.inf and row["exact"] == "NaN"


def test_timestamps_and_numbers_come_back(database: PostgresDatabase, ask: Ask) -> None:
    """What a page shows finds the row again."""
    for column in ("stamp", "stamptz", "exact", "price", "big", "span", "id128", "bytes", "day", "realNumber"):
        shown = run(database.fetch(f'select "{column}" from kinds where id = 1')).rows[0][0]
        found = run(database.execute(f'select id from kinds where "{column}" = :v', {"v": shown})).rows
        assert [tuple(row) for row in found] == [(1,)], column


def test_truncation(database: PostgresDatabase) -> None:
    many = run(database.execute("select id from many order by id", truncate=True))
    assert (len(many.rows), many.truncated, many.columns) == (1000, True, ["id"])
    assert not run(database.execute("select id from many where id <= 1000", truncate=True)).truncated
    assert len(run(database.execute("select id from many")).rows) == 5000
    few = run(database.fetch("select id from many", max_rows=3))
    assert (len(few.rows), few.truncated) == (3, True)
    generated = run(database.execute_generated("select id from many", truncate=True))
    assert (len(generated.rows), generated.truncated) == (1000, True)


@pytest.mark.parametrize("door", ["execute", "execute_generated", "fetch"])
def test_errors_say_where(database: PostgresDatabase, admin_dsn: str, door: str) -> None:
    sql = "select id,\n  nope\nfrom kinds"
    with psycopg2.connect(admin_dsn) as connection, pytest.raises(psycopg2.Error) as plain, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()
    with pytest.raises(sqlite3.OperationalError) as caught:
        run(getattr(database, door)(sql))
    assert isinstance(caught.value, PostgresError)
    assert (caught.value.message, caught.value.sqlstate) == (str(plain.value).strip("\n"), "42703")


def test_time_limit(database: PostgresDatabase) -> None:
    for question in (
        database.execute("select pg_sleep(60)", custom_time_limit=50),
        database.fetch("select pg_sleep(60)", time_limit_ms=50),
        database.run(lambda connection: connection.cursor().execute("select pg_sleep(60)"), time_limit_ms=50),
        # statement_timeout doesn't see this one: 400 MB in one row
        database.execute("select lpad('', 200000000, 'x') a, lpad('', 200000000, 'x') b", custom_time_limit=200),
    ):
        with pytest.raises((QueryInterrupted, ResultTooLarge)):
            run(question)
    assert run(database.fetch("select 1")).single_value() == 1


def test_size_limit(dsn: str) -> None:
    database = PostgresDatabase.standalone(Datasette([], memory=True), "small", dsn, max_bytes=1_000_000, time_limit_ms=20_000)
    for door in (database.execute, database.fetch):
        with pytest.raises(ResultTooLarge, match="larger than the limit of 1000000 bytes"):
            run(door("select n, lpad('', 1000, 'x') from generate_series(1, 100000) n"))
    assert run(database.fetch("select 1")).single_value() == 1
    database.close()


def test_statements(database: PostgresDatabase, ask: Ask) -> None:
    rows = run(
        database.run_statements(
            [
                ("create temp table bright as select id, word from many where id <= %(most)s", {"most": 3}),
                ("select count(*), '%%' from bright where word like %(like)s", {"like": "%"}),
            ]
        )
    ).rows
    assert [tuple(row) for row in rows] == [(3, "%")]
    assert run(database.run_statements([("select 'SN1' like 'SN%'", None)])).single_value() is True
    with pytest.raises(PostgresError, match='relation "bright" does not exist'):
        run(database.run_statements([("select * from bright", None)]))


def test_run_is_rolled_back_and_reads(database: PostgresDatabase, ask: Ask) -> None:
    def write(connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select nextval('tickets')")

    with pytest.raises(PostgresError, match=r"cannot execute nextval.* in a read-only transaction"):
        run(database.run(write))
    with pytest.raises(PostgresError, match="in a read-only transaction"):
        run(database.execute_fn(write))


def test_run_again(database: PostgresDatabase) -> None:
    """The second call has the first one's connection, and nothing of what the first left in it."""

    def first(connection: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("create temp table left_over as select 1; set work_mem = '77kB'; select pg_advisory_lock(7)")
        return int(connection.info.backend_pid)

    def second(connection: Any) -> tuple[int, Any]:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('work_mem') = '77kB', to_regclass('left_over')")
            return int(connection.info.backend_pid), cursor.fetchone()

    pid = run(database.run(first, read_only=False))
    assert run(database.run(second)) == (pid, (False, None))


def test_parameters_that_do_not_fit(database: PostgresDatabase) -> None:
    wrong = [("select %(a)s", {"b": 1}), ("select %s, %s", [1]), ("select %s", [object()]), ("select %s", ["\x00"])]
    for query, params in wrong:
        with pytest.raises(PostgresError, match="The parameters don't fit the statement"):
            run(database.fetch(query, params))


def test_writing_is_refused(database: PostgresDatabase) -> None:
    for door in (database.execute_write, database.execute_write_script):
        with pytest.raises(WriteRefused, match="read-only"):
            run(door("insert into many values (0)"))


def test_catalogue(database: PostgresDatabase) -> None:
    async def look() -> None:
        assert await database.table_names() == [
            'Author "X"', "books", "keyless", "kinds", "many", "nothing", "pair_notes", "pairs", "parted", "parted_2024",
        ]  # fmt: skip
        assert await database.view_names() == ["book_count", "book_names"]
        assert await database.hidden_table_names() == ["parted_2024"]
        assert await database.primary_keys("pairs") == ["b", "a"]
        assert await database.primary_keys("keyless") == []
        assert database.catalogue.tables["keyless"].row_key == ("code",)
        assert database.catalogue.tables["nothing"].row_key == ()
        assert await database.foreign_keys_for_table("books") == [
            {"column": "author", "other_table": 'Author "X"', "other_column": "id"}
        ]
        keys = await database.get_all_foreign_keys()
        assert keys['Author "X"']["incoming"] == [{"other_table": "books", "column": "id", "other_column": "author"}]
        assert keys["pair_notes"] == {"incoming": [], "outgoing": []}
        assert await database.label_column_for_table("books") == "title"
        assert await database.get_view_definition("books") is None
        definition = str(await database.get_view_definition("book_names"))
        assert definition.replace("books.title", "title").startswith('create view "book_names" as\nSELECT title\n')
        assert await database.table_exists("Books") is False
        assert (await database.table_counts(1000))["many"] == 5000
        assert await database.count_estimate("many") == 5000
        assert database.size > 1_000_000
        kinds = {column.name: column for column in database.catalogue.tables["kinds"].columns}
        assert (kinds["price"].type, kinds["flux"].comment, kinds["id"].is_pk) == ("numeric(10,2)", "nJy", 1)

    run(look())


def test_the_definition_makes_the_table(database: PostgresDatabase, ask: Ask) -> None:
    definition = run(database.get_table_definition("books"))
    ask("create schema again")
    try:
        ask("set search_path = again, public; " + definition.replace("public.books", "again.books"))
        columns = """
            select column_name, data_type, is_nullable, is_identity
            from information_schema.columns
            where table_name = 'books' and table_schema = '{}'
            order by 1
        """
        assert ask(columns.format("again")) == ask(columns.format("public"))
    finally:
        ask("drop schema again cascade")


def test_a_new_table_is_seen_at_once_when_asked_for(dsn: str, ask: Ask) -> None:
    database = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, catalogue_refresh_s=3600)
    before = run(database.current_catalogue()).fingerprint
    ask("create table fresh (a int); grant select on fresh to datasette_test")
    try:
        assert run(database.table_exists("fresh")) is False
        with pytest.raises(PostgresError):
            run(database.execute("select b from fresh"))
        assert run(database.table_exists("fresh")) is True
        assert database.catalogue.fingerprint != before
    finally:
        ask("drop table fresh")
        database.close()


def test_a_killed_connection_is_replaced(database: PostgresDatabase, ask: Ask) -> None:
    assert run(database.execute("select 1")).single_value() == 1
    killed = ask("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'datasette_test'")
    assert killed[0][0] >= 1
    assert run(database.execute("select 2")).single_value() == 2


def test_a_connection_serves_one_question_after_another(database: PostgresDatabase) -> None:
    """Connecting takes longer than most questions: a connection that was reset must be taken again."""

    async def main() -> list[Any]:
        return [(await database.execute("select pg_backend_pid()")).single_value() for _ in range(5)]

    assert len(set(run(main()))) == 1


def test_what_settings_of_new_names_take_is_given_back(database: PostgresDatabase, ask: Ask) -> None:
    """A backend keeps the name of every setting that was ever set in it: some 100 MB of 300,000."""

    async def main() -> list[Any]:
        names = "select pg_backend_pid() as pid, count(set_config('a.b' || i, 'x', false)) from generate_series(1, 1000) i"
        quick = [(await database.execute("select pg_backend_pid() as pid")).first()["pid"] for _ in range(2)]
        return quick + [(await database.execute(f"{names}, pg_sleep(0.4)")).first()["pid"] for _ in range(4)]

    backends = run(main())
    assert backends[0] == backends[1]
    assert backends[2] != backends[-1]


def test_siblings_killed_in_the_middle(database: PostgresDatabase, ask: Ask) -> None:
    """pg_terminate_backend from elsewhere: who was asking gets the answer all the same, from another connection."""

    async def main() -> Any:
        slow = asyncio.create_task(database.execute("select 5, pg_sleep(0.5)"))
        while not ask("select 1 from pg_stat_activity where query like '%pg_sleep(0.5)%' and usename = 'datasette_test'"):
            await asyncio.sleep(0)
        ask("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'datasette_test' and state = 'active'")
        return (await slow).rows[0][0]

    assert run(main()) == 5


def test_a_restart_is_survived(request: pytest.FixtureRequest, database: PostgresDatabase) -> None:
    server = request.getfixturevalue("server")
    assert run(database.execute("select 1")).single_value() == 1
    server.stop()
    try:
        with pytest.raises(PostgresError):
            run(database.execute("select 1"))
    finally:
        server.start()
    assert run(database.execute("select 1")).single_value() == 1


def test_no_more_connections_than_the_pool_has(dsn: str, ask: Ask) -> None:
    database = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, pool_size=2)

    async def main() -> None:
        await asyncio.gather(*(database.execute("select pg_sleep(0.01)") for _ in range(6)))
        await asyncio.gather(*(database.run(lambda connection: None) for _ in range(6)))

    run(main())
    deadline = time.monotonic() + 10  # the server takes a moment to see that a connection was closed
    while ask("select count(*) from pg_stat_activity where usename = 'datasette_test'") != [(2,)]:
        assert time.monotonic() < deadline
    database.close()


def test_many_at_once(database: PostgresDatabase) -> None:
    async def ask(n: int) -> Any:
        return (await database.execute("select :n::int, pg_sleep(0.01)", {"n": n})).rows[0][0]

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(ask(n) for n in range(100)))

    assert run(all_of_them()) == list(range(100))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"databases": {"a": {"dsn": "host=x", "colour": 1}}}, "unknown setting 'colour'"),
        ({"databases": {"a": {"dsn": "s3cret word"}}}, "must be a connection string, as postgresql://"),
        ({"databases": {"a": {"dsn": None}}}, "a connection string"),
        ({"databases": {"a": {}}}, "a connection string"),
        ({"databases": {"a": {"dsn": "host=x", "pool_size": 0}}}, "a number greater than zero"),
        ({"databases": {"a": {"dsn": "host=x", "schemas": "public"}}}, "a list of names"),
        ({"databases": {"a": {"dsn": "host=x", "max_rows": "many"}}}, "'max_rows' .* a number greater than zero"),
        ({"databases": {"a": {"dsn": "host=x", "facet_time_limit_ms": True}}}, "a number greater than zero"),
        ({"database": {}}, "unknown setting 'database'"),
        ({"databases": {"a": "dsn"}}, "needs settings"),
    ],
)
def test_wrong_settings_stop_the_start(config: Any, sentence: str) -> None:
    with pytest.raises(StartupError, match=sentence):
        read(config)


def test_a_superuser_stops_the_start(admin_dsn: str, dsn: str) -> None:
    datasette = Datasette([], memory=True)
    root, reader = (PostgresDatabase.standalone(datasette, "pg", given) for given in (admin_dsn, dsn))
    with pytest.raises(ConfigurationError, match=r"the role 'postgres' of 'pg' is a superuser: .* may only SELECT"):
        run(check(root))
    assert [said for said in run(check(reader)) if "may write" in said] == [
        "datasette-postgresql: the role 'datasette_test' of 'pg' may write to public.tickets."
    ]
    root.close()
    reader.close()


def test_an_unreachable_server_stops_the_start() -> None:
    nowhere = PostgresDatabase.standalone(Datasette([], memory=True), "pg", "host=/nowhere user=x dbname=y")
    with pytest.raises(ConfigurationError, match="the database 'pg' doesn't answer"):
        run(check(nowhere))
    nowhere.close()
