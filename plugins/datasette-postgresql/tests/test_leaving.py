"""A visitor who hangs up takes the question along: running or queued, asked by GET or POST."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Response
from serving import ACTIVE, Ask, get, received, send, serving, wait_until

SLEEP = "/pg.json?sql=select+pg_sleep(30)"
METADATA = {"databases": {"pg": {"queries": {"slowly": {"sql": "select pg_sleep(:seconds::int)"}}}}}
FORM = "application/x-www-form-urlencoded"


class Asking:
    """Another plugin, with a page that takes a POST."""

    __name__ = "asking"  # Datasette asks

    @hookimpl
    def register_routes(self) -> list[tuple[str, Any]]:
        async def answer(datasette: Datasette, request: Any) -> Response:
            seconds = (await request.post_vars())["seconds"]
            await datasette.get_database("pg").fetch("select pg_sleep(%s::int)", [seconds])
            return Response.text("slept")

        return [(r"^/-/ask$", answer)]


@pytest.fixture
def asking(only_our_plugin: None) -> Iterator[None]:
    plugin = Asking()
    pm.register(plugin)
    yield
    pm.unregister(plugin)


@pytest.fixture
def patient(asking: None, make_datasette: Callable[..., Datasette]) -> Datasette:
    return make_datasette(pool_size=4, typed_size=2, time_limit_ms=60_000, metadata=METADATA)


def tables(sql: str) -> str:
    return get(f"/pg/many.json?_nofacet=1&_where={sql}")


@pytest.mark.parametrize(
    "request_text",
    [
        get(SLEEP),
        get("/pg/slowly.csv?seconds=30"),
        tables("(select+pg_sleep(30))+is+not+null"),
        get("/pg.csv?_stream=1&sql=select+pg_sleep(30)"),
        f"POST /-/ask HTTP/1.1\nHost: localhost\nContent-Type: {FORM}\nContent-Length: 10\n\nseconds=30",
        "GET /pg/slowly?seconds=30 HTTP/1.1\nHost: localhost\nContent-Length: 3\n\nabc",
    ],
    ids=["sql", "canned", "table", "csv", "post", "get with a body"],
)
def test_a_question_ends_with_the_visit(
    patient: Datasette, ask: Ask, capfd: pytest.CaptureFixture[str], request_text: str
) -> None:
    with serving(patient) as port:
        visitor = send(port, request_text)
        wait_until(lambda: any("pg_sleep" in query for _, query in ask(ACTIVE)))
        visitor.close()
        assert wait_until(lambda: not ask(ACTIVE)) < 1.0
        assert received(send(port, get("/pg.json?sql=select+1+as+n&_shape=array"))) == (200, '[{"n": 1}]')
    said = capfd.readouterr().err
    assert "Traceback" not in said and "ERROR" not in said


def test_who_waits_in_the_line_leaves_it(patient: Datasette, ask: Ask) -> None:
    with serving(patient) as port:
        workers = patient.get_database("pg")._workers
        running = [send(port, get(SLEEP)) for _ in range(2)]
        wait_until(lambda: len(ask(ACTIVE)) == 2)
        waiting = [send(port, get(SLEEP)) for _ in range(5)]
        wait_until(lambda: len(workers._waiting["typed"]) == 5)
        for visitor in waiting:
            visitor.close()
        wait_until(lambda: len(workers._waiting["typed"]) == 0)
        assert len(ask(ACTIVE)) == 2
        for visitor in running:
            visitor.close()
        assert wait_until(lambda: not ask(ACTIVE)) < 1.0
        wait_until(lambda: sum(workers._running.values()) == 0, 1.0)  # the thread hears of it a little later
        assert not workers._waiting["typed"]._lines


def test_who_stays_gets_the_answer(patient: Datasette) -> None:
    """Many come and go meanwhile."""
    with serving(patient) as port:
        answers = []

        def stay() -> None:
            answers.append(received(send(port, get("/pg.json?sql=select+7+as+n,+pg_sleep(0.3)::text+as+s&_shape=array"))))

        staying = [threading.Thread(target=stay) for _ in range(4)]
        for thread in staying:
            thread.start()
            send(port, get(SLEEP)).close()
        for thread in staying:
            thread.join()
        assert answers == [(200, '[{"n": 7, "s": ""}]')] * 4
