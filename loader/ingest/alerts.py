"""Alerts to rows of six tables. Each alert carries its object and its history again; a batch keeps each of them once.

Refuses an alert that contradicts an earlier one of its batch; the writer compares the batches with each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loader.ingest import schemas
from loader.ingest.errors import BadRow
from loader.ingest.packets import Packet
from loader.ingest.rows import Column, Rows, column
from loader.ingest.schemas import Version
from loader.ingest.values import check_texts

BATCH_ROWS = 30_000

LONG, FLOAT, TEXT = np.int64, np.float64, np.str_
OBJECT: dict[str, Any] = {
    "diaObjectId": LONG, "simVersion": TEXT, "ra": FLOAT, "decl": FLOAT, **dict.fromkeys(schemas.OBJECT, FLOAT)
}  # fmt: skip
SOURCE: dict[str, Any] = {
    "diaSourceId": LONG, "ccdVisitId": LONG, "diaObjectId": LONG, "parentDiaSourceId": LONG, "midPointTai": FLOAT,
    "filterName": TEXT, "ra": FLOAT, "decl": FLOAT, "psFlux": FLOAT, "psFluxErr": FLOAT, "snr": FLOAT, "nobs": FLOAT,
}  # fmt: skip
FORCED: dict[str, Any] = {
    "diaForcedSourceId": LONG, "ccdVisitId": LONG, "diaObjectId": LONG, "midPointTai": FLOAT, "filterName": TEXT,
    "psFlux": FLOAT, "psFluxErr": FLOAT, "totFlux": FLOAT, "totFluxErr": FLOAT,
}  # fmt: skip
RENAMED = {"diaObjectId": "diaObject_id"}


@dataclass
class _Once:
    """Records of one table, each key once, with the number of the packet that said it first."""

    table: str
    kinds: dict[str, Any]
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)

    def add(self, record: dict[str, Any], packet: Packet, key: str) -> None:
        known = self.records.get(record[key])
        if known is None:
            self.records[record[key]] = record
            self.numbers.append(packet.number)
        elif known != record:
            name = next(name for name in record if record[name] != known.get(name))
            raise BadRow(
                f"{key} {record[key]} has {name} = {record[name]}, and {known.get(name)} in an earlier packet",
                file=packet.place,
                row=packet.number,
            )

    def rows(self, file: str, *, renamed: dict[str, str]) -> Rows | None:
        if not self.records:
            return None
        records = list(self.records.values())
        for name, kind in self.kinds.items():
            if kind is TEXT:
                check_texts(name, [record[name] for record in records], file=file, numbers=self.numbers)
        columns = {
            renamed.get(name, name): column([record[name] for record in records], kind)
            for name, kind in self.kinds.items()
            if name in records[0]
        }
        return Rows(self.table, columns, file, np.array(self.numbers, dtype=np.int64), may_repeat=True)


class _Batch:
    def __init__(self) -> None:
        self.objects = _Once("elasticc_diaobject", OBJECT)
        self.sources = _Once("elasticc_diasource", SOURCE)
        self.forced = _Once("elasticc_diaforcedsource", FORCED)
        self.alerts: list[tuple[int, int, int | None, int]] = []
        self.prv_sources: list[tuple[int, int, int]] = []
        self.prv_forced: list[tuple[int, int, int]] = []

    def add(self, packet: Packet) -> None:
        alert = packet.record
        source, dia_object = alert["diaSource"], alert["diaObject"]
        if dia_object is not None:
            self.objects.add(dia_object, packet, "diaObjectId")
        self.sources.add(source, packet, "diaSourceId")
        object_id = dia_object["diaObjectId"] if dia_object is not None else source["diaObjectId"]
        alert_id = alert["alertId"]
        self.alerts.append((alert_id, source["diaSourceId"], object_id, packet.number))
        for earlier in alert["prvDiaSources"] or ():
            self.sources.add(earlier, packet, "diaSourceId")
            self.prv_sources.append((alert_id, earlier["diaSourceId"], packet.number))
        for earlier in alert["prvDiaForcedSources"] or ():
            self.forced.add(earlier, packet, "diaForcedSourceId")
            self.prv_forced.append((alert_id, earlier["diaForcedSourceId"], packet.number))

    @property
    def is_full(self) -> bool:
        return len(self.prv_sources) + len(self.prv_forced) + len(self.alerts) > BATCH_ROWS

    def rows(self, file: str) -> Iterator[Rows]:
        for once in (self.objects, self.sources, self.forced):
            renamed = {} if once is self.objects else RENAMED
            rows = once.rows(file, renamed=renamed)
            if rows is not None:
                yield rows
        if self.alerts:
            alert_ids, source_ids, object_ids, numbers = zip(*self.alerts, strict=True)
            columns: dict[str, Column] = {
                "alertId": column(alert_ids, LONG),
                "diaSource_id": column(source_ids, LONG),
                "diaObject_id": column(object_ids, LONG),
            }
            yield Rows("elasticc_diaalert", columns, file, np.array(numbers, dtype=np.int64), may_repeat=True)
        for table, name, links in (
            ("elasticc_diaalertprvsource", "diaSource_id", self.prv_sources),
            ("elasticc_diaalertprvforcedsource", "diaForcedSource_id", self.prv_forced),
        ):
            if links:
                pairs = np.array(links, dtype=np.int64)
                yield Rows(table, {"diaAlert_id": pairs[:, 0], name: pairs[:, 1]}, file, pairs[:, 2], may_repeat=True)


def read_alerts(packets: Iterable[Packet], file: Path | str) -> Iterator[Rows]:
    """Rows in batches of bounded size. All of one version: those of the other have fewer columns."""
    batch = _Batch()
    version: Version | None = None
    for packet in packets:
        version = version or packet.version
        if packet.version != version:
            raise BadRow(
                f"a packet of {packet.version} after those of {version}: load them apart", file=packet.place, row=packet.number
            )
        batch.add(packet)
        if batch.is_full:
            yield from batch.rows(str(file))
            batch = _Batch()
    yield from batch.rows(str(file))
