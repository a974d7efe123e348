"""Maps' data: `/-/sky/<database>/table/<table>.json?…`, where the rows are that the table's page of those arguments shows;
`/-/sky/<database>/sql.json?sql=…` and `/-/sky/<database>/query/<query>.json`, where a result's are, all of them.

Few as points with their row's address, many as a density that PostgreSQL counts: exactly where that is cheap, else in a part,
and then said so. What a billion rows cost is what the part costs.
"""

import dataclasses
import json
import math
from itertools import groupby
from operator import itemgetter
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest, Forbidden, NotFound, Response
from datasette.views.base import DatasetteError
from datasette_postgresql import PostgresDatabase, PostgresError, Source, name_visitor, named_parameters, selected

from . import coordinates, density, positions
from .conditions import quote
from .settings import Positions
from .skies import skies
from .targets import may_view

MOST_POINTS = 3_000
EXACT_ROWS = 500_000  # about half a second of counting
LIMIT_MS = 3_000
SAMPLES_MS = (20_000, 2_000)  # Source.sample's measure: 2 million rows, else 200 thousand
FIRST_ROWS = 20_000  # of a result that can't be counted in time
MOST_CLOSE_DEG = 60.0  # a larger cone is shown on the whole sky

POINTS = "select {ra}::float8 as ra, {decl}::float8 as decl{keys} from ({sql}\n) as rows_here where {is_position} limit {limit}"


@dataclasses.dataclass(frozen=True)
class Counted:
    """`looked_at` rows in cells; `share` of all, None where it isn't known; `is_first`: they were the first that came."""

    cells: list[Any]
    looked_at: int
    share: float | None
    is_first: bool = False


async def of_table(request: Any, datasette: Any) -> Response:
    database, table = (tilde_decode(request.url_vars[name]) for name in ("database", "table"))
    try:
        sky = await skies(datasette).of(database)
        found = sky.positions(table) if sky else None
        if found is None or found.ra is None:
            raise NotFound(f"The table {table!r} of {database!r} has no positions.")
        if not await may_view(datasette, request.actor, database, table):
            raise Forbidden("You may not view this table.")
        source = await selected(datasette, request, database, table)
        return _json({**await _table_answer(source, found, _close_up(request)), "cone": _close_up(request)})
    except (Forbidden, NotFound, BadRequest, DatasetteError, QueryInterrupted, PostgresError) as error:
        return refusal(error)


async def of_result(request: Any, datasette: Any) -> Response:
    """`_columns=ra,decl,id`, the last may be missing; what else the address has are the query's parameters."""
    try:
        db, sql = await _asked(request, datasette)
        names = request.args.getlist("_columns")
        ra, decl = (quote(name) for name in names[:2]) if 2 <= len(names) <= 3 else _no_columns()
        keys = f", {quote(names[2])}::text as id" if len(names) == 3 else ""
        params = {name: request.args.get(name) or "" for name in named_parameters(sql)}
        text = sql.strip().rstrip(";")

        async def ask(query: str) -> list[Any]:
            answer = await db.execute(query, params, custom_time_limit=LIMIT_MS, log_sql_errors=False)
            return [tuple(row) for row in answer.rows]

        where = density.IS_POSITION.format(ra=ra, decl=decl)
        points = await ask(POINTS.format(ra=ra, decl=decl, keys=keys, sql=text, is_position=where, limit=MOST_POINTS + 1))
        if len(points) <= MOST_POINTS:
            return _json(_as_points(points))
        ring = density.ring_deg(None)
        try:
            cells, is_first = await ask(density.sql(text, ra, decl, ring)), False
        except QueryInterrupted:
            first = f"select * from ({text}\n) as rows_here limit {FIRST_ROWS}"
            cells, is_first = await ask(density.sql(first, ra, decl, ring)), True
        looked_at = sum(row[3] for row in cells)
        return _json(_as_density(Counted(cells, looked_at, None if is_first else 1.0, is_first), ring))
    except (Forbidden, NotFound, BadRequest, DatasetteError, QueryInterrupted, PostgresError) as error:
        return refusal(error)


def refusal(error: Exception) -> Response:
    """A sentence with the status that fits."""
    if isinstance(error, QueryInterrupted):
        status, message = 503, "The database took too long to find these rows."
    elif isinstance(error, PostgresError):
        status, message = (400 if error.sqlstate else 503), str(error)
    else:
        status, message = getattr(error, "status", 400), getattr(error, "message", None) or str(error)
    return Response.json({"ok": False, "error": message, "status": status}, status=status)


def _close_up(request: Any) -> list[float] | None:
    """The one cone that the rows are in: ra, decl, radius, degrees."""
    texts = request.args.getlist("_cone")
    if len(texts) != 1:
        return None
    try:
        cone = coordinates.cone(texts[0])
    except positions.Unreadable as error:
        raise BadRequest(str(error)) from error
    return [cone.centre.ra, cone.centre.decl, cone.radius_deg] if cone.radius_deg <= MOST_CLOSE_DEG else None


