"""Whatever the order of the five loads, and however often they are killed, the tables are the same in the end."""

import gzip
import io
import itertools
import os
import random
import signal
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import fastavro
import psycopg2
import pytest
from loads import ALL_KINDS, SHARED, contents, delete, empty, find_jobs, load, whole
from psycopg2.extensions import connection as Connection
from scratch import LOADED, Scratch, scratch_server

from loader.ingest import jobs, snana
from loader.ingest.compare import Policy
from loader.ingest.put import put
from loader.ingest.rows import Batch
from loader.ingest.schemas import PARSED, PLAIN
from loader.ingest.source import open_source
from loader.session import open_connection
from server import embedded

__all__ = ["scratch_server"]


@pytest.fixture
def connection(scratch_server: Scratch) -> Iterator[Connection]:
    with closing(open_connection(scratch_server.admin_url)) as opened:
        empty(opened, LOADED)
        yield opened


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """One object of the shared data in each of the five: its pair, its alerts in both forms, its messages, its truths."""
    folder = tmp_path_factory.mktemp("part")
    with (SHARED / "alerts" / "alerts_v0_9_ocf.avro").open("rb") as stream:
        every = list(fastavro.reader(stream))
    for pair in sorted(snana.find([SHARED / "elasticc2_snana"]).pairs, key=lambda each: each.phot.stat().st_size):
        with open_source(pair.head) as head, open_source(pair.phot) as phot:
            ids = {int(each) for each in next(snana.read_pair(head, phot)).columns["diaObjectId"]}
        alerts = [each for each in every if each["diaObject"]["diaObjectId"] in ids][:12]
        if len(alerts) > 4:
            break
    (folder / "snana").mkdir()
    for file in (pair.head, pair.phot):
        (folder / "snana" / file.name).write_bytes(file.read_bytes())
    assert len(alerts) > 4
    with (folder / "alerts.avro").open("wb") as out:
        fastavro.writer(out, PLAIN["alert", "v0_9"], alerts[::2], codec="deflate")
    with tarfile.open(folder / "packets.tar.gz", "w:gz") as archive:
        for alert in alerts[1::2]:
            content = io.BytesIO()
            fastavro.schemaless_writer(content, PARSED["alert", "v0_9"], alert)
            member = tarfile.TarInfo(f"{alert['alertId']}.avro")
            member.size = content.tell()
            content.seek(0)
            archive.addfile(member, content)
    alert_ids = {alert["alertId"] for alert in alerts}
    with (SHARED / "broker" / "broker_classifications_v0_9_ocf.avro").open("rb") as stream:
        reader = fastavro.reader(stream)
        messages = [each for each in reader if each["alertId"] in alert_ids]
        with (folder / "broker.avro").open("wb") as out:
            fastavro.writer(out, reader.writer_schema, messages)
    with gzip.open(SHARED / "truth" / "source_truth.csv.gz", "rt") as stream:
        lines = stream.readlines()
    (folder / "truth.csv").write_text("".join([lines[0], *(line for line in lines[1:] if int(line.split(",")[1]) in ids)]))
    return {
        "snana": [folder / "snana"],
        "alerts": [folder / "alerts.avro"],
        "packets": [folder / "packets.tar.gz"],
        "broker": [folder / "broker.avro"],
        "truth": [folder / "truth.csv"],
    }


def test_all_120_orders_of_a_part(connection: Connection, part: dict[str, list[Path]]) -> None:
    """The files are read once; what is put in, and in which order, is what it is about."""
    read = {kind: list(batches(kind, part[kind])) for kind in ALL_KINDS}
    found = []
    with connection, connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
    for order in itertools.permutations(ALL_KINDS):
        delete(connection)
        for kind in order:
            for rows in read[kind]:
                put(connection, rows, policy=Policy.FILL)
        found.append(contents(connection))
    print(f"\n{len(found)} orders: {found[0]}", file=sys.stderr)
    assert len(found) == 120
    assert all(each == found[0] for each in found)
    assert all(rows for name, (rows, _) in found[0].items() if name != "diaobjecttruth")


def batches(kind: str, paths: list[Path]) -> Iterator[list[Batch]]:
    """The rows of each file."""
    for job in find_jobs(kind, paths):
        assert isinstance(job, jobs.Job)
        with ExitStack() as stack:
            yield list(job.read([stack.enter_context(open_source(file)) for file in job.files]))


