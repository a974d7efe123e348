"""All of the real data loaded, then every table crawled through /elasticc/<table>/ and compared row for row with the database.

What a row must look like is made here from CONTRACT.md's rules and psycopg2's values, not by the code under test: primary
key, plain fields, foreign keys without `_id`; NaN and infinities null; times in ISO 8601, UTC, with `Z`.
"""

import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from house import PASSWORD, PROJECT, SHARED, USER, environment, free_port, running_url, start, stop

from server.settings import Settings

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the real data isn't at {SHARED}: nothing to crawl and compare with the database"
)

Json = dict[str, Any]
FILES = (
    ("alerts", "alerts", ("--on-conflict", "fill")),
    ("broker", "broker", ()),
    ("source-truth", "truth/source_truth.csv.gz", ()),
)
COUNTS = {
    "diaobject": 346, "diaforcedsource": 52172, "diasource": 1862, "diaalert": 1862, "diaobjecttruth": 346,
    "diatruth": 52172, "brokermessage": 1950,
}  # fmt: skip
COLUMNS = """
    select a.attname, k.contype
    from pg_attribute a
    left join pg_constraint k on k.conrelid = a.attrelid and a.attnum = any(k.conkey) and k.contype in ('p', 'f')
    where a.attrelid = %(table)s::regclass and a.attnum > 0 and a.attgenerated = ''
    order by a.attnum, k.contype desc
"""


@dataclass(frozen=True)
class Full:
    url: str
    admin_url: str
    client: requests.Session

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.admin_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("set timezone = 'UTC'")
                cursor.execute(sql, parameters)
                return cursor.fetchall()
        finally:
            connection.close()

    def get(self, path: str) -> Json:
        answer = self.client.get(self.url + path if path.startswith("/") else path)
        assert answer.status_code == 200, (path, answer.text[:300])
        body: Json = answer.json()
        return body


