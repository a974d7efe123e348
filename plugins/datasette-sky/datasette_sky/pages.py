"""`/-/sky/<database>`: a form for a cone and a map of all objects; `/-/sky/<database>/list`: a list joined with the objects."""

import csv
import io
from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Forbidden, NotFound, Response
from datasette_postgresql import PostgresDatabase, PostgresError, comparable

from . import coordinates, joining, lists
from .coordinates import UNIT_WORDS, Cone, Unreadable
from .permissions import may_view
from .settings import Sky

MOST_BYTES = 2_000_000  # of a pasted list, as it is sent
MOST_ADDRESS = 1_500  # characters of a list that a link can hold
MOST_SHOWN = 1_000  # rows on the page; CSV and JSON have all
FORMATS = ("html", "json", "csv")


async def cone_page(request: Any, datasette: Any) -> Response:
    """With a position: on to the table's page of that cone."""
    sky = await _opened(request, datasette)
    tables = await _tables(datasette, request, sky)
    typed = {
        "position": request.args.get("position", ""),
        "radius": request.args.get("radius") or "1",
        "unit": request.args.get("unit") or "arcmin",
        "table": request.args.get("table") or sky.objects.table,
    }
    message = None
    if "position" in request.args:
        try:
            if typed["table"] not in tables:
                raise Unreadable(f"There is no table {typed['table']} with positions.")
            centre = coordinates.position(typed["position"])
            cone = Cone(centre, coordinates.radius_deg(typed["radius"], typed["unit"]))
            address = datasette.urls.table(sky.database, typed["table"])
            return Response.redirect(f"{address}?{urlencode({'_cone': str(cone)}, safe=',')}")
        except Unreadable as error:
            message = str(error)
    context = {"sky": sky, "typed": typed, "message": message, "tables": tables, "units": UNIT_WORDS}
    return await _html(datasette, request, "sky_cone.html", context, 400 if message else 200)


async def list_page(request: Any, datasette: Any) -> Response:
    """A short list is answered under an address that can be passed on; a long one where it was sent to."""
    sky = await _opened(request, datasette)
    try:
        sent = await _sent(request)
    except Unreadable as error:
        return await _list_answer(datasette, request, sky, {}, None, str(error), 413)
    typed = {"list": sent.get("list", ""), "radius": sent.get("radius") or "1", "unit": sent.get("unit") or "arcsec"}
    typed["format"] = sent.get("_format", "html")
    if "list" not in sent:
        return await _list_answer(datasette, request, sky, typed, None, None, 200)
    if request.method == "POST" and typed["format"] == "html":
        address = f"{datasette.urls.path(f'/-/sky/{tilde_encode(sky.database)}/list')}?{_query(typed)}"
        if len(address) <= MOST_ADDRESS:
            return Response.redirect(address, status=303)
    try:
        if typed["format"] not in FORMATS:
            raise Unreadable(f"_format must be one of {', '.join(FORMATS)}.")
        joined = await _joined(datasette, sky, typed)
    except Unreadable as error:
        return await _list_answer(datasette, request, sky, typed, None, str(error), 400)
    except (PostgresError, QueryInterrupted):
        message = "The database took too long; try a smaller radius or a shorter list."
        return await _list_answer(datasette, request, sky, typed, None, message, 503)
    return await _list_answer(datasette, request, sky, typed, joined, None, 200)


async def _opened(request: Any, datasette: Any) -> Sky:
    name = tilde_decode(request.url_vars["database"])
    sky: Sky | None = getattr(datasette, "_sky", {}).get(name)
    if sky is None:
        raise NotFound(f"The database {name!r} has no positions.")
    if not await may_view(datasette, request.actor, name, sky.objects.table):
        raise Forbidden("You may not view these objects")
    return sky


async def _tables(datasette: Any, request: Any, sky: Sky) -> list[str]:
    names = (sky.objects.table, *sky.tables)
    return [name for name in dict.fromkeys(names) if await may_view(datasette, request.actor, sky.database, name)]


async def _sent(request: Any) -> dict[str, str]:
    """The form's values, by address or body. Raises Unreadable for what is too large."""
    if request.method != "POST":
        return {name: request.args[name] for name in request.args}
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise Unreadable(f"The list is too large: {MOST_BYTES // 1_000_000} MB at most.")
    try:
        found: dict[str, str] = await request.post_vars()
    except UnicodeDecodeError as error:
        raise Unreadable("The list must be UTF-8 text.") from error
    if sum(map(len, found.values())) > MOST_BYTES:
        raise Unreadable(f"The list is too large: {MOST_BYTES // 1_000_000} MB at most.")
    return found


async def _joined(datasette: Any, sky: Sky, typed: dict[str, str]) -> joining.Joined:
    db: PostgresDatabase = datasette.get_database(sky.database)
    relation = db.catalogue.relation(sky.objects.table)
    column = relation.column(sky.objects.id) if relation else None
    radius = coordinates.radius_deg(typed["radius"], typed["unit"])
    lines = lists.read(typed["list"], lambda text: comparable(column, text) == "{p}" and not any(c in text for c in " ,"))
    return await joining.join(db, sky, lines, radius, has_q3c=datasette._sky_has_q3c[sky.database])


async def _list_answer(
    datasette: Any,
    request: Any,
    sky: Sky,
    typed: dict[str, str],
    joined: joining.Joined | None,
    message: str | None,
    status: int,
) -> Response:
    if typed.get("format") == "json":
        body = {"ok": False, "error": message, "status": status} if message or joined is None else _json(joined)
        return Response.json(body, status=status)
    if typed.get("format") == "csv":
        text = f"{message}\n" if message or joined is None else _csv(joined)
        headers = {} if message else {"Content-Disposition": 'attachment; filename="objects.csv"'}
        kind = "text/plain; charset=utf-8" if message else "text/csv; charset=utf-8"
        return Response(text, status=status, headers=headers, content_type=kind)
    context = {
        "sky": sky, "typed": typed, "joined": joined, "message": message, "units": UNIT_WORDS, "most": lists.MOST_LINES,
        "shown": joined.rows[:MOST_SHOWN] if joined else [],
        "object_url": datasette.urls.table(sky.database, sky.objects.table),
        "links": _links(datasette, sky, typed) if joined else {},
    }  # fmt: skip
    return await _html(datasette, request, "sky_list.html", context, status)


def _links(datasette: Any, sky: Sky, typed: dict[str, str]) -> dict[str, str]:
    """Addresses of the same list as JSON and CSV, where they aren't too long to be ones."""
    path = datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}/list")
    found = {name: f"{path}?{_query({**typed, '_format': name})}" for name in ("json", "csv")}
    return found if all(len(address) <= MOST_ADDRESS for address in found.values()) else {}


def _query(typed: dict[str, str]) -> str:
    return urlencode({name: value for name, value in typed.items() if name != "format"})


def _json(joined: joining.Joined) -> dict[str, Any]:
    rows = [dict(zip(joined.columns, row, strict=True)) for row in joined.rows]
    return {"ok": True, "found": joined.found, "missing_lines": joined.missing, "truncated": joined.is_cut, "rows": rows}


def _csv(joined: joining.Joined) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([joined.columns, *joined.rows])
    return out.getvalue()


async def _html(datasette: Any, request: Any, template: str, context: dict[str, Any], status: int) -> Response:
    return Response.html(await datasette.render_template(template, context, request=request), status=status)
