"""The two addresses that give points as JSON: one object's, and the few brightest of each object of a page.

Permissions are the tables': who may not view the objects is refused; what else he may not view is left out.
"""

from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode
from datasette.utils.asgi import Response
from datasette_postgresql import PostgresDatabase, PostgresError

from . import points
from .settings import LightCurves

JSON = "application/json; charset=utf-8"
MOST_OBJECTS = 1000  # a page's
MOST_ID = 100  # characters


class Refused(Exception):
    """`status`, and a sentence for whoever asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def light_curve(request: Any, datasette: Any) -> Response:
    """Everything of one object: detections, forced points, peak, classifications, as far as the visitor may see them."""
    try:
        db, curves = await _open(request, datasette)
        object_id = tilde_decode(request.url_vars["object"])
        body = await _of_one(request, datasette, db, curves, object_id)
    except Refused as refused:
        return _refusal(refused)
    return Response(body, content_type=JSON)


async def sparks(request: Any, datasette: Any) -> Response:
    """`?ids=1,2,3`: the brightest points of each of these objects, in one query."""
    try:
        db, curves = await _open(request, datasette)
        ids = list(dict.fromkeys(part for part in request.args.get("ids", "").split(",") if part))
        if not ids or len(ids) > MOST_OBJECTS or any(len(one) > MOST_ID for one in ids):
            raise Refused(400, f"ids must be one to {MOST_OBJECTS} objects' ids, with commas between.")
        found = [curves.forced, curves.detections]
        tables = [part for part in found if part and await _may_view(request, datasette, curves.database, part.table)]
        if not tables:
            raise Refused(403, "You may not view the light curves' points.")
        body = await _asked(points.many(db, curves, ids, tables[0]))
    except Refused as refused:
        return _refusal(refused)
    return Response(body, content_type=JSON)


async def _open(request: Any, datasette: Any) -> tuple[PostgresDatabase, LightCurves]:
    name = tilde_decode(request.url_vars["database"])
    curves: LightCurves | None = getattr(datasette, "_light_curves", {}).get(name)
    if curves is None:
        raise Refused(404, f"The database {name!r} has no light curves.")
    if not await _may_view(request, datasette, name, curves.objects.table):
        raise Refused(403, "You may not view these objects.")
    return datasette.get_database(name), curves


async def _of_one(request: Any, datasette: Any, db: PostgresDatabase, curves: LightCurves, object_id: str) -> str:
    parts = [
        name
        for name in ("detections", "forced", "peak")
        if (part := getattr(curves, name)) and await _may_view(request, datasette, curves.database, part.table)
    ]
    body = await _asked(points.one(db, curves, object_id, parts))
    if body is None:
        raise Refused(404, f"There is no object {object_id}.")
    said = curves.classifications
    query = await datasette.get_canned_query(curves.database, said.query, request.actor) if said else None
    if said and query and await _may_ask(request, datasette, curves.database, said.query):
        classes = await _asked(points.classes(db, said, query["sql"], object_id))
        comma = ", " if parts else ""
        body = f'{body.rstrip()[:-1]}{comma}"classes" : {classes}}}'
    return str(body)


async def _asked(awaitable: Any) -> Any:
    """A value that can't be an id (SQLSTATE 22…) is nobody's."""
    try:
        return await awaitable
    except QueryInterrupted as error:
        raise Refused(503, "The database took too long to answer.") from error
    except PostgresError as error:
        if (error.sqlstate or "").startswith("22"):
            raise Refused(404, "That is no object's id.") from error
        raise Refused(503, str(error)) from error


async def _may_view(request: Any, datasette: Any, database: str, table: str) -> bool:
    return await _is_visible(request, datasette, database, ("view-table", (database, table)))


async def _may_ask(request: Any, datasette: Any, database: str, query: str) -> bool:
    return await _is_visible(request, datasette, database, ("view-query", (database, query)))


async def _is_visible(request: Any, datasette: Any, database: str, first: tuple[str, tuple[str, str]]) -> bool:
    permissions = [first, ("view-database", database), "view-instance"]
    visible, _ = await datasette.check_visibility(request.actor, permissions=permissions)
    return bool(visible)


def _refusal(refused: Refused) -> Response:
    return Response.json({"ok": False, "error": str(refused), "status": refused.status}, status=refused.status)