@pytest.fixture(scope="module")
def full() -> Iterator[Full]:
    home = Path(tempfile.mkdtemp(prefix="elasticc-full-"))
    env = environment(home, free_port())
    process, _ = start(env, str(SHARED / "elasticc2_snana"))
    try:
        admin_url = running_url(Settings.from_env(env))
        for command, path, options in FILES:
            words = [sys.executable, "-m", "loader", "load", command, *options, str(SHARED / path)]
            done = subprocess.run(words, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        with requests.Session() as session:
            session.auth = (USER, PASSWORD)
            yield Full(f"http://127.0.0.1:{env['ELASTICC_PORT']}", admin_url, session)
    finally:
        stop(process)
        shutil.rmtree(home)


def fields(full: Full, table: str) -> dict[str, str]:
    """Field name to column, in the contract's order."""
    kinds: dict[str, set[str | None]] = {}
    for column, kind in full.rows(COLUMNS, {"table": f"elasticc_{table}"}):
        kinds.setdefault(column, set()).add(kind)
    keys = [column for column, kind in kinds.items() if "p" in kind]
    foreign = [column for column, kind in kinds.items() if "f" in kind and "p" not in kind]
    plain = [column for column in kinds if column not in keys + foreign]
    named = {column.removesuffix("_id") if "f" in kinds[column] else column: column for column in keys + plain + foreign}
    return named


def as_json(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06d}" if moment.microsecond else "") + "Z"
    return value


def expected(full: Full, table: str) -> list[Json]:
    """Every row as it must be, by primary key."""
    named = fields(full, table)
    columns = ", ".join(f'"{column}"' for column in named.values())
    key = next(iter(named.values()))
    order = '"classId", gentype' if table == "gentypeofclassid" else f'"{key}"'
    found = full.rows(f"select {columns} from elasticc_{table} order by {order}")
    return [dict(zip(named, map(as_json, row), strict=True)) for row in found]


def crawled(full: Full, table: str, limit: int) -> Iterator[Json]:
    address = f"/elasticc/{table}/?limit={limit}"
    total = None
    while address:
        body = full.get(address)
        assert list(body) == ["count", "next", "previous", "results"]
        assert total in (None, body["count"])
        total = body["count"]
        yield from body["results"]
        address = body["next"]


def compare(found: Iterator[Json], wanted: list[Json]) -> None:
    number = 0
    for number, (one, other) in enumerate(zip(found, wanted, strict=True), 1):
        assert list(one) == list(other), f"row {number}"
        assert one == other, f"row {number}"
    assert number == len(wanted)


def test_everything_is_loaded(full: Full) -> None:
    assert {table: full.get(f"/elasticc/{table}/?limit=1")["count"] for table in COUNTS} == COUNTS


@pytest.mark.parametrize(
    "table",
    [
        "diaobject", "diasource", "diaforcedsource", "diatruth", "diaobjecttruth", "diaalertprvsource",
        "diaalertprvforcedsource", "brokermessage", "brokerclassifier", "brokerclassification", "gentypeofclassid",
    ],
)  # fmt: skip
def test_a_crawl_gives_every_row_of(full: Full, table: str) -> None:
    wanted = expected(full, table)
    assert wanted
    compare(crawled(full, table, max(100, len(wanted) // 7)), wanted)


def links(full: Full, table: str, column: str) -> Mapping[int, list[int]]:
    """Alert to the points that it brought."""
    found: dict[int, list[int]] = {}
    for alert, point in full.rows(f'select "diaAlert_id", "{column}" from elasticc_{table}'):
        found.setdefault(alert, []).append(point)
    return found


def test_a_crawl_gives_every_alert_with_what_it_holds(full: Full) -> None:
    objects = {row["diaObjectId"]: row for row in expected(full, "diaobject")}
    sources = {row["diaSourceId"]: row for row in expected(full, "diasource")}
    forced = {row["diaForcedSourceId"]: row for row in expected(full, "diaforcedsource")}
    earlier, earlier_forced = (
        links(full, "diaalertprvsource", "diaSource_id"),
        links(full, "diaalertprvforcedsource", "diaForcedSource_id"),
    )
    assert earlier and earlier_forced
    alerts = full.rows('select "alertId", "diaSource_id", "diaObject_id" from elasticc_diaalert order by 1')
    for found, (alert, source, of_object) in zip(crawled(full, "diaalert", 300), alerts, strict=True):
        assert found == {
            "alertId": alert,
            "diaSource": sources[source],
            "diaObject": objects[of_object],
            "cutoutDifference": None,
            "cutoutTemplate": None,
            "prvDiaSources": in_time(sources, earlier.get(alert, [])),
            "prvDiaForcedSources": in_time(forced, earlier_forced.get(alert, [])),
            "prvDiaNonDetectionLimits": [],
        }


def in_time(points: Mapping[int, Json], keys: list[int]) -> list[Json]:
    return sorted((points[key] for key in keys), key=lambda point: (point["midPointTai"], next(iter(point.values()))))


@pytest.mark.parametrize(
    "table", ["diaobject", "diasource", "diaforcedsource", "diatruth", "diaobjecttruth", "brokerclassifier"]
)
def test_a_detail_is_the_row_by_its_primary_key(full: Full, table: str) -> None:
    """`diatruth` by diaSourceId, `diaobjecttruth` by diaObjectId."""
    wanted = expected(full, table)
    for row in wanted[:: max(1, len(wanted) // 20)]:
        key = next(iter(row.values()))
        found = full.get(f"/elasticc/{table}/{key}/")
        assert (found, list(found)) == (row, list(row))


def test_every_broker_message_is_found_by_its_object(full: Full) -> None:
    """Page after page of twenty, against what the tables say."""
    [(of_object, total)] = full.rows("""
        select s."diaObject_id", count(*)
        from elasticc_brokermessage m
        join elasticc_diasource s using ("diaSourceId")
        group by 1
        order by 2 desc, 1
        limit 1
    """)
    messages: list[Json] = []
    while True:
        body = full.get(f"/elasticc/brokermessage/objectid={of_object}/?offset={len(messages)}&num=20")
        count = min(20, total - len(messages))
        assert {name: body[name] for name in list(body)[:4]} == {
            "offset": len(messages), "num": 20, "totalcount": total, "count": count,
        }  # fmt: skip
        messages += body["brokermessages"]
        if not count:
            break
    wanted = full.rows(
        """
        select m."dbMessageIndex", m."alertId", c."classId", c.probability, b."classifierName", b."brokerName"
        from elasticc_brokermessage m
        join elasticc_brokerclassification c on c."dbMessage_id" = m."dbMessageIndex"
        join elasticc_brokerclassifier b on b."dbClassifierIndex" = c."dbClassifier_id"
        where m."diaSourceId" in (select "diaSourceId" from elasticc_diasource where "diaObject_id" = %s)
        order by 1, c."dbClassificationIndex"
        """,
        [of_object],
    )
    assert [
        (m["dbMessageIndex"], m["alertId"], c["classId"], c["probability"], c["classifierName"], m["brokerName"])
        for m in messages
        for c in m["classifications"]
    ] == wanted
