"""What a person typed into the box: an object's id, or a position in degrees or hours. A few plain rules, no astronomy library.

Right ascension in hours where it has an h or two colons, or where there are six numbers; else in degrees. ICRS.
"""

import math
import re
from dataclasses import dataclass

# What word processors and web pages make of - ° ' and ".
PLAIN = str.maketrans("\u2212\u2013\u2014\u00ba\u2032\u2019\u2033\u201d", "---°''\"\"")
NUMBER = r"\d+(?:\.\d*)?|\.\d+"
ID = re.compile(r"\d{1,19}")
DEGREES = re.compile(rf"([+-]?(?:{NUMBER}))[d°]?(?:\s*,\s*|\s+)([+-]?(?:{NUMBER}))[d°]?")
HOURS = re.compile(
    rf"(?P<h>\d+)\s*[h:\s]\s*(?P<m>\d+)(?:\s*[m:\s]\s*(?P<s>{NUMBER})\s*s?|\s*m)\s*,?\s*"
    rf"(?P<sign>[+-]?)\s*(?P<d>\d+)\s*[d°:\s]\s*(?P<dm>\d+)(?:\s*[m':\s]\s*(?P<ds>{NUMBER})\s*[s\"]?|\s*[m']?)"
)
UNITS = {"deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}
MOST_RADIUS_DEG = 180.0


class Unreadable(ValueError):
    """A sentence that says what is wrong with what was typed."""


@dataclass(frozen=True)
class Position:
    """Degrees, ICRS."""

    ra: float
    decl: float


def read(text: str) -> str | Position:
    """An id, or a position. Raises Unreadable."""
    asked = " ".join(text.translate(PLAIN).split())
    if not asked:
        raise Unreadable("Type an object's id, or a position.")
    if ID.fullmatch(asked):
        return asked
    if found := DEGREES.fullmatch(asked):
        return _checked(float(found[1]), float(found[2]))
    if found := HOURS.fullmatch(asked):
        return _sexagesimal(found)
    raise Unreadable(
        f"“{shortened(asked)}” is neither an object's id, as 12345, nor a position, as 187.7 12.4 or 12h30m49s +12d23m28s."
    )


def radius_deg(text: str, unit: str) -> float:
    """Raises Unreadable."""
    try:
        value = float(text) * UNITS[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not 0 < value <= MOST_RADIUS_DEG:
        raise Unreadable("The radius must be a number above 0, and at most 180 degrees.")
    return value


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _sexagesimal(found: re.Match[str]) -> Position:
    minutes = {"minutes": found["m"], "seconds": found["s"], "arc minutes": found["dm"], "arc seconds": found["ds"]}
    for name, value in minutes.items():
        if value and float(value) >= 60:
            raise Unreadable(f"{value} {name} are too many: they end at 60.")
    ra = 15 * (int(found["h"]) + int(found["m"]) / 60 + float(found["s"] or 0) / 3600)
    decl = int(found["d"]) + int(found["dm"]) / 60 + float(found["ds"] or 0) / 3600
    return _checked(ra, -decl if found["sign"] == "-" else decl)  # minus 0 degrees 30 is south


def _checked(ra: float, decl: float) -> Position:
    if not 0 <= ra <= 360:
        raise Unreadable(f"The right ascension {ra:g}° isn't between 0° and 360°.")
    if not -90 <= decl <= 90:
        raise Unreadable(f"The declination {decl:g}° isn't between -90° and 90°.")
    return Position(ra % 360, decl)
