"""Our pages of 10 million rows against stock Datasette's of 10 thousand in SQLite, and our CSV stream against COPY.

Both are processes of their own with the same settings and no login, asked the same addresses over one kept connection.
"""

import os
import time

import psycopg2

from tests.bench._big_tables import SMALL, servers
from tests.bench._processes import Site, datasette
from tests.bench.measure import report, rounds, timed

ROUNDS = 15
STREAMS = 3
# name: (ours, theirs); _next leads to the row after it: 5 million is the middle of ours, 5 thousand of theirs
PAGES = {
    "table page vs sqlite": ("/pg/big", "/small/big"),
    "deep page vs sqlite": ("/pg/big?_next=5000000", "/small/big?_next=5000"),
    "filtered page vs sqlite": ("/pg/big?quality__gt=7&band=r", "/small/big?quality__gt=7&band=r"),
    "faceted page vs sqlite": ("/pg/big?_facet=quality&_facet=band", "/small/big?_facet=quality&_facet=band"),
    "json page vs sqlite": ("/pg/big.json", "/small/big.json"),
    "row page vs sqlite": ("/pg/big/4321", "/small/big/4321"),
}
WIDE = {
    "table page": "/pg/wide",
    "deep page": "/pg/wide?_next=500000",
    "json page": "/pg/wide.json",
    "row page": "/pg/wide/4321",
}


class Nowhere:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, chunk: bytes) -> None:
        self.bytes += len(chunk)


def main() -> None:
    with (
        servers() as dsn,
        datasette(
            plugin="postgresql", metadata={"plugins": {"datasette-postgresql": {"databases": {"pg": {"dsn": dsn}}}}}
        ) as ours,
        datasette(str(SMALL), plugin="none") as theirs,
    ):
        print(f"{os.cpu_count()} cores; medians of {ROUNDS} rounds", flush=True)
        pages(ours, theirs)
        streams(ours, dsn)


def pages(ours: Site, theirs: Site) -> None:
    for name, (our_path, their_path) in PAGES.items():
        measures = {"ours": timed(lambda p=our_path: ours.get(p)), "theirs": timed(lambda p=their_path: theirs.get(p))}
        medians = rounds(measures, count=ROUNDS, warmup=3)
        report(name, medians["ours"] * 1000, medians["theirs"] * 1000, "ms")
    for name, path in WIDE.items():
        taken = rounds({name: timed(lambda p=path: ours.get(p))}, count=ROUNDS, warmup=3)[name]
        print(f"  of 1 million rows of 73 columns, {name}: {taken * 1000:.4g} ms", flush=True)


def streams(ours: Site, dsn: str) -> None:
    """Rows a second, since the two write other line ends."""
    connection = psycopg2.connect(dsn)
    for table, rows in (("big", 10_000_000), ("wide", 1_000_000)):
        before = ours.resident_mb()
        statement = f"copy (select * from {table} order by id) to stdout (format csv, header)"
        measures = {
            "ours": lambda t=table: ours.drain(f"/pg/{t}.csv?_stream=on")[1],
            "copy": lambda s=statement: copied(connection, s),
        }
        medians = rounds(measures, count=STREAMS if table == "wide" else 2, warmup=0)
        rate, baseline = (rows / medians[name] / 1000 for name in ("ours", "copy"))
        if table == "big":
            report("csv stream vs copy", rate, baseline, "thousand rows/s")
        else:
            print(
                f"  csv stream of 73 columns: {rate / baseline:.3g} ({rate:.4g} vs {baseline:.4g} thousand rows/s)", flush=True
            )
        print(
            f"  our memory: {before:.0f} MB before, {ours.resident_mb():.0f} after, {ours.resident_mb(peak=True):.0f} at most"
        )
    connection.close()


def copied(connection: "psycopg2.extensions.connection", statement: str) -> float:
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, Nowhere())
    connection.rollback()
    return time.perf_counter() - begun
