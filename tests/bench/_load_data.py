"""Files to load, made from the demo sample's light curves: SNANA pairs, alerts, brokers' messages, CSV; and their rows as CSV.

Every file has objects of its own, so that each is new to a database that has all the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.csv
from astropy.io import fits
from numpy.typing import NDArray

from loader.ingest import demo
from loader.ingest.rows import Rows
from loader.ingest.schemas import OBJECT, PLAIN
from loader.ingest.snana import (
    DETECTION,
    FIRST_DEMO_OBJECT,
    FLUXCAL_TO_NJY,
    HEAD_NEEDED,
    OBJECT_COLUMNS,
    POINTS_PER_OBJECT,
    Pair,
)

OBJECTS_A_PAIR = demo.GROUP
OBJECTS_OF_ALERTS = 240
MOST_ALERTS_AN_OBJECT = 12
MESSAGES = 5000
CLASSES = tuple(range(111, 121))


@dataclass(frozen=True)
class Sky:
    """One group of the demo sample, its ids brought to where files may have them."""

    objects: dict[str, NDArray[Any]]
    forced: dict[str, NDArray[Any]]
    sources: dict[str, NDArray[Any]]


def sky(number: int) -> Sky:
    """Group `number`: 500 objects, about 65,000 points."""
    rows = {each.table: each.columns for each in demo._rows(1, number * demo.GROUP, n_wanted=demo.GROUP)}
    away = FIRST_DEMO_OBJECT + demo.MOST_OBJECTS - 1_000_000
    objects, forced, sources = (
        {name: np.asarray(values) for name, values in rows[f"elasticc_{table}"].items() if name != "alertSentTimestamp"}
        for table in ("diaobject", "diaforcedsource", "diasource")
    )
    for columns, key in ((objects, "diaObjectId"), (forced, "diaObject_id"), (sources, "diaObject_id")):
        columns[key] = columns[key] - away
    for columns, key in ((forced, "diaForcedSourceId"), (sources, "diaSourceId")):
        columns[key] = columns[key] - away * POINTS_PER_OBJECT
    return Sky(objects, forced, sources)


def write_pair(folder: Path, number: int) -> Pair:
    found = sky(number)
    owners, counts = np.unique(found.forced["diaObject_id"], return_counts=True)
    end = np.cumsum(counts + 1)
    head: dict[str, NDArray[Any]] = {
        "SNID": owners.astype("S16"), "NOBS": counts.astype(np.int32),
        "PTROBS_MIN": (end - counts).astype(np.int32), "PTROBS_MAX": (end - 1).astype(np.int32),
    }  # fmt: skip
    head |= {theirs: found.objects[ours].astype(np.float64 if theirs in ("RA", "DEC") else np.float32)
             for theirs, ours in OBJECT_COLUMNS.items()}  # fmt: skip
    assert set(head) == HEAD_NEEDED
    at = np.arange(len(found.forced["psFlux"])) + np.repeat(np.arange(len(counts)), counts)
    n_rows = int(end[-1])
    flag = np.where(np.isin(found.forced["diaForcedSourceId"], found.sources["diaSourceId"]), DETECTION, 0)
    phot: dict[str, NDArray[Any]] = {
        "MJD": np.full(n_rows, -777.0), "BAND": np.full(n_rows, b"-", dtype="S2"), "PHOTFLAG": np.zeros(n_rows, np.int32),
        "FLUXCAL": np.full(n_rows, -777.0, np.float32), "FLUXCALERR": np.full(n_rows, -777.0, np.float32),
    }  # fmt: skip
    phot["MJD"][at] = found.forced["midPointTai"]
    phot["BAND"][at] = found.forced["filterName"].astype("S1")
    phot["PHOTFLAG"][at] = flag
    phot["FLUXCAL"][at] = found.forced["psFlux"] / FLUXCAL_TO_NJY
    phot["FLUXCALERR"][at] = found.forced["psFluxErr"] / FLUXCAL_TO_NJY
    pair = Pair(folder / f"SIM-{number:04}_HEAD.FITS.gz", folder / f"SIM-{number:04}_PHOT.FITS.gz")
    for file, columns in ((pair.head, head), (pair.phot, phot)):
        primary = fits.PrimaryHDU()
        primary.header["NZPHOT_Q"] = 11
        fits.HDUList([primary, fits.BinTableHDU(_table(columns))]).writeto(file)
    return pair


def _table(columns: dict[str, NDArray[Any]]) -> NDArray[Any]:
    table = np.zeros(len(next(iter(columns.values()))), dtype=[(name, each.dtype) for name, each in columns.items()])
    for name, each in columns.items():
        table[name] = each
    return table


def write_alerts(file: Path, number: int, n_objects: int = OBJECTS_OF_ALERTS) -> None:
    """The alerts of a night's objects, each with its object and everything before it, as version 0.9 has them."""
    found = sky(number)
    with file.open("wb") as out:
        fastavro.writer(out, PLAIN["alert", "v0_9"], _alerts(found, n_objects), codec="deflate")


