"""A stream has the bytes of the ordinary CSV; a slow reader costs no memory, one who goes away no connection."""

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import uvicorn
from datasette.app import Datasette
from page_fixtures import Site

from datasette_postgresql.streams import LineEnds

ODD = Path(__file__).parent / "streamed.sql"
METADATA = {
    "databases": {"pg": {"queries": {"kinds": {"sql": "select :n::int as n, * from long where kind < :n::int order by id"}}}}
}


@pytest.fixture(scope="session")
def streamed_dsn(admin_dsn: str) -> str:
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(ODD.read_text())
    connection.close()
    return admin_dsn


@pytest.fixture
def site(streamed_dsn: str, make_datasette: Callable[..., Datasette]) -> Site:
    settings = {"max_returned_rows": 5000, "sql_time_limit_ms": 5000}
    return Site(make_datasette(schemas=["streamed"], metadata=METADATA, settings=settings), streamed_dsn)


def both(site: Site, path: str, **params: Any) -> tuple[bytes, bytes]:
    ordinary = site.get(path, _size="max", **params)
    stream = site.get(path, _stream="on", **params)
    assert (ordinary.status_code, stream.status_code) == (200, 200), stream.text
    assert stream.headers["content-type"] == ordinary.headers["content-type"]
    return stream.content, ordinary.content.replace(b"_size=max", b"_stream=on")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("odd", {}),
        ("odd", {"_labels": "on"}),
        ("odd", {"_label": "label", "_sort_desc": "d"}),
        ("odd", {"_sort": "t"}),
        ("odd", {"_sort_desc": "stampz", "_header": "off"}),
        ("odd", {"id__gt": "30", "t__contains": "text"}),
        ("odd", {"t": "no such"}),
        ("odd", {"_where": "d > 1 or id in (5, 6)"}),
        ("odd", [("_col", "t"), ("_col", "d")]),
        ("odd", [("_nocol", "t"), ("_nocol", "jb")]),
        ("odd", {"_dl": "1"}),
        ("blobs", {}),
        ("blobs", {"_sort_desc": "n", "_col": "raw"}),
        ("keyless", {}),
        ("stamps", {}),
        ("pairs", {"_sort": "value"}),
        ("pairs", {"a__in": "1,2,3", "_col": "value"}),
        ("seen", {}),
        ("one", {}),
        ("labels", {}),
    ],
)
def test_the_same_bytes(site: Site, path: str, params: Any) -> None:
    pairs = dict(params) if isinstance(params, dict) else {}
    query = "&".join(f"{key}={value}" for key, value in ([] if pairs or isinstance(params, dict) else params))
    stream, ordinary = both(site, f"/pg/{path}.csv?{query}" if query else f"/pg/{path}.csv", **pairs)
    assert stream == ordinary
    assert b"\r\n" in stream or pairs.get("t") == "no such"


def test_every_column_alone(site: Site) -> None:
    """So that a wrong one has a name."""
    for column in site.json("/pg/odd.json", _size=0)["columns"]:
        stream, ordinary = both(site, "/pg/odd.csv", _col=column)
        assert stream == ordinary, column


