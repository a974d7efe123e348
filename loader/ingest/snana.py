"""SNANA's FITS pairs (HEAD: objects, PHOT: photometry) to rows of four tables; see docs of the SNANA simulation.

Refuses a file that is cut short, lacks its partner, has a column we don't know or lacks one we need, or whose
PTROBS pointers, separator rows, bands or ids don't fit one another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import BadRow, MissingColumn, MissingPartner, UnknownColumn, UnreadableFile
from loader.ingest.fits import Header, read_table
from loader.ingest.rows import Column, Rows
from loader.ingest.source import open_source
from loader.ingest.values import BANDS

DETECTION = 4096  # the bit of PHOTFLAG
SEPARATOR = "-"  # the BAND of the row between two objects
POINTS_PER_OBJECT = 100_000  # diaForcedSourceId = SNID * 100000 + k
FIRST_DEMO_OBJECT = 10**12  # ids from here on are the demo sample's, see demo.py
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


def read_pair(pair: Pair, *, sim_version: str | None = None) -> list[Rows]:
    """Objects, forced sources, sources and alerts of one pair, in the order of their foreign keys."""
    head_header, head = _read(pair.head)
    _, phot = _read(pair.phot)
    _check_columns(pair.head, head, needed=_head_needed(head_header), unused=HEAD_UNUSED, may_have=QUANTILE_COLUMNS)
    _check_columns(pair.phot, phot, needed=PHOT_NEEDED, unused=PHOT_UNUSED)
    if head_header.get("PHOTFLAG_DETECT", DETECTION) != DETECTION:
        raise UnreadableFile(f"PHOTFLAG_DETECT is {head_header['PHOTFLAG_DETECT']}, not {DETECTION}", file=pair.head)
    ids = _object_ids(pair.head, head)
    bands = np.char.strip(_texts(pair.phot, phot, "BAND")) if len(phot) else np.zeros(0, dtype=np.str_)
    first, counts = _pointers(pair, head, bands)
    return [_objects(pair.head, head, ids, sim_version), *_photometry(pair.phot, head, phot, bands, ids, first, counts)]


def _head_needed(header: Header) -> frozenset[str]:
    return HEAD_NEEDED - QUANTILE_COLUMNS if header.get("NZPHOT_Q", 0) == 0 else HEAD_NEEDED


def _read(file: Path) -> tuple[Header, NDArray[Any]]:
    with open_source(file) as source:
        return read_table(source.stream().read(), file)


def _check_columns(
    file: Path,
    table: NDArray[Any],
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


def _texts(file: Path, table: NDArray[Any], name: str) -> NDArray[np.str_]:
    try:
        return table[name].astype(np.str_)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is not ASCII: {error}", file=file) from error


def _object_ids(file: Path, head: NDArray[Any]) -> NDArray[np.int64]:
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


def _pointers(pair: Pair, head: NDArray[Any], bands: NDArray[np.str_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each object's first row in PHOT (from 0) and its number of points, after checking that they cover PHOT."""
    low = head["PTROBS_MIN"].astype(np.int64)
    high = head["PTROBS_MAX"].astype(np.int64)
    counts = high - low + 1
    _refuse_first(pair.head, counts < 1, "PTROBS_MAX is below PTROBS_MIN")
    _refuse_first(pair.head, counts != head["NOBS"], "NOBS is not PTROBS_MAX - PTROBS_MIN + 1")
    _refuse_first(pair.head, counts > POINTS_PER_OBJECT, f"more than {POINTS_PER_OBJECT} points")
    _refuse_first(pair.head, high > len(bands), f"PTROBS_MAX is past the {len(bands)} rows of {pair.phot.name}")
    expected = np.concatenate(([1], high[:-1] + 2)) if len(head) else low
    _refuse_first(pair.head, low != expected, "PTROBS_MIN is not one separator row after the object before")
    is_point = np.zeros(len(bands), dtype=np.bool_)
    for start, count in zip(low - 1, counts, strict=True):
        is_point[start : start + count] = True
    is_separator = bands == SEPARATOR
    _refuse_first(pair.phot, is_point & is_separator, f"a separator row within an object of {pair.head.name}")
    _refuse_first(pair.phot, ~is_point & ~is_separator, f"a point of no object of {pair.head.name}")
    if len(head) and np.count_nonzero(is_separator) != len(head):
        raise BadRow(f"{np.count_nonzero(is_separator)} separator rows for {len(head)} objects", file=pair.phot)
    return low - 1, counts


def _refuse_first(file: Path, is_bad: NDArray[np.bool_], reason: str) -> None:
    bad = np.flatnonzero(is_bad)
    if len(bad):
        raise BadRow(reason, file=file, row=int(bad[0]) + 1)


def _objects(file: Path, head: NDArray[Any], ids: NDArray[np.int64], sim_version: str | None) -> Rows:
    columns: dict[str, Column] = {"diaObjectId": ids}
    if sim_version is not None:
        columns["simVersion"] = np.full(len(ids), sim_version)
    present = head.dtype.names or ()
    columns |= {ours: head[theirs].astype(np.float64) for theirs, ours in OBJECT_COLUMNS.items() if theirs in present}
    _refuse_first(file, ~np.isfinite(columns["ra"]) | ~np.isfinite(columns["decl"]), "RA or DEC is not a number")
    return Rows("elasticc_diaobject", columns, file, np.arange(1, len(ids) + 1))


def _photometry(
    file: Path,
    head: NDArray[Any],
    phot: NDArray[Any],
    bands: NDArray[np.str_],
    ids: NDArray[np.int64],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> list[Rows]:
    """Forced sources of every point; sources and alerts of the detections."""
    owner = np.repeat(np.arange(len(ids)), counts)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(first, counts) + k
    points, band = phot[at], bands[at]
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
    seen = np.flatnonzero(points["PHOTFLAG"] & DETECTION)
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


def _refuse_first_at(file: Path, at: NDArray[np.int64], is_bad: NDArray[np.bool_], reason: str) -> None:
    bad = np.flatnonzero(is_bad)
    if len(bad):
        raise BadRow(reason, file=file, row=int(at[bad[0]]) + 1)
