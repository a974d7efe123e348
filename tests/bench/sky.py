"""The sky's pages over 200,000 objects: a list joined and a cone against their bare SQL, and a map of all of them in Chromium.

The pages are asked over HTTP and answer JSON; the bare SQL is sent over a kept connection by psycopg2, which fetches its rows.
A map's script is measured against a limit, and beside a canvas of the same size with every position drawn on it.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Page

from tests.bench._processes import Site, datasette
from tests.bench._scratch import Bare, database, metadata
from tests.bench.measure import report, rounds, timed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' own browser
from browsing import chromium

OBJECTS = 200_000
LISTED = 10_000
ROUNDS = 15
LOADS = 9
LONG_MS = 50  # from which browsers call a task long
# Even over the sky: the golden angle along ra, equal steps of the sine of the declination.
TABLE = f"""
create table objects as
select 1000000 + n::bigint * 3 as id, mod(n * 222.4922359, 360)::float8 as ra,
       degrees(asin(2 * (n + 0.5) / {OBJECTS} - 1)) as decl, (n * 7919 % 10007 / 5000.0)::real as redshift
from generate_series(0, {OBJECTS - 1}) n
"""
STATEMENTS = (
    TABLE,
    "alter table objects add primary key (id)",
    "create index on objects (decl)",
    "vacuum analyze objects",
)
JOIN = """
with ids (line, given) as (values {values})
select m.line, o.id, o.ra, o.decl, o.redshift from ids m left join objects o on o.id = m.given::bigint order by m.line
"""
RA, DECL, RADIUS_DEG = 187.7, 12.4, 5
CONE = f"""
select * from (
    select id, 3600 * acosd(least(1, sind(decl) * sind({DECL}) + cosd(decl) * cosd({DECL}) * cosd(ra - {RA}))) as separation,
           ra, decl, redshift
    from objects where decl between {DECL - RADIUS_DEG} and {DECL + RADIUS_DEG}
) o where separation <= 3600 * {RADIUS_DEG} order by separation
"""
EVERY_POSITION = """([objects, width, height]) => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const ctx = canvas.getContext("2d");
    const begun = performance.now();
    ctx.fillStyle = "#1600ea";
    for (let n = 0; n < objects; n++) {
        const ra = (n * 222.4922359) % 360, sine = 2 * (n + 0.5) / objects - 1;
        let theta = Math.asin(sine);
        for (let k = 0; k < 4; k++) {
            theta -= (2 * theta + Math.sin(2 * theta) - Math.PI * sine) / (2 + 2 * Math.cos(2 * theta) || 1);
        }
        ctx.fillRect((1 + (180 - ra) / 180 * Math.cos(theta)) * width / 2, (1 - Math.sin(theta)) * height / 2, 1, 1);
    }
    return performance.now() - begun;
}"""


def main() -> None:
    with database(STATEMENTS) as dsn, datasette(plugin="postgresql,sky", metadata=metadata(dsn)) as site:
        print(f"{os.cpu_count()} cores; {OBJECTS:,} objects; medians of {ROUNDS} rounds", flush=True)
        with contextlib.closing(Bare(dsn)) as bare:
            _list(site, bare)
            _cone(site, bare)
        _map(site)


def _list(site: Site, bare: Bare) -> None:
    """Every 19th line has an id that no object has."""
    ids = [1_000_000 + n * 7919 % OBJECTS * 3 + (n % 19 == 0) for n in range(LISTED)]
    form = {"list": "\n".join(map(str, ids)), "radius": "1", "unit": "arcsec", "_format": "json"}
    sql = JOIN.format(values=", ".join(f"({line}, {one})" for line, one in enumerate(ids, 1)))

    def ours() -> httpx.Response:
        return site.client.post(f"{site.url}/-/sky/pg/list", data=form).raise_for_status()

    found = sum(row["id"] is not None for row in ours().json()["rows"])
    _same("the list", found, sum(row[1] is not None for row in bare.ask(sql)))
    _compare(f"sky: list of {LISTED:,} ids vs bare join", ours, lambda: bare.ask(sql))


def _cone(site: Site, bare: Bare) -> None:
    asked = {"position": f"{RA} +{DECL}", "radius": str(RADIUS_DEG), "unit": "deg", "_format": "json"}
    path = f"/-/sky/pg?{urlencode(asked)}"
    _same("the cone", len(site.json(path)["rows"]), len(bare.ask(CONE)))
    _compare("sky: cone vs bare SQL", lambda: site.get(path), lambda: bare.ask(CONE))


def _map(site: Site) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{site.url}/-/sky/pg")
        _drawn(page)
        size = page.locator(".sky-host canvas").evaluate("canvas => [canvas.width, canvas.height]")

        def ours() -> float:
            page.reload()
            _drawn(page)
            return float(page.locator(".sky-map").get_attribute("data-ms") or "nan")

        medians = rounds({"map": ours, "bare": lambda: page.evaluate(EVERY_POSITION, [OBJECTS, *size])}, count=LOADS)
    report(f"sky: map of {OBJECTS:,} positions vs limit", medians["map"], LONG_MS, "ms")
    report(f"sky: map of {OBJECTS:,} positions vs bare canvas", medians["map"], medians["bare"], "ms")


def _drawn(page: Page) -> None:
    page.wait_for_selector(".sky-map[data-drawn=density]")


def _compare(name: str, ours: Callable[[], Any], bare: Callable[[], Any]) -> None:
    medians = rounds({"ours": timed(ours), "bare": timed(bare)}, count=ROUNDS, warmup=2)
    report(name, medians["ours"] * 1000, medians["bare"] * 1000, "ms")


def _same(what: str, ours: int, bare: int) -> None:
    if ours != bare or not ours:
        raise RuntimeError(f"{what} has {ours} rows here and {bare} there")
