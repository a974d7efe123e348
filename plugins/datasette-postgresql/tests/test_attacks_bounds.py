"""Attacks on time, memory and the server's patience, and those that come through something else than the SQL page.

Each is asked over HTTP; an administrator's connection looks afterwards whether anything changed, leaked or stayed.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from datasette.app import Datasette
from serving import ACTIVE, Ask, wait_until

MakeDatasette = Callable[..., Datasette]

STATE = """
select (select array_agg(n order by n) from ledger), (select count(*) from books), (select last_value from tickets),
       (select count(*) from pg_largeobject_metadata), (select count(*) from pg_locks where locktype = 'advisory'),
       (select count(*) from pg_class where relname = 'loot' or relpersistence = 't'),
       (select count(*) from pg_prepared_xacts), (select array_agg(datname order by datname) from pg_database),
       (select array_agg(rolname order by rolname) from pg_roles where rolname !~ '^pg_'),
       (select count(*) from pg_proc where proname = 'loot')
"""
TEMP_FILES = "select coalesce(sum(size), 0) from pg_ls_tmpdir()"


@pytest.fixture
def unchanged(ask: Ask) -> Iterator[None]:
    before = ask(STATE)
    yield
    wait_until(lambda: not ask(ACTIVE))
    assert ask(STATE) == before
    assert ask(TEMP_FILES) == [(0,)]


def asked(datasette: Datasette, path: str, **options: Any) -> Any:
    async def main() -> Any:
        await datasette.invoke_startup()
        return await datasette.client.get(path, **options)

    return asyncio.run(main())


BIG = [
    "select count(*) from generate_series(1, 1000000000000)",
    "select * from generate_series(1, 1000000000000)",
    "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r",
    "with recursive r(t) as (select 'x' union all select t || t from r) select length(t) from r",
    "select repeat('x', 1073741000)",
    "select lpad('', 500000000, 'x') a, lpad('', 500000000, 'x') b",
    "select string_agg(md5(n::text), '') from generate_series(1, 100000000) n",
    "select n, md5(n::text) from generate_series(1, 100000000) n order by 2",
    "select a.id from many a, many b, many c order by md5(a.word || b.word || c.word)",
    "select array_agg(n) from generate_series(1, 200000000) n",
    "select pg_sleep(60)",
    "select pg_sleep(60) from many",
    "select regexp_replace(repeat('a', 100000), '(a*)*b', '')",
    "select xmlparse(document '<!DOCTYPE x [<!ENTITY a \"' || repeat('y', 99) || '\">]><x>' || repeat('&a;', 99) || '</x>')",
]


@pytest.mark.parametrize("sql", BIG)
def test_what_would_never_end_ends(make_datasette: MakeDatasette, unchanged: None, sql: str) -> None:
    """Whether there are a few rows of it or a sentence: soon, and nothing runs on."""
    datasette = make_datasette(max_bytes=20_000_000, time_limit_ms=1000)
    started = time.monotonic()
    response = asked(datasette, "/pg.json", params={"sql": sql})
    assert response.status_code in (200, 400)
    assert len(response.content) < 1_000_000
    assert time.monotonic() - started < 6


@pytest.mark.parametrize(
    ("sql", "status", "said"),
    [
        (f"select {', '.join(['1'] * 1664)}", 200, None),
        (f"select {', '.join(['1'] * 1665)}", 400, "target lists can have at most 1664 entries"),
        ("select " + "(" * 20_000 + "1" + ")" * 20_000, 400, "stack depth limit exceeded|memory exhausted"),
        ("select 1" + " + 1" * 250_000, 400, "stack depth limit exceeded"),
        ("select '" + "x" * 1_000_000 + "' = ''", 200, None),
        ("select " + "/*" * 500_000, 400, "Too many comments are opened"),
        ("select 1 " + "/**/" * 250_000, 400, "Too many comments are opened"),
        ("select " + "/* " * 5_000, 400, "unterminated /* comment"),
        ("select E'\\xff'", 400, "invalid byte sequence for encoding"),
        ("select '\x00'", 400, "null bytes"),
        ("select chr(0)", 400, "null character not permitted"),
        ("select convert_from('\\xff', 'utf8')", 400, "invalid byte sequence"),
        ("select 1 where false; select 2", 400, "multi-query plan"),
        ("select * from dblink('dbname=postgres', 'select 1') as t(n int)", 400, "dblink"),
        ("select pg_read_file('/etc/passwd')", 400, "permission denied"),
        ("select lo_import('/etc/passwd')", 400, "permission denied"),
        ("select lo_get(1)", 400, "large object"),
        ("select * from books for update", 400, "permission denied|read-only transaction"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_odd_statements(make_datasette: MakeDatasette, unchanged: None, sql: str, status: int, said: str | None) -> None:
    """A megabyte doesn't fit into an address: it comes as a canned query's text, and through the database's own door."""
    metadata = {"databases": {"pg": {"queries": {"odd": {"sql": sql}}}}}
    datasette = make_datasette(metadata=metadata, time_limit_ms=5000)
    response = asked(datasette, "/pg/odd.json")
    assert response.status_code == status
    if said:
        assert any(part in response.json()["error"] for part in said.split("|"))


