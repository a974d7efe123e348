"""What brokers and the old loading scripts send as JSON, put into the tables as files are. No HTTP here, no Django."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from psycopg2.extensions import connection as Connection

from loader.ingest import dump, log
from loader.ingest.alerts import read_alerts
from loader.ingest.errors import BadRow, IngestError, MissingColumn, UnknownColumn, UnreadableFile
from loader.ingest.jsonrecord import to_record
from loader.ingest.messages import Reader
from loader.ingest.packets import Packet
from loader.ingest.put import put
from loader.ingest.rows import Batch, Rows, column
from loader.ingest.schemas import Kind
from loader.ingest.truth import OBJECT_TYPES, POINT, POINT_TYPES

REQUEST = "the request"
KINDS: Mapping[str, Any] = {
    "bigint": (int, np.int64),
    "integer": (int, np.int64),
    "double precision": (float, np.float64),
    "boolean": (bool, np.bool_),
}
ALERT_TABLES = {
    "objects": "elasticc_diaobject",
    "sources": "elasticc_diasource",
    "forcedsources": "elasticc_diaforcedsource",
    "alerts": "elasticc_diaalert",
}
ADDED = """
select generate_series(lower(span), upper(span) - 1)
from (
    select unnest(keys) as span
    from ingest_addition
    where file_id = %s
      and tab = %s
) spans
order by 1
"""
FIND_MESSAGE = """
select "dbMessage_id"
from ingest_message
where digest = %s::uuid
"""
FIND_NO_SOURCE = """
select id
from unnest(%s::bigint[]) id
where not exists (select from elasticc_diasource where "diaSourceId" = id)
order by id
"""


def parse(body: bytes) -> list[Any]:
    """One object or a list of them. Raises UnreadableFile."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"not JSON: {error}", file=REQUEST) from error
    return value if isinstance(value, list) else [value]


def add_alerts(connection: Connection, who: str, values: Sequence[Any]) -> dict[str, list[int]]:
    """Returns the ids of what was new, by kind."""
    packets = _packets(values, "alert")
    with log.run(connection, who, "POST addelasticcalert", {}) as run:
        file_id = _put(connection, run, list(read_alerts(packets, REQUEST)))
        return {name: _added(connection, file_id, table) for name, table in ALERT_TABLES.items()}


def add_messages(connection: Connection, who: str, values: Sequence[Any]) -> list[int]:
    """Returns the index of each message, whether it was new or known."""
    reader = Reader(REQUEST)
    digests = [reader.add(packet) for packet in _packets(values, "broker")]
    batch = reader.take()
    with log.run(connection, who, "PUT brokermessage", {}) as run:
        _put(connection, run, [batch] if batch else [])
    with connection, connection.cursor() as cursor:
        indexes: list[int] = []
        for digest in digests:
            cursor.execute(FIND_MESSAGE, [digest.hex()])
            row = cursor.fetchone()
            assert row is not None  # put in or known
            indexes.append(row[0])
    return indexes


def add_truths(connection: Connection, who: str, values: Sequence[Any]) -> tuple[list[int], list[int]]:
    """Returns the ids of all truths, and of those that were detected and have no source yet."""
    rows = _rows("elasticc_diatruth", values, POINT, POINT_TYPES)
    with log.run(connection, who, "POST addtruth", {}) as run:
        _put(connection, run, [rows])
    ids, detected = rows.columns["diaSourceId"], rows.columns.get("detect")
    seen = ids[np.ma.filled(detected, False)] if detected is not None else ids[:0]
    with connection, connection.cursor() as cursor:
        cursor.execute(FIND_NO_SOURCE, [seen.tolist()])
        return ids.tolist(), [row[0] for row in cursor.fetchall()]


def add_object_truths(connection: Connection, who: str, values: Sequence[Any]) -> list[int]:
    rows = _rows("elasticc_diaobjecttruth", values, dump.NAMES, OBJECT_TYPES)
    with log.run(connection, who, "POST addobjecttruth", {}) as run:
        _put(connection, run, [rows])
    ids: list[int] = rows.columns["diaObjectId"].tolist()
    return ids


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON's; null is meant?")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in an object")
    return made


def _packets(values: Sequence[Any], kind: Kind) -> list[Packet]:
    records = [(*to_record(value, kind, number), number) for number, value in enumerate(values, start=1)]
    return [Packet(record, version, number, REQUEST) for record, version, number in records]


def _put(connection: Connection, run: log.Run, batches: Iterable[Batch]) -> int:
    record = run.file([], run.kind)
    try:
        put(connection, batches, record=record)
    except IngestError as error:
        run.refused(record, error)
        raise
    run.end("done")
    return record.id


def _added(connection: Connection, file_id: int, table: str) -> list[int]:
    with connection, connection.cursor() as cursor:
        cursor.execute(ADDED, [file_id, table])
        return [row[0] for row in cursor.fetchall()]


def _rows(table: str, values: Sequence[Any], names: Mapping[str, str], types: Mapping[str, str]) -> Rows:
    """By the table's names or the files' own, as the first value has them."""
    if not values:
        raise UnreadableFile("an empty list", file=REQUEST)
    columns: dict[str, list[Any]] = {}
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise BadRow("an object is expected", file=REQUEST, row=number)
        ours = {names.get(name, name): each for name, each in value.items()}
        if len(ours) < len(value):
            raise BadRow("a value stands there twice, under the file's name and the table's", file=REQUEST, row=number)
        if unknown := sorted(ours.keys() - types.keys()):
            raise UnknownColumn(f"unknown name {unknown[0]!r}", file=REQUEST, row=number)
        if missing := sorted(types.keys() - ours.keys()):
            raise MissingColumn(f"no {missing[0]}", file=REQUEST, row=number)
        for name, each in ours.items():
            columns.setdefault(name, []).append(_checked(name, each, types[name], number))
    made = {name: column(each, KINDS[types[name]][1]) for name, each in columns.items()}
    return Rows(table, made, REQUEST, np.arange(1, len(values) + 1, dtype=np.int64))


def _checked(name: str, value: Any, kind: str, number: int) -> Any:
    if value is None:
        return None
    wanted = KINDS[kind][0]
    if wanted is bool and value in (0, 1):
        return bool(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and (isinstance(value, bool) or not -(2**63) <= value < 2**63)):
        raise BadRow(f"{name} is {value!r}, not a {kind}"[:200], file=REQUEST, row=number)
    return value
