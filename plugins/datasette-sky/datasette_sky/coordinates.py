"""A cone on the sky as an address has it, and angles as a person says them."""

from dataclasses import dataclass

from .positions import UNITS, Position, Unreadable, checked, number, radius_deg

UNIT_WORDS = {"arcsec": "arc seconds", "arcmin": "arc minutes", "deg": "degrees"}
UNIT_MARKS = {"arcsec": "\u2033", "arcmin": "\u2032", "deg": "°"}


@dataclass(frozen=True)
class Cone:
    """All within radius_deg of a position."""

    centre: Position
    radius_deg: float

    def __str__(self) -> str:
        """As it stands in an address: `ra,decl,radius`, which `cone` reads."""
        return ",".join(_short(one) for one in (self.centre.ra, self.centre.decl, self.radius_deg))


def cone(text: str) -> Cone:
    """From `ra,decl,radius` in degrees. Raises Unreadable."""
    parts = text.split(",")
    if len(parts) != 3:
        raise Unreadable("_cone must be ra,decl,radius, in degrees.")
    return Cone(checked(*(number(part) for part in parts[:2])), radius_deg(parts[2], "deg"))


def said(degrees: float) -> str:
    """An angle in the unit in which a person would say it."""
    unit = next((unit for unit in ("deg", "arcmin") if degrees >= UNITS[unit]), "arcsec")
    return f"{degrees / UNITS[unit]:.6g}{UNIT_MARKS[unit]}"


def _short(degrees: float) -> str:
    return f"{degrees:.10f}".rstrip("0").rstrip(".")
