"""How many rows lie where: the sky in rings of declination, these in cells of about the same width; PostgreSQL counts.

Cells are named by ring and by number eastward from ra 0, so that a map knows where each lies. A close-up has smaller ones.
"""

import math

WHOLE_SKY_DEG = 2.5  # cells of about 6 square degrees, 6,606 on the whole sky
CELLS_IN_RADIUS = 20  # of a close-up
LEAST_DEG = 1e-6  # rings are numbered in 32 bits

# Marks for "no position" (-999, not a number) are none.
IS_POSITION = "{ra} between -360 and 720 and {decl} between -90 and 90"
CELLS_IN_RING = "greatest(1, round(360 / {ring_deg} * cosd((ring + 0.5) * {ring_deg} - 90)))"
DENSITY = """
select ring, cells, least(floor((ra - 360 * floor(ra / 360)) / 360 * cells), cells - 1)::int as cell,
       count(*)::bigint as rows_there
from (
    select ra, ring, coalesce(('{{{known}}}'::int[])[ring - {first} + 1], {cells_in_ring}::int) as cells
    from (
        select {ra}::float8 as ra, least(floor(({decl}::float8 + 90) / {ring_deg}), {rings} - 1)::int as ring
        from ({sql}
        ) as rows_here
        where {is_position}
    ) as rings
) as cells
group by 1, 2, 3
"""


def ring_deg(radius_deg: float | None) -> float:
    """How high a cell is, in the whole sky (None) or around a position."""
    if radius_deg is None:
        return WHOLE_SKY_DEG
    wanted = radius_deg / CELLS_IN_RADIUS
    return min(WHOLE_SKY_DEG, max(LEAST_DEG, 180 / math.ceil(180 / wanted)))


def cells_in(ring: int, height_deg: float) -> int:
    """Of a ring, counted from the south pole."""
    return max(1, round(360 / height_deg * math.cos(math.radians((ring + 0.5) * height_deg - 90))))


def sql(rows: str, ra: str, decl: str, ring: float, around: tuple[float, float] | None = None) -> str:
    """One row a cell that has any: ring, cells in it, cell, count. `rows` is a query, ra and decl are columns of its answer.

    `around`, a declination and a radius, is where most rows are: these rings' cells are known beforehand, since a cosine for
    each row takes longer than all the rest.
    """
    south, north = (-90.0, 90.0) if around is None else (around[0] - around[1], around[0] + around[1])
    first, last = (math.floor((max(-90.0, min(89.999, edge)) + 90) / ring) for edge in (south, north))
    return DENSITY.format(
        known=",".join(str(cells_in(one, ring)) for one in range(first, last + 1)),
        first=first,
        ra=ra,
        decl=decl,
        sql=rows,
        ring_deg=repr(ring),
        rings=round(180 / ring),
        cells_in_ring=CELLS_IN_RING.format(ring_deg=repr(ring)),
        is_position=IS_POSITION.format(ra=ra, decl=decl),
    )
