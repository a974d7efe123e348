"""The first binary table of a FITS file, as SNANA writes them: header cards and one numpy table.

Astropy takes 100 ms for the 200 columns of a small file, this room 2. It reads no more than is needed here, and refuses the
rest: scaled columns, arrays of variable length, more than a table's own bytes. https://fits.gsfc.nasa.gov/fits_standard.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import UnreadableFile

BLOCK = 2880
CARD = 80
MOST_CARDS = 100_000

Value: TypeAlias = str | int | float | bool
Header: TypeAlias = Mapping[str, Value]

# Letter → numpy's type in the file's own byte order; a repeat count stands before it.
TYPES = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
FORM = re.compile(r"(\d*)([A-Z])(.*)")
KEY = re.compile(rb"[A-Z0-9_-]{0,8} *")
TEXT = re.compile(rb"[\x20-\x7e]*")
STRING = re.compile(r"'((?:[^']|'')*)'")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EDed][+-]?\d+)?")


@dataclass(frozen=True)
class _Unit:
    """One header and its data, which end at `end`, padding included."""

    header: Header
    start: int
    end: int


def read_table(content: bytes, file: Path) -> tuple[Header, NDArray[Any]]:
    """The primary header, and the first table in native byte order. Raises UnreadableFile."""
    primary = _unit(content, 0, file)
    if primary.header.get("SIMPLE") is not True:
        _refuse(file, "it doesn't begin with SIMPLE = T")
    if primary.end >= len(content):
        raise UnreadableFile("no binary table in it", file=file)
    table = _unit(content, primary.end, file)
    if table.header.get("XTENSION") != "BINTABLE":
        raise UnreadableFile("no binary table in it", file=file)
    dtype = _dtype(table.header, file)
    n_rows = _size(table.header, "NAXIS2", file)
    if not dtype.itemsize or dtype.itemsize != _size(table.header, "NAXIS1", file):
        _refuse(file, f"NAXIS1 is {table.header['NAXIS1']}, and its columns have {dtype.itemsize} bytes")
    raw = np.frombuffer(content, dtype=dtype, count=n_rows, offset=table.start)
    return primary.header, raw.astype(dtype.newbyteorder("="))


def _unit(content: bytes, start: int, file: Path) -> _Unit:
    header, data = _header(content, start, file)
    n_axes = _size(header, "NAXIS", file)
    n_values = 1 if n_axes else 0
    for axis in range(1, n_axes + 1):
        n_values *= _size(header, f"NAXIS{axis}", file)
    bits = header.get("BITPIX")
    if bits not in (8, 16, 32, 64, -32, -64):
        _refuse(file, f"BITPIX is {bits}")
    groups, heap = (_size(header, name, file) if name in header else none for name, none in (("GCOUNT", 1), ("PCOUNT", 0)))
    n_bytes = abs(int(bits)) // 8 * groups * (heap + n_values)
    end = data + -(-n_bytes // BLOCK) * BLOCK
    if end > len(content):
        raise UnreadableFile(f"truncated: {end - len(content)} bytes are missing at its end", file=file)
    return _Unit(header, data, end)


def _header(content: bytes, start: int, file: Path) -> tuple[Header, int]:
    """The values by key, and where the data begin. Comments, and whatever has no value, are passed over."""
    header: dict[str, Value] = {}
    for number in range(MOST_CARDS):
        at = start + number * CARD
        card = content[at : at + CARD]
        if len(card) < CARD:
            raise UnreadableFile("truncated: its header has no end", file=file)
        if not TEXT.fullmatch(card) or not KEY.fullmatch(card[:8]):
            _refuse(file, f"card {number + 1} of a header is no text of FITS")
        key = card[:8].decode().rstrip()
        if key == "END":
            return header, start + -(-(number + 1) * CARD // BLOCK) * BLOCK
        if card[8:10] == b"= ":
            if key in header:
                _refuse(file, f"{key} stands twice in a header")
            value = _value(card[10:].decode().strip(), key, file)
            if value is not None:
                header[key] = value
    _refuse(file, f"a header of more than {MOST_CARDS:,} cards")


def _value(text: str, key: str, file: Path) -> Value | None:
    """None where the card gives none."""
    string = STRING.match(text)
    if string:
        return string[1].replace("''", "'").rstrip()
    word = text.partition("/")[0].strip()
    if word in ("T", "F"):
        return word == "T"
    if not word:
        return None
    if not NUMBER.fullmatch(word):
        if word.startswith("("):
            return None  # a complex number; no key that we read has one
        _refuse(file, f"{key} is {word!r}")
    return int(word) if re.fullmatch(r"[+-]?\d{1,18}", word) else float(word.upper().replace("D", "E"))


def _size(header: Header, key: str, file: Path) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        _refuse(file, f"{key} is {value}")
    return value


def _dtype(header: Header, file: Path) -> np.dtype[Any]:
    if (header.get("BITPIX"), header.get("NAXIS"), header.get("GCOUNT")) != (8, 2, 1):
        _refuse(file, "a table's BITPIX, NAXIS and GCOUNT must be 8, 2 and 1")
    if header.get("PCOUNT") != 0:
        _refuse(file, "a table with more than its rows")
    n_fields = _size(header, "TFIELDS", file)
    if not 1 <= n_fields <= 999:
        _refuse(file, f"TFIELDS is {n_fields}")
    fields: dict[str, tuple[Any, ...]] = {}
    for number in range(1, n_fields + 1):
        name, form = header.get(f"TTYPE{number}"), header.get(f"TFORM{number}")
        if not isinstance(name, str) or not name or not isinstance(form, str):
            _refuse(file, f"column {number} has no name or no form")
        if name in fields:
            _refuse(file, f"the column {name} stands twice")
        if header.get(f"TSCAL{number}", 1) != 1 or header.get(f"TZERO{number}", 0) != 0 or f"TNULL{number}" in header:
            _refuse(file, f"the column {name} is scaled, or has a mark for null")
        fields[name] = _field(name, form, file)
    return np.dtype([*fields.values()])


def _field(name: str, form: str, file: Path) -> tuple[Any, ...]:
    match = FORM.fullmatch(form)
    count = int(match[1] or 1) if match and len(match[1]) < 7 else -1
    if match and count >= 0 and match[2] == "A":
        return name, f"S{count}"
    if match and count >= 1 and match[2] in TYPES and not match[3].strip():
        return (name, TYPES[match[2]]) if count == 1 else (name, TYPES[match[2]], (count,))
    _refuse(file, f"the column {name} has the form {form!r}")


def _refuse(file: Path, reason: str) -> NoReturn:
    raise UnreadableFile(f"not a whole FITS file: {reason}", file=file)
