"""Numbers into drawings: bars of classes, a line a night, pieces of sky on an equal-area map. Pure; the template writes SVG."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

SQUARE_DEGREES = (180 / math.pi) ** 2
NIGHTS_WIDTH, NIGHTS_HEIGHT = 1000.0, 120.0
MAP_WIDTH, MAP_HEIGHT = 400.0, 200.0
SHADES = 4


@dataclass(frozen=True)
class NightChart:
    """`path` holds a line a night in a box of NIGHTS_WIDTH by NIGHTS_HEIGHT; `ticks` are years and their places (0 to 1)."""

    path: str
    first: str
    last: str
    nights: int
    most: int
    most_on: str
    total: int
    ticks: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class SkyChart:
    """`paths` hold the pieces of sky, one a shade, the fewest objects first; east is left, as seen from below."""

    paths: Sequence[str]
    pieces: int
    square_degrees: float
    south: float
    north: float


def nights(rows: Sequence[tuple[str, int]]) -> NightChart | None:
    """Rows of a date (YYYY-MM-DD) and a count. None where there are none."""
    if not rows:
        return None
    dated = sorted((date.fromisoformat(night), int(count)) for night, count in rows)
    first, last = dated[0][0], dated[-1][0]
    span = max((last - first).days, 1)
    most_on, most = max(dated, key=lambda one: one[1])
    lines = [
        f"M{(night - first).days / span * NIGHTS_WIDTH:.1f} {NIGHTS_HEIGHT:.0f}v{-max(count / most * NIGHTS_HEIGHT, 1):.1f}"
        for night, count in dated
    ]
    years = [date(year, 1, 1) for year in range(first.year, last.year + 1)]
    ticks = [(str(year.year), (year - first).days / span) for year in years if year >= first]
    total = sum(count for _, count in dated)
    return NightChart("".join(lines), str(first), str(last), len(dated), most, str(most_on), total, ticks)


def bars(rows: Sequence[tuple[str, int]]) -> list[tuple[str, int, float]]:
    """Label, count and the bar's length in percent, the most first."""
    ordered = sorted(((str(label), int(count)) for label, count in rows), key=lambda row: (-row[1], row[0]))
    most = max((count for _, count in ordered), default=1)
    return [(label, count, 100 * count / most) for label, count in ordered]


def sky(rows: Sequence[tuple[float, float, float, float, int]]) -> SkyChart | None:
    """Rows of ra_min, ra_max, decl_min, decl_max (degrees) and a count. None where there are none."""
    if not rows:
        return None
    counts = sorted(row[4] for row in rows)
    shades: list[list[str]] = [[] for _ in range(SHADES)]
    for row in rows:
        shades[bisect_left(counts, row[4]) * SHADES // len(counts)].append(_outline(*row[:4]))
    return SkyChart(
        paths=["".join(shade) for shade in shades],
        pieces=len(rows),
        square_degrees=sum(_area(*row[:4]) for row in rows),
        south=min(row[2] for row in rows),
        north=max(row[3] for row in rows),
    )


@cache
def mollweide(ra: float, decl: float) -> tuple[float, float]:
    """Degrees to a place on the map; ra 0 is in the middle. Newton's steps for 2t + sin 2t = π sin decl."""
    target = math.pi * math.sin(math.radians(decl))
    angle = math.radians(decl)
    for _ in range(50):
        slope = 2 + 2 * math.cos(2 * angle)
        if slope < 1e-9:
            break
        step = (2 * angle + math.sin(2 * angle) - target) / slope
        angle -= step
        if abs(step) < 1e-9:
            break
    east = ra if ra <= 180 else ra - 360
    return MAP_WIDTH / 2 * (1 - east / 180 * math.cos(angle)), MAP_HEIGHT / 2 * (1 - math.sin(angle))


@cache
def graticule() -> str:
    """The map's lines: every 60 degrees of ra, every 30 of decl."""
    meridians = [[mollweide(ra, decl) for decl in range(-90, 91, 6)] for ra in (60, 120, 240, 300, 0)]
    parallels = [[mollweide(ra, decl) for ra in (180, 180 + 1e-9)] for decl in (-60, -30, 0, 30, 60)]
    return "".join(_line(points) for points in meridians + parallels)


def _outline(ra_min: float, ra_max: float, decl_min: float, decl_max: float) -> str:
    """Across ra 180, where the map is cut, a piece is drawn twice, once at each side."""
    if ra_min < 180 < ra_max:
        return _outline(ra_min, 180, decl_min, decl_max) + _outline(180, ra_max, decl_min, decl_max)
    west = 180 + 1e-9 if ra_min == 180 else ra_min  # the other side of the cut
    corners = [(west, decl_min), (ra_max, decl_min), (ra_max, decl_max), (west, decl_max)]
    return _line([mollweide(ra, decl) for ra, decl in corners]) + "z"


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _area(ra_min: float, ra_max: float, decl_min: float, decl_max: float) -> float:
    height = math.sin(math.radians(decl_max)) - math.sin(math.radians(decl_min))
    return math.radians(ra_max - ra_min) * height * SQUARE_DEGREES
