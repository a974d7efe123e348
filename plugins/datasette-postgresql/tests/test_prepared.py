"""The fast door for other plugins: prepared once, asked on the event loop, and whole again after every mishap."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.errors import TimeLimitReached
from datasette_postgresql.prepared import MOST_PREPARED

Ask = Callable[[str], list[tuple[Any, ...]]]
PREPARED = "select count(*) from pg_prepared_statements"
BACKEND = "select pg_backend_pid()"


def run(story: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await story()

    return asyncio.run(main())


def test_values_are_values_and_types_are_the_other_doors(database: PostgresDatabase) -> None:
    async def story() -> None:
        text = "it's \\ 100 % $1"
        sql = "select $1::text, $2::bigint, $3::int[], $4::timestamptz, $5::text"
        rows = await database.prepared.ask(sql, [text, 2**60, [1, 2], "2024-02-29 12:00+02", None])
        assert rows == [(text, 2**60, "[1, 2]", "2024-02-29T10:00:00+00:00", None)]
        assert await database.prepared.ask(sql, ["", 0, [], "2024-01-01", "x"]) == [
            ("", 0, "[]", "2024-01-01T00:00:00+00:00", "x")
        ]

    run(story)


def test_a_statement_is_prepared_once_and_the_least_used_go(database: PostgresDatabase) -> None:
    async def story() -> None:
        for _ in range(3):
            assert await database.prepared.ask("select $1::int + 1", [1]) == [(2,)]
        assert await database.prepared.ask(PREPARED) == [(2,)]
        for number in range(MOST_PREPARED + 20):
            await database.prepared.ask(f"select {number}")
        assert (await database.prepared.ask(PREPARED))[0][0] == MOST_PREPARED

    run(story)


def test_an_error_is_the_servers_and_the_next_question_is_answered(database: PostgresDatabase) -> None:
    async def story() -> None:
        for statement, values, sqlstate in [
            ("select 1 / $1::int", [0], "22012"),
            ("select nosuch", [], "42703"),
            ("select $1::int", ["x"], "22P02"),
            ("delete from many", [], "25006"),
            ("insert into pg_temp.t values (1)", [], "42P01"),
        ]:
            with pytest.raises(PostgresError) as caught:
                await database.prepared.ask(statement, values)
            assert caught.value.sqlstate == sqlstate
            assert await database.prepared.ask("select 1 / $1::int", [1]) == [(1,)]

    run(story)


def test_a_changed_table_needs_no_new_connection(database: PostgresDatabase, ask: Ask) -> None:
    async def story() -> None:
        statement = "select count(*), max(word) from many where id > $1"
        before = await database.prepared.ask(statement, [4000])
        ask("alter table many add column later int; alter table many drop column later")
        assert await database.prepared.ask(statement, [4000]) == before

    run(story)


def test_a_lost_connection_is_replaced_unnoticed(database: PostgresDatabase, ask: Ask) -> None:
    async def story() -> None:
        [(pid,)] = await database.prepared.ask(BACKEND)
        ask(f"select pg_terminate_backend({pid}, 5000)")
        [(other,)] = await database.prepared.ask(BACKEND)
        assert other != pid

    run(story)


def test_the_time_limit_holds(dsn: str) -> None:
    database = PostgresDatabase.standalone(None, "limited", dsn, time_limit_ms=200)

    async def story() -> None:
        begun = time.monotonic()
        with pytest.raises(TimeLimitReached):
            await database.prepared.ask("select pg_sleep($1)", [30])
        assert time.monotonic() - begun < 5
        assert await database.prepared.ask("select 1") == [(1,)]

    try:
        run(story)
    finally:
        database.close()


def test_who_gives_up_leaves_nothing_behind(database: PostgresDatabase, ask: Ask) -> None:
    async def story() -> None:
        question = asyncio.create_task(database.prepared.ask("select pg_sleep($1), 'given up'", [60]))
        await asyncio.sleep(0.3)
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await question
        assert await database.prepared.ask("select 'next'") == [("next",)]
        deadline = time.monotonic() + 10
        running = (
            "select count(*) from pg_stat_activity"
            " where query like '%given up%' and state = 'active' and pid <> pg_backend_pid()"
        )
        while ask(running) != [(0,)]:
            assert time.monotonic() < deadline, "it still runs"
            await asyncio.sleep(0.05)

    run(story)


def test_more_at_once_than_there_are_connections_wait_their_turn(dsn: str) -> None:
    database = PostgresDatabase.standalone(None, "small", dsn, pool_size=2, time_limit_ms=5000)

    async def story() -> None:
        answers = await asyncio.gather(*(database.prepared.ask("select $1::int, pg_backend_pid()", [n]) for n in range(50)))
        assert [rows[0][0] for rows in answers] == list(range(50))
        assert len({rows[0][1] for rows in answers}) == 2
        waiting = [asyncio.create_task(database.prepared.ask("select pg_sleep(0.2)")) for _ in range(4)]
        await asyncio.sleep(0.05)
        waiting[3].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await asyncio.wait_for(database.prepared.ask("select 1"), 5) == [(1,)]

    try:
        run(story)
    finally:
        database.close()


def test_a_large_statement_and_a_large_answer_pass(database: PostgresDatabase) -> None:
    async def story() -> None:
        word = "x" * 3_000_000
        assert await database.prepared.ask("select $1::text || 'y'", [word]) == [(word + "y",)]

    run(story)


def test_streams_keep_no_page_waiting(database: PostgresDatabase) -> None:
    """A client that doesn't read on holds its snapshot."""

    async def story() -> None:
        async with contextlib.AsyncExitStack() as held, asyncio.timeout(10):
            for _ in range(max(2, database.settings.pool_size // 2)):
                await held.enter_async_context(database.prepared.snapshot(is_stream=True))
            async with database.prepared.snapshot() as snapshot:
                assert await snapshot.ask("select 1") == [(1,)]

    run(story)


def test_a_snapshot_sees_one_state(database: PostgresDatabase, ask: Ask) -> None:
    async def story() -> None:
        async with database.prepared.snapshot() as snapshot:
            before = await snapshot.ask("select count(*) from many")
            ask("insert into many values (100001, 'new')")
            assert await snapshot.ask("select count(*) from many where true") == before
            with pytest.raises(PostgresError, match="read-only transaction"):
                await snapshot.ask("select public.spend(1)")
        assert await database.prepared.ask("select count(*) from many") == [(before[0][0] + 1,)]
        ask("delete from many where id = 100001")

    run(story)
