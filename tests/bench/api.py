"""The older API: the portal against the stack it replaces and against the least that could answer.

Logged in, pages of 100 drawn at random over 200,000 objects and 5 million sources, so that no cache answers; a ratio is of
answers a second, the worse of 1 and 8 clients. What a 304 gives is a figure of its own.
"""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson

from tests.bench._api_stacks import OBJECTS, POINTS, SOURCES_EACH, STEP, Stack, stacks
from tests.bench.http_load import Client, rate
from tests.bench.measure import report, rounds

CLIENTS = (1, 8)
SECONDS = 1.5
ROUNDS = 3
DEEP = 4_900_000
CRAWLED, OLD_PAGES, PAGE = 1_000_000, 200, 100
MEGABYTE = 1024


def main() -> None:
    with stacks() as running:
        _check(running)
        for what, paths in PATHS.items():
            _compare(running, what, paths)
        _deep(running["ours"])
        _not_modified(running["ours"])
        _crawl(running["ours"], running["drf"])
        _memory(running["ours"])


def _objects(name: str) -> str:
    """The portal's and the bare app's as `next` gives it: by offset and key. The old stack knows the offset alone."""
    offset = random.randrange(OBJECTS - PAGE)
    position = f"&after={offset}~{offset * STEP}" if name != "drf" else ""
    return f"/elasticc/diaobject/?limit={PAGE}&offset={offset}{position}"


def _sources(name: str) -> str:
    return _source_page(random.randrange(OBJECTS - PAGE) * SOURCES_EACH, name)


def _source_page(offset: int, name: str) -> str:
    last = offset // SOURCES_EACH * STEP * POINTS + SOURCES_EACH
    position = f"&after={offset}~{last}" if name != "drf" else ""
    return f"/elasticc/diasource/?limit={PAGE}&offset={offset}{position}"


def _details(name: str) -> str:
    return f"/elasticc/diaobject/{random.randrange(1, OBJECTS + 1) * STEP}/"


PATHS: dict[str, Callable[[str], str]] = {"object page": _objects, "source page": _sources, "object detail": _details}


def _check(running: dict[str, Stack]) -> None:
    """All give the same for the same question, or there is nothing to compare. The old stack's pages have no order."""
    for what, paths in PATHS.items():
        state = random.getstate()
        bodies = {}
        for name, stack in running.items():
            random.setstate(state)
            bodies[name] = orjson.loads(stack.client().get(paths(name)))
        rows = {name: body.get("results", [body]) for name, body in bodies.items()}
        shapes = [(body.get("count"), len(rows[name]), set(rows[name][0])) for name, body in bodies.items()]
        if rows["ours"] != rows["bare"] or shapes[1:] != shapes[:-1]:
            raise RuntimeError(f"{what}: the answers differ")


def _compare(running: dict[str, Stack], what: str, paths: Callable[[str], str]) -> None:
    rates: dict[int, dict[str, float]] = {}
    for clients in CLIENTS:
        measures = {
            name: partial(rate, stack.port, partial(paths, name), stack.headers, clients=clients, seconds=SECONDS)
            for name, stack in running.items()
        }
        rates[clients] = rounds(measures, count=ROUNDS)
    for other in ("drf", "bare"):
        worse = min(CLIENTS, key=lambda clients: rates[clients]["ours"] / rates[clients][other])
        report(f"{what} vs {other}", rates[worse]["ours"], rates[worse][other], "answers/s")


def _deep(ours: Stack) -> None:
    """By the address that `next` gave."""
    client = ours.client()
    pages = {"deep": _source_page(DEEP, "ours"), "first": f"/elasticc/diasource/?limit={PAGE}"}
    medians = rounds({name: partial(_seconds, client, path) for name, path in pages.items()}, count=200, warmup=10)
    report("deep page vs first page", medians["deep"] * 1000, medians["first"] * 1000, "ms")


def _not_modified(ours: Stack) -> None:
    import requests

    path = _source_page(0, "ours")
    tag = requests.get(f"http://127.0.0.1:{ours.port}{path}", headers=ours.headers).headers["etag"]
    asking = partial(rate, ours.port, lambda: path, clients=1, seconds=SECONDS)
    measures = {
        "page": partial(asking, ours.headers),
        "304": partial(asking, ours.headers | {"If-None-Match": tag}, statuses=(304,)),
    }
    medians = rounds(measures, count=ROUNDS)
    report("304 vs source page", medians["304"], medians["page"], "answers/s")


def _crawl(ours: Stack, old: Stack) -> None:
    """Ours whole, a page of 100 after the other by `next`; the old one's first pages, times as many as there would be."""
    client, address = ours.client(), f"/elasticc/diasource/?limit={PAGE}"
    begun, rows = time.perf_counter(), 0
    while rows < CRAWLED:
        body = client.get(address)
        rows += body.count(b'"diaSourceId":')
        address = _path(body)
    whole = time.perf_counter() - begun
    client, begun = old.client(), time.perf_counter()
    for number in range(OLD_PAGES):
        client.get(f"/elasticc/diasource/?limit={PAGE}&offset={number * PAGE}")
    extrapolated = (time.perf_counter() - begun) / OLD_PAGES * (CRAWLED // PAGE)
    report("crawl of 1,000,000 sources vs drf (extrapolated from its first 200 pages)", whole, extrapolated, "s")


def _path(body: bytes) -> str:
    """Of `next`, without making objects of the rows."""
    begin = body.index(b'"next": "') + 9
    address = body[begin : body.index(b'"', begin)].decode()
    return address[address.index("/elasticc/") :]


def _memory(ours: Stack) -> None:
    """The most that the portal's process held while it sent a million rows, against what it held before."""
    Path(f"/proc/{ours.pid}/clear_refs").write_text("5")
    before = _kilobytes(ours.pid, "VmRSS")
    begun = time.perf_counter()
    body = ours.client().get("/elasticc/diasource/?limit=1000000")
    seconds = time.perf_counter() - begun
    assert body.count(b'"diaSourceId":') == 1_000_000
    print(f"a million sources in one answer: {len(body) / 1e6:.0f} MB in {seconds:.1f} s", flush=True)
    peak = _kilobytes(ours.pid, "VmHWM")
    report("peak memory of a million rows vs before", peak / MEGABYTE, before / MEGABYTE, "MB")


def _kilobytes(pid: int, what: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(what)))


def _seconds(client: Client, path: str) -> float:
    begun = time.perf_counter()
    client.get(path)
    return time.perf_counter() - begun
