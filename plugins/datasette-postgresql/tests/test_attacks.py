"""What a person may type into the SQL page and what must come of it: no write, nothing left behind, no other session's harm.

The question goes in over HTTP; the answer is looked for through an administrator's connection.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from datasette.app import Datasette
from datasette.cli import check_databases
from datasette.database import QueryInterrupted

from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.errors import ConfigurationError

Ask = Callable[[str], list[tuple[Any, ...]]]
MakeDatasette = Callable[..., Datasette]

STATE = """
select (select array_agg(n order by n) from ledger), (select count(*) from books), (select count(*) from many),
       (select last_value from tickets), (select count(*) from pg_largeobject_metadata),
       (select count(*) from pg_locks where locktype = 'advisory'),
       (select count(*) from pg_class where relname = 'loot')
"""
WRITES = [
    "select 1; commit; insert into ledger values (666)",
    "commit; set session characteristics as transaction read write; insert into ledger values (666)",
    "select 1; rollback; begin read write; select spend(666); commit",
    "select spend(666)",
    "select set_config('transaction_read_only', 'off', true), spend(666)",
    "with gone as (delete from books returning *) select * from gone",
    "insert into ledger values (666) returning n",
    "create table loot as select 1",
    "select 1 into loot",
    "create temp table loot (a int)",
    "select nextval('tickets')",
    "select setval('tickets', 666)",
    "select lo_from_bytea(0, 'loot')",
    "select pg_notify('channel', 'loot')",
    "listen channel",
    "prepare loot as select 1",
    "copy (select 1) to program 'touch /tmp/loot'",
    "copy ledger from stdin",
    "copy (select 1) to stdout",
    "do $$ begin perform spend(666); commit; end $$",
    "explain analyze insert into ledger values (666)",
    "select query_to_xml('select spend(666)', true, true, '')",
    "select pg_read_file('/etc/passwd')",
    "select * from secret",
    "select ''; end'; commit; do 'begin perform spend(666); end",
    "select '''; commit; select spend(666); --",
    "select $$'; commit; select spend(666); --$$; select 1",
    "select 1 -- '\n; commit; select spend(666)",
    "set role postgres",
    "reset role",
    "set session authorization postgres",
    "vacuum",
    "lock table books",
    "select pg_advisory_lock(1)",
    "select set_config('statement_timeout', '0', false), set_config('search_path', 'pg_temp', false)",
    "select set_config('role', 'none', false), set_config('session_replication_role', 'replica', false)",
]


async def _ask_over_http(datasette: Datasette, sql: str, **parameters: str) -> Any:
    await datasette.invoke_startup()
    return await datasette.client.get("/pg.json", params={"sql": sql, "_shape": "array", **parameters})


@pytest.mark.parametrize("sql", WRITES)
def test_nothing_changes(make_datasette: MakeDatasette, ask: Ask, sql: str) -> None:
    before = ask(STATE)
    datasette = make_datasette(pool_size=1, settings={"sql_time_limit_ms": 2000})

    async def attack() -> None:
        response = await _ask_over_http(datasette, sql)
        assert response.status_code in (200, 400)
        with contextlib.suppress(PostgresError, QueryInterrupted):  # past the page's courtesy of looking at the first word
            await datasette.get_database("pg").execute(sql)
        with contextlib.suppress(PostgresError, QueryInterrupted):
            await datasette.get_database("pg").execute_generated(sql)
        # The next one has the same connection, and finds it as new.
        after = await _ask_over_http(
            datasette,
            "select current_setting('statement_timeout') = '2s' t, current_setting('transaction_read_only') r, "
            "current_user::text u, current_setting('search_path') p, (select count(*) from pg_prepared_statements) s, "
            "(select count(*) from pg_listening_channels()) l, pg_my_temp_schema() = 0 as none",
        )
        assert after.json() == [{"t": True, "r": "on", "u": "datasette_test", "p": '"public"', "s": 0, "l": 0, "none": True}]

    asyncio.run(attack())
    assert ask(STATE) == before


@pytest.mark.parametrize(
    "statements",
    [
        ["create temp table t as select 1", "commit", "select 1"],
        ["select spend(666)", "select 1"],
        ["do $$ begin perform spend(666); commit; end $$", "select 1"],
        ["create table loot (a int)", "select 1"],
        ["select 1; commit; select spend(666)", "select 1"],
        ["insert into ledger values (666)", "select 1"],
        ["create temp table books as select 666 as id", "select pg_advisory_lock(1), nextval('tickets')"],
    ],
)
def test_several_statements_leave_nothing(dsn: str, ask: Ask, statements: list[str]) -> None:
    """Not READ ONLY, so that temporary tables can be made; a SECURITY DEFINER function is undone with the transaction."""
    before = ask(STATE.replace("(select last_value from tickets), ", ""))
    database = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, pool_size=1, time_limit_ms=2000)

    async def attack() -> None:
        try:
            await database.run_statements([(sql, None) for sql in statements])
        except PostgresError as error:
            assert error.sqlstate
        assert (await database.execute("select count(*) from books")).single_value() == 3

    asyncio.run(attack())
    database.close()
    assert ask(STATE.replace("(select last_value from tickets), ", "")) == before


@pytest.mark.parametrize(
    "sql",
    [
        "select pg_sleep(60)",
        "select set_config('statement_timeout', '0', false), pg_sleep(60)",
        "select count(*) from generate_series(1, 10000000000)",
        "with recursive r as (select 1 union all select 1 from r) select count(*) from r",
        "select repeat(repeat('x', 100000000), 2), repeat(repeat('y', 100000000), 2)",
    ],
)
def test_time_ends(make_datasette: MakeDatasette, ask: Ask, sql: str) -> None:
    datasette = make_datasette(settings={"sql_time_limit_ms": 200})
    started = time.monotonic()
    response = asyncio.run(_ask_over_http(datasette, sql))
    assert response.status_code == 400
    assert time.monotonic() - started < 5
    waiting = "select count(*) from pg_stat_activity where usename = 'datasette_test' and state = 'active'"
    while ask(waiting) != [(0,)]:
        assert time.monotonic() - started < 20, "the server still works on it"


@pytest.mark.parametrize("value", ["' or spend(666) = 1 --", "\\'; select spend(666); --", "$$", "x\x00y"])
def test_values_stay_values(make_datasette: MakeDatasette, ask: Ask, value: str) -> None:
    before = ask(STATE)
    response = asyncio.run(_ask_over_http(make_datasette(), "select :v as v", v=value))
    if "\x00" in value:
        assert response.status_code == 400 and "null bytes" in response.text
    else:
        assert response.json() == [{"v": value}]
    assert ask(STATE) == before


def test_comments_are_descriptions(make_datasette: MakeDatasette) -> None:
    metadata = {"databases": {"pg": {"tables": {"kinds": {"columns": {"flux": "Mine"}}}}}}
    datasette = make_datasette(metadata=metadata)

    async def look() -> None:
        await datasette.invoke_startup()
        about = datasette.table_metadata("pg", "kinds")
        assert about["description"] == "One column of each type"
        assert about["columns"] == {"stamp": "When, without a zone", "flux": "Mine"}
        assert datasette.table_metadata("pg", "book_names")["description"] == "Titles"

    asyncio.run(look())


def test_an_unknown_setting_stops_the_start(make_datasette: MakeDatasette) -> None:
    with pytest.raises(ConfigurationError, match="unknown setting 'colour'"):
        asyncio.run(make_datasette(colour="red").invoke_startup())


def test_core_functions_find_a_schema(make_datasette: MakeDatasette) -> None:
    """The core copies the schema into _internal on the first request, and asks for its version on every one."""
    datasette = make_datasette()

    async def look() -> None:
        await datasette.invoke_startup()
        assert (await datasette.client.get("/-/databases.json")).status_code == 200
        internal = datasette.databases["_internal"]
        columns = "select name, type, is_pk from columns where table_name = 'pairs' and database_name = 'pg' order by cid"
        assert [tuple(row) for row in await internal.execute(columns)] == [("a", "integer", 2), ("b", "text", 1)]
        keys = """select "table", "from", "to" from foreign_keys where table_name = 'books' and database_name = 'pg'"""
        assert [tuple(row) for row in await internal.execute(keys)] == [('Author "X"', "author", "id")]

    asyncio.run(look())


def test_crossdb_attaches_sqlite_only(make_datasette: MakeDatasette) -> None:
    datasette = make_datasette(crossdb=True)

    async def look() -> Any:
        await datasette.invoke_startup()
        return (await datasette.client.get("/_memory.json?sql=select+7+as+n&_shape=array")).json()

    assert asyncio.run(look()) == [{"n": 7}]


def test_the_command_line_finds_the_database_usable(make_datasette: MakeDatasette) -> None:
    """`datasette serve` lets its own check_connection look at each database."""
    datasette = make_datasette()

    async def look() -> None:
        await datasette.invoke_startup()
        await check_databases(datasette)

    asyncio.run(look())


def test_nobody_sees_the_dsn(make_datasette: MakeDatasette) -> None:
    datasette = make_datasette()

    async def look() -> None:
        await datasette.invoke_startup()
        shown = (await datasette.client.get("/-/databases.json")).text
        assert "datasette_test" not in shown and "host" not in shown

    asyncio.run(look())
