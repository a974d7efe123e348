"""SNANA's FITS pairs (HEAD: objects, PHOT: photometry) to rows of four tables; see docs of the SNANA simulation.

Refuses a file that is cut short, lacks its partner, has a column we don't know or lacks one we need, or whose
PTROBS pointers, separator rows, bands or ids don't fit one another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import BadRow, MissingColumn, MissingPartner, UnknownColumn, UnreadableFile
from loader.ingest.fits import Header, Table, open_table
from loader.ingest.rows import Column, Rows
from loader.ingest.source import Source
from loader.ingest.values import BANDS

DETECTION = 4096  # the bit of PHOTFLAG
SEPARATOR = "-"  # the BAND of the row between two objects
POINTS_PER_OBJECT = 100_000  # diaForcedSourceId = SNID * 100000 + k
FIRST_DEMO_OBJECT = 10**12  # ids from here on are the demo sample's, see demo.py
POINTS_AT_ONCE = 200_000
FLUXCAL_TO_NJY = 10 ** ((31.4 - 27.5) / 2.5)

FORMAT = re.compile(r"(?P<stem>.+)_(?P<kind>HEAD|PHOT)\.FITS(\.gz)?", re.IGNORECASE)

QUANTILES = tuple(f"ZPHOT_Q{percent:03d}" for percent in range(0, 101, 10))
BANDED = tuple(f"{kind}_{band}" for kind in ("MAG", "MAGERR") for band in BANDS)


def _host_columns(host: str) -> dict[str, str]:
    """HEAD's names of a host galaxy's columns → ours."""
    renamed = {"SPECZ": "zspec", "SPECZ_ERR": "zspec_err", "PHOTOZ": "zphot", "PHOTOZ_ERR": "zphot_err"}
    same = ("ELLIPTICITY", "SQRADIUS", "SNSEP", "RA", "DEC", *QUANTILES)
    ours = renamed | {name: name.lower() for name in same} | {name: _lower_kind(name) for name in BANDED}
    return {f"{host}_{name}": f"{host.lower()}_{our}" for name, our in ours.items()}


def _lower_kind(name: str) -> str:
    kind, band = name.split("_")
    return f"{kind.lower()}_{band}"


OBJECT_COLUMNS: Mapping[str, str] = {
    "RA": "ra",
    "DEC": "decl",
    "MWEBV": "mwebv",
    "MWEBV_ERR": "mwebv_err",
    "REDSHIFT_FINAL": "z_final",
    "REDSHIFT_FINAL_ERR": "z_final_err",
    **_host_columns("HOSTGAL"),
    **_host_columns("HOSTGAL2"),
}
# Galactic models (Mdwarf-flare) have no quantiles at all: NZPHOT_Q is 0 in their header, and the columns are null.
QUANTILE_COLUMNS = frozenset(name for name in OBJECT_COLUMNS if "_ZPHOT_Q" in name)
HEAD_NEEDED = frozenset({"SNID", "NOBS", "PTROBS_MIN", "PTROBS_MAX", *OBJECT_COLUMNS})
PHOT_NEEDED = frozenset({"MJD", "BAND", "PHOTFLAG", "FLUXCAL", "FLUXCALERR"})

# Known, and in no table of ours.
HEAD_UNUSED = re.compile(
    r"IAUC|FAKE|PIXSIZE|NXPIX|NYPIX|SNTYPE|REDSHIFT_HELIO(_ERR)?|VPEC(_ERR)?|PEAKMJD|SEARCH_TYPE"
    r"|MJD_(TRIGGER|DETECT_FIRST|DETECT_LAST)|HOSTGAL_(NMATCH2?|CONFUSION)|HOSTGAL_SB_FLUXCAL_[ugrizY]"
    r"|HOSTGAL2?_(OBJID2?|OBJID_UNIQUE|FLAG|DDLR|(LOGMASS|LOGSFR|LOGsSFR|COLOR)(_ERR)?)|SIM_.+"
)
PHOT_UNUSED = re.compile(
    r"CCDNUM|FIELD|PHOTPROB|PSF_(SIG1|SIG2|RATIO)|SKY_SIG(_T)?|RDNOISE|ZEROPT(_ERR)?|GAIN|XPIX|YPIX|SIM_.+"
)


# What numpy calls the kinds that a column may have; the others are numbers.
KINDS: Mapping[str, str] = {"SNID": "Siu", "BAND": "S", **dict.fromkeys(("NOBS", "PTROBS_MIN", "PTROBS_MAX", "PHOTFLAG"), "iu")}
NUMBERS = "fiu"


@dataclass(frozen=True)
class Pair:
    head: Path
    phot: Path


@dataclass(frozen=True)
class Found:
    """What a folder holds: whole pairs, errors of those that are half, DUMP files."""

    pairs: Sequence[Pair]
    halves: Sequence[MissingPartner]
    dumps: Sequence[Path]


def find(folders: Iterable[Path]) -> Found:
    """Search `folders` and all below, in the order of their names; a folder named twice counts once."""
    files = sorted({file.resolve() for folder in folders for file in folder.rglob("*") if file.is_file()})
    sides: dict[tuple[Path, str], dict[str, Path]] = {}
    for file in files:
        match = FORMAT.fullmatch(file.name)
        if match:
            sides.setdefault((file.parent, match["stem"]), {})[match["kind"].upper()] = file
    pairs = [Pair(both["HEAD"], both["PHOT"]) for both in sides.values() if len(both) == 2]
    halves = [_half(both) for both in sides.values() if len(both) == 1]
    dumps = [file for file in files if file.suffix.upper() == ".DUMP" or file.name.upper().endswith(".DUMP.GZ")]
    return Found(pairs, halves, dumps)


def _half(side: Mapping[str, Path]) -> MissingPartner:
    ((kind, file),) = side.items()
    partner = "PHOT" if kind == "HEAD" else "HEAD"
    return MissingPartner(f"a {kind} file without its {partner} file beside it", file=file)


def read_pair(head_source: Source, phot_source: Source, *, sim_version: str | None = None) -> Iterator[Rows]:
    """Objects; then forced sources, sources and alerts, of objects with about POINTS_AT_ONCE. HEAD is held, PHOT isn't."""
    head_file, phot_file = head_source.name, phot_source.name
    head_table = open_table(head_source.stream(), head_file)
    _check_columns(head_file, head_table, needed=_head_needed(head_table.header), unused=HEAD_UNUSED, may_have=QUANTILE_COLUMNS)
    if head_table.header.get("PHOTFLAG_DETECT", DETECTION) != DETECTION:
        raise UnreadableFile(f"PHOTFLAG_DETECT is {head_table.header['PHOTFLAG_DETECT']}, not {DETECTION}", file=head_file)
    head = head_table.read(head_table.n_rows)
    head_table.finish()
    phot = open_table(phot_source.stream(), phot_file)
    _check_columns(phot_file, phot, needed=PHOT_NEEDED, unused=PHOT_UNUSED)
    ids = _object_ids(head_file, head)
    counts = _point_counts(head_file, head, phot.n_rows, phot_file)
    yield _objects(head_file, head, ids, sim_version)
    first_row = 0
    for group in _groups(counts):
        rows = phot.read(int(counts[group].sum()) + group.stop - group.start)
        at = _points(phot_file, head_file, rows, counts[group], first_row)
        yield from _photometry(phot_file, head[group], rows[at], ids[group], counts[group], at + first_row)
        first_row += len(rows)
    _refuse_rest(phot_file, head_file, phot, first_row, len(head))
    phot.finish()


