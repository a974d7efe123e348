"""What a person writes for a position, an angle or a line of a list, as numbers in degrees; what can't be read is said.

A right ascension of several parts is in hours, unless it says d or °; of one part it is in degrees, unless it says h.
"""

import math
import re
from dataclasses import dataclass

UNITS = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0}
UNIT_WORDS = {"arcsec": "arc seconds", "arcmin": "arc minutes", "deg": "degrees"}
UNIT_MARKS = {"arcsec": "\u2033", "arcmin": "\u2032", "deg": "°"}
MOST_RADIUS_DEG = 180.0
NO_POSITION = "is no position; write it as 187.70 +12.40 or 12h30m49s +12d23m28s."
_PLAIN = str.maketrans("\u2212\u2013\u2014\u00ba\u02da\u2032\u2019\u2033\u201d", "---°°''\"\"")
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_ANGLE = re.compile(rf"(?P<sign>[+-]?)(?P<first>{_NUMBER})(?P<unit>[hd°]?)(?::?(?P<rest>.*))", re.DOTALL)
_SIXTIETHS = re.compile(rf"(?P<minutes>{_NUMBER})(?:[m':]|$)(?:(?P<seconds>{_NUMBER})(?:s|''|\")?)?")
_NO_SPACE = re.compile(r"(.+[\dhms'\"°d.])([+-].+)")


class Unreadable(ValueError):
    """A sentence that says what is wrong with what was written."""


@dataclass(frozen=True)
class Position:
    """Degrees; ra from 0, up to 360 excluded."""

    ra: float
    decl: float

    def __str__(self) -> str:
        """In words."""
        return f"ra {self.ra:.8g}°, decl {self.decl:+.8g}°".replace("-", "\u2212")


@dataclass(frozen=True)
class Cone:
    """All within radius_deg of a position."""

    centre: Position
    radius_deg: float

    def __str__(self) -> str:
        """As it stands in an address: `ra,decl,radius`, which `cone` reads."""
        return ",".join(_short(number) for number in (self.centre.ra, self.centre.decl, self.radius_deg))


def cone(text: str) -> Cone:
    """`ra,decl,radius` in degrees. Raises Unreadable."""
    parts = text.split(",")
    if len(parts) != 3:
        raise Unreadable("_cone must be ra,decl,radius, in degrees.")
    return Cone(_checked(*(_number(part) for part in parts[:2])), radius_deg(parts[2], "deg"))


def radius_deg(text: str, unit: str) -> float:
    """Raises Unreadable."""
    if unit not in UNITS:
        raise Unreadable(f"The radius's unit must be one of {', '.join(UNITS)}.")
    value = _number(text) * UNITS[unit]
    if not 0 < value <= MOST_RADIUS_DEG:
        raise Unreadable("The radius must be a number above 0, and at most 180 degrees.")
    return value


def position(text: str) -> Position:
    """Raises Unreadable."""
    plain = " ".join(text.translate(_PLAIN).split())
    halves = _halves(plain)
    if halves is None:
        raise Unreadable(f"“{shortened(plain)}” {NO_POSITION}")
    ra, is_hours = _angle(halves[0], plain, is_ra=True)
    decl, _ = _angle(halves[1], plain, is_ra=False)
    return _checked(15 * ra if is_hours else ra, decl)


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def said(degrees: float) -> str:
    """An angle in the unit in which a person would say it."""
    unit = next((unit for unit in ("deg", "arcmin") if degrees >= UNITS[unit]), "arcsec")
    return f"{degrees / UNITS[unit]:.6g}{UNIT_MARKS[unit]}"


def _short(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")


def _number(text: str) -> float:
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
        raise Unreadable(f"“{shortened(whole)}” {NO_POSITION}")
    value = float(found["first"])
    if rest:
        for name in ("minutes", "seconds"):
            if rest[name] and float(rest[name]) >= 60:
                raise Unreadable(f"{rest[name]} {name} are too many: they end at 60.")
        value += float(rest["minutes"]) / 60 + float(rest["seconds"] or 0) / 3600
    is_hours = is_ra and (found["unit"] == "h" or (rest is not None and not found["unit"]))
    return (-value if found["sign"] == "-" else value), is_hours  # minus 0 degrees 30 is south


def _checked(ra: float, decl: float) -> Position:
    if not 0 <= ra <= 360:
        raise Unreadable(f"The right ascension {ra:g}° isn't between 0° and 360°.")
    if not -90 <= decl <= 90:
        raise Unreadable(f"The declination {decl:g}° isn't between -90° and 90°.")
    return Position(ra % 360, decl)