def _alerts(found: Sky, n_objects: int) -> Iterator[dict[str, Any]]:
    owners, counts = np.unique(found.sources["diaObject_id"], return_counts=True)
    for owner in owners[counts > 2][:n_objects]:
        at = int(np.searchsorted(found.objects["diaObjectId"], owner))
        dia_object = {
            "diaObjectId": int(owner), "simVersion": "bench", "ra": float(found.objects["ra"][at]),
            "decl": float(found.objects["decl"][at]),
            **{name: float(found.objects[name][at]) if name in found.objects else None for name in OBJECT},
        }  # fmt: skip
        forced = [_forced(found.forced, point) for point in np.flatnonzero(found.forced["diaObject_id"] == owner)]
        sources = [_source(found.sources, point) for point in np.flatnonzero(found.sources["diaObject_id"] == owner)]
        for n, source in enumerate(sources[:MOST_ALERTS_AN_OBJECT]):
            yield {
                "alertId": source["diaSourceId"], "diaSource": source, "prvDiaSources": sources[:n],
                "prvDiaForcedSources": [each for each in forced if each["midPointTai"] < source["midPointTai"]],
                "prvDiaNondetectionLimits": None, "diaObject": dia_object, "cutoutDifference": None, "cutoutTemplate": None,
            }  # fmt: skip


def _source(columns: dict[str, NDArray[Any]], at: int) -> dict[str, Any]:
    plain = {name: values[at].item() for name, values in columns.items() if name != "diaObject_id"}
    return {**plain, "diaObjectId": int(columns["diaObject_id"][at]), "ccdVisitId": at, "parentDiaSourceId": None, "nobs": 1.0}


def _forced(columns: dict[str, NDArray[Any]], at: int) -> dict[str, Any]:
    plain = {name: values[at].item() for name, values in columns.items() if name != "diaObject_id"}
    return {**plain, "diaObjectId": int(columns["diaObject_id"][at]), "ccdVisitId": at, "totFlux": 1.0, "totFluxErr": 1.0}


def write_messages(file: Path, number: int) -> None:
    random = np.random.default_rng(number)
    probability = np.round(random.dirichlet(np.ones(len(CLASSES)), MESSAGES), 6).astype(np.float32)
    messages = (
        {
            "alertId": number * 10**9 + n, "diaSourceId": number * 10**9 + n,
            "elasticcPublishTimestamp": 1_700_000_000_000_000 + n,
            "brokerIngestTimestamp": 1_700_000_001_000_000 + n, "brokerName": "bench", "brokerVersion": "1",
            "classifications": [
                {"classifierName": "all", "classifierParams": "", "classId": one, "probability": float(share)}
                for one, share in zip(CLASSES, probability[n], strict=True)
            ],
        }
        for n in range(MESSAGES)
    )  # fmt: skip
    with file.open("wb") as out:
        fastavro.writer(out, PLAIN["broker", "v0_9"], messages, codec="deflate")


def write_rows(folder: Path, batches: Iterable[Rows], keys: dict[str, Sequence[str]]) -> tuple[list[tuple[str, Path]], int]:
    """What a reader makes of a file, as one CSV a table, each key once; and the number of rows."""
    tables: dict[str, list[Any]] = {}
    for batch in batches:
        tables.setdefault(batch.table, []).append(pa.table({name: _arrow(values) for name, values in batch.columns.items()}))
    folder.mkdir()
    written, n_rows = [], 0
    for name, parts in tables.items():
        table = _once(pa.concat_tables(parts), keys[name])
        file = folder / f"{name}.csv"
        pa.csv.write_csv(table, file)
        written.append((name, file))
        n_rows += table.num_rows
    return written, n_rows


def _arrow(values: Any) -> Any:
    return pa.array(np.ma.getdata(values), mask=np.ma.getmaskarray(values))


def _once(table: Any, key: Sequence[str]) -> Any:
    keys = np.stack([table.column(name).to_numpy() for name in key])
    _, first = np.unique(keys, axis=1, return_index=True)
    return table.take(np.sort(first))
