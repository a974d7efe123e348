"""`/-/sky/<database>/list`: a pasted or uploaded list joined with a table, as a table, CSV or JSON; nothing is stored.

A short list is answered under an address that can be passed on; a long one where it was sent to.
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.database import QueryInterrupted
from datasette.utils import tilde_encode
from datasette.utils.asgi import Response
from datasette_postgresql import PostgresError, name_visitor

from . import joining, lists, positions, rendering
from .cone_page import chosen, opened, reason, typed_values
from .coordinates import UNIT_WORDS
from .joining import Joined
from .lists import List
from .positions import Unreadable
from .settings import Sky
from .skies import skies
from .targets import Target

MOST_BYTES = 1_000_000  # of a list, as it is sent
MOST_FIELDS = 20
MOST_ADDRESS = 4_000  # of a list that a link can hold
MOST_SHOWN = 500  # rows on the page; CSV and JSON have all
MOST_PLACES = 5_000  # on the page's map
TOO_LARGE = f"The list is too large: {MOST_BYTES // 1_000_000} MB at most, as it is sent."


class _TooLarge(Unreadable):
    """The sentence for it."""


async def list_page(request: Any, datasette: Any) -> Response:
    sky, tables = await opened(request, datasette)
    typed = typed_values({}, tables, unit="arcsec")
    try:
        sent = await _sent(request)
        typed = {**typed_values(sent, tables, unit="arcsec"), "list": sent.get("list", "")}
        if "list" not in sent:
            return await _page(request, datasette, sky, tables, typed)
        if typed["format"] not in rendering.FORMATS:
            raise Unreadable(f"_format must be one of {', '.join(rendering.FORMATS)}.")
        if request.method == "POST" and typed["format"] == "html":
            address = f"{_path(datasette, sky)}?{_query(typed)}"
            if len(address) <= MOST_ADDRESS:
                return Response.redirect(address, status=303)
        name_visitor(request.actor)
        target = chosen(tables, typed["table"])
        radius = positions.radius_deg(typed["radius"], typed["unit"])
        listed = lists.read(typed["list"], joining.ids_of(target))
        functions = await skies(datasette).functions(sky.database)
        joined = await joining.join(datasette.get_database(sky.database), target, listed, radius, functions)
    except (Unreadable, QueryInterrupted, PostgresError) as error:
        message, status = reason(error)
        status = 413 if isinstance(error, _TooLarge) else status
        if typed["format"] in ("json", "csv"):
            return rendering.refusal(message, status, typed["format"])
        return await _page(request, datasette, sky, tables, typed, message=message, status=status)
    if typed["format"] == "json":
        told = {"found": joined.found, "missing_lines": joined.missing, "truncated": joined.is_cut}
        return rendering.as_json(joined.columns, joined.rows, **told)
    if typed["format"] == "csv":
        return rendering.as_csv(joined.columns, joined.rows, "list")
    query = joining.sql(target, listed, radius, functions, joining.MOST_ROWS)
    return await _page(request, datasette, sky, tables, typed, joined=joined, listed=listed, query=query)


async def _sent(request: Any) -> dict[str, str]:
    """The form's values, by address or body. Raises Unreadable for what is too large, or no text."""
    if request.method != "POST":
        return {name: request.args[name] for name in request.args}
    body = bytearray()
    more = True
    while more:
        message = await request.receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _TooLarge(TOO_LARGE)
        more = bool(message.get("more_body"))
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError as error:
        raise Unreadable("The list must be UTF-8 text, sent as a form.") from error


async def _page(
    request: Any,
    datasette: Any,
    sky: Sky,
    tables: dict[str, Target],
    typed: dict[str, str],
    *,
    joined: Joined | None = None,
    listed: List | None = None,
    query: str = "",
    message: str | None = None,
    status: int = 200,
) -> Response:
    target = tables.get(typed["table"]) or next(iter(tables.values()))
    may_ask = await datasette.permission_allowed(request.actor, "execute-sql", sky.database, default=True)
    path = _path(datasette, sky)
    context = {
        "sky": sky, "tables": tables, "typed": typed, "target": target, "joined": joined, "message": message,
        "units": UNIT_WORDS, "most": lists.MOST_LINES, "most_bytes": MOST_BYTES, "page": path,
        "shown": joined.rows[:MOST_SHOWN] if joined else [], "lines": len(listed.lines) if listed else 0,
        "cone_page": datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}"),
        "table_url": datasette.urls.table(sky.database, target.name), "cell": rendering.cell,
        "is_number": rendering.is_number, "row_path": rendering.row_path, "keys": len(target.key),
        "places": _places(joined, target) if joined else None,
        "links": _links(path, typed) if joined else {},
        "sql_url": rendering.sql_address(datasette, sky.database, query) if joined and may_ask else None,
    }  # fmt: skip
    return Response.html(await datasette.render_template("sky_list.html", context, request=request), status=status)


def _places(joined: Joined, target: Target) -> dict[str, list[Any]]:
    """What the page's map shows: ra, decl and the key of each row found."""
    at = joined.columns.index(target.ra, joined.at), joined.columns.index(target.decl, joined.at)
    rows = [row for row in joined.rows if row[at[0]] is not None and row[at[1]] is not None][:MOST_PLACES]
    keys = [row[joined.at : joined.at + len(target.key)] for row in rows]
    return {
        "ra": [row[at[0]] for row in rows],
        "decl": [row[at[1]] for row in rows],
        "label": [", ".join(map(str, key)) for key in keys],
        "path": [rendering.row_path(key) for key in keys],
    }


def _path(datasette: Any, sky: Sky) -> str:
    return str(datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}/list"))


def _query(typed: dict[str, str]) -> str:
    return urlencode({name: value for name, value in typed.items() if name != "format"})


def _links(path: str, typed: dict[str, str]) -> dict[str, str]:
    """Addresses of the same list as JSON and CSV, where they aren't too long to be ones."""
    found = {name: f"{path}?{_query({**typed, '_format': name})}" for name in ("json", "csv")}
    return found if all(len(address) <= MOST_ADDRESS for address in found.values()) else {}
