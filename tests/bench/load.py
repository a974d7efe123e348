"""The loader against COPY of the same rows and against Django's bulk_create, each file as a user's: read, put in, recorded.

COPY gets the rows ready, as CSV in the order of the file, into the same tables with their keys, indexes, foreign keys and
triggers: the limit for whoever leaves the tables as they are. bulk_create ignores conflicts in batches of 1,000, what the
older system did, and gets its values from our own readers. All of them, in turn, into one database of 5 million sources.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.django_setup import django_ready
from loader.ingest import jobs, log, snana
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError
from loader.ingest.indexes import without_indexes
from loader.ingest.packets import packets
from loader.ingest.put import analyze
from loader.ingest.rows import Messages, Rows
from loader.ingest.source import open_source
from loader.ingest.staging import table_columns
from loader.ingest.tables import ALL, BY_NAME
from loader.session import open_connection
from tests.bench import _load_data as data
from tests.bench.measure import BUILD, report, rounds

HOME = BUILD / "bench-load"
ROUNDS = 3
SOURCES = 5_000_000
SOURCES_AN_OBJECT = 100
FILE_ROWS = 100_000
DJANGO_ROWS = 20_000  # a tenth of the speed: fewer rows take as long
DJANGO_OBJECTS = 40
SOURCE = "elasticc_diasource"
KEYS = {name: table.key for name, table in BY_NAME.items()}

# Objects whose number can be divided by 3 are there first; the others' sources lie between theirs.
OBJECTS = """
insert into elasticc_diaobject ("diaObjectId", ra, decl)
select n, n * 7919::bigint %% 360000 / 1000.0, n * 104729::bigint %% 180001 / 1000.0 - 90
from generate_series(1, %s) as n
"""
MANY_SOURCES = """
insert into elasticc_diasource (
    "diaSourceId", "midPointTai", "filterName", ra, decl, "psFlux", "psFluxErr", snr, "diaObject_id"
)
select n / 100 * 300000 + n %% 100, 60000 + n * 7919 %% 1000003 / 1000.0, (array['u','g','r','i','z','Y'])[1 + n %% 6],
    n * 7919 %% 360000 / 1000.0, n * 104729 %% 180001 / 1000.0 - 90, sin(n) * 1000, 2 + cos(n), sin(n) * 500, n / 100 * 3
from generate_series(100::bigint, %s + 99) as n
"""


class Bench:
    """`connection` is the loader's, as in a command of its own."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.url = url
        self.connection = connection
        self.used = 0
        with connection, connection.cursor() as cursor:
            self.types = {name: kind for name, (kind, _) in table_columns(cursor, "elasticc_diasource").items()}

    def load(self, found: Sequence[jobs.Job | IngestError]) -> tuple[int, float]:
        """Rows that were new or known, and seconds."""
        begun, n_rows = time.perf_counter(), 0
        with log.run(self.connection, "bench", "bench", {}) as run:
            for job in found:
                if isinstance(job, IngestError):
                    raise job
                for came in jobs.load(self.connection, run, job, Policy.REFUSE):
                    if isinstance(came, IngestError):
                        raise came
                    n_rows += sum(each.new + each.known for each in came)
            run.end("done")
        return n_rows, time.perf_counter() - begun

    def csv(self, file: Path) -> tuple[int, float]:
        return self.load(list(jobs.table_jobs([file], "elasticc_diasource", self.types)))

    def copy(self, files: Sequence[tuple[str, Path]], n_rows: int) -> tuple[int, float]:
        begun = time.perf_counter()
        with self.connection, self.connection.cursor() as cursor:
            for table, file in files:
                with file.open("rb") as stream:
                    names = stream.readline().decode().strip().replace('"', "").split(",")
                    columns = sql.SQL(", ").join(map(sql.Identifier, names))
                    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(sql.Identifier(table), columns)
                    cursor.copy_expert(statement, stream)
        return n_rows, time.perf_counter() - begun

    def run(self, statement: str, parameters: list[object] | None = None) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    def source_file(self, n_rows: int) -> Path:
        """New sources of objects that have none yet, spread over the whole table."""
        n_objects = n_rows // SOURCES_AN_OBJECT
        random = np.random.default_rng(self.used)
        step = SOURCES // SOURCES_AN_OBJECT // n_objects
        ids = (np.arange(n_objects) * step + self.used % step) * 3 + 1 + self.used // step
        self.used += 1
        owner = np.repeat(ids, SOURCES_AN_OBJECT)
        columns = {
            "diaSourceId": owner * 100_000 + np.tile(np.arange(SOURCES_AN_OBJECT), n_objects),
            "ccdVisitId": np.ma.MaskedArray(np.zeros(len(owner), np.int64), mask=True),
            "parentDiaSourceId": np.ma.MaskedArray(np.zeros(len(owner), np.int64), mask=True),
            "midPointTai": 60_000 + random.random(len(owner)) * 1000, "filterName": np.array([*"ugrizY"])[owner % 6],
            "ra": random.random(len(owner)) * 360, "decl": random.random(len(owner)) * 180 - 90,
            "psFlux": random.normal(0, 1000, len(owner)), "psFluxErr": 1 + random.random(len(owner)),
            "snr": random.normal(0, 10, len(owner)), "nobs": np.full(len(owner), 1.0), "diaObject_id": owner,
        }  # fmt: skip
        folder = HOME / f"sources-{self.used}"
        ((_, file),), _ = data.write_rows(folder, [Rows("elasticc_diasource", columns)], KEYS)
        return file


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    os.environ["ELASTICC_HOME"] = str(HOME)
    os.environ.pop("ELASTICC_DATABASE_URL", None)
    with ExitStack() as stack:
        url = stack.enter_context(django_ready())
        _initialise()
        bench = Bench(url, stack.enter_context(closing(open_connection(url))))
        print(f"{os.cpu_count()} cores; medians of {ROUNDS} rounds, thousand rows/s", flush=True)
        first_load(bench)
        five_million(bench)
        more_sources(bench)
        simulations(bench)
        alerts(bench)
        broker(bench)
    shutil.rmtree(HOME, ignore_errors=True)


