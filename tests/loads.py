"""Loads within the test's own process, and what a database holds after them, whatever numbers it gave its rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection

from loader.ingest import jobs, log
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError
from loader.ingest.outcome import Counts
from loader.ingest.tables import ALL

SHARED = Path(__file__).parents[2] / "shared" / "data"
ALL_KINDS = ("snana", "alerts", "packets", "broker", "truth")

# Everything but numbers that the database gives, and the moments when it was loaded.
CONTENTS = {
    "diaobject": 'select t::text from elasticc_diaobject t',
    "diasource": 'select t::text from elasticc_diasource t',
    "diaforcedsource": 'select t::text from elasticc_diaforcedsource t',
    "diaalert": 'select t::text from elasticc_diaalert t',
    "diatruth": 'select t::text from elasticc_diatruth t',
    "diaobjecttruth": 'select t::text from elasticc_diaobjecttruth t',
    "prvsource": 'select row("diaAlert_id", "diaSource_id")::text from elasticc_diaalertprvsource',
    "prvforcedsource": 'select row("diaAlert_id", "diaForcedSource_id")::text from elasticc_diaalertprvforcedsource',
    "message": """
        select row("alertId", "diaSourceId", "elasticcPublishTimestamp", "brokerIngestTimestamp", "topicName")::text
        from elasticc_brokermessage
    """,
    "classifier": """
        select row("brokerName", "brokerVersion", "classifierName", "classifierParams")::text
        from elasticc_brokerclassifier
    """,
    "classification": """
        select row(m."alertId", m."brokerIngestTimestamp", r."brokerName", r."classifierName", r."classifierParams",
                   c."classId", c.probability)::text
        from elasticc_brokerclassification c
        join elasticc_brokermessage m on m."dbMessageIndex" = c."dbMessage_id"
        join elasticc_brokerclassifier r on r."dbClassifierIndex" = c."dbClassifier_id"
    """,
    "digests": "select count(*)::text from ingest_message",
}  # fmt: skip


def contents(connection: Connection) -> dict[str, tuple[int, str | None]]:
    """Table → number of rows and a digest of all of them in order."""
    found: dict[str, tuple[int, str | None]] = {}
    with connection, connection.cursor() as cursor:
        for name, statement in CONTENTS.items():
            cursor.execute(f"select count(*), md5(string_agg(said, ',' order by said)) from ({statement}) as rows(said)")
            row = cursor.fetchone()
            assert row is not None
            found[name] = row
    return found


def find_jobs(kind: str, paths: Iterable[Path]) -> list[jobs.Job | IngestError]:
    places = list(paths)
    if kind == "snana":
        return list(jobs.snana_jobs(places, None))
    if kind in ("alerts", "packets"):
        return list(jobs.packet_jobs(places, "alert", "v0_9"))
    if kind == "broker":
        return list(jobs.packet_jobs(places, "broker", "v0_9"))
    return list(jobs.source_truth_jobs(places))


def load(connection: Connection, kind: str, paths: Iterable[Path], policy: Policy = Policy.FILL) -> list[Counts]:
    """Raises the first refusal."""
    counts: list[Counts] = []
    with log.run(connection, "a test", kind, {}) as run:
        for job in find_jobs(kind, paths):
            assert isinstance(job, jobs.Job), job
            for came in jobs.load(connection, run, job, policy):
                if isinstance(came, IngestError):
                    raise came
                counts += came
        run.end("done")
    return counts


def whole() -> dict[str, list[Path]]:
    """Everything in the shared folder."""
    return {
        "snana": [SHARED / "elasticc2_snana"],
        "alerts": [SHARED / "alerts" / "alerts_v0_9_ocf.avro"],
        "packets": [SHARED / "alerts" / "alerts_v0_9_schemaless.tar.gz"],
        "broker": [SHARED / "broker"],
        "truth": [SHARED / "truth"],
    }


def empty(connection: Connection, tables: Iterable[str]) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(f"truncate {', '.join(tables)} cascade")


def delete(connection: Connection) -> None:
    """As empty, of all tables, for few rows: to truncate takes a second whatever is in them."""
    with connection, connection.cursor() as cursor:
        for table in reversed(ALL):
            cursor.execute(f"delete from {table.name}")


def one(connection: Connection, question: str, parameters: list[Any] | None = None) -> Any:
    with connection, connection.cursor() as cursor:
        cursor.execute(question, parameters)
        row = cursor.fetchone()
    return row[0] if row else None
