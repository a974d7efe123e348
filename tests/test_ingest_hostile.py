"""Files that nobody makes by accident, and some that one does: a sentence for each, and no more memory than for others."""

import os
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loads import delete, one
from psycopg2.extensions import connection as Connection
from scratch import Scratch, scratch_server
from test_ingest_formats import alert, container, message, tar
from test_ingest_snana import TRUTH, make_head, make_phot, write

from loader.ingest import jobs, log
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError
from loader.ingest.outcome import Counts
from loader.ingest.staging import table_columns
from loader.ingest.values import LONGEST
from loader.session import open_connection

__all__ = ["scratch_server"]

OBJECTS = "diaObjectId,ra,decl,mwebv,simVersion\n"
ROUNDED = float(np.float32(1e-35))
LONG = "x" * 4001
ENOUGH = 1 << 30  # bytes beside what there is


@pytest.fixture(scope="module")
def opened(scratch_server: Scratch) -> Iterator[Connection]:
    with closing(open_connection(scratch_server.admin_url)) as connection:
        yield connection


@pytest.fixture
def connection(opened: Connection) -> Connection:
    delete(opened)
    return opened


def load(connection: Connection, kind: str, path: Path, table: str = "") -> list[Counts | str]:
    """Counts, and the sentences of refusals."""
    if kind == "table":
        with connection, connection.cursor() as cursor:
            types = {name: type_ for name, (type_, _) in table_columns(cursor, f"elasticc_{table}").items()}
        found = list(jobs.table_jobs([path], f"elasticc_{table}", types))
    else:
        makers: dict[str, Callable[[], jobs.Jobs]] = {
            "snana": lambda: jobs.snana_jobs([path], None),
            "alerts": lambda: jobs.packet_jobs([path], "alert", "v0_9"),
            "broker": lambda: jobs.packet_jobs([path], "broker", "v0_9"),
            "object-truth": lambda: jobs.object_truth_jobs([path]),
        }
        found = list(makers[kind]())
    came: list[Counts | str] = []
    with log.run(connection, "a test", kind, {}) as run:
        for job in found:
            for each in [job] if isinstance(job, IngestError) else jobs.load(connection, run, job, Policy.REFUSE):
                came += [str(each)] if isinstance(each, IngestError) else each
        run.end("done")
    return came


def only(came: list[Counts | str]) -> str:
    assert len(came) == 1 and isinstance(came[0], str), came
    return came[0]


