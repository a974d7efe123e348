"""The first binary table of a FITS file, as SNANA writes them: header cards, and rows in pieces as numpy records.

Astropy takes 100 ms for the 200 columns of a small file, this room 2. It reads no more than is needed here, and refuses the
rest: scaled columns, arrays of variable length, more than a table's own bytes. https://fits.gsfc.nasa.gov/fits_standard.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import UnreadableFile

BLOCK = 2880
CARD = 80
MOST_CARDS = 100_000
MOST_ROW = 1 << 14  # bytes; a HEAD has 2,000 at most
PIECE = 1 << 20

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
class Table:
    """The first binary table of a file, read from start to end.

    `header` is the primary one; `dtype` has the file's byte order.
    """

    header: Header
    dtype: np.dtype[Any]
    n_rows: int
    _bytes: "_Bytes"
    _end: int

    def read(self, n_rows: int) -> NDArray[Any]:
        """The next rows, at most `n_rows`. Raises UnreadableFile where the file ends before them."""
        content = self._bytes.take(n_rows * self.dtype.itemsize)
        left_over = len(content) % self.dtype.itemsize
        if left_over or len(content) < n_rows * self.dtype.itemsize:
            self._bytes.refuse_cut(self._end)
        return np.frombuffer(content, dtype=self.dtype)

    def finish(self) -> None:
        """Read what comes after its rows, so that a cut or a damage behind them is seen, too."""
        self._bytes.skip_to(self._end)
        self._bytes.skip_all()
        if self._bytes.position % BLOCK:
            raise UnreadableFile(f"truncated: it ends within a block of {BLOCK:,} bytes", file=self._bytes.file)


class _Bytes:
    """A stream with its position, read in pieces, so that a size that a header claims costs nothing until it is there."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream = stream
        self.file = file
        self.position = 0

    def take(self, n_bytes: int) -> bytes:
        """Less than `n_bytes` at the end of the stream."""
        pieces: list[bytes] = []
        while n_bytes and (piece := self._stream.read(min(n_bytes, PIECE))):
            pieces.append(piece)
            n_bytes -= len(piece)
            self.position += len(piece)
        return b"".join(pieces)

    def skip_to(self, position: int) -> None:
        while self.position < position:
            piece = self._stream.read(min(position - self.position, PIECE))
            if not piece:
                self.refuse_cut(position)
            self.position += len(piece)

    def skip_all(self) -> None:
        while piece := self._stream.read(PIECE):
            self.position += len(piece)

    def refuse_cut(self, end: int) -> NoReturn:
        raise UnreadableFile(f"truncated: {end - self.position} bytes are missing at its end", file=self.file)


def open_table(stream: BinaryIO, file: str) -> Table:
    """The headers are read, and the stream stands at the first row. Raises UnreadableFile."""
    content = _Bytes(stream, file)
    primary = _header(content)
    if primary is None or primary.get("SIMPLE") is not True:
        _refuse(file, "it doesn't begin with SIMPLE = T")
    content.skip_to(content.position + _data_bytes(primary, file))
    header = _header(content)
    if header is None or header.get("XTENSION") != "BINTABLE":
        raise UnreadableFile("no binary table in it", file=file)
    dtype = _dtype(header, file)
    if not dtype.itemsize or dtype.itemsize != _size(header, "NAXIS1", file):
        _refuse(file, f"NAXIS1 is {header['NAXIS1']}, and its columns have {dtype.itemsize} bytes")
    if dtype.itemsize > MOST_ROW:
        _refuse(file, f"rows of {dtype.itemsize:,} bytes")
    return Table(primary, dtype, _size(header, "NAXIS2", file), content, content.position + _data_bytes(header, file))


def _data_bytes(header: Header, file: str) -> int:
    """How many bytes follow a header, padding included."""
    n_axes = _size(header, "NAXIS", file)
    n_values = 1 if n_axes else 0
    for axis in range(1, n_axes + 1):
        n_values *= _size(header, f"NAXIS{axis}", file)
    bits = header.get("BITPIX")
    if bits not in (8, 16, 32, 64, -32, -64):
        _refuse(file, f"BITPIX is {bits}")
    groups, heap = (_size(header, name, file) if name in header else none for name, none in (("GCOUNT", 1), ("PCOUNT", 0)))
    n_bytes = abs(int(bits)) // 8 * groups * (heap + n_values)
    return -(-n_bytes // BLOCK) * BLOCK


def _header(content: _Bytes) -> Header | None:
    """The values by key; None at the end of the file. Comments, and whatever has no value, are passed over."""
    header: dict[str, Value] = {}
    file = content.file
    for block in range(MOST_CARDS * CARD // BLOCK):
        cards = content.take(BLOCK)
        if not cards and not block:
            return None
        if len(cards) < BLOCK:
            raise UnreadableFile("truncated: its header has no end", file=file)
        for at in range(0, BLOCK, CARD):
            card = cards[at : at + CARD]
            if not TEXT.fullmatch(card) or not KEY.fullmatch(card[:8]):
                _refuse(file, f"card {(block * BLOCK + at) // CARD + 1} of a header is no text of FITS")
            key = card[:8].decode().rstrip()
            if key == "END":
                return header
            if card[8:10] == b"= ":
                if key in header:
                    _refuse(file, f"{key} stands twice in a header")
                value = _value(card[10:].decode().strip(), key, file)
                if value is not None:
                    header[key] = value
    _refuse(file, f"a header of more than {MOST_CARDS:,} cards")


def _value(text: str, key: str, file: str) -> Value | None:
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


def _size(header: Header, key: str, file: str) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        _refuse(file, f"{key} is {value}")
    return value


def _dtype(header: Header, file: str) -> np.dtype[Any]:
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


def _field(name: str, form: str, file: str) -> tuple[Any, ...]:
    match = FORM.fullmatch(form)
    count = int(match[1] or 1) if match and len(match[1]) < 7 else -1
    if match and count >= 0 and match[2] == "A":
        return name, f"S{count}"
    if match and count >= 1 and match[2] in TYPES and not match[3].strip():
        return (name, TYPES[match[2]]) if count == 1 else (name, TYPES[match[2]], (count,))
    _refuse(file, f"the column {name} has the form {form!r}")


def _refuse(file: str, reason: str) -> NoReturn:
    raise UnreadableFile(f"not a whole FITS file: {reason}", file=file)