def _initialise() -> None:
    done = subprocess.run([sys.executable, "-m", "loader", "init"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)


def rate(work: Callable[[], tuple[int, float]]) -> Callable[[], float]:
    """Seconds a thousand rows, as rounds takes medians of what is better if it is less."""

    def measure() -> float:
        n_rows, seconds = work()
        return seconds / n_rows * 1000

    return measure


def compared(name: str, taken: dict[str, float], ours: str, theirs: str) -> float:
    return report(name, 1 / taken[ours], 1 / taken[theirs], "thousand rows/s")


def first_load(bench: Bench) -> None:
    """Into an empty table whose objects are there."""
    bench.run(OBJECTS, [3 * SOURCES // SOURCES_AN_OBJECT])
    analyze(bench.connection, ["elasticc_diaobject"])
    file = bench.source_file(2 * FILE_ROWS)

    def emptied(work: Callable[[], tuple[int, float]]) -> Callable[[], float]:
        def measure() -> float:
            bench.run("truncate elasticc_diasource cascade")
            return rate(work)()

        return measure

    taken = rounds(
        {
            "ours": emptied(lambda: bench.csv(file)),
            "copy": emptied(lambda: bench.copy([("elasticc_diasource", file)], 2 * FILE_ROWS)),
        },
        count=ROUNDS,
    )
    compared("first load vs copy", taken, "ours", "copy")


def five_million(bench: Bench) -> None:
    begun = time.perf_counter()
    bench.run("truncate elasticc_diasource cascade")
    with bench.connection, bench.connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        with without_indexes(cursor, "elasticc_diasource", SOURCES):
            cursor.execute(MANY_SOURCES, [SOURCES])
    bench.connection.autocommit = True
    with bench.connection.cursor() as cursor:
        cursor.execute("vacuum analyze elasticc_diasource")
    bench.connection.autocommit = False
    print(f"  {SOURCES:,} sources made in {time.perf_counter() - begun:.0f} s", flush=True)


def more_sources(bench: Bench) -> None:
    new = _each(bench.source_file(FILE_ROWS) for _ in range(ROUNDS + 1))
    copied = _each(bench.source_file(FILE_ROWS) for _ in range(ROUNDS + 1))
    created = _each(bench.source_file(DJANGO_ROWS) for _ in range(ROUNDS + 1))
    again = bench.source_file(FILE_ROWS)
    bench.csv(again)
    taken = rounds(
        {
            "new": rate(lambda: bench.csv(next(new))),
            "copy": rate(lambda: bench.copy([("elasticc_diasource", next(copied))], FILE_ROWS)),
            "known": rate(lambda: bench.csv(again)),
            "django": rate(lambda: created_by_django(_source_batches(bench, next(created)))),
        },
        count=ROUNDS,
    )
    compared("table csv vs copy", taken, "new", "copy")
    compared("known rows vs copy", taken, "known", "copy")
    compared("table csv vs bulk_create", taken, "new", "django")


def _source_batches(bench: Bench, file: Path) -> list[Rows]:
    (job,) = jobs.table_jobs([file], "elasticc_diasource", bench.types)
    assert isinstance(job, jobs.Job)
    with open_source(file) as source:
        return [batch for batch in job.read([source]) if isinstance(batch, Rows)]


def created_by_django(batches: Sequence[Rows]) -> tuple[int, float]:
    """In one transaction, 1,000 objects of a model at a time."""
    from django.apps import apps
    from django.db import transaction

    models = {model._meta.db_table: model for model in apps.get_models()}
    begun, n_rows = time.perf_counter(), 0
    with transaction.atomic():
        for batch in batches:
            model = models[batch.table]
            lists = [values.tolist() for values in batch.columns.values()]
            made = [model(**dict(zip(batch.columns, row, strict=True))) for row in zip(*lists, strict=True)]
            model.objects.bulk_create(made, batch_size=1000, ignore_conflicts=True)
            n_rows += len(batch)
    return n_rows, time.perf_counter() - begun


def simulations(bench: Bench) -> None:
    pairs = [data.write_pair(_folder(f"pair-{n}"), n) for n in range(2 * (ROUNDS + 1))]
    ours = _each(pair.head.parent for pair in pairs[::2])
    rows = _each(data.write_rows(HOME / f"rows-{n}", _pair_rows(pair), KEYS) for n, pair in enumerate(pairs[1::2]))
    taken = rounds(
        {
            "ours": rate(lambda: bench.load(list(jobs.snana_jobs([next(ours)], None)))),
            "copy": rate(lambda: bench.copy(*next(rows))),
        },
        count=ROUNDS,
    )
    compared("snana vs copy", taken, "ours", "copy")


def _pair_rows(pair: snana.Pair) -> Iterator[Rows]:
    with open_source(pair.head) as head, open_source(pair.phot) as phot:
        yield from snana.read_pair(head, phot)


def alerts(bench: Bench) -> None:
    files = [HOME / f"alerts-{n}.avro" for n in range(4 * (ROUNDS + 1))]
    for n, file in enumerate(files):
        data.write_alerts(file, 100 + n, DJANGO_OBJECTS if n % 4 >= 2 else data.OBJECTS_OF_ALERTS)
    copies = _each(data.write_rows(HOME / f"alert-rows-{n}", _alert_rows(file), KEYS) for n, file in enumerate(files[1::4]))
    counted = [data.write_rows(HOME / f"made-rows-{n}", _alert_rows(file), KEYS)[1] for n, file in enumerate(files[2::4])]
    created, once = _each(zip(files[2::4], counted, strict=True)), _each(files[3::4])

    def django() -> tuple[int, float]:
        """A row that the alerts say again is sent again, and counts once, as it does for us."""
        file, n_rows = next(created)
        begun = time.perf_counter()
        created_as_said(file)
        return n_rows, time.perf_counter() - begun

    def django_once() -> tuple[int, float]:
        begun = time.perf_counter()
        return created_by_django(_alert_rows(next(once)))[0], time.perf_counter() - begun

    first = bench.load(list(jobs.packet_jobs([files[0]], "alert", "v0_9")))[0]

    def decoded() -> tuple[int, float]:
        begun = time.perf_counter()
        with open_source(files[0]) as source:
            for _ in packets(source, "alert", "v0_9"):
                pass
        return first, time.perf_counter() - begun

    ours = _each([*files[4::4], files[0]])
    taken = rounds(
        {
            "ours": rate(lambda: bench.load(list(jobs.packet_jobs([next(ours)], "alert", "v0_9")))),
            "copy": rate(lambda: bench.copy(*next(copies))),
            "django": rate(django),
            "once": rate(django_once),
            "decoded": rate(decoded),
        },
        count=ROUNDS,
        warmup=0,
    )
    compared("alerts vs copy", taken, "ours", "copy")
    compared("alerts vs bulk_create", taken, "ours", "django")
    decoder = 1 / taken["decoded"]
    print(
        f"  the Avro decoder alone: {decoder:.4g} thousand rows/s, {decoder * taken['django']:.3g} of bulk_create", flush=True
    )


def created_as_said(file: Path) -> None:
    """Every alert's rows, 1,000 of a model at a time at most, in one transaction."""
    from django.apps import apps
    from django.db import transaction

    models = {model._meta.db_table: model for model in apps.get_models()}
    waiting: dict[str, list[Any]] = {}
    with transaction.atomic(), open_source(file) as source:
        for packet in packets(source, "alert", "v0_9"):
            for table, values in _said(packet.record):
                made = waiting.setdefault(table, [])
                made.append(models[table](**values))
                if len(made) == 1000:
                    _create(models, waiting)
        _create(models, waiting)


def _create(models: dict[str, Any], waiting: dict[str, list[Any]]) -> None:
    """In the order of the foreign keys; whatever waits goes with what is full."""
    for table in ALL:
        if made := waiting.pop(table.name, []):
            models[table.name].objects.bulk_create(made, ignore_conflicts=True)


def _said(alert: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    dia_object, source, key = alert["diaObject"], alert["diaSource"], alert["alertId"]
    yield "elasticc_diaobject", dia_object
    yield SOURCE, _renamed(source)
    yield "elasticc_diaalert", {
        "alertId": key, "diaSource_id": source["diaSourceId"], "diaObject_id": dia_object["diaObjectId"],
    }  # fmt: skip
    for earlier in alert["prvDiaSources"]:
        yield SOURCE, _renamed(earlier)
        yield "elasticc_diaalertprvsource", {"diaAlert_id": key, "diaSource_id": earlier["diaSourceId"]}
    for forced in alert["prvDiaForcedSources"]:
        yield "elasticc_diaforcedsource", _renamed(forced)
        yield "elasticc_diaalertprvforcedsource", {"diaAlert_id": key, "diaForcedSource_id": forced["diaForcedSourceId"]}


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    return {"diaObject_id" if name == "diaObjectId" else name: value for name, value in record.items()}


def _alert_rows(file: Path) -> list[Rows]:
    (job,) = jobs.packet_jobs([file], "alert", "v0_9")
    assert isinstance(job, jobs.Job)
    with open_source(file) as source:
        return [batch for batch in job.read([source]) if isinstance(batch, Rows)]


def broker(bench: Bench) -> None:
    first, *files = [HOME / f"broker-{n}.avro" for n in range(2 * (ROUNDS + 1) + 1)]
    for n, file in enumerate([first, *files]):
        data.write_messages(file, n)
    bench.load(list(jobs.packet_jobs([first], "broker", "v0_9")))  # brings the classifier
    ours = _each(files[::2])
    copied = _each(
        data.write_rows(HOME / f"message-rows-{n}", _message_rows(file, n), KEYS) for n, file in enumerate(files[1::2])
    )
    taken = rounds(
        {
            "ours": rate(lambda: _less_classifier(bench.load(list(jobs.packet_jobs([next(ours)], "broker", "v0_9"))))),
            "copy": rate(lambda: bench.copy(*next(copied))),
        },
        count=ROUNDS,
    )
    compared("broker vs copy", taken, "ours", "copy")


def _less_classifier(done: tuple[int, float]) -> tuple[int, float]:
    return done[0] - 1, done[1]


def _message_rows(file: Path, number: int) -> Iterator[Rows]:
    """With the numbers that the database would give, in a range of their own; the classifier is there from our first load."""
    (job,) = jobs.packet_jobs([file], "broker", "v0_9")
    assert isinstance(job, jobs.Job)
    start = (number + 1) * 10**9
    with open_source(file) as source:
        for batch in job.read([source]):
            assert isinstance(batch, Messages)
            assert batch.numbers is not None
            messages = {name: values for name, values in batch.messages.items() if name not in ("digest", "topicName")}
            stamps = {name: _stamps(values) if "Timestamp" in name else values for name, values in messages.items()}
            yield Rows("elasticc_brokermessage", {"dbMessageIndex": start + batch.numbers, **stamps})
            said = batch.classifications
            yield Rows(
                "elasticc_brokerclassification",
                {
                    "dbClassificationIndex": start + said["row"] * 100 + said["at"], "dbMessage_id": start + said["row"],
                    "dbClassifier_id": np.ones(len(said["row"]), np.int64), "classId": said["classId"],
                    "probability": said["probability"],
                },
            )  # fmt: skip


def _stamps(values: "np.ma.MaskedArray | np.ndarray") -> "np.ma.MaskedArray | np.ndarray":
    plain = np.ma.getdata(values).astype("datetime64[us]")
    return np.ma.MaskedArray(plain, mask=np.ma.getmaskarray(values))


def _folder(name: str) -> Path:
    folder = HOME / name
    folder.mkdir()
    return folder


def _each(items: "Iterator | Sequence") -> Iterator:
    """All of them made before the first is measured."""
    return iter(list(items))


if __name__ == "__main__":
    main()