def _groups(counts: NDArray[np.int64]) -> Iterator[slice]:
    """Objects that follow one another, of POINTS_AT_ONCE at most or of one object."""
    start, total = 0, 0
    for number, count in enumerate(counts):
        if number > start and total + count > POINTS_AT_ONCE:
            yield slice(start, number)
            start, total = number, 0
        total += int(count)
    if start < len(counts):
        yield slice(start, len(counts))


def _head_needed(header: Header) -> frozenset[str]:
    return HEAD_NEEDED - QUANTILE_COLUMNS if header.get("NZPHOT_Q", 0) == 0 else HEAD_NEEDED


def _check_columns(
    file: str,
    table: Table,
    *,
    needed: frozenset[str],
    unused: re.Pattern[str],
    may_have: frozenset[str] = frozenset(),
) -> None:
    names = table.dtype.names or ()
    missing = sorted(needed - set(names))
    if missing:
        raise MissingColumn(f"no column {', '.join(missing)}", file=file)
    unknown = [name for name in names if name not in needed | may_have and not unused.fullmatch(name)]
    if unknown:
        raise UnknownColumn(f"unknown column {', '.join(unknown)}", file=file)
    for name in names:
        kind = table.dtype[name]
        if name in needed | may_have and (kind.shape or kind.kind not in KINDS.get(name, NUMBERS)):
            raise UnreadableFile(f"the column {name} holds values of another kind than it should", file=file)


