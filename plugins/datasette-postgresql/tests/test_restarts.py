"""PostgreSQL goes away and comes back: what a visitor sees meanwhile, and that nobody has to do anything afterwards.

Against the tests' own server only: nobody else's is stopped.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from datasette.app import Datasette
from serving import get, received, send, serving

SENTENCE = "The database can't be reached at the moment."
PAGES = ("/pg/books.json", "/pg/books/1.json", "/pg.json?sql=select+1", "/pg/books.json?_facet=author")

Server = Any


@pytest.fixture
def server_up(request: pytest.FixtureRequest, dsn: str) -> Iterator[Server]:
    """Ready whatever a test leaves."""
    server = request.getfixturevalue("server")
    assert str(server.data) in dsn, "these tests restart a server: they need one of their own"
    yield server
    if not server.is_running:
        server.start()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_request_after_a_restart_works(make_datasette: Callable[..., Datasette], server_up: Server, mode: str) -> None:
    with serving(make_datasette()) as port:
        for page in PAGES:
            assert received(send(port, get(page)))[0] == 200
        server_up.stop(mode)
        server_up.start()
        for page in PAGES:
            assert received(send(port, get(page)))[0] == 200


def test_a_server_away_for_a_while(
    make_datasette: Callable[..., Datasette], server_up: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(make_datasette()) as port:
        assert received(send(port, get("/pg/books.json")))[0] == 200
        server_up.stop("fast")
        for page in PAGES:
            status, body = received(send(port, get(page)))
            assert (status, SENTENCE in body) == (503, True), f"{page}: {body}"
            assert "socket" not in body and str(server_up.data) not in body
        for page in ("/pg/books", "/pg?sql=select+1"):
            status, body = received(send(port, get(page)))
            assert (status, "The database can&#39;t be reached at the moment." in body) == (503, True)
        assert received(send(port, get("/")))[0] == 200
        server_up.start()
        for page in PAGES:
            assert received(send(port, get(page)))[0] == 200
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.count("ERROR: database=pg can't be reached: ") == 1
    assert said.count("The database pg can be reached again.") == 1


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_while_questions_run(make_datasette: Callable[..., Datasette], server_up: Server, mode: str) -> None:
    """Each gets an answer or the sentence; the thread and its place come back."""
    datasette = make_datasette(time_limit_ms=20_000, typed_size=4)
    question = "/pg.json?_shape=array&sql=select+pg_sleep(0.7)::text+as+s"

    async def look() -> None:
        await datasette.invoke_startup()
        running = [asyncio.create_task(datasette.client.get(question)) for _ in range(12)]
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server_up.stop, mode)
        await asyncio.to_thread(server_up.start)
        for response in await asyncio.gather(*running):
            assert response.status_code in (200, 503)
            assert response.json() == [{"s": ""}] or response.json()["error"] == SENTENCE
        assert (await datasette.client.get(question)).json() == [{"s": ""}]
        assert sum(datasette.get_database("pg")._workers._running.values()) == 0

    asyncio.run(look())
