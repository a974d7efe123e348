"""Home, object, table and SQL page in Chromium, cold and warm, against stock Datasette's pages of the same rows in SQLite.

Both are asked in turn by one browser over Lighthouse's desktop line (40 ms, 10 Mbit/s), since on loopback nothing weighs
anything. Cold is a browser that has been nowhere, warm the same one's second visit. Stock Datasette has no login, no light
curve, no charts on its home page and no editor beyond its own: it does less, and is the measure of what that costs.
Requests and bytes are those on the wire; script is the time that scripts ran; first and largest paint count from the click.
"""

import contextlib
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg2
import yaml
from playwright.sync_api import Browser, BrowserContext

from tests.bench._processes import datasette
from tests.bench.measure import report

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' own house and browser
from browsing import chromium, log_in
from house import PASSWORD, PROJECT, USER, environment, free_port, running_url, start, stop

from server.settings import Settings

ROUNDS = 7
LINE = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
TABLES = {
    "elasticc_diaobject": "diaObjectId",
    "elasticc_diasource": "diaSourceId",
    "elasticc_diaforcedsource": "diaForcedSourceId",
}
SQL = 'select "diaObject_id", count(*) as n, max("psFlux") as flux from elasticc_diasource group by 1 order by 3 desc limit 100'
UNITS = {"requests": "requests", "bytes": "kB", "first paint": "ms", "largest paint": "ms", "script": "ms"}
BROWSED = """() => new Promise((resolve) => {
    const told = (largest) => {
        const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
        const sent = all.filter((one) => one.transferSize > 0);
        resolve({
            "requests": sent.length,
            "bytes": sent.reduce((sum, one) => sum + one.transferSize, 0) / 1000,
            "first paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
            "largest paint": largest,
        });
    };
    new PerformanceObserver((list) => told(list.getEntries().at(-1).startTime))
        .observe({ type: "largest-contentful-paint", buffered: true });
})"""
Figures = dict[str, float]


def main() -> None:
    with _ours() as (url, database), _theirs(database) as stock, chromium() as browser:
        with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute('select "diaObject_id" from elasticc_diaforcedsource group by 1 order by count(*) desc, 1 limit 1')
            [(one,)] = cursor.fetchall()
        paths = {
            "home": "/",
            "object": f"/elasticc/elasticc_diaobject/{one}",
            "table": "/elasticc/elasticc_diaobject",
            "sql": f"/elasticc?{urlencode({'sql': SQL})}",
        }
        print(
            f"{os.cpu_count()} cores; medians of {ROUNDS} rounds; 40 ms, 10 Mbit/s; ours against stock Datasette's", flush=True
        )
        cookies = _session(browser, url)
        for name, path in paths.items():
            _compare(name, lambda p=path: _visits(browser, url + p, cookies), lambda p=path: _visits(browser, stock + p, []))


def _compare(page: str, ours: Any, theirs: Any) -> None:
    """Each gives a cold and a warm visit's figures; the two take turns, every other round in the opposite order."""
    taken: dict[str, list[dict[str, Figures]]] = {"ours": [], "theirs": []}
    for turn in range(ROUNDS):
        for side, measure in (("ours", ours), ("theirs", theirs))[:: 1 if turn % 2 else -1]:
            taken[side].append(measure())
    for visit in ("cold", "warm"):
        for figure, unit in UNITS.items():
            value, baseline = (statistics.median(one[visit][figure] for one in taken[side]) for side in ("ours", "theirs"))
            report(f"pages: {page} {visit} {figure} vs stock datasette", value, baseline, unit)


def _visits(browser: Browser, url: str, cookies: list[Any]) -> dict[str, Figures]:
    """In a context of its own, whose cache is empty."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_cookies(cookies)
    try:
        return {visit: _visit(context, url) for visit in ("cold", "warm")}
    finally:
        context.close()


def _visit(context: BrowserContext, url: str) -> Figures:
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", LINE)
    protocol.send("Performance.enable")
    page.goto(url, wait_until="networkidle")
    found: Figures = page.evaluate(BROWSED)
    metrics = {one["name"]: one["value"] for one in protocol.send("Performance.getMetrics")["metrics"]}
    page.close()
    return {**found, "script": metrics["ScriptDuration"] * 1000}


def _session(browser: Browser, url: str) -> list[Any]:
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/-/login")
    log_in(page, (USER, PASSWORD))
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies


@contextlib.contextmanager
def _ours() -> Iterator[tuple[str, str]]:
    """A house of its own with the project's sample: the portal's address and the database's."""
    home = Path(tempfile.mkdtemp(prefix="elasticc-bench-"))
    env = environment(home, free_port())
    try:
        process, _ = start(env)
        try:
            yield f"http://127.0.0.1:{env['ELASTICC_PORT']}", running_url(Settings.from_env(env))
        finally:
            stop(process)
    finally:
        shutil.rmtree(home)


@contextlib.contextmanager
def _theirs(database: str) -> Iterator[str]:
    """The same rows as SQLite, with the same keys, indexes, order, page size and facets."""
    described = yaml.safe_load((PROJECT / "metadata.yml").read_text())["databases"]["elasticc"]["tables"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "elasticc.db"
        _copy(database, file)
        metadata = {"databases": {"elasticc": {"tables": {name: described[name] for name in TABLES}}}}
        # As the portal's, whose rows come in while people look; stock pages are good for five seconds.
        settings = {"default_cache_ttl": "0", "default_facet_size": "30", "max_returned_rows": "1000"}
        with datasette(str(file), plugin="none", metadata=metadata, settings=settings) as site:
            yield site.url


def _copy(database: str, file: Path) -> None:
    with contextlib.closing(psycopg2.connect(database)) as source, contextlib.closing(sqlite3.connect(file)) as target:
        for table, key in TABLES.items():
            with source.cursor() as cursor:
                cursor.execute(f'select * from {table} order by "{key}"')
                names = [column.name for column in cursor.description or ()]
                columns = ", ".join(f'"{name}"' + (" integer primary key" if name == key else "") for name in names)
                target.execute(f"create table {table} ({columns})")
                target.executemany(f"insert into {table} values ({', '.join('?' * len(names))})", cursor)
            if "diaObject_id" in names:
                target.execute(f'create index {table}_object on {table} ("diaObject_id")')
        target.commit()
