"""Alerts, messages, truths and tables in every wrapping; what a load says of known rows; runs and the way back."""

import csv
import gzip
import io
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loads import find_jobs
from scratch import Scratch, scratch, scratch_server

from loader.ingest import jobs, log
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError
from loader.ingest.schemas import OBJECT, PARSED, PLAIN, Kind, Version
from loader.session import open_connection

__all__ = ["scratch", "scratch_server"]

FLUX = 1.5  # a float32 as well


def source(number: int, version: Version = "v0_9", **changed: Any) -> dict[str, Any]:
    made = {"diaSourceId": number, "diaObjectId": 7, "midPointTai": 60000.5 + number, "filterName": "r", "ra": 10.0,
            "decl": -5.0, "psFlux": FLUX, "psFluxErr": 0.25, "snr": 6.0}  # fmt: skip
    if version == "v0_9":
        made |= {"ccdVisitId": 100 + number, "parentDiaSourceId": None, "nobs": None}
    return {**made, **changed}


def forced(number: int, version: Version = "v0_9") -> dict[str, Any]:
    made = {"diaForcedSourceId": number, "diaObjectId": 7, "midPointTai": 60000.5, "filterName": "g", "psFlux": 2.5,
            "psFluxErr": 0.5}  # fmt: skip
    return {**made, "ccdVisitId": 1, "totFlux": 3.5, "totFluxErr": 0.5} if version == "v0_9" else made


def alert(number: int, version: Version = "v0_9", **of_source: Any) -> dict[str, Any]:
    """The object 7, its source `number` and those before it."""
    made = {
        "alertId": number,
        "diaSource": source(number, version, **of_source),
        "prvDiaSources": [source(each, version) for each in range(1, number)] or None,
        "prvDiaForcedSources": [forced(each, version) for each in range(1, number)] or None,
        "diaObject": {"diaObjectId": 7, "simVersion": None, "ra": 10.0, "decl": -5.0, **dict.fromkeys(OBJECT)},
    }
    extra = {"prvDiaNondetectionLimits": None, "cutoutDifference": b"x", "cutoutTemplate": None}
    return {**made, **extra} if version == "v0_9" else made


def message(number: int, version: Version = "v0_9") -> dict[str, Any]:
    classifier = {"classifierName": "c", "classifierParams": "p"}
    scale = 1000 if version == "v0_9" else 1
    said = {"classId": 111, "probability": 0.25}
    first = version == "v0_9"
    return {"alertId": number, "diaSourceId": number, "elasticcPublishTimestamp": 1_700_000_000_123 * scale,
            "brokerIngestTimestamp": None, "brokerName": "b", "brokerVersion": "1", **({} if first else classifier),
            "classifications": [{**classifier, **said} if first else said]}  # fmt: skip


def packet(record: dict[str, Any], kind: Kind, version: Version = "v0_9") -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED[kind, version], record)
    return stream.getvalue()


def container(records: list[dict[str, Any]], kind: Kind, version: Version = "v0_9", codec: str = "deflate") -> bytes:
    stream = io.BytesIO()
    fastavro.writer(stream, PLAIN[kind, version], records, codec=codec, sync_interval=500)
    return stream.getvalue()


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