@pytest.mark.long
def test_some_orders_of_everything(connection: Connection) -> None:
    places = whole()
    orders = (ALL_KINDS, ("truth", "broker", "packets", "alerts", "snana"))
    found = []
    for order in orders:
        empty(connection, LOADED)
        for kind in order:
            load(connection, kind, places[kind])
        found.append(contents(connection))
    assert found[0] == found[1]
    assert {name: rows for name, (rows, _) in found[0].items()} == {
        "diaobject": 346, "diasource": 1862, "diaforcedsource": 52172, "diaalert": 1862, "diatruth": 52172,
        "diaobjecttruth": 346, "prvsource": 16554, "prvforcedsource": 38756, "message": 1950, "classifier": 3,
        "classification": 14950, "digests": 1,
    }  # fmt: skip


@dataclass
class Chaos:
    """What each kill met: whether a transaction was open, and how many files were loaded."""

    url: str
    loader: list[tuple[bool, int]] = field(default_factory=list)
    server: list[tuple[bool, int]] = field(default_factory=list)

    def look(self) -> tuple[bool, int]:
        with closing(psycopg2.connect(self.url)) as watcher, watcher, watcher.cursor() as cursor:
            cursor.execute(OPEN)
            is_open = cursor.fetchone() != (0,)
            cursor.execute("select count(*) from ingest_file where outcome = 'loaded'")
            row = cursor.fetchone()
            assert row is not None
            return is_open, row[0]

    def __str__(self) -> str:
        said = []
        for name, met in (("the loader", self.loader), ("PostgreSQL", self.server)):
            files = sorted(n for _, n in met)
            said.append(
                f"{len(met)} kills of {name}, {sum(is_open for is_open, _ in met)} within a transaction, "
                f"after {files[0]} to {files[-1]} files ({len(set(files))} different numbers)"
            )
        return "; ".join(said)


OPEN = """
select count(*)
from pg_stat_activity
where datname = current_database()
  and pid <> pg_backend_pid()
  and backend_type = 'client backend'
  and (state = 'active' or xact_start is not null)
"""


@pytest.mark.parametrize("n_kills", [16, pytest.param(64, marks=pytest.mark.long)])
def test_kills_of_loader_and_server(scratch_server: Scratch, connection: Connection, n_kills: int) -> None:
    """Each child begins the loads anew, in an order of its own, until it is killed at a random moment, or the server is.

    The tables are emptied now and then, so that a kill meets a load that has something to lose.
    """
    places = {**whole(), "snana": [next((SHARED / "elasticc2_snana").glob("*flare*"))]}
    url = scratch_server.admin_url

    def everything(to: Connection, kinds: Sequence[str] = ALL_KINDS) -> None:
        for kind in kinds:
            load(to, kind, places[kind])

    begun = time.monotonic()
    everything(connection)
    whole_s = time.monotonic() - begun
    undisturbed = contents(connection)
    connection.close()
    chance = random.Random(20)
    data = Path(scratch_server.environment["ELASTICC_HOME"]) / "postgres"
    chaos = Chaos(url)
    for number in range(n_kills):
        if number % 4 == 0:
            with closing(open_connection(url)) as again:
                empty(again, [*LOADED, "ingest_run"])
        kinds = chance.sample(ALL_KINDS, len(ALL_KINDS))
        child = forked(lambda: everything(open_connection(url), kinds))  # noqa: B023
        time.sleep(chance.uniform(0.02, whole_s / 2))
        if number % 8 == 7:
            chaos.server.append(chaos.look())
            embedded._run("pg_ctl", "-D", str(data), "-w", "-s", "-m", "immediate", "stop")
            os.waitpid(child, 0)
            embedded._start(data)
        else:
            chaos.loader.append(chaos.look())
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    with closing(open_connection(url)) as again:
        everything(again)
        assert contents(again) == undisturbed
        with again, again.cursor() as cursor:
            cursor.execute("select outcome, count(*) from ingest_run group by outcome")
            outcomes = dict(cursor.fetchall())
    print(f"\n{chaos}; the last runs {outcomes}", file=sys.stderr)
    met = [*chaos.loader, *chaos.server]
    assert sum(is_open for is_open, _ in met) > len(met) / 3
    assert len({n for _, n in met}) > len(met) / 4
    assert outcomes.get("running", 0) == 0


def forked(work: Callable[[], None]) -> int:
    """A child that does `work` and nothing else, so that it needs no second to start."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except Exception:  # the server was stopped under it
        os._exit(1)
    finally:
        os._exit(0)
