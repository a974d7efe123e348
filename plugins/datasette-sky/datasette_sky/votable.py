"""A VOTable's first table with its rows written out (TABLEDATA, as TOPCAT and astropy write it) as rows of text.

Read by the standard library's parser; a document type, and with it every entity of its own, is refused.
Source: IVOA, VOTable Format Definition 1.5, https://www.ivoa.net/documents/VOTable/.
"""

from collections.abc import Mapping
from xml.parsers import expat

from .positions import Unreadable

MOST_DEPTH = 30


def is_votable(text: str) -> bool:
    """Whether it begins as one."""
    start = text.lstrip("\ufeff \t\r\n")[:500]
    return start.startswith("<") and ("<?xml" in start or "VOTABLE" in start)


def read(text: str) -> tuple[list[str], list[list[str]]]:
    """Names of the fields, and rows. Raises Unreadable."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text.lstrip("\ufeff \t\r\n").encode(), True)
    except expat.ExpatError as error:
        raise Unreadable(f"The VOTable can't be read: {expat.ErrorString(error.code)}, line {error.lineno}.") from error
    if reader.is_packed:
        raise Unreadable("The VOTable's rows are packed: save it as TABLEDATA.")
    if not reader.names or not reader.rows:
        raise Unreadable("The VOTable has no table with rows.")
    return reader.names, reader.rows


class _Reader:
    """Collects the first table's fields and rows."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rows: list[list[str]] = []
        self.is_packed = False
        self._depth = self._tables = 0
        self._cell: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Unreadable("The VOTable is nested too deep.")
        tag = name.rpartition(" ")[2]
        self._tables += tag == "TABLE"
        if self._tables != 1:
            return
        if tag == "FIELD":
            self.names.append(attributes.get("name") or attributes.get("ID") or "")
        elif tag == "TR":
            self.rows.append([])
        elif tag == "TD" and self.rows:
            self._cell = []
        elif tag in ("BINARY", "BINARY2", "FITS", "PARQUET"):
            self.is_packed = True

    def text(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._cell is not None and name.rpartition(" ")[2] == "TD":
            self.rows[-1].append("".join(self._cell).strip())
            self._cell = None


def _refuse(*_: object) -> None:
    raise Unreadable("A VOTable with a document type is refused.")