def test_large_objects(make_datasette: MakeDatasette, unchanged: None, ask: Ask) -> None:
    """Before PostgreSQL 16 a read-only transaction may make one: it is gone with the transaction."""
    answer = asked(make_datasette(), "/pg.json", params={"sql": "select lo_create(0)"})
    if int(ask("show server_version_num")[0][0]) >= 160_000:
        assert (answer.status_code, "read-only transaction" in answer.json()["error"]) == (400, True)
    assert ask("select count(*) from pg_largeobject_metadata") == [(0,)]


def test_wide_rows_are_cut(make_datasette: MakeDatasette, unchanged: None) -> None:
    """A thousand rows of 1,664 columns would keep the event loop for half a minute."""
    sql = f"select {', '.join(['1'] * 1664)} from generate_series(1, 1000)"
    answer = asked(make_datasette(time_limit_ms=5000), "/pg.json", params={"sql": sql}).json()
    assert answer["truncated"] is True
    assert len(answer["rows"]) == 100_000 // 1664


TEXTS = [
    "'; select spend(666); --", "' or spend(666) = 1 --", "\\'; commit", "$$", ":x", "%(x)s %s", "\ud7ff", "a" * 5000, '"',
    "]", "\\",
]  # fmt: skip
PLACES = [
    "/pg/books.json?title={}", "/pg/books.json?title__{}=1", "/pg/books.json?{}=1", "/pg/books.json?id__gt={}",
    "/pg/books.json?id__in={}", "/pg/{}.json", "/pg/books.json?_sort={}", "/pg/books.json?_sort_desc={}",
    "/pg/books.json?_next={}", "/pg/books.json?_sort=title&_next={}", "/pg/books.json?_facet={}",
    "/pg/books.json?_facet_array={}", "/pg/books.json?_facet_date={}", "/pg/books.json?_col={}", "/pg/books.json?_nocol={}",
    "/pg/books.json?_where={}", "/pg/books.json?_search={}", "/pg/books.json?_size={}", "/pg/books.json?_through={}",
    "/pg/books.json?_label={}", "/pg/books/{}.json", "/pg/pairs/{},1.json", "/pg/kinds/{}.blob?_blob_column=bytes",
    "/pg/kinds/1.blob?_blob_column={}", "/pg/books.csv?title={}", "/pg/books.csv?_stream=1&_sort={}", "/pg.csv?sql={}",
    "/pg/named.json?what={}", "/pg.json?sql=select+:what&what={}", "/{}.json", "/pg/keyless.json?_next={}",
    "/pg/book_names.json?_next={}", "/pg/books.json?_timelimit={}",
]  # fmt: skip


# Null bytes, bytes that aren't UTF-8, halves of surrogate pairs.
NO_TEXTS = ["%00", "%ff%fe", "%ed%a0%80", "%c0%80", "~ED~A0~80", "~00"]


@pytest.mark.parametrize("place", PLACES)
def test_every_other_way_in(make_datasette: MakeDatasette, unchanged: None, place: str) -> None:
    """A text with a statement in it, wherever an address takes a text."""
    metadata = {"databases": {"pg": {"queries": {"named": {"sql": "select :what as what"}}}}}
    datasette = make_datasette(metadata=metadata, pool_size=2)

    async def main() -> list[int]:
        await datasette.invoke_startup()
        written = [*(quote(text, safe="") for text in TEXTS), *NO_TEXTS]
        return [(await datasette.client.get(place.format(text))).status_code for text in written]

    assert set(asyncio.run(main())) <= {200, 302, 400, 404}