THREE = [alert(1), alert(2), alert(3)]
SINGLE = {f"{each['alertId']}.avro": packet(each, "alert") for each in THREE}
WRAPPINGS: dict[str, Callable[[], dict[str, bytes]]] = {
    "container": lambda: {"a.avro": container(THREE, "alert")},
    "container, null codec": lambda: {"a.avro": container(THREE, "alert", codec="null")},
    "container, gzipped": lambda: {"a.avro.gz": gzip.compress(container(THREE, "alert"))},
    "packets": lambda: SINGLE,
    "packets, gzipped, in folders": lambda: {f"x/{n}/{n}.avro.gz": gzip.compress(c) for n, c in enumerate(SINGLE.values())},
    "tar of packets": lambda: {"a.tar": tar(SINGLE)},
    "tar.gz of packets": lambda: {"a.tar.gz": tar(SINGLE, "w:gz")},
    "tar of tars": lambda: {"a.tar": tar({"in/a.tar.gz": tar(SINGLE, "w:gz"), "readme.avro": SINGLE["1.avro"]})},
    "tar of a container": lambda: {"a.tgz": tar({"b.avro": container(THREE, "alert")}, "w:gz")},
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_alerts_in_every_wrapping(scratch: Scratch, tmp_path: Path, wrapping: str) -> None:
    done = scratch.loader("load", "alerts", write(tmp_path, WRAPPINGS[wrapping]()))
    assert (done.returncode, done.stderr) == (0, "")
    counts = scratch.counts()
    assert [counts[f"elasticc_{name}"] for name in ("diaobject", "diasource", "diaforcedsource", "diaalert")] == [1, 3, 2, 3]
    links = scratch.rows('select "diaAlert_id", "diaSource_id" from elasticc_diaalertprvsource order by 1, 2')
    assert links == [(2, 1), (3, 1), (3, 2)]
    assert scratch.rows('select "ccdVisitId", "diaObject_id", "psFlux" from elasticc_diasource where "diaSourceId" = 2') == [
        (102, 7, FLUX)
    ]
    again = scratch.loader("load", "alerts", tmp_path)
    assert again.returncode == 0 and "Nothing new." in again.stdout and scratch.counts() == counts


def test_the_newer_schema_and_standard_input(scratch: Scratch, tmp_path: Path) -> None:
    newer = [alert(number, "v0_9_1") for number in (1, 2, 3)]
    (tmp_path / "a.avro").write_bytes(container(newer, "alert", "v0_9_1"))
    (tmp_path / "b.avro").write_bytes(packet(alert(4, "v0_9_1"), "alert", "v0_9_1"))
    wrong = scratch.loader("load", "alerts", tmp_path / "b.avro")
    assert wrong.returncode == 1 and "alert packet of v0_9" in wrong.stderr
    assert scratch.loader("load", "alerts", tmp_path, "--schema", "v0_9_1").returncode == 0
    assert scratch.rows('select count(*), count("ccdVisitId") from elasticc_diasource') == [(4, 0)]
    older = scratch.loader("load", "alerts", "-", stdin=container([alert(1)], "alert"))
    assert older.returncode == 1
    assert "standard input, row 1: elasticc_diasource diaSourceId 1 is known with ccdVisitId = null, and the file says 101" in (
        older.stderr
    )
    filled = scratch.loader("load", "alerts", "-", "--on-conflict", "fill", stdin=container([alert(1)], "alert"))
    assert filled.returncode == 0 and "1 filled" in filled.stdout
    assert scratch.rows('select count("ccdVisitId") from elasticc_diasource') == [(1,)]


def test_every_policy_does_what_it_says(scratch: Scratch, tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"a.avro": container([alert(1, ccdVisitId=5)], "alert")})
    second = write(tmp_path / "2", {"a.avro": container([alert(1, ccdVisitId=6, psFlux=9.0)], "alert")})
    flux = 'select "ccdVisitId", "psFlux" from elasticc_diasource'
    scratch.loader("load", "alerts", first)
    refused = scratch.loader("load", "alerts", second)
    assert refused.returncode == 1 and "ccdVisitId = 5, and the file says 6" in refused.stderr
    assert "psFlux" in scratch.loader("load", "alerts", second, "--on-conflict", "fill").stderr or scratch.rows(flux) == [
        (5, FLUX)
    ]
    kept = scratch.loader("load", "alerts", second, "--on-conflict", "keep")
    assert kept.returncode == 0 and "1 kept" in kept.stdout and scratch.rows(flux) == [(5, FLUX)]
    replaced = scratch.loader("load", "alerts", second, "--on-conflict", "replace")
    assert replaced.returncode == 0 and "1 replaced" in replaced.stdout and scratch.rows(flux) == [(6, 9.0)]
    run = replaced.stdout.split("Run: ")[1].strip()
    shown = scratch.loader("run", run).stdout
    assert "elasticc_diasource: 1 replaced" in shown and "on_conflict = replace" in shown and "sha256" in shown
    undone = scratch.loader("undo", run)
    assert undone.returncode == 0 and scratch.rows(flux) == [(5, FLUX)]
    assert scratch.loader("undo", run).returncode == 1


