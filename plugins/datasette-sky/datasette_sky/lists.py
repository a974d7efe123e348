"""A list that somebody pasted: a line is an object's id or a position, perhaps with columns of the reader's own.

With a first line of headings the columns are known by their names; without, a line says by itself what it is. What can't be
read, and what could mean two things, is named with its line. A VOTable's rows are lines, its fields the headings.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from . import guess, votable
from .positions import NoPosition, Position, Unreadable, position, shortened

T = TypeVar("T")

MOST_LINES = 10_000
MOST_COLUMNS = 40
MOST_WRONG = 5  # lines that are named
GIVEN = "given"  # the column that a list without headings has
DELIMITERS = ("\t", ",", ";", "|")
ID_NAMES = ("id", "objectid", "objid", "sourceid", "name", "object")
PLACE_NAMES = ("position", "pos", "coordinates", "coords", "coord", "radec")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HAS_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Ids:
    """What ids are in the table that is asked: the column's name, and whether a text can be one; `are_text`: any text can."""

    name: str | None
    can_be: Callable[[str], bool]
    are_text: bool = False


@dataclass(frozen=True)
class Line:
    """`number` counts from 1 in what was pasted; `cells` are the reader's own; one of `position` and `object_id` is there."""

    number: int
    cells: tuple[str | None, ...]
    position: Position | None = None
    object_id: str | None = None


@dataclass(frozen=True)
class List:
    """`columns` are the names of the lines' cells."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Heading:
    """Where the columns that are understood stand."""

    names: tuple[str, ...]
    id: int | None
    place: int | None
    pair: tuple[int, int] | None


def read(text: str, ids: Ids) -> List:
    """Blank lines and those that begin with # are skipped. Raises Unreadable, which names the wrong lines."""
    if "\x00" in text:
        raise Unreadable("The list has null characters: it must be a text file.")
    if votable.is_votable(text):
        return _of_votable(text, ids)
    written = list(_content(text))
    if not written:
        raise Unreadable("The list is empty: write an object's id or a position on each line.")
    first = written[0][1]
    delimiter = next((one for one in DELIMITERS if one in first), None)
    heading = _heading([name.strip() for name in _split(first, delimiter)], ids)
    content = written[1:] if heading or _is_words(first, ids) else written
    if not content:
        raise Unreadable("The list has headings and no lines.")
    if heading is None:
        return List((GIVEN,), _each(content, "Line", lambda number, line: _by_itself(number, line, ids)))
    return List(
        heading.names,
        _each(content, "Line", lambda number, line: _by_heading(number, _split(line, delimiter), heading, ids)),
    )


def _of_votable(text: str, ids: Ids) -> List:
    names, rows = votable.read(text)
    heading = _heading(names, ids)
    if heading is None:
        raise Unreadable("The VOTable has no column that is called as an id or a position.")
    return List(
        heading.names, _each(list(enumerate(rows, 1)), "Row", lambda number, row: _by_heading(number, row, heading, ids))
    )


def _each(content: Sequence[tuple[int, T]], what: str, read_one: Callable[[int, T], Line]) -> tuple[Line, ...]:
    """Raises Unreadable, which names the first of those that can't be read."""
    if len(content) > MOST_LINES:
        raise Unreadable(f"A list may have {MOST_LINES:,} lines; this one has {len(content):,}.")
    found: list[Line] = []
    wrong: list[str] = []
    for number, one in content:
        try:
            found.append(read_one(number, one))
        except Unreadable as error:
            wrong.append(f"{what} {number}: {error}")
    if wrong:
        more = f" {len(wrong) - MOST_WRONG:,} more lines can't be read either." if len(wrong) > MOST_WRONG else ""
        raise Unreadable(" ".join(wrong[:MOST_WRONG]) + more)
    return tuple(found)


def _content(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = raw.strip(" ") if "\t" in raw else raw.strip()
        if not line.strip() or line.startswith("#"):
            continue
        yield number, line


def _heading(names: list[str], ids: Ids) -> _Heading | None:
    """None where no name is known."""
    plain = [guess.plain(name) for name in names]
    known_ids = (guess.plain(ids.name), *ID_NAMES) if ids.name else ()
    pair = guess.pair(names)
    id_at = next((plain.index(name) for name in known_ids if name in plain), None)
    place = next((plain.index(name) for name in PLACE_NAMES if name in plain), None)
    if (pair is None and id_at is None and place is None) or any(_NUMBER.fullmatch(name) for name in names):
        return None
    if len(names) > MOST_COLUMNS:
        raise Unreadable(f"A list may have {MOST_COLUMNS} columns; this one has {len(names)}.")
    at = (names.index(pair[0]), names.index(pair[1])) if pair else None
    if at or place is not None:  # beside positions a "name" is the reader's own, and only the id's own name is an id
        id_at = plain.index(known_ids[0]) if known_ids and known_ids[0] in plain else None
    return _Heading(_distinct(names), id_at, place, at)


def _is_words(line: str, ids: Ids) -> bool:
    """A first line that can only be headings."""
    return not ids.are_text and not _HAS_DIGIT.search(line)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for number, name in enumerate(names, 1):
        short = name[:40] or f"column_{number}"
        found.append(short if short not in found else f"{short}_{number}")
    return tuple(found)


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
    except csv.Error as error:
        raise Unreadable(f"“{shortened(line)}” can't be split into columns: {error}.") from error


def _by_heading(number: int, given: Sequence[str], heading: _Heading, ids: Ids) -> Line:
    fields = list(given)
    if len(fields) > len(heading.names):
        raise Unreadable(f"it has {len(fields)} columns, and the first line {len(heading.names)}.")
    fields += [""] * (len(heading.names) - len(fields))
    cells = tuple(field or None for field in fields)
    object_id = fields[heading.id] if heading.id is not None else ""
    if object_id:
        if not ids.can_be(object_id):
            raise Unreadable(f"“{shortened(object_id)}” is no object's id.")
        return Line(number, cells, object_id=object_id)
    if heading.pair:
        return Line(number, cells, position=position(", ".join(fields[at] for at in heading.pair)))
    if heading.place is not None:
        return Line(number, cells, position=position(fields[heading.place]))
    raise Unreadable("it has no id.")


def _by_itself(number: int, line: str, ids: Ids) -> Line:
    """An id; a position; a name or other words and a position; an id and other words."""
    delimiter = next((one for one in DELIMITERS if one in line), None)
    fields = _split(line, delimiter) if delimiter else [line]
    cells = (line,)
    if not ids.are_text and len(fields) == 1 and ids.can_be(fields[0]):
        return Line(number, cells, object_id=fields[0])
    if len(fields) > 2 and all(_NUMBER.fullmatch(field) for field in fields):
        raise Unreadable(f"it has {len(fields)} numbers: say what they are by a first line, as id,ra,dec.")
    for text in _places(fields):
        try:
            return Line(number, cells, position=position(text))
        except NoPosition:
            continue
    if fields[0] and ids.can_be(fields[0]):
        return Line(number, cells, object_id=fields[0])
    raise Unreadable(f"“{shortened(line)}” is neither an object's id nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s.")


def _places(fields: Sequence[str]) -> Iterator[str]:
    """Where a position may stand: at the beginning or after the first field, in one field or two."""
    yield ", ".join(fields[:2])
    if len(fields) > 1:
        yield fields[1]
        yield fields[0]
    if len(fields) > 2:
        yield ", ".join(fields[1:3])
