"""SNANA's DUMP (text: a VARNAMES line, then SN lines) to rows of diaobjecttruth.

Refuses a file that is cut short, lacks a column we need or has one we don't know, and a value that is no number.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import BadRow, MissingColumn, UnknownColumn, UnreadableFile
from loader.ingest.rows import Column, Rows
from loader.ingest.values import BANDS

MOST_LINE = 1 << 16
MOST_WORD = 100  # characters; numpy lays every word out at the width of the longest
BATCH_ROWS = 20_000
BIGINTS = ("diaObjectId", "galid")
INTEGERS = ("libid", "sim_searcheff_mask", "gentype", "sim_template_index", "nobs", "nobs_saturate")
FLOATS = (
    "zcmb", "zhelio", "zcmb_smear", "ra", "dec", "mwebv", "galzphot", "galzphoterr", "galsnsep", "galsnddlr", "rv",
    "av", "mu", "lensdmu", "peakmjd", "mjd_detect_first", "mjd_detect_last", "dtseason_peak",
    *(f"peakmag_{band}" for band in BANDS), "snrmax", "snrmax2", "snrmax3",
)  # fmt: skip
RENAMED = {"diaObjectId": "CID", "sim_template_index": "NON1A_INDEX"}
NAMES = {RENAMED.get(ours, f"PEAKMAG_{ours[-1]}" if ours.startswith("peakmag_") else ours.upper()): ours
         for ours in (*BIGINTS, *INTEGERS, *FLOATS)}  # fmt: skip


def parse(file: Path | str, stream: BinaryIO) -> Iterator[Rows]:
    """Object truths, BATCH_ROWS at a time. Rows count from 1 over the lines of the file."""
    names: list[str] | None = None
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, line in enumerate(_lines(file, stream), start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0] == "VARNAMES:" and names is None:
            names = words[1:]
            _check_names(file, names)
        elif words[0] == "SN:" and names is not None:
            if len(words) - 1 != len(names):
                raise BadRow(f"{len(words) - 1} values for {len(names)} columns", file=file, row=number)
            if max(map(len, words)) > MOST_WORD or "_" in line:
                bad = next(word for word in words if len(word) > MOST_WORD or "_" in word)
                raise BadRow(f"{bad[:40]!r} is no number", file=file, row=number)
            rows.append(words[1:])
            numbers.append(number)
            if len(rows) == BATCH_ROWS:
                yield _rows(file, names, rows, numbers)
                rows, numbers = [], []
        else:
            raise BadRow(f"a line that begins with {words[0][:40]!r}", file=file, row=number)
    if names is None:
        raise UnreadableFile("no VARNAMES line", file=file)
    yield _rows(file, names, rows, numbers)


def _lines(file: Path | str, stream: BinaryIO) -> Iterator[str]:
    number = 0
    while line := stream.readline(MOST_LINE):
        number += 1
        try:
            text = line.decode("ascii")
        except UnicodeDecodeError as error:
            raise UnreadableFile(f"line {number} is not ASCII: {error}", file=file) from error
        if not text.endswith("\n"):
            cut = len(line) < MOST_LINE
            raise UnreadableFile("truncated: its last line has no end" if cut else f"line {number} has no end", file=file)
        yield text


def _check_names(file: Path | str, names: list[str]) -> None:
    missing = sorted(NAMES.keys() - set(names))
    if missing:
        raise MissingColumn(f"no column {', '.join(missing)}", file=file)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UnknownColumn(f"unknown column {', '.join(unknown)}", file=file)
    if len(set(names)) < len(names):
        raise UnreadableFile("a column stands twice in VARNAMES", file=file)


def _rows(file: Path | str, names: list[str], rows: list[list[str]], numbers: list[int]) -> Rows:
    table = np.array(rows, dtype=np.str_).reshape(len(rows), len(names))
    lines = np.array(numbers, dtype=np.int64)
    columns: dict[str, Column] = {NAMES[name]: _convert(file, lines, name, table[:, at]) for at, name in enumerate(names)}
    return Rows("elasticc_diaobjecttruth", columns, file, lines)


def _convert(file: Path | str, lines: NDArray[np.int64], name: str, texts: NDArray[np.str_]) -> NDArray[Any]:
    kind: type[np.number[Any]] = np.float64 if NAMES[name] in FLOATS else np.int64
    most = 2**31 if NAMES[name] in INTEGERS else 2**63
    try:
        values = texts.astype(kind)
        if kind is np.int64 and (np.abs(values) >= most).any():
            raise ValueError(name)
        return values
    except (ValueError, OverflowError) as error:
        bad = next(at for at, text in enumerate(texts) if not _is_number(text, kind, most))
        raise BadRow(f"{name} is {str(texts[bad])!r}, not a number that fits", file=file, row=int(lines[bad])) from error


def _is_number(text: str, kind: type[np.number[Any]], most: int) -> bool:
    try:
        return abs(float(text) if kind is np.float64 else int(text)) < most or kind is np.float64
    except ValueError:
        return False