def _texts(file: str, table: NDArray[Any], name: str) -> NDArray[np.str_]:
    try:
        return table[name].astype(np.str_)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is not ASCII: {error}", file=file) from error


def _object_ids(file: str, head: NDArray[Any]) -> NDArray[np.int64]:
    ids = np.zeros(len(head), dtype=np.int64)
    for number, text in enumerate(_texts(file, head, "SNID")):
        if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
            raise BadRow(f"SNID {text.strip()!r} is not a number below {FIRST_DEMO_OBJECT}", file=file, row=number + 1)
        ids[number] = int(text)
    repeated = _first_repeated(ids)
    if repeated is not None:
        raise BadRow(f"SNID {ids[repeated]} stands in an earlier row too", file=file, row=repeated + 1)
    return ids


def _first_repeated(ids: NDArray[np.int64]) -> int | None:
    _, firsts = np.unique(ids, return_index=True)
    return int(np.setdiff1d(np.arange(len(ids)), firsts)[0]) if len(firsts) < len(ids) else None


def _point_counts(file: str, head: NDArray[Any], n_rows: int, phot_file: str) -> NDArray[np.int64]:
    """Each object's number of points, after checking that the pointers name rows of PHOT one after the other."""
    low = head["PTROBS_MIN"].astype(np.int64)
    high = head["PTROBS_MAX"].astype(np.int64)
    counts = high - low + 1
    _refuse_first(file, counts < 1, "PTROBS_MAX is below PTROBS_MIN")
    _refuse_first(file, counts != head["NOBS"], "NOBS is not PTROBS_MAX - PTROBS_MIN + 1")
    _refuse_first(file, counts > POINTS_PER_OBJECT, f"more than {POINTS_PER_OBJECT} points")
    _refuse_first(file, high > n_rows, f"PTROBS_MAX is past the {n_rows} rows of {Path(phot_file).name}")
    expected = np.concatenate(([1], high[:-1] + 2)) if len(head) else low
    _refuse_first(file, low != expected, "PTROBS_MIN is not one separator row after the object before")
    if len(high) and high[-1] == n_rows:
        raise BadRow(f"{len(high) - 1} separator rows for {len(high)} objects", file=phot_file)
    return counts


def _points(file: str, head_file: str, rows: NDArray[Any], counts: NDArray[np.int64], first_row: int) -> NDArray[np.int64]:
    """Which of `rows` are points: `counts` of them, a separator row after each object's."""
    is_separator = _bands(file, rows) == SEPARATOR
    is_point = np.ones(len(rows), dtype=np.bool_)
    is_point[np.cumsum(counts + 1) - 1] = False
    _refuse_first(file, is_point & is_separator, f"a separator row within an object of {Path(head_file).name}", first_row)
    _refuse_first(file, ~is_point & ~is_separator, f"a point of no object of {Path(head_file).name}", first_row)
    return np.flatnonzero(is_point)


def _refuse_rest(file: str, head_file: str, phot: Table, n_read: int, n_objects: int) -> None:
    """Rows after the last object's separator."""
    n_separators = n_objects
    while n_read < phot.n_rows:
        rows = phot.read(min(POINTS_AT_ONCE, phot.n_rows - n_read))
        _refuse_first(file, _bands(file, rows) != SEPARATOR, f"a point of no object of {Path(head_file).name}", n_read)
        n_read += len(rows)
        n_separators += len(rows)
    if n_separators != n_objects:
        raise BadRow(f"{n_separators} separator rows for {n_objects} objects", file=file)