def test_what_a_visitor_sets_is_gone_for_the_next(make_datasette: MakeDatasette, ask: Ask) -> None:
    datasette = make_datasette(pool_size=1)
    sets = "select " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in (
        ("work_mem", "77kB"), ("search_path", "pg_temp"), ("statement_timeout", "0"), ("timezone", "Asia/Tokyo"),
        ("my.secret", "x"),
    )) + ", pg_advisory_lock(7), pg_notify('c', 'x')"  # fmt: skip
    asks = (
        "select current_setting('work_mem') = '77kB' as a, current_setting('timezone') as b, "
        "coalesce(current_setting('my.secret', true), '') as c, current_setting('statement_timeout') as d"
    )

    async def main() -> Any:
        await datasette.invoke_startup()
        assert (await datasette.client.get("/pg.json", params={"sql": sets})).status_code == 200
        return (await datasette.client.get("/pg.json", params={"sql": asks, "_shape": "array"})).json()

    assert asyncio.run(main()) == [{"a": False, "b": "UTC", "c": "", "d": "1s"}]
    assert ask("select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


CLOSED = """
revoke execute on function pg_terminate_backend, pg_cancel_backend, pg_stat_get_activity from public;
alter role datasette_test set temp_file_limit = '10MB'
"""
OPENED = """
grant execute on function pg_terminate_backend, pg_cancel_backend, pg_stat_get_activity to public;
alter role datasette_test reset temp_file_limit
"""


@pytest.fixture
def closed(ask: Ask) -> Iterator[None]:
    """What only grants can close, as `check` says it (test_check.py)."""
    ask(CLOSED)
    yield
    ask(OPENED)


@pytest.mark.parametrize(
    "sql",
    [
        "select pg_terminate_backend(pid) from generate_series(1, 99999) pid",
        "select pg_cancel_backend(pid) from generate_series(1, 99999) pid",
        "select query from pg_stat_activity",
        "select * from pg_stat_get_activity(null)",
        "select md5(n::text) from generate_series(1, 3000000) n order by 1",
    ],
)
def test_with_the_grants_others_are_out_of_reach(
    make_datasette: MakeDatasette, closed: None, unchanged: None, sql: str
) -> None:
    datasette = make_datasette(time_limit_ms=10_000)

    async def main() -> None:
        await datasette.invoke_startup()
        question = {"sql": "select 'a secret' as s, pg_sleep(0.5)::text as p", "_shape": "array"}
        other = asyncio.create_task(datasette.client.get("/pg.json", params=question))
        await asyncio.sleep(0.2)
        response = await datasette.client.get("/pg.json", params={"sql": sql})
        assert response.status_code == 400
        assert "permission denied" in response.text or "temp_file_limit" in response.text
        assert (await other).json() == [{"s": "a secret", "p": ""}]

    asyncio.run(main())


def test_without_the_grants_a_killed_visitor_is_answered_all_the_same(make_datasette: MakeDatasette) -> None:
    datasette = make_datasette(time_limit_ms=10_000)

    async def main() -> None:
        await datasette.invoke_startup()
        question = {"sql": "select 7 as n, pg_sleep(0.5)::text as p", "_shape": "array"}
        other = asyncio.create_task(datasette.client.get("/pg.json", params=question))
        await asyncio.sleep(0.2)
        siblings = "pg_stat_activity where usename = session_user and pid <> pg_backend_pid()"
        kill = f"select count(pg_terminate_backend(pid)) from {siblings}"
        assert (await datasette.client.get("/pg.json", params={"sql": kill})).status_code == 200
        assert (await other).json() == [{"n": 7, "p": ""}]

    asyncio.run(main())


@pytest.mark.parametrize("argument", ["_where=1=1", "_facet=id", "_through={}"])
def test_arguments_that_cost_a_question_each_are_counted(make_datasette: MakeDatasette, argument: str) -> None:
    datasette = make_datasette()

    async def main() -> None:
        await datasette.invoke_startup()
        many = await datasette.client.get("/pg/books.json?" + "&".join([argument] * 2_000))
        assert many.status_code == 400 and many.json()["error"].startswith("More than 50 arguments _where=")
        assert (await datasette.client.get("/pg/books.json?" + "&".join(["_where=1=1"] * 50))).status_code == 200

    asyncio.run(main())


MANY_LARGE = """
import asyncio, json, resource, sys
sys._called_from_test = True  # no plugin but this one
from datasette.app import Datasette
from datasette.plugins import pm
import datasette_postgresql
pm.register(datasette_postgresql)
settings = {"dsn": sys.argv[1], "max_bytes": 30_000_000, "max_total_bytes": 60_000_000, "time_limit_ms": 20_000}
datasette = Datasette([], memory=True, metadata={"plugins": {"datasette-postgresql": {"databases": {"pg": settings}}}})
sql = "select lpad('', 20000, 'x') as x from generate_series(1, 1000)"  # 20 MB

async def main():
    await datasette.invoke_startup()
    await datasette.client.get("/pg.json?sql=select+1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = await asyncio.gather(*(datasette.client.get("/pg.json", params={"sql": sql}) for _ in range(int(sys.argv[2]))))
    small = (await datasette.client.get("/pg/books.json")).status_code
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"statuses": [answer.status_code for answer in answers], "small": small, "grown_mb": round(grown)}))

asyncio.run(main())
"""


def test_large_answers_are_bounded_together(dsn: str, unchanged: None) -> None:
    """Forty of 20 MB, with 60 MB for all: some are answered, the others are told, and the process stays small."""
    command = [sys.executable, "-c", MANY_LARGE, dsn, "40"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env=dict(os.environ), cwd=Path(__file__).parent
    )
    told = json.loads(done.stdout.splitlines()[-1])
    # 400: ended because the process grew, whoever made it grow (watchdog.py)
    assert 200 in told["statuses"] and set(told["statuses"]) <= {200, 400, 503} and len(set(told["statuses"])) > 1
    assert told["small"] == 200
    kept = 20 * told["statuses"].count(200)  # the client's own copies of the answers
    assert told["grown_mb"] - kept < 400, told
