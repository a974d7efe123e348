"""The truth files: CSV of photometry points, CSV or SNANA's DUMP of objects."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from loader.ingest import dump
from loader.ingest.errors import MissingColumn
from loader.ingest.rows import Rows
from loader.ingest.source import Source
from loader.ingest.tabular import read_csv

POINT: Mapping[str, str] = {
    "SourceID": "diaSourceId",
    "SNID": "diaObjectId",
    "MJD": "mjd",
    "DETECT": "detect",
    "TRUE_GENTYPE": "true_gentype",
    "TRUE_GENMAG": "true_genmag",
}
POINT_TYPES: Mapping[str, str] = {
    "diaSourceId": "bigint",
    "diaObjectId": "bigint",
    "mjd": "double precision",
    "detect": "boolean",
    "true_gentype": "integer",
    "true_genmag": "double precision",
}
OBJECT_TYPES: Mapping[str, str] = {
    **dict.fromkeys(dump.BIGINTS, "bigint"),
    **dict.fromkeys(dump.INTEGERS, "integer"),
    **dict.fromkeys(dump.FLOATS, "double precision"),
}


def read_source_truth(source: Source) -> Iterator[Rows]:
    yield from _whole(source, read_csv(source, "elasticc_diatruth", POINT_TYPES, POINT), POINT)


def read_object_truth(source: Source, path: Path) -> Iterator[Rows]:
    """CSV by its name; anything else is a DUMP."""
    if path.name.lower().removesuffix(".gz").endswith(".csv"):
        yield from _whole(source, read_csv(source, "elasticc_diaobjecttruth", OBJECT_TYPES, dump.NAMES), dump.NAMES)
        return
    yield from dump.parse(source.name, source.stream())


def _whole(source: Source, batches: Iterator[Rows], names: Mapping[str, str]) -> Iterator[Rows]:
    """A truth without one of its columns is none."""
    for rows in batches:
        missing = [theirs for theirs, ours in names.items() if ours not in rows.columns]
        if missing:
            raise MissingColumn(f"no column {', '.join(missing)}", file=source.name)
        yield rows