def _bands(file: str, rows: NDArray[Any]) -> NDArray[np.str_]:
    return np.char.strip(_texts(file, rows, "BAND")) if len(rows) else np.zeros(0, dtype=np.str_)


def _refuse_first(file: str, is_bad: NDArray[np.bool_], reason: str, first_row: int = 0) -> None:
    bad = np.flatnonzero(is_bad)
    if len(bad):
        raise BadRow(reason, file=file, row=first_row + int(bad[0]) + 1)


def _objects(file: str, head: NDArray[Any], ids: NDArray[np.int64], sim_version: str | None) -> Rows:
    columns: dict[str, Column] = {"diaObjectId": ids}
    if sim_version is not None:
        columns["simVersion"] = np.full(len(ids), sim_version)
    present = head.dtype.names or ()
    columns |= {ours: head[theirs].astype(np.float64) for theirs, ours in OBJECT_COLUMNS.items() if theirs in present}
    _refuse_first(file, ~np.isfinite(columns["ra"]) | ~np.isfinite(columns["decl"]), "RA or DEC is not a number")
    return Rows("elasticc_diaobject", columns, file, np.arange(1, len(ids) + 1))


@np.errstate(over="ignore", invalid="ignore")  # what comes of it is refused
def _photometry(
    file: str,
    head: NDArray[Any],
    points: NDArray[Any],
    ids: NDArray[np.int64],
    counts: NDArray[np.int64],
    at: NDArray[np.int64],
) -> list[Rows]:
    """Forced sources of every point; sources and alerts of the detections. `at`: the points' rows in the file, from 0."""
    owner = np.repeat(np.arange(len(ids)), counts)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    band = _bands(file, points)
    _refuse_first_at(file, at, ~np.isin(band, BANDS), "BAND is none of ugrizY")
    # float32 on purpose: the alerts' values were made so, and compare equal bit by bit (1,500 of 1,500).
    flux = points["FLUXCAL"].astype(np.float32) * np.float32(FLUXCAL_TO_NJY)
    flux_err = points["FLUXCALERR"].astype(np.float32) * np.float32(FLUXCAL_TO_NJY)
    mjd = points["MJD"].astype(np.float64)
    _refuse_first_at(file, at, ~np.isfinite(flux) | ~np.isfinite(flux_err), "FLUXCAL or FLUXCALERR is not a number")
    _refuse_first_at(file, at, ~np.isfinite(mjd), "MJD is not a number")
    source_ids = ids[owner] * POINTS_PER_OBJECT + k
    shared: dict[str, Column] = {
        "diaObject_id": ids[owner],
        "midPointTai": mjd,
        "filterName": band,
        "psFlux": flux.astype(np.float64),
        "psFluxErr": flux_err.astype(np.float64),
    }
    forced = Rows("elasticc_diaforcedsource", {"diaForcedSourceId": source_ids, **shared}, file, at + 1)
    seen = np.flatnonzero(points["PHOTFLAG"].astype(np.int64) & DETECTION)
    _refuse_first_at(file, at[seen], flux_err[seen] <= 0, "a detection whose FLUXCALERR is not positive")
    source: dict[str, Column] = {
        "diaSourceId": source_ids[seen],
        **{name: values[seen] for name, values in shared.items()},
        "ra": head["RA"].astype(np.float64)[owner[seen]],
        "decl": head["DEC"].astype(np.float64)[owner[seen]],
        "snr": (flux[seen] / flux_err[seen]).astype(np.float64),
    }
    alert: dict[str, Column] = {
        "alertId": source_ids[seen],
        "diaSource_id": source_ids[seen],
        "diaObject_id": ids[owner[seen]],
    }
    return [
        forced,
        Rows("elasticc_diasource", source, file, at[seen] + 1),
        Rows("elasticc_diaalert", alert, file, at[seen] + 1),
    ]


def _refuse_first_at(file: str, at: NDArray[np.int64], is_bad: NDArray[np.bool_], reason: str) -> None:
    bad = np.flatnonzero(is_bad)
    if len(bad):
        raise BadRow(reason, file=file, row=int(at[bad[0]]) + 1)
