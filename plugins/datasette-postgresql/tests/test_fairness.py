"""Many slow questions and a fast one: who waits for whom, who is turned away, and which thread does the asking."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest
from datasette.app import Datasette
from serving import ACTIVE, Ask

from datasette_postgresql.turns import Job, Turns
from datasette_postgresql.workers import Workers

MakeDatasette = Callable[..., Datasette]

# 5,000 rows that take more than 5 s together, and the first hundred a tenth of one.
SNAILS = """
create or replace view snails as select id, id % 7 as kind, 'x' || id % 5 as sort from many where pg_sleep(0.001) is not null;
grant select on snails to datasette_test
"""


@pytest.fixture
def snails(ask: Ask) -> Iterator[None]:
    ask(SNAILS)
    yield
    ask("drop view snails")


def client(datasette: Datasette, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=datasette.app(), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=120)


async def timed(question: Coroutine[Any, Any, httpx.Response]) -> tuple[int, float]:
    started = time.monotonic()
    return (await question).status_code, time.monotonic() - started


async def is_busy(datasette: Datasette, count: int) -> None:
    workers = datasette.get_database("pg")._workers
    while sum(map(len, workers._waiting.values())) < count:
        await asyncio.sleep(0.01)


def test_64_slow_statements_and_a_page(make_datasette: MakeDatasette) -> None:
    """All from one address, so that it isn't the taking of turns that helps."""
    datasette = make_datasette(time_limit_ms=20_000)

    async def look() -> None:
        await datasette.invoke_startup()
        async with client(datasette, "10.0.0.1") as http:
            sleep = "/pg.json?_shape=array&sql=select+pg_sleep(0.25)::text+as+s"
            slow = [asyncio.create_task(http.get(sleep)) for _ in range(64)]
            await is_busy(datasette, 50)
            pages = ["/pg/books", "/pg/books.json", "/pg/many?_size=5&word__contains=a", "/pg/books/1", "/pg/many.csv?_size=5"]
            for page in pages:
                status, took = await timed(http.get(page))
                assert (status, took < 1) == (200, True), f"{page} took {took:.2f} s"
            assert sum(not task.done() for task in slow) > 20
            answers = await asyncio.gather(*slow)
            assert [answer.json() for answer in answers] == [[{"s": ""}]] * 64

    asyncio.run(look())


def test_64_slow_facets_and_a_page(make_datasette: MakeDatasette, snails: None, ask: Ask) -> None:
    datasette = make_datasette(time_limit_ms=20_000, facet_time_limit_ms=1000, count_time_limit_ms=500)

    async def look() -> None:
        await datasette.invoke_startup()
        async with client(datasette, "10.0.0.1") as http:
            slow = [asyncio.create_task(http.get(f"/pg/snails.json?_facet={'kind' if n % 2 else 'sort'}")) for n in range(64)]
            await is_busy(datasette, 20)
            for page in ("/pg/books?_facet=author", "/pg/books.json", "/pg/books/1", "/pg/many.json?_size=5"):
                status, took = await timed(http.get(page))
                assert (status, took < 3) == (200, True), f"{page} took {took:.2f} s"
            assert sum(not task.done() for task in slow) > 10
            answers = await asyncio.gather(*slow)
            assert {answer.status_code for answer in answers} == {200}

    asyncio.run(look())
    assert ask(ACTIVE) == []


def test_visitors_take_turns(make_datasette: MakeDatasette) -> None:
    """Whoever comes after somebody's thirty questions waits for a few of them, not for thirty."""
    datasette = make_datasette(time_limit_ms=20_000)

    async def look() -> None:
        await datasette.invoke_startup()
        question = "/pg.json?_shape=array&sql=select+pg_sleep(0.2)"
        async with client(datasette, "10.0.0.1") as greedy, client(datasette, "10.0.0.2") as modest:
            slow = [asyncio.create_task(greedy.get(question)) for _ in range(30)]
            await is_busy(datasette, 25)
            status, _ = await timed(modest.get(question))
            assert status == 200
            assert sum(task.done() for task in slow) <= 9
            await asyncio.gather(*slow)

    asyncio.run(look())


def test_an_actor_is_one_visitor_at_any_address(make_datasette: MakeDatasette) -> None:
    datasette = make_datasette(pool_size=2, typed_size=1, queue_size=2)

    async def look() -> list[int]:
        await datasette.invoke_startup()
        cookies = {"ds_actor": datasette.sign({"a": {"id": "ann"}}, "actor")}
        question = "/pg.json?sql=select+pg_sleep(0.5)"
        async with client(datasette, "10.0.0.1") as here, client(datasette, "10.0.0.2") as there:
            slow = [asyncio.create_task(http.get(question, cookies=cookies)) for http in (here, there, here)]
            await is_busy(datasette, 2)
            other = asyncio.create_task(here.get(question))  # the longest line is Ann's: her last has to go
            return [answer.status_code for answer in await asyncio.gather(*slow, other)]

    with pytest.warns(DeprecationWarning, match="per-request cookies"):
        assert sorted(asyncio.run(look())[:3]) == [200, 200, 503]


