"""`/-/find?q=…`: to the object of that id, or to the canned query that lists what is around that position."""

import re
from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils import tilde_encode
from datasette.utils.asgi import Forbidden, NotFound, Response
from datasette_postgresql import PostgresDatabase, PostgresError

from . import numbers, positions
from .settings import Home

RADIUS, UNIT = "1", "deg"
ID = re.compile(r"\d{1,19}")


class NotThere(Exception):
    """A sentence: what was asked for is understood, and isn't there."""


async def find(request: Any, datasette: Any) -> Response:
    home: Home | None = getattr(datasette, "_survey_home", None)
    if home is None:
        raise NotFound("There is nothing to find: the home page isn't configured.")
    permissions = [("view-table", (home.database, home.objects.table)), ("view-database", home.database), "view-instance"]
    if not (await datasette.check_visibility(request.actor, permissions=permissions))[0]:
        raise Forbidden("You may not view these objects")
    typed = {name: request.args.get(name, default) for name, default in (("q", ""), ("radius", RADIUS), ("unit", UNIT))}
    try:
        return Response.redirect(await _address(datasette, request, home, typed))
    except positions.Unreadable as error:
        return await _page(datasette, request, home, typed, str(error), 400)
    except NotThere as error:
        return await _page(datasette, request, home, typed, str(error), 404)
    except (PostgresError, QueryInterrupted):
        return await _page(datasette, request, home, typed, "The database didn't answer; try again in a moment.", 503)


async def _address(datasette: Any, request: Any, home: Home, typed: dict[str, str]) -> str:
    asked = typed["q"].strip()
    db: PostgresDatabase = datasette.get_database(home.database)
    if ID.fullmatch(asked):
        if await _has_object(db, home, asked):
            return f"{datasette.urls.table(home.database, home.objects.table)}/{tilde_encode(asked)}"
        raise NotThere(f"There is no object {asked}.")
    return await _around(datasette, request, db, home, _position(asked), typed)


def _position(asked: str) -> positions.Position:
    """Raises Unreadable, with what else the box takes."""
    if not asked:
        raise positions.Unreadable("Type an object's id, or a position.")
    try:
        return positions.position(asked)
    except positions.NoPosition as error:
        raise positions.Unreadable(
            f"“{error.text}” is neither an object's id, as 12345, nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s."
        ) from error


async def _has_object(db: PostgresDatabase, home: Home, object_id: str) -> bool:
    try:
        return await numbers.has_object(db, home, object_id)
    except PostgresError as error:
        if (error.sqlstate or "").startswith("22"):  # beyond the type's range
            return False
        raise


async def _around(
    datasette: Any, request: Any, db: PostgresDatabase, home: Home, at: positions.Position, typed: dict[str, str]
) -> str:
    if home.cone is None:
        raise positions.Unreadable("Positions can't be searched here; type an object's id.")
    radius = positions.radius_deg(typed["radius"], typed["unit"])
    query = await datasette.get_canned_query(home.database, home.cone.query, request.actor)
    if query is None:
        raise Forbidden("You may not search positions")
    values = {home.cone.ra: f"{at.ra:.8g}", home.cone.decl: f"{at.decl:.8g}", home.cone.radius: f"{radius:.8g}"}
    first = (await db.execute(f"select * from ({query['sql'].strip().rstrip(';')}) q limit 1", values)).rows
    if not first:
        words = {"deg": "°", "arcmin": " arc minutes", "arcsec": " arc seconds"}
        raise NotThere(
            f"There is no object within {typed['radius']}{words[typed['unit']]} of ra {at.ra:.5f}°, decl {at.decl:.5f}°;"
            " try a larger radius."
        )
    return f"{datasette.urls.query(home.database, home.cone.query)}?{urlencode(values)}"


async def _page(datasette: Any, request: Any, home: Home, typed: dict[str, str], message: str, status: int) -> Response:
    context = {"home": home, "typed": typed, "message": message}
    return Response.html(await datasette.render_template("survey_find.html", context, request=request), status=status)
