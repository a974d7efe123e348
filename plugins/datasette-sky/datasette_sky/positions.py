"""What a person writes for a position or a radius, as degrees; what can't be read is said in a sentence.

A right ascension of several parts is in hours, unless it says d or °; of one part it is in degrees, unless it says h. ICRS.
datasette-sky and datasette-survey-home have this file alike, as each stands without the other: a test compares the two.
"""

import math
import re
from dataclasses import dataclass

UNITS = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0}
MOST_RADIUS_DEG = 180.0
_PLAIN = str.maketrans("\u2212\u2013\u2014\u00ba\u02da\u2032\u2019\u2033\u201d", "---°°''\"\"")
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_ANGLE = re.compile(rf"(?P<sign>[+-]?)(?P<first>{_NUMBER})(?P<unit>[hd°]?)(?::?(?P<rest>.*))", re.DOTALL)
_SIXTIETHS = re.compile(rf"(?P<minutes>{_NUMBER})(?:[m':]|$)(?:(?P<seconds>{_NUMBER})(?:s|''|\")?)?")
_NO_SPACE = re.compile(r"(.+[\dhms'\"°d.])([+-].+)")


class Unreadable(ValueError):
    """A sentence that says what is wrong with what was written."""


class NoPosition(Unreadable):
    """What was written is nothing like a position."""

    def __init__(self, text: str) -> None:
        self.text = shortened(text)
        super().__init__(f"“{self.text}” is no position; write it as 187.70 +12.40 or 12h30m49s +12d23m28s.")


@dataclass(frozen=True)
class Position:
    """Degrees; ra from 0, up to 360 excluded."""

    ra: float
    decl: float

    def __str__(self) -> str:
        """In words."""
        return f"ra {self.ra:.8g}°, decl {self.decl:+.8g}°".replace("-", "\u2212")


def position(text: str) -> Position:
    """Raises Unreadable."""
    plain = " ".join(text.translate(_PLAIN).split())
    halves = _halves(plain)
    if halves is None:
        raise NoPosition(plain)
    ra, is_hours = _angle(halves[0], plain, is_ra=True)
    decl, _ = _angle(halves[1], plain, is_ra=False)
    return checked(15 * ra if is_hours else ra, decl)


def radius_deg(text: str, unit: str) -> float:
    """Raises Unreadable."""
    if unit not in UNITS:
        raise Unreadable(f"The radius's unit must be one of {', '.join(UNITS)}.")
    try:
        value = float(text) * UNITS[unit]
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_RADIUS_DEG:
        raise Unreadable("The radius must be a number above 0, and at most 180 degrees.")
    return value


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Unreadable(f"“{shortened(text.strip())}” is no number.")
    return value


def _halves(plain: str) -> tuple[str, str] | None:
    """At a comma, at a space between as many parts, or before a sign."""
    if plain.count(",") == 1:
        first, second = plain.split(",")
        return first.strip(), second.strip()
    parts = plain.split(" ")
    signs = [k for k, part in enumerate(parts) if k and part[0] in "+-"]
    if len(signs) == 1:
        parts = [" ".join(parts[: signs[0]]), " ".join(parts[signs[0] :])]
    elif len(parts) in (2, 4, 6):
        middle = len(parts) // 2
        parts = [" ".join(parts[:middle]), " ".join(parts[middle:])]
    if len(parts) == 2 and "," not in plain:
        return parts[0], parts[1]
    found = _NO_SPACE.fullmatch(plain)
    return (found[1], found[2]) if found and "," not in plain else None


def _angle(text: str, whole: str, *, is_ra: bool) -> tuple[float, bool]:
    """The number and, of a right ascension, whether it is hours."""
    joined = re.sub(r"\s*([hmd°':s\"])\s*", r"\1", re.sub(r"([+-]) ", r"\1", text)).replace(" ", ":")
    found = _ANGLE.fullmatch(joined)
    rest = _SIXTIETHS.fullmatch(found["rest"]) if found and found["rest"] else None
    if not found or (found["rest"] and not rest) or (found["unit"] == "h" and not is_ra) or (rest and "." in found["first"]):
        raise NoPosition(whole)
    value = float(found["first"])
    if rest:
        for name in ("minutes", "seconds"):
            if rest[name] and float(rest[name]) >= 60:
                raise Unreadable(f"{rest[name]} {name} are too many: they end at 60.")
        value += float(rest["minutes"]) / 60 + float(rest["seconds"] or 0) / 3600
    is_hours = is_ra and (found["unit"] == "h" or (rest is not None and not found["unit"]))
    return (-value if found["sign"] == "-" else value), is_hours  # minus 0 degrees 30 is south


def checked(ra: float, decl: float) -> Position:
    if not 0 <= ra <= 360:
        raise Unreadable(f"The right ascension {ra:g}° isn't between 0° and 360°.")
    if not -90 <= decl <= 90:
        raise Unreadable(f"The declination {decl:g}° isn't between -90° and 90°.")
    return Position(ra % 360, decl)