def test_who_comes_to_a_full_house_is_told_so(make_datasette: MakeDatasette, capfd: pytest.CaptureFixture[str]) -> None:
    datasette = make_datasette(pool_size=2, typed_size=1, queue_size=3)

    async def look() -> None:
        await datasette.invoke_startup()
        async with client(datasette, "10.0.0.1") as http:
            question = "/pg.json?_shape=array&sql=select+pg_sleep(0.3)::text+as+s"
            slow = [asyncio.create_task(http.get(question)) for _ in range(4)]
            await is_busy(datasette, 3)
            refused = await http.get("/pg.json?sql=select+1")
            assert refused.status_code == 503
            assert refused.json()["error"] == "Too many questions are waiting for the database. Please try again later."
            assert "Too many questions are waiting" in (await http.get("/pg?sql=select+1")).text
            assert (await http.get("/pg/books.json")).status_code == 200
            assert [answer.status_code for answer in await asyncio.gather(*slow)] == [200] * 4

    asyncio.run(look())
    assert "Traceback" not in capfd.readouterr().err


def test_turns() -> None:
    turns = Turns(4)
    names = iter("abcdefgh")

    def job(visitor: str) -> Job:
        return Job(lambda _: None, lambda *_: None, visitor=visitor, topic=next(names))

    jobs = [job("ann"), job("ann"), job("ann"), job("bea")]
    assert [turns.add(each) for each in jobs] == [None] * 4
    assert turns.add(mine := job("ann")) is mine
    assert turns.add(job("cy")) is jobs[2]
    assert turns.remove(jobs[1]) and not turns.remove(jobs[1])
    assert [taken.topic for taken in iter(turns.take, None)] == ["a", "d", "f"]
    assert len(turns) == 0


def test_what_turns_out_slow_is_asked_again_in_its_turn(make_datasette: MakeDatasette, ask: Ask) -> None:
    """Three have the slow places; a fourth gives up its thread after a while, and is answered later, as are all the others."""
    datasette = make_datasette(pool_size=4, typed_size=2, time_limit_ms=20_000)

    async def look() -> None:
        await datasette.invoke_startup()
        database = datasette.get_database("pg")
        assert isinstance(database._workers, Workers)
        slow = [asyncio.create_task(database.fetch("select pg_sleep(0.8), %s", [n])) for n in range(12)]
        await asyncio.sleep(0.6)
        started = time.monotonic()
        assert (await database.fetch("select 1")).single_value() == 1
        assert time.monotonic() - started < 0.6
        assert [row.rows[0][1] for row in await asyncio.gather(*slow)] == list(range(12))

    asyncio.run(look())
    assert ask(ACTIVE) == []


PAGES = (
    "/", "/pg", "/pg/books", "/pg/books?_facet=author&_sort=title", "/pg/books.json?_where=id>0", "/pg/books/1", "/pg/keyless",
    "/pg/book_names", "/pg/many.csv?_stream=1", "/pg/kinds/1.blob?_blob_column=bytes", "/pg?sql=select+:n::int&n=7",
    "/pg.json?sql=select+nonsense", "/pg.csv?sql=select+1", "/pg/books?title__contains=o", "/-/databases.json",
)  # fmt: skip


@contextlib.contextmanager
def calls_into_psycopg2() -> Iterator[list[str]]:
    """Those of this thread, as a profiler sees them."""
    seen: list[str] = []

    def watch(frame: Any, event: str, called: Any) -> None:
        module = getattr(called, "__module__", None) or type(getattr(called, "__self__", None)).__module__
        if event == "c_call" and str(module).startswith("psycopg2"):
            seen.append(called.__name__)

    sys.setprofile(watch)
    try:
        yield seen
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("page", PAGES)
def test_the_loop_asks_nothing_itself(make_datasette: MakeDatasette, page: str) -> None:
    datasette = make_datasette()

    async def look() -> tuple[int, list[str]]:
        await datasette.invoke_startup()
        with calls_into_psycopg2() as seen:
            return (await datasette.client.get(page)).status_code, seen

    status, seen = asyncio.run(look())
    assert status in (200, 400)
    assert seen == []


def test_a_question_asked_by_the_loop_is_seen(make_datasette: MakeDatasette) -> None:
    """So that the test above can fail."""
    datasette = make_datasette()

    async def look() -> list[str]:
        await datasette.invoke_startup()
        database = datasette.get_database("pg")
        with calls_into_psycopg2() as seen:
            database._servers.primary.with_session(lambda session: session.ask("select 1", time_limit_ms=1000, max_bytes=None))
        return seen

    assert {"execute", "poll", "fetchall"} <= set(asyncio.run(look()))