BAD_CSV = {
    "NUL for a number": (f"{OBJECTS}1\0,1,1,,\n", r"invalid value '1\x00'"),
    "NUL at a text's end": (f"{OBJECTS}1,1,1,,a\0\n", "row 2: simVersion has a NUL in it"),
    "a long text": (f"{OBJECTS}1,1,1,,a\n2,1,1,,{LONG}\n", "row 3: simVersion is longer than 4000 characters"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_a_table_with_what_no_table_can_hold(connection: Connection, tmp_path: Path, case: str) -> None:
    content, sentence = BAD_CSV[case]
    (tmp_path / "a.csv").write_text(content)
    assert sentence in only(load(connection, "table", tmp_path / "a.csv", "diaobject"))


def test_a_text_is_as_long_as_its_column(connection: Connection) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select column_name, character_maximum_length from information_schema.columns"
            r" where table_name like 'elasticc\_%' and character_maximum_length is not null and is_updatable = 'YES'"
        )
        assert dict(cursor.fetchall()) == LONGEST


def test_a_text_may_have_lines(connection: Connection, tmp_path: Path) -> None:
    """Of any number of blocks: a line's end within quotes doesn't end the row."""
    rows = "".join(f'{number},a,"c{number}\nx"\n' for number in range(1, 80_000))
    (tmp_path / "a.csv").write_text(f"dbClassifierIndex,brokerName,classifierName\n{rows}")
    (counts,) = load(connection, "table", tmp_path / "a.csv", "brokerclassifier")
    assert isinstance(counts, Counts) and counts.new == 79_999
    name = 'select "classifierName" from elasticc_brokerclassifier where "dbClassifierIndex" = 7'
    assert one(connection, name) == "c7\nx"


def test_a_number_too_small_for_a_float32_is_named(connection: Connection, tmp_path: Path) -> None:
    """What isn't the same for the database isn't its rounding for us."""
    (tmp_path / "a.csv").write_text(f"{OBJECTS}1,1,1,1e-35,\n")
    (tmp_path / "b.csv").write_text(f"{OBJECTS}1,1,1,{ROUNDED!r},\n")
    load(connection, "table", tmp_path / "a.csv", "diaobject")
    said = only(load(connection, "table", tmp_path / "b.csv", "diaobject"))
    assert f"diaObjectId 1 is known with mwebv = 1e-35, and the file says {ROUNDED!r}" in said


def test_what_a_folder_can_hold_beside_files(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("nowhere")
    (tmp_path / "b.csv").symlink_to("b.csv")
    os.mkfifo(tmp_path / "c.csv")
    strange = os.fsencode(tmp_path) + b"/d\xff\n\x1b[2J.csv"
    Path(os.fsdecode(strange)).write_text(f"{OBJECTS}x,1,1,,\n")
    said = load(connection, "table", tmp_path, "diaobject")
    assert [str(each).removeprefix(f"{tmp_path}/").partition(": In")[0] for each in said] == [
        "a.csv: no such file", "b.csv: no such file", "c.csv: neither a file nor a folder",
        r"d\udcff\n\x1b[2J.csv",
    ]  # fmt: skip
    assert one(connection, "select name from ingest_file order by id desc limit 1").endswith(r"d\udcff\n\x1b[2J.csv")
    (tmp_path / "a.avro").symlink_to("nowhere")
    assert only(load(connection, "alerts", tmp_path)) == f"{tmp_path}/a.avro: no such file"


def test_versions_that_mix_are_refused(connection: Connection, tmp_path: Path) -> None:
    """The newer one has fewer columns: what the older one says more would be lost."""
    files = {"1.avro": container([alert(1)], "alert"), "2.avro": container([alert(2, "v0_9_1")], "alert", "v0_9_1")}
    for names in (("1.avro", "2.avro"), ("2.avro", "1.avro")):
        (tmp_path / "a.tar").write_bytes(tar({name: files[name] for name in names}))
        assert "load them apart" in only(load(connection, "alerts", tmp_path / "a.tar"))


def test_numbers_go_on_behind_those_of_a_file(connection: Connection, tmp_path: Path) -> None:
    highest = one(connection, "select nextval(pg_get_serial_sequence('elasticc_brokermessage', 'dbMessageIndex'))")
    (tmp_path / "a.csv").write_text(f"dbMessageIndex,alertId,diaSourceId\n{highest + 1},1,1\n{10**12 + 5},1,1\n")
    (tmp_path / "a.avro").write_bytes(container([message(1)], "broker"))
    load(connection, "table", tmp_path / "a.csv", "brokermessage")
    load(connection, "broker", tmp_path / "a.avro")
    numbers = one(connection, 'select array_agg("dbMessageIndex" order by "dbMessageIndex") from elasticc_brokermessage')
    assert numbers == [highest + 1, highest + 2, 10**12 + 5]


def test_a_link_is_what_it_links(connection: Connection, tmp_path: Path) -> None:
    """Its number is the database's own, as the portal's CSV says it: nothing to differ in."""
    (tmp_path / "a.avro").write_bytes(container([alert(1), alert(2)], "alert"))
    (tmp_path / "a.csv").write_text("id,diaAlert_id,diaSource_id\n99999,2,1\n99998,1,2\n")
    load(connection, "alerts", tmp_path / "a.avro")
    (counts,) = load(connection, "table", tmp_path / "a.csv", "diaalertprvsource")
    assert isinstance(counts, Counts) and (counts.new, counts.known) == (1, 1)
    assert one(connection, "select max(id) from elasticc_diaalertprvsource") < 99998


PARQUET = {
    "a moment for a number": {"diaSourceId": pa.array([5], pa.timestamp("us"))},
    "a truth for a number": {"diaSourceId": [5], "mjd": [True]},
    "a number for a truth": {"diaSourceId": [5], "detect": [1]},
    "past a bigint": {"diaSourceId": pa.array([2**63], pa.uint64())},
    "a list": {"diaSourceId": [5], "mjd": [[1.0]]},
}


@pytest.mark.parametrize("case", PARQUET)
def test_a_parquet_of_other_types(connection: Connection, tmp_path: Path, case: str) -> None:
    pq.write_table(pa.table(PARQUET[case]), tmp_path / "a.parquet")
    assert re.search("(diaSourceId|mjd|detect) can't be ", only(load(connection, "table", tmp_path / "a.parquet", "diatruth")))


TEXTS = np.array(["1", "5"], dtype="S4")
KINDS = {
    "a position in words": ({"RA": TEXTS}, {}, "HEAD.FITS.gz: the column RA holds"),
    "pointers in words": ({"PTROBS_MIN": TEXTS}, {}, "HEAD.FITS.gz: the column PTROBS_MIN holds"),
    "pointers with fractions": ({"PTROBS_MIN": np.array([1.5, 5.5])}, {}, "HEAD.FITS.gz: the column PTROBS_MIN holds"),
    "flags with fractions": ({}, {"PHOTFLAG": np.full(7, 4096.5)}, "PHOT.FITS.gz: the column PHOTFLAG holds"),
    "fluxes in words": ({}, {"FLUXCAL": np.full(7, b"x", dtype="S4")}, "PHOT.FITS.gz: the column FLUXCAL holds"),
    "bands in numbers": ({}, {"BAND": np.zeros(7, dtype=np.int32)}, "PHOT.FITS.gz: the column BAND holds"),
    "a flux past float32": ({}, {"FLUXCAL": np.full(7, 1e38, dtype=np.float32)}, "row 1: FLUXCAL or FLUXCALERR is not"),
}


@pytest.mark.parametrize("case", KINDS)
def test_columns_of_another_kind(connection: Connection, tmp_path: Path, case: str) -> None:
    head, phot, sentence = KINDS[case]
    write(tmp_path, "a", {**make_head(), **head}, {**make_phot(), **phot})
    assert sentence in only(load(connection, "snana", tmp_path))


def test_more_classifiers_than_anybody_has(connection: Connection, tmp_path: Path) -> None:
    """100,000 of one name kept a database busy for ten minutes."""
    said = {"classId": 1, "probability": 0.5, "classifierName": "c"}
    every = [{**said, "classifierParams": str(number)} for number in range(5001)]
    (tmp_path / "a.avro").write_bytes(container([{**message(1), "classifications": every}], "broker"))
    assert only(load(connection, "broker", tmp_path / "a.avro")).endswith("row 1: more than 5,000 classifiers")


def test_a_cut_behind_the_table_is_seen(connection: Connection, tmp_path: Path) -> None:
    write(tmp_path, "a", make_head(), make_phot(), ending=".FITS")
    phot = tmp_path / "a_PHOT.FITS"
    phot.write_bytes(phot.read_bytes() + b"XTENSION= 'IMAGE   '")
    assert only(load(connection, "snana", tmp_path)).endswith("a_PHOT.FITS: truncated: it ends within a block of 2,880 bytes")


def test_one_long_word_costs_no_memory(connection: Connection, tmp_path: Path) -> None:
    """Laid out at the width of the longest they would be 24 GB, 24 GB, 2.6 GB (of a CSV of 1 MB) and 24 GB."""
    names = " ".join(TRUTH)
    lines = [f"SN: {number} " + "1 " * (len(TRUTH) - 1) for number in range(3000)]
    lines.append(f"SN: 9000 {'1' * 60_000} " + "1 " * (len(TRUTH) - 2))
    (tmp_path / "a.DUMP").write_text(f"VARNAMES: {names}\n" + "\n".join(lines) + "\n")
    many = {**message(1), "classifications": [
        {"classifierName": "c" * (8_000_000 if n == 700 else 1), "classifierParams": str(n), "classId": 1, "probability": 0.5}
        for n in range(800)
    ]}  # fmt: skip
    (tmp_path / "b.avro").write_bytes(container([many], "broker"))
    rows = "".join(f"{number},a,b\n" for number in range(120_000))
    (tmp_path / "c.csv").write_text(f"dbClassifierIndex,brokerName,classifierName\n{rows}200000,a,{'y' * 4000}\n")
    named = {**alert(1), "diaObject": {**alert(1)["diaObject"], "simVersion": "v" * 30_000_000}}
    others = [
        {**alert(number), "diaObject": {**alert(number)["diaObject"], "diaObjectId": 100 + number}} for number in range(2, 200)
    ]
    (tmp_path / "d.avro").write_bytes(container([named, *others], "alert"))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + ENOUGH, before[1]))
    try:
        assert "is no number" in only(load(connection, "object-truth", tmp_path / "a.DUMP"))
        assert "row 1: classifierName is longer than" in only(load(connection, "broker", tmp_path / "b.avro"))
        assert "row 120002: classifierName is longer than 200" in only(
            load(connection, "table", tmp_path / "c.csv", "brokerclassifier")
        )
        assert "row 1: simVersion is longer than" in only(load(connection, "alerts", tmp_path / "d.avro"))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_database_that_wont_is_said(scratch_server: Scratch) -> None:
    """Whatever is asked of it."""
    with closing(psycopg2.connect(scratch_server.admin_url)) as holder:
        holder.cursor().execute("lock table ingest_run")
        scratch_server.rows("alter database elasticc set lock_timeout = '1ms'")
        try:
            done = scratch_server.loader("runs")
        finally:
            scratch_server.rows("alter database elasticc reset lock_timeout")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database failed: canceling statement due to lock timeout")
    assert done.stderr.count("\n") == 1
