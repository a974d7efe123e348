"""`/-/sky/<database>`: a form for a cone, the rows in it with their distance, nearest first, as a table, CSV or JSON; a map."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Forbidden, NotFound, Response
from datasette_postgresql import PostgresDatabase, PostgresError

from . import coordinates, positions, rendering
from .cones import Question, question
from .coordinates import UNIT_WORDS, Cone
from .positions import Unreadable
from .settings import Sky
from .skies import skies
from .targets import Target, linked, targets

MOST_ROWS = 500  # on the page
MOST_FILE_ROWS = 50_000  # of CSV and JSON
LIMIT_MS = 5_000


@dataclass(frozen=True)
class Found:
    """What a cone has, the first rows of it."""

    cone: Cone
    question: Question
    rows: list[list[Any]]
    is_cut: bool

    @property
    def where(self) -> str:
        """In words."""
        centre = self.cone.centre
        return f"within {coordinates.said(self.cone.radius_deg)} of {centre}"

    def path(self, row: list[Any]) -> str | None:
        key = [row[at] for at in self.question.key]
        return rendering.row_path(key) if key else None


async def cone_page(request: Any, datasette: Any) -> Response:
    sky, tables = await opened(request, datasette)
    typed = typed_values(request.args, tables, unit="arcmin")
    typed["position"] = request.args.get("position", "")
    if "position" not in request.args:
        return await _page(request, datasette, sky, tables, typed, None, None, 200)
    try:
        if typed["format"] not in rendering.FORMATS:
            raise Unreadable(f"_format must be one of {', '.join(rendering.FORMATS)}.")
        target = chosen(tables, typed["table"])
        centre = positions.position(typed["position"])
        cone = Cone(centre, positions.radius_deg(typed["radius"], typed["unit"]))
        most = MOST_ROWS if typed["format"] == "html" else MOST_FILE_ROWS
        found = await _find(datasette, sky, target, cone, most)
    except (Unreadable, QueryInterrupted, PostgresError) as error:
        message, status = reason(error)
        if typed["format"] in ("json", "csv"):
            return rendering.refusal(message, status, typed["format"])
        return await _page(request, datasette, sky, tables, typed, None, message, status)
    if typed["format"] == "json":
        return rendering.as_json(found.question.columns, found.rows, truncated=found.is_cut)
    if typed["format"] == "csv":
        return rendering.as_csv(found.question.columns, found.rows, "cone")
    return await _page(request, datasette, sky, tables, typed, found, None, 200)


async def opened(request: Any, datasette: Any) -> tuple[Sky, dict[str, Target]]:
    """The database's sky, and the tables of it that the visitor may see. Raises NotFound, Forbidden."""
    name = tilde_decode(request.url_vars["database"])
    sky = await skies(datasette).quietly_of(name)
    if sky is None:
        raise NotFound(f"The database {name!r} has no positions.")
    found = await targets(datasette, request.actor, sky)
    if not found:
        raise Forbidden("You may not view these objects")
    return sky, found


def typed_values(args: Any, tables: dict[str, Target], *, unit: str) -> dict[str, str]:
    """What both forms have, with what stands there before anything is typed."""
    names = ("table", "radius", "unit", "_format")
    first = dict(zip(names, (next(iter(tables)), "1", unit, "html"), strict=True))
    found = {name: args.get(name) or first[name] for name in names}
    return {"table": found["table"], "radius": found["radius"], "unit": found["unit"], "format": found["_format"]}


def chosen(tables: dict[str, Target], name: str) -> Target:
    """Raises Unreadable."""
    if name not in tables:
        raise Unreadable(f"There is no table {positions.shortened(name)} with positions.")
    return tables[name]


def reason(error: Exception) -> tuple[str, int]:
    """A sentence and the status."""
    if isinstance(error, QueryInterrupted):
        return "The database took too long; try a smaller radius.", 503
    if isinstance(error, PostgresError):
        return (str(error), 400) if error.sqlstate else ("The database didn't answer; try again in a moment.", 503)
    return str(error), 400


async def _find(datasette: Any, sky: Sky, target: Target, cone: Cone, most: int) -> Found:
    db: PostgresDatabase = datasette.get_database(sky.database)
    asked = question(target, cone, await skies(datasette).functions(sky.database), most + 1)
    answer = await db.fetch(asked.sql, time_limit_ms=LIMIT_MS, max_rows=most)
    return Found(cone, asked, [list(row) for row in answer.rows], answer.truncated)


async def _page(
    request: Any,
    datasette: Any,
    sky: Sky,
    tables: dict[str, Target],
    typed: dict[str, str],
    found: Found | None,
    message: str | None,
    status: int,
) -> Response:
    page = datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}")
    target = tables.get(typed["table"]) or next(iter(tables.values()))
    context = {
        "sky": sky, "tables": tables, "typed": typed, "found": found, "message": message, "units": UNIT_WORDS, "page": page,
        "target": target, "cell": rendering.cell, "is_number": rendering.is_number,
        "table_url": datasette.urls.table(sky.database, target.name),
        "map_url": f"{page}/table/{tilde_encode(target.name)}.json",
        "links": await _links(request, datasette, sky, target, page, typed, found) if found else {},
    }  # fmt: skip
    text = await datasette.render_template("sky_cone.html", context, request=request)
    return Response.html(text, status=status)


async def _links(
    request: Any, datasette: Any, sky: Sky, target: Target, page: str, typed: dict[str, str], found: Found
) -> dict[str, Any]:
    """Where the same cone leads."""
    asked = {name: typed[name] for name in ("position", "radius", "unit", "table")}
    cone = urlencode({"_cone": str(found.cone)}, safe=",")
    others = await linked(datasette, request.actor, sky, target)
    may_ask = await datasette.permission_allowed(request.actor, "execute-sql", sky.database, default=True)
    return {
        "json": f"{page}?{urlencode({**asked, '_format': 'json'})}",
        "csv": f"{page}?{urlencode({**asked, '_format': 'csv'})}",
        "sql": rendering.sql_address(datasette, sky.database, found.question.sql) if may_ask else None,
        "cone": cone,
        "tables": {name: f"{datasette.urls.table(sky.database, name)}?{cone}" for name in (target.name, *others)},
    }