def test_undo_takes_back_exactly_its_own(scratch: Scratch, tmp_path: Path) -> None:
    first = scratch.loader("load", "alerts", write(tmp_path / "1", {"a.avro": container([alert(1)], "alert")}))
    second = scratch.loader("load", "alerts", write(tmp_path / "2", {"a.avro": container(THREE, "alert")}))
    runs = [each.stdout.split("Run: ")[1].strip() for each in (first, second)]
    refused = scratch.loader("undo", runs[0])
    assert refused.returncode == 1 and "later rows refer to its own" in refused.stderr and "Traceback" not in refused.stderr
    assert scratch.loader("undo", runs[1]).returncode == 0
    assert scratch.rows('select "alertId" from elasticc_diaalert') == [(1,)]
    assert scratch.rows('select "diaSourceId" from elasticc_diasource') == [(1,)]
    assert scratch.loader("undo", runs[0]).returncode == 0
    assert set(scratch.counts().values()) == {0}
    assert "undone" in scratch.loader("runs").stdout


def test_messages_of_both_versions_are_known_by_what_they_say(scratch: Scratch, tmp_path: Path) -> None:
    write(tmp_path, {
        "1.avro": container([message(1), message(2)], "broker"),
        "2.avro": container([message(2, "v0_9_1"), message(3, "v0_9_1")], "broker", "v0_9_1"),
        "3.avro": packet(message(3), "broker"),
    })  # fmt: skip
    done = scratch.loader("load", "broker", tmp_path)
    assert done.returncode == 0, done.stderr
    counts = scratch.counts()
    assert (counts["elasticc_brokermessage"], counts["elasticc_brokerclassifier"], counts["elasticc_brokerclassification"]) == (
        3, 1, 3,
    )  # fmt: skip
    assert "3 rows of elasticc_brokermessage name a alertId" in done.stdout
    check = scratch.loader("check", "references")
    assert check.returncode == 1 and "elasticc_brokermessage: 3 rows name a alertId" in check.stderr
    times = scratch.rows("select distinct \"elasticcPublishTimestamp\" at time zone 'UTC' from elasticc_brokermessage")
    assert str(times[0][0]) == "2023-11-14 22:13:20.123000"


