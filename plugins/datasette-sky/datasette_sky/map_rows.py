"""`/-/sky/<database>/table/<table>.json?…`: where the rows are that the table's page of those arguments shows.

Few as points with their row's address, many as a density that PostgreSQL counts: exactly where that is cheap, else in a
sample of the table, and then said so. What a billion rows cost is what the sample costs.
"""

import math
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest, Response
from datasette_postgresql import PostgresError, Source, selected

from .conditions import quote
from .permissions import may_view
from .settings import Positions, Sky

MOST_POINTS = 3_000
EXACT_ROWS = 500_000  # about half a second of counting
LIMIT_MS = 3_000
SAMPLES_MS = (20_000, 2_000)  # Source.sample's measure: 2 million rows, else 200 thousand
RING_DEG = 2.5  # cells of about 6 square degrees, 6,606 on the whole sky
RINGS = int(180 / RING_DEG)
CELLS = [max(1, round(360 / RING_DEG * math.cos(math.radians((ring + 0.5) * RING_DEG - 90)))) for ring in range(RINGS)]

# Marks for "no position" (-999, not a number) are none.
IS_POSITION = "{ra} between -180 and 360 and {decl} between -90 and 90"
POINTS = "select {ra} as ra, {decl} as decl{keys} from ({sql}) as rows_here where {is_position} limit {limit}"
DENSITY = """
select ring, least(floor((ra - 360 * floor(ra / 360)) / 360 * cells), cells - 1)::int as cell, count(*)::bigint as rows_there
from (
    select ra, ring, ('{{{cells}}}'::float8[])[ring + 1] as cells
    from (
        select {ra}::float8 as ra, least(floor(({decl}::float8 + 90) / {ring_deg}), {rings} - 1)::int as ring
        from ({sql}) as rows_here
        where {is_position}
    ) as rings
) as cells
group by 1, 2
"""


async def rows(request: Any, datasette: Any) -> Response:
    database, table = (tilde_decode(request.url_vars[name]) for name in ("database", "table"))
    sky: Sky | None = getattr(datasette, "_sky", {}).get(database)
    found = sky.positions(table) if sky else None
    if found is None or found.ra is None:
        return _refusal(404, f"The table {table!r} of {database!r} has no positions.")
    if not await may_view(datasette, request.actor, database, table):
        return _refusal(403, "You may not view this table.")
    try:
        source = await selected(datasette, request, database, table)
        return Response.json(await _answer(source, found))
    except QueryInterrupted:
        return _refusal(503, "The database took too long to find these rows.")
    except PostgresError as error:
        return _refusal(400 if error.sqlstate else 503, str(error))
    except BadRequest as error:
        return _refusal(400, str(error))


async def _answer(source: Source, found: Positions) -> dict[str, Any]:
    columns = {"ra": quote(found.ra or ""), "decl": quote(found.decl or "")}
    columns["is_position"] = IS_POSITION.format(**columns)
    plan = None if source.is_typed else await source.plan()
    is_few = plan is not None and plan.rows <= MOST_POINTS
    if not source.is_whole or is_few:
        points = await _points(source, columns)
        if len(points) <= MOST_POINTS:
            return _as_points(source, points)
    if source.is_typed or (plan and plan.rows <= EXACT_ROWS and plan.fits(LIMIT_MS)):
        try:
            return await _density(source, source.sql, columns, 1.0)
        except QueryInterrupted:
            pass  # a sample, then
    for patience_ms in SAMPLES_MS:
        sql, share = source.sample(patience_ms)
        try:
            return await _density(source, sql, columns, share)
        except QueryInterrupted:
            continue
    raise QueryInterrupted(TimeoutError("no sample was quick enough"), source.sql, source.params)


async def _points(source: Source, columns: dict[str, str]) -> list[Any]:
    keys = source.relation.row_key if source.relation else ()
    named = "".join(f", {quote(key)}::text as key_{k}" for k, key in enumerate(keys))
    sql = POINTS.format(sql=source.sql, keys=named, limit=MOST_POINTS + 1, **columns)
    try:
        return list((await source.ask(sql, LIMIT_MS)).rows)
    except QueryInterrupted:
        return [None] * (MOST_POINTS + 1)  # not known to be few


def _as_points(source: Source, points: list[Any]) -> dict[str, Any]:
    keys = [[str(value) for value in point[2:]] for point in points]
    return {
        "kind": "points",
        "ra": [point[0] for point in points],
        "decl": [point[1] for point in points],
        "label": [", ".join(key) for key in keys],
        "path": [",".join(tilde_encode(value) for value in key) for key in keys],
        "total": len(points),
    }


async def _density(source: Source, sql: str, columns: dict[str, str], share: float | None) -> dict[str, Any]:
    """`share` of all rows are looked at; None where it isn't known how many that is."""
    query = DENSITY.format(sql=sql, cells=",".join(str(cells) for cells in CELLS), ring_deg=RING_DEG, rings=RINGS, **columns)
    counted = [tuple(row) for row in (await source.ask(query, LIMIT_MS)).rows]
    looked_at = sum(row[2] for row in counted)
    is_sample = share is None or share < 1
    scale = 1 / share if share else 1
    return {
        "kind": "density",
        "ring_deg": RING_DEG,
        "cells_in_ring": CELLS,
        "ring": [row[0] for row in counted],
        "cell": [row[1] for row in counted],
        "count": [round(row[2] * scale) for row in counted],
        "total": round(looked_at * scale),
        "is_estimate": is_sample,
        "looked_at": looked_at,
    }


def _refusal(status: int, message: str) -> Response:
    return Response.json({"ok": False, "error": message, "status": status}, status=status)
