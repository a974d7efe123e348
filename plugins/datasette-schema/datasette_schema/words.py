"""A column's unit, found in the words that describe it, and written as IVOA's VOUnits are.

The rule is the one that people follow: the unit stands after a comma ("Right ascension, degrees (ICRS)"), or in brackets
("Flux [nJy]"). What isn't a unit that is known here is none: better no unit than a wrong one.
"""

import re
from functools import lru_cache

UNITS = {
    "degrees": "deg", "deg": "deg", "arcmin": "arcmin", "arcsec": "arcsec", "mas": "mas", "radians": "rad", "rad": "rad",
    "hours": "h", "days": "d", "seconds": "s", "s": "s", "ms": "ms", "years": "yr", "yr": "yr", "mag": "mag",
    "nJy": "nJy", "uJy": "uJy", "mJy": "mJy", "Jy": "Jy", "pc": "pc", "kpc": "kpc", "Mpc": "Mpc",
    "km/s": "km.s-1", "m/s": "m.s-1", "nm": "nm", "um": "um", "Angstrom": "Angstrom", "K": "K", "eV": "eV", "keV": "keV",
    "Hz": "Hz", "GHz": "GHz", "pixels": "pixel", "percent": "%", "bytes": "byte",
}  # fmt: skip
_NAMES = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_AFTER_COMMA = re.compile(rf",\s*({_NAMES})(?=\s*(?:$|[;,.(]))")
_IN_BRACKETS = re.compile(rf"[\[(]({_NAMES})[\])]")
_MAGNITUDE = re.compile(r"\b(AB|Vega|ST) magnitude\b")


@lru_cache(maxsize=50_000)
def unit(meaning: str | None) -> str | None:
    """None where the words name none."""
    found = _IN_BRACKETS.search(meaning or "") or _AFTER_COMMA.search(meaning or "")
    if found:
        return UNITS[found[1]]
    return "mag" if _MAGNITUDE.search(meaning or "") else None
