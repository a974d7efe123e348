"""Which texts PostgreSQL can read as an interval, a range, a bit string, an address: for filters, which find nothing by others.

Rather narrow than wide: a text that passes here must not fail there.
"""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Reader = Callable[[str], bool]

HEX = "[0-9a-fA-F]"
MICROSECONDS = {
    "microsecond": 1, "us": 1, "usec": 1, "millisecond": 10**3, "ms": 10**3, "msec": 10**3,
    "second": 10**6, "sec": 10**6, "s": 10**6, "minute": 60 * 10**6, "min": 60 * 10**6, "m": 60 * 10**6,
    "hour": 3600 * 10**6, "hr": 3600 * 10**6, "h": 3600 * 10**6,
}  # fmt: skip
DAYS = {"day": 1, "d": 1, "week": 7, "w": 7}
MONTHS = {
    "month": 1, "mon": 1, "year": 12, "yr": 12, "y": 12, "decade": 120, "century": 1200, "centurie": 1200,
    "millennium": 12_000, "millennia": 12_000,
}  # fmt: skip
QUANTITY = r"[+-]?\d{1,15}(?:\.\d{1,6})?"
_PARTS = re.compile(rf"({QUANTITY})\s*([a-zA-Z]+)|([+-]?\d{{1,9}}):[0-5]\d(?::[0-5]\d(?:\.\d{{1,6}})?)?", re.ASCII)
_ISO = re.compile(
    r"P(?=[\dT-])(-?\d{1,6}Y)?(-?\d{1,6}M)?(-?\d{1,6}W)?(-?\d{1,6}D)?(T(?=[\d-])(-?\d{1,9}H)?(-?\d{1,9}M)?(-?\d{1,9}(\.\d{1,6})?S)?)?",
    re.ASCII,
)
_RANGE = re.compile(r'[\[(]\s*("[^"]*"|[^",\[\]()]*),("[^"]*"|[^",\[\]()]*)[\])]', re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[+-]\d\d(?::?\d\d)?|Z)?)?", re.ASCII)


def matches(*patterns: str) -> Reader:
    compiled = [re.compile(pattern, re.ASCII) for pattern in patterns]
    return lambda value: any(pattern.fullmatch(value) for pattern in compiled)


def is_interval(value: str) -> bool:
    """Quantities with units, a time of day, both; ISO 8601's `P…`; a number of seconds."""
    text = value.strip().removeprefix("@").strip().removesuffix(" ago").strip()
    if re.fullmatch(QUANTITY, text, re.ASCII):
        return abs(Decimal(text)) < 2**31
    if text.startswith("P"):
        return bool(_ISO.fullmatch(text))
    parts = list(_PARTS.finditer(text))
    if not parts or re.sub(r"\s+", "", _PARTS.sub("", text)):
        return False
    return _fits(parts)


def _fits(parts: list[re.Match[str]]) -> bool:
    """No unit twice, and each of the three sums within its bounds."""
    seen: set[str] = set()
    sums = {"months": Decimal(0), "days": Decimal(0), "microseconds": Decimal(0)}
    for part in parts:
        quantity, word, clock = part.groups()
        unit = "clock" if clock else _unit(word)
        if unit is None or unit in seen or (clock and seen & MICROSECONDS.keys()) or ("clock" in seen and unit in MICROSECONDS):
            return False
        seen.add(unit)
        for name, factors in (("months", MONTHS), ("days", DAYS), ("microseconds", MICROSECONDS)):
            sums[name] += abs(Decimal(quantity)) * factors[unit] if unit in factors else 0
    return sums["months"] < 2**31 and sums["days"] < 2**31 and sums["microseconds"] < 2**62


def _unit(word: str) -> str | None:
    known = (MICROSECONDS, DAYS, MONTHS)
    name = word.lower()
    return next((unit for unit in (name, name.removesuffix("s")) if any(unit in factors for factors in known)), None)


def range_of(bound: Callable[[str], Any]) -> Reader:
    """`bound` gives what can be compared, and raises ValueError."""

    def reads(value: str) -> bool:
        text = value.strip()
        match = _RANGE.fullmatch(text)
        if match is None:
            return text.lower() == "empty"
        try:
            lower, upper = (bound(part.strip('"')) if part.strip('"') else None for part in match.groups())
            return lower is None or upper is None or bool(lower <= upper)
        except (ValueError, TypeError, ArithmeticError):
            return False

    return reads


def _integer(limit: int) -> Callable[[str], int]:
    def bound(text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?\d{1,19}\s*", text, re.ASCII) or abs(int(text)) >= limit - 1:
            raise ValueError(text)
        return int(text)

    return bound


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return Decimal(text.strip())


def _day(text: str) -> datetime.date:
    day = datetime.date.fromisoformat(text)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(text)
    return day


def _moment(text: str) -> datetime.datetime:
    """As in the session: UTC where no zone is given."""
    if not _MOMENT.fullmatch(text.strip()):
        raise ValueError(text)
    padded = re.sub(r"([+-]\d\d)$", r"\1:00", text.strip()) if ":" in text else text.strip()
    moment = datetime.datetime.fromisoformat(padded)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


READERS: dict[str, Reader] = {
    "interval": is_interval,
    "bit": matches("[bB]?[01]*", f"[xX]{HEX}*"),
    "bit varying": matches("[bB]?[01]*", f"[xX]{HEX}*"),
    "macaddr": matches(
        f"{HEX}{{2}}(:{HEX}{{2}}){{5}}", f"{HEX}{{2}}(-{HEX}{{2}}){{5}}", f"{HEX}{{6}}[:-]?{HEX}{{6}}",
        f"{HEX}{{4}}([.-]{HEX}{{4}}){{2}}",
    ),
    "macaddr8": matches(f"{HEX}{{2}}(:{HEX}{{2}}){{7}}", f"{HEX}{{2}}(-{HEX}{{2}}){{7}}", f"{HEX}{{16}}"),
    "pg_lsn": matches(f"{HEX}{{1,8}}/{HEX}{{1,8}}"),
    "money": matches(r"[+-]?\d{1,15}(\.\d\d?)?"),
    "oid": lambda value: bool(re.fullmatch(r"\s*\d{1,10}\s*", value, re.ASCII)) and int(value) < 2**32,
    "int4range": range_of(_integer(2**31)),
    "int8range": range_of(_integer(2**63)),
    "numrange": range_of(_decimal),
    "daterange": range_of(_day),
    "tsrange": range_of(_moment),
    "tstzrange": range_of(_moment),
}  # fmt: skip
