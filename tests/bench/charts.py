"""A chart of 10,000 points with error bars in six colours: its script in Chromium, against a limit and beside a bare canvas.

The limit is what browsers call a long task from. The bare canvas has the same points, bars and colours at the same size,
without axes, scales, legend or anything that could be pointed at. What either takes is measured by the page itself.
"""

import contextlib
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.bench._processes import datasette
from tests.bench.measure import report, rounds

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' own browser
from browsing import chromium

POINTS = 10_000
ROUNDS = 21
LONG_MS = 50
DATA = f"""
create table point (id integer primary key, mjd real, flux real, fluxErr real, band text);
with recursive k(k) as (select 0 union all select k + 1 from k where k < {POINTS - 1})
insert into point
select k, 60000 + k / 10.0, 50 + (k * 7919) % 1000, 5 + k % 20, substr('ugrizY', 1 + k % 6, 1) from k;
"""
CHART = "/data/point#chart=scatter&x=mjd&y=flux&colour=band&error=fluxErr&rows=all"
REVERSED = """async () => {
    const section = document.querySelector(".query-chart");
    delete section.dataset.drawn;
    [...section.querySelectorAll("button")].find((one) => one.textContent.trim() === "reverse x").click();
    while (!section.dataset.drawn) await new Promise((resolve) => setTimeout(resolve, 5));
    return [Number(section.dataset.drawn), Number(section.dataset.milliseconds)];
}"""
BARE = """(points) => {
    const shown = document.querySelector(".qc-chart canvas"), canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [shown.width, shown.height];
    const ctx = canvas.getContext("2d"), inks = ["#1600ea", "#31de1f", "#b52626", "#370201", "#ba52ff", "#61a2b3"];
    const begun = performance.now();
    inks.forEach((ink, band) => {
        ctx.fillStyle = ink;
        for (let k = band; k < points; k += 6) {
            const x = (k / points) * canvas.width, y = ((50 + (k * 7919) % 1000) / 1100) * canvas.height;
            const error = ((5 + k % 20) / 1100) * canvas.height;
            ctx.globalAlpha = 0.35;
            ctx.fillRect(Math.round(x), y - error, 1, 2 * error);
            ctx.globalAlpha = 0.7;
            ctx.fillRect(Math.round(x) - 1, Math.round(y) - 1, 3, 3);
        }
    });
    return performance.now() - begun;
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.db"
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.executescript(DATA)
        with datasette(str(file), plugin="query_charts") as site, chromium() as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(site.url + CHART)
            page.wait_for_selector(f".query-chart[data-drawn='{POINTS}']")

            def ours() -> float:
                drawn, took = page.evaluate(REVERSED)
                if drawn != POINTS:
                    raise RuntimeError(f"{drawn} of {POINTS} points are drawn")
                return float(took)

            medians = rounds({"chart": ours, "bare": lambda: page.evaluate(BARE, POINTS)}, count=ROUNDS)
    print(f"{os.cpu_count()} cores; {POINTS:,} points with error bars; medians of {ROUNDS} drawings", flush=True)
    report("charts: script of a drawing vs limit", medians["chart"], LONG_MS, "ms")
    report("charts: script of a drawing vs bare canvas", medians["chart"], medians["bare"], "ms")