def test_tables_from_csv_and_parquet(scratch: Scratch, tmp_path: Path) -> None:
    scratch.loader("load", "alerts", "-", stdin=container([alert(1)], "alert"))
    rows = [{"diaSourceId": 10 + at, "midPointTai": 60000.25, "filterName": "Y", "ra": 1.5, "decl": 2.5, "psFlux": 1e-3,
             "psFluxErr": 2.0, "snr": 3.0, "diaObject_id": 7, "ccdVisitId": at or None} for at in range(5)]  # fmt: skip
    with (tmp_path / "a.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[:3])
    pq.write_table(pa.Table.from_pylist(rows[2:]), tmp_path / "b.parquet")
    done = scratch.loader("load", "table", "diasource", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 new" in done.stdout and "1 known" in done.stdout
    assert scratch.rows('select "diaSourceId", "ccdVisitId" from elasticc_diasource where "diaSourceId" >= 10 order by 1') == [
        (10, None), (11, 1), (12, 2), (13, 3), (14, 4),
    ]  # fmt: skip
    text = "diaSourceId,detect,mjd\n5,1,60000.5\n6,0,\n"
    truth = scratch.loader("load", "table", "diatruth", "-", stdin=text.encode())
    assert truth.returncode == 0, truth.stderr
    assert "1 rows of elasticc_diatruth name a diaSourceId" in truth.stdout
    times = "dbMessageIndex,alertId,diaSourceId,descIngestTimestamp\n1,1,1,2024-01-02T03:04:05.678901Z\n"
    assert scratch.loader("load", "table", "brokermessage", "-", stdin=times.encode()).returncode == 0
    assert (
        str(scratch.rows('select "descIngestTimestamp" from elasticc_brokermessage')[0][0])[:26] == "2024-01-02 03:04:05.678901"
    )


HEAD = "SourceID,SNID,MJD,DETECT,TRUE_GENTYPE,TRUE_GENMAG\n"
GOOD = HEAD + "100,1,60000.5,0,10,21.5\n"
BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "the file is empty"),
    "cut line": ("a.csv", (GOOD + "101,1,6000").encode(), "a.csv"),
    "cut value": ("a.csv", GOOD.rstrip("\n").encode(), "its last line has no end"),
    "no number": ("a.csv", (GOOD + "x,1,60000.5,0,10,21.5\n").encode(), "Row #3"),
    "too large": ("a.csv", (GOOD + "9223372036854775808,1,60000.5,0,10,21.5\n").encode(), "Row #3"),
    "too large for 32 bits": ("a.csv", (GOOD + "102,1,60000.5,0,3000000000,21.5\n").encode(), "Row #3"),
    "NaN": ("a.csv", (GOOD + "102,1,nan,0,10,21.5\n").encode(), "row 3: mjd is nan"),
    "infinite": ("a.csv", (GOOD + "102,1,inf,0,10,21.5\n").encode(), "row 3: mjd is inf"),
    "absurd date": ("a.csv", (GOOD + "102,1,6e9,0,10,21.5\n").encode(), "row 3: mjd is 6000000000.0"),
    "no key": ("a.csv", (GOOD + ",1,60000.5,0,10,21.5\n").encode(), "row 3: diaSourceId is null"),
    "key twice": ("a.csv", (GOOD + "100,1,60000.5,0,10,21.5\n").encode(), "row 3: diaSourceId 100 stands in row 2 too"),
    "unknown column": ("a.csv", GOOD.replace("MJD", "MJDX").encode(), "unknown column MJDX"),
    "column twice": ("a.csv", (HEAD.replace("MJD", "SNID") + "1,1,1,0,10,21.5\n").encode(), "SNID stands twice"),
    "missing column": ("a.csv", b"SourceID,SNID\n1,2\n", "no column MJD"),
    "wrong encoding": ("a.csv", GOOD.encode() + b"\xff\xfe,1,60000.5,0,10,21.5\n", "a.csv"),
    "truncated gzip": ("a.csv.gz", gzip.compress(GOOD.encode() * 1)[:-12], "truncated"),
    "corrupt gzip": ("a.csv.gz", gzip.compress(GOOD.encode())[:-8] + b"\0" * 8, "corrupt gzip"),
    "not gzip": ("a.csv.gz", b"\x1f\x8b" + b"no gzip" * 10, "corrupt gzip"),
    "bomb": ("a.csv.gz", gzip.compress((HEAD + "0" * (200 << 20)).encode()), "a.csv.gz"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_csv_is_refused_with_place_and_reason(scratch: Scratch, tmp_path: Path, case: str) -> None:
    name, content, words = BAD[case]
    refuse(scratch, tmp_path, "source-truth", name, content, words)


def changed(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**value, **changes}


WHOLE = container(THREE, "alert")
LINK = io.BytesIO()
with tarfile.open(fileobj=LINK, mode="w") as made:
    member = tarfile.TarInfo("a.avro")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    made.addfile(member)
BAD_AVRO: dict[str, tuple[str, bytes, str]] = {
    "truncated container": ("a.avro", WHOLE[:-100], "truncated"),
    "cut between blocks": ("a.avro", WHOLE[:-1], "truncated"),
    "corrupt block": ("a.avro", WHOLE[:-60] + b"\xff" * 30 + WHOLE[-30:], "block"),
    "another schema": ("a.avro", container([message(1)], "broker"), "its schema is no alert's: where diaSource is expected"),
    "text": ("a.avro", b"Here is no Avro at all, only words." * 5, "no alert packet of v0_9"),
    "empty": ("a.avro", b"", "the file is empty"),
    "bytes left over": ("a.avro", packet(alert(1), "alert") + b"\0", "1 bytes are left over"),
    "truncated packet": ("a.avro", packet(alert(1), "alert")[:-3], "truncated, corrupt"),
    "path out of the tar": ("a.tar", tar({"../a.avro": SINGLE["1.avro"]}), "its path leaves the archive"),
    "absolute path": ("a.tar", tar({"/etc/a.avro": SINGLE["1.avro"]}), "its path leaves the archive"),
    "link in the tar": ("a.tar", LINK.getvalue(), "neither a file nor a folder"),
    "empty tar": ("a.tar", tar({}), "an archive without a file"),
    "tar cut between members": ("a.tar", tar(SINGLE)[: 512 + 1024 * -(-len(SINGLE["1.avro"]) // 512) // 2], "truncated"),
    "truncated tar.gz": ("a.tar.gz", tar(SINGLE, "w:gz")[:-20], "truncated"),
    "NaN": ("a.avro", container([alert(1, psFlux=float("nan"))], "alert"), "row 1: psFlux is nan"),
    "no such declination": ("a.avro", container([alert(1), alert(2, decl=91.0)], "alert"), "row 2: decl is 91.0"),
    "no such band": ("a.avro", container([alert(1, filterName="w")], "alert"), "filterName is w: none of ugrizY"),
    "itself contradicted": ("a.avro", container([alert(1, psFlux=2.0), alert(2)], "alert"), "row 2: diaSourceId 1 has psFlux"),
    "unknown object": (
        "a.avro", container([changed(alert(1), diaObject=None)], "alert"), "diaObject_id 7 is not in elasticc_diaobject"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_AVRO)
def test_bad_avro_is_refused_with_place_and_reason(scratch: Scratch, tmp_path: Path, case: str) -> None:
    name, content, words = BAD_AVRO[case]
    refuse(scratch, tmp_path, "alerts", name, content, words)


def refuse(scratch: Scratch, folder: Path, kind: str, name: str, content: bytes, words: str) -> None:
    """In this process: what the command adds is its exit status, which another test looks at."""
    (folder / name).write_bytes(content)
    with closing(open_connection(scratch.admin_url)) as connection, log.run(connection, "a test", kind, {}) as run:
        found = find_jobs("truth" if kind == "source-truth" else kind, [folder])
        came = [each for job in found if isinstance(job, jobs.Job) for each in jobs.load(connection, run, job, Policy.REFUSE)]
        run.end("refused")
    [error] = came
    assert isinstance(error, IngestError), came
    said = str(error)
    assert str(folder / name) in said and words in said and "\n" not in said, said
    assert set(scratch.counts().values()) == {0}
    assert scratch.rows("select outcome, error from ingest_file order by id desc limit 1") == [("refused", said)]


def test_what_isnt_there_is_said(scratch: Scratch, tmp_path: Path) -> None:
    for kind in ("alerts", "broker", "source-truth", "object-truth", "snana"):
        nothing = scratch.loader("load", kind, tmp_path)
        assert nothing.returncode == 1 and "Refused:" in nothing.stderr and str(tmp_path) in nothing.stderr
    (tmp_path / "a.csv").write_text(GOOD + "101,1,nan,0,10,21.5\n")
    (tmp_path / "b.csv").write_text(GOOD)
    one = scratch.loader("load", "source-truth", tmp_path)
    assert one.returncode == 1 and "Traceback" not in one.stderr and "row 3: mjd is nan" in one.stderr
    assert len(one.stderr.strip().splitlines()) == 1 and scratch.counts()["elasticc_diatruth"] == 1
    missing = scratch.loader("load", "alerts", tmp_path / "nowhere.avro")
    assert missing.returncode == 1 and "no such file" in missing.stderr
    assert scratch.loader("undo", "999999").returncode == 1