def test_which_are_copied(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare the slow way with itself."""
    import datasette_postgresql.csv_stream as module

    copied: list[str] = []
    original = module.Copied

    def watched(address: Any, sql: str) -> Any:
        copied.append(sql)
        return original(address, sql)

    monkeypatch.setattr(module, "Copied", watched)
    for path in ("odd", "odd.csv?_labels=on", "pairs", "seen", "long"):
        site.get(f"/pg/{path}{'&' if '?' in path else '.csv?'}_stream=on")
    assert len(copied) == 5
    for path in ("blobs.csv?", "one.csv?", "stamps.csv?", "odd.csv?_where=true&"):
        site.get(f"/pg/{path}_stream=on")
    assert len(copied) == 5


@pytest.mark.parametrize(
    "sql",
    [
        "select * from odd order by id",
        "select n, n / 2.0::float8 as half, 'a\"b' as t from generate_series(1, 4000) as n",
        "select null as one",
        "select 1 where false",
        "select id, raw from blobs order by id",
    ],
)
def test_a_query(site: Site, sql: str) -> None:
    stream, ordinary = both(site, "/pg.csv", sql=sql)
    assert stream == ordinary


def test_a_query_longer_than_a_page_and_a_canned_one(site: Site) -> None:
    lines = site.get("/pg.csv", sql="select n from generate_series(1, 100000) as n", _stream="on").text.split("\r\n")
    assert lines[0] == "n" and lines[1:-1] == [str(n) for n in range(1, 100001)] and lines[-1] == ""
    lines = site.get("/pg/kinds.csv", n=5, _stream="on").text.split("\r\n")
    assert len(lines) == 150002 and lines[1].startswith("5,1,1,")


def test_a_long_table_is_whole_and_one_snapshot(site: Site) -> None:
    lines = site.get("/pg/long.csv", _stream="on", kind=3, _size=10, _col="kind").text.split("\r\n")
    assert lines[0] == "id,kind" and [int(line.removesuffix(",3")) for line in lines[1:-1]] == [
        n for n in range(1, 300001) if n % 10 == 3
    ]
    assert site.get("/pg/long.csv", _stream="on").text.count("\r\n") == 300001


def test_what_goes_wrong_before_the_first_row_has_its_status(site: Site) -> None:
    for path, status in (
        ("/pg.csv?sql=select+1/0&_stream=on", 400),
        ("/pg.csv?sql=select+pg_sleep(9)&_timelimit=20&_stream=on", 400),
        ("/pg.csv?sql=delete+from+long&_stream=on", 400),
        ("/pg.csv?sql=select+1%3B+drop+table+long&_stream=on", 400),
        ("/pg/long.csv?_where=nonsense&_stream=on", 400),
        ("/pg/long.csv?_sort=nonsense&_stream=on", 400),
        ("/pg/long.csv?_next=5&_stream=on", 400),
        ("/pg/nothing.csv?_stream=on", 404),
    ):
        assert site.get(path).status_code == status, path


def test_what_goes_wrong_later_is_the_last_line(site: Site) -> None:
    text = site.get("/pg.csv", sql="select 10000 / (9000 - n) as n from generate_series(1, 9999) as n", _stream="on").text
    assert text.startswith("n\r\n1\r\n") and text.endswith("division by zero")


def test_the_limit_of_bytes(streamed_dsn: str, make_datasette: Callable[..., Datasette]) -> None:
    site = Site(make_datasette(schemas=["streamed"], settings={"max_csv_mb": 1}), streamed_dsn)
    text = site.get("/pg/long.csv", _stream="on").text
    assert len(text) < 1100000 and text.endswith("CSV contains more than 1048576 bytes")


def test_streams_can_be_forbidden(streamed_dsn: str, make_datasette: Callable[..., Datasette]) -> None:
    site = Site(make_datasette(schemas=["streamed"], settings={"allow_csv_stream": False}), streamed_dsn)
    assert site.get("/pg/long.csv", _stream="on").status_code == 400


def test_line_ends_do_not_depend_on_where_chunks_end() -> None:
    text = b'a,"x\n""y""\n",\n"\n"\n1,2\n\n"",""\n"a""\n"\n'
    expected = LineEnds().fixed(text)
    assert expected == b'a,"x\n""y""\n",\r\n"\n"\r\n1,2\r\n\r\n"",""\r\n"a""\n"\r\n'
    shuffled = random.Random(1)
    for _ in range(300):
        ends, places = LineEnds(), sorted(shuffled.sample(range(len(text)), 4))
        pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
        assert b"".join(map(ends.fixed, pieces)) == expected


# Over a real connection


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    """The site behind uvicorn in a thread of this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(site.datasette.app(), log_level="error", lifespan="on"))
        thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listening]),))
        thread.start()
        assert until(lambda: server.started)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


ENDLESS = "/pg.csv?_stream=on&sql=select+repeat('x',1000)+as+x+from+long+as+a,+long+as+b"


def connected(url: str, path: str) -> socket.socket:
    host, _, port = url.partition(":")
    wire = socket.create_connection((host, int(port)), timeout=20)
    wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {url}\r\nConnection: close\r\n\r\n".encode())
    return wire


def status(url: str, path: str) -> int:
    with connected(url, path) as wire:
        return int(wire.recv(100).split()[1])


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def running(ask: Callable[[str], list[tuple[Any, ...]]]) -> int:
    return int(
        ask(
            "select count(*) from pg_stat_activity where usename = 'datasette_test' and state <> 'idle'"
            " and (query like '%fetch forward%' or query like 'copy%')"
        )[0][0]
    )


@pytest.mark.parametrize("path", [ENDLESS, "/pg/long.csv?_stream=on"])
def test_a_slow_reader_costs_no_memory_and_keeps_nobody_waiting(
    url: str, ask: Callable[[str], list[tuple[Any, ...]]], path: str
) -> None:
    assert status(url, "/pg/odd.json") == 200
    before = resident_mb()
    with connected(url, path) as slow:
        slow.recv(1000)
        time.sleep(1)
        begun = time.monotonic()
        assert status(url, "/pg/odd.json") == 200
        assert time.monotonic() - begun < 1
        assert resident_mb() - before < 30
        assert running(ask) <= 1
    assert until(lambda: running(ask) == 0)


def test_a_reader_who_goes_away_ends_the_query(url: str, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    with connected(url, "/pg/long.csv?_stream=on&_sort=hash") as leaving:
        leaving.recv(100)
    assert until(lambda: running(ask) == 0)
    for _ in range(4):  # more than there may be at a time: each gave its place back
        with connected(url, ENDLESS) as leaving:
            leaving.recv(1000)
        assert until(lambda: running(ask) == 0)


def test_one_more_stream_than_there_may_be(url: str) -> None:
    with connected(url, ENDLESS) as first, connected(url, ENDLESS) as second:
        first.recv(1000)
        second.recv(1000)
        assert status(url, "/pg/odd.csv?_stream=on") == 503
        assert status(url, "/pg/odd.csv") == 200
    assert until(lambda: status(url, "/pg/odd.csv?_stream=on") == 200)


def test_a_stream_has_its_own_time_limit(streamed_dsn: str, make_datasette: Callable[..., Datasette]) -> None:
    site = Site(make_datasette(schemas=["streamed"], stream_limit_s=1, time_limit_ms=700), streamed_dsn)
    paused = "select n, case when n > 3000 then pg_sleep(0.3) end from generate_series(1, 5000) as n"
    text = site.get("/pg.csv", sql=paused, _stream="on").text
    assert text.startswith("n,") and text.endswith("SQL query took too long.")
