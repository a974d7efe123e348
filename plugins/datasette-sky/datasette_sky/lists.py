"""A list that somebody pasted: an object's id or a position a line, read into numbers; a line that can't be read is named."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .coordinates import Position, Unreadable, position, shortened

MOST_LINES = 10_000
MOST_WRONG = 5  # lines that are named
_BETWEEN = re.compile(r"\s*[,;\t|]\s*")
_HAS_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Line:
    """`number` counts from 1 in what was pasted; exactly one of `position` and `object_id` is there."""

    number: int
    text: str
    position: Position | None = None
    object_id: str | None = None


def read(text: str, is_id: Callable[[str], bool]) -> list[Line]:
    """Blank lines, `#` comments and a first line of words are skipped. Raises Unreadable, which names the wrong lines."""
    found: list[Line] = []
    wrong: list[str] = []
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        written = raw.strip()
        if not written or written.startswith("#") or (not found and not wrong and not _HAS_DIGIT.search(written)):
            continue
        if len(found) == MOST_LINES:
            raise Unreadable(f"A list may have {MOST_LINES:,} lines; this one has more.")
        try:
            found.append(_line(number, written, is_id))
        except Unreadable as error:
            wrong.append(f"Line {number}: {error}")
    if wrong:
        more = f" {len(wrong) - MOST_WRONG:,} more lines can't be read either." if len(wrong) > MOST_WRONG else ""
        raise Unreadable(" ".join(wrong[:MOST_WRONG]) + more)
    if not found:
        raise Unreadable("The list is empty: write an object's id or a position on each line.")
    return found


def _line(number: int, written: str, is_id: Callable[[str], bool]) -> Line:
    parts = [part.strip().strip('"') for part in _BETWEEN.split(written)]
    if len(parts) == 3:  # a name of the reader's own, and a position
        return Line(number, shortened(written), position=position(f"{parts[1]}, {parts[2]}"))
    if len(parts) == 1 and is_id(parts[0]):
        return Line(number, shortened(written), object_id=parts[0])
    try:
        return Line(number, shortened(written), position=position(", ".join(parts)))
    except Unreadable as error:
        if "is no position" not in str(error):
            raise
        raise Unreadable(
            f"“{shortened(written)}” is neither an object's id nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s."
        ) from error