async def _table_answer(source: Source, found: Positions, close_up: list[float] | None) -> dict[str, Any]:
    ra, decl = quote(found.ra or ""), quote(found.decl or "")
    plan = None if source.is_typed else await source.plan()
    is_few = plan is not None and plan.rows <= MOST_POINTS
    if not source.is_whole or is_few:
        points = await _points(source, ra, decl)
        if points is not None and len(points) <= MOST_POINTS:
            return _as_points(points)
    ring = density.ring_deg(close_up[2] if close_up else None)
    around = (close_up[1], close_up[2]) if close_up else None
    if source.is_typed or (plan and plan.rows <= EXACT_ROWS and plan.fits(LIMIT_MS)):
        try:
            return _as_density(await _counted(source, density.sql(source.sql, ra, decl, ring, around), 1.0), ring)
        except QueryInterrupted:
            pass  # a part, then
    for patience_ms in SAMPLES_MS:
        sql, share = source.sample(patience_ms)
        try:
            return _as_density(await _counted(source, density.sql(sql, ra, decl, ring, around), share), ring)
        except QueryInterrupted:
            continue
    raise QueryInterrupted(TimeoutError("no sample was quick enough"), source.sql, source.params)


async def _points(source: Source, ra: str, decl: str) -> list[Any] | None:
    """None where it isn't known whether they are few."""
    keys = source.relation.row_key if source.relation else ()
    named = "".join(f", {quote(key)}::text as key_{k}" for k, key in enumerate(keys))
    where = density.IS_POSITION.format(ra=ra, decl=decl)
    sql = POINTS.format(sql=source.sql, ra=ra, decl=decl, keys=named, limit=MOST_POINTS + 1, is_position=where)
    try:
        return list((await source.ask(sql, LIMIT_MS)).rows)
    except QueryInterrupted:
        return None


async def _counted(source: Source, sql: str, share: float | None) -> Counted:
    cells = [tuple(row) for row in (await source.ask(sql, LIMIT_MS)).rows]
    return Counted(cells, sum(row[3] for row in cells), share, is_first=share is None)


def _json(answer: dict[str, Any]) -> Response:
    """Without blanks: a fifth of it."""
    return Response(json.dumps(answer, separators=(",", ":")), content_type="application/json; charset=utf-8")


def _as_points(points: list[Any]) -> dict[str, Any]:
    keys = [["" if value is None else str(value) for value in point[2:]] for point in points]
    return {
        "kind": "points",
        "ra": [point[0] for point in points],
        "decl": [point[1] for point in points],
        "label": [", ".join(key) for key in keys],
        "path": [",".join(tilde_encode(value) for value in key) for key in keys],
        "total": len(points),
    }


def _as_density(counted: Counted, ring: float) -> dict[str, Any]:
    """`rings` has of each ring with rows its number, how many cells it has, the numbers of those with rows, and how many these
    have."""
    scale = 1 / counted.share if counted.share else 1
    rings = [(key, list(found)) for key, found in groupby(sorted(counted.cells), key=itemgetter(0, 1))]
    return {
        "kind": "density",
        "ring_deg": ring,
        "rings": [
            [number, cells, [row[2] for row in found], [round(row[3] * scale) for row in found]]
            for (number, cells), found in rings
        ],
        "total": math.floor(counted.looked_at * scale + 0.5),
        "is_estimate": counted.share is None or counted.share < 1,
        "is_first": counted.is_first,
        "looked_at": counted.looked_at,
    }


async def _asked(request: Any, datasette: Any) -> tuple[PostgresDatabase, str]:
    """The database and the SQL, of a person's own or a canned query's. Raises NotFound, Forbidden, BadRequest."""
    database = tilde_decode(request.url_vars["database"])
    db = datasette.databases.get(database)
    if not isinstance(db, PostgresDatabase):
        raise NotFound(f"There is no PostgreSQL database {database!r}.")
    name = request.url_vars.get("query")
    about: list[Any] = [("view-database", database), "view-instance"]
    if name is None:
        await datasette.ensure_permissions(request.actor, [("execute-sql", database), *about])
        sql = request.args.get("sql") or ""
    else:
        query = await datasette.get_canned_query(database, tilde_decode(name), request.actor)
        if query is None:
            raise NotFound(f"There is no query {tilde_decode(name)!r}.")
        await datasette.ensure_permissions(request.actor, [("view-query", (database, query["name"])), *about])
        sql = query["sql"]
    if not sql.strip():
        raise BadRequest("sql is missing.")
    if any(parameter.startswith("_") for parameter in named_parameters(sql)):
        raise BadRequest("A query with magic parameters has no map of all its rows.")
    name_visitor(request.actor)
    return db, sql


def _no_columns() -> tuple[str, str]:
    raise BadRequest("_columns must be given two or three times: right ascension, declination, an object's id.")
