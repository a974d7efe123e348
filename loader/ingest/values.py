"""What no table may hold whatever the file: NaN, numbers that don't fit, bands and positions and dates that can't be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.errors import BadRow
from loader.ingest.rows import Column

BANDS = ("u", "g", "r", "i", "z", "Y")
INTEGER_BITS = {"bigint": 64, "integer": 32, "smallint": 16}
LONGEST: Mapping[str, int] = {"brokerName": 100, "classifierName": 200, "topicName": 200}  # as the tables have it
MOST_TEXT = 4000  # characters; numpy lays every text out at the width of the longest
NONE = (-9.0, -99.0, -999.0, -9999.0, 999.0)  # SNANA's marks for a host galaxy that isn't there
LAST_MJD = 200_000.0  # the year 2406
LAST_US = 4_102_444_800_000_000  # 2100-01-01
RANGES: Mapping[str, tuple[float, float]] = {
    "ra": (0.0, 360.0),
    "dec": (-90.0, 90.0),
    "decl": (-90.0, 90.0),
    "midPointTai": (0.0, LAST_MJD),
    "mjd": (0.0, LAST_MJD),
    "probability": (0.0, 1.0 + 1e-6),  # a float32's sum may pass 1 by its last bit
}
HOST_RANGES: Mapping[str, tuple[float, float]] = {"_ra": (0.0, 360.0), "_dec": (-90.0, 90.0)}


def check(
    columns: Mapping[str, Column],
    types: Mapping[str, str],
    needed: frozenset[str],
    *,
    file: Path | str | None,
    numbers: NDArray[np.int64] | None,
) -> None:
    """Raises BadRow at the first row that breaks a rule. `needed` are the columns that may not be null."""
    for name, values in columns.items():
        for is_bad, reason in _rules(name, values, types[name], may_be_null=name not in needed):
            at = np.flatnonzero(is_bad)
            if len(at):
                row = int(numbers[at[0]]) if numbers is not None else int(at[0]) + 1
                shown = "null" if np.ma.getmaskarray(values)[at[0]] else str(np.ma.getdata(values)[at[0]])[:60]
                raise BadRow(f"{name} is {shown}: {reason}", file=file, row=row)


def check_texts(
    name: str, texts: Sequence[str | None], *, file: Path | str | None, numbers: Sequence[int] | NDArray[np.int64]
) -> None:
    """Before they are laid out: a single long one would be the width of all, and numpy drops NUL at an end. Raises BadRow."""
    most = LONGEST.get(name, MOST_TEXT)
    for text, number in zip(texts, numbers, strict=True):
        if text is not None and len(text) > most:
            raise BadRow(f"{name} is longer than {most} characters", file=file, row=int(number))
        if text is not None and "\0" in text:
            raise BadRow(f"{name} has a NUL in it", file=file, row=int(number))


def _rules(name: str, values: Column, kind: str, *, may_be_null: bool) -> list[tuple[NDArray[np.bool_], str]]:
    plain, is_null = np.ma.getdata(values), np.ma.getmaskarray(values)
    rules: list[tuple[NDArray[np.bool_], str]] = []
    if not may_be_null:
        rules.append((is_null, "there must be a value"))
    if kind == "double precision":
        rules.append((~np.isfinite(plain) & ~is_null, "not a number; leave the value out where there is none"))
        low_high = RANGES.get(name)
        if low_high is not None:
            rules.append((~_within(plain, *low_high) & ~is_null, f"outside {low_high[0]:g} to {low_high[1]:g}"))
        for ending, (low, high) in HOST_RANGES.items():
            if name.startswith("hostgal") and name.endswith(ending):
                is_bad = ~_within(plain, low, high) & ~np.isin(plain, NONE) & ~is_null
                rules.append((is_bad, f"outside {low:g} to {high:g}, and no mark for none"))
    elif kind in INTEGER_BITS:
        half = 2 ** (INTEGER_BITS[kind] - 1)
        rules.append((_outside(plain, -half, half - 1) & ~is_null, f"too large for {kind}"))
    elif kind == "timestamp with time zone":
        rules.append((~_within(plain, 0, LAST_US) & ~is_null, "microseconds since 1970 outside 1970 to 2100"))
    elif plain.dtype.kind == "U":
        rules.append((_lengths(plain) > MOST_TEXT, f"longer than {MOST_TEXT} characters"))
        if name == "filterName":
            rules.append((~np.isin(plain, BANDS) & ~is_null, f"none of {''.join(BANDS)}"))
    return rules


def _within(values: NDArray[Any], low: float, high: float) -> NDArray[np.bool_]:
    is_within: NDArray[np.bool_] = (values >= low) & (values <= high)
    return is_within


def _outside(values: NDArray[Any], low: int, high: int) -> NDArray[np.bool_]:
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 8 and low <= np.iinfo(values.dtype).min:
        return np.zeros(len(values), dtype=np.bool_)
    return ~_within(values, low, high)


def _lengths(values: NDArray[Any]) -> NDArray[np.int_]:
    return np.char.str_len(values) if len(values) else np.zeros(0, dtype=np.int_)
