"""Formats that show what a renderer is given: `.testall`, `.testnone`, `.testresponse`."""

import json

from datasette import hookimpl
from datasette.utils.asgi import Response

SEEN = ("datasette", "columns", "rows", "sql", "query_name", "database", "table", "request", "view_name")


def can_render(datasette, columns, rows, sql, query_name, database, table, request, view_name):
    given = (datasette, columns, rows, sql, query_name, database, table, request, view_name)
    datasette._can_render_saw = dict(zip(SEEN, given, strict=True))
    return not request.args.get("_no_can_render")


async def render_all(datasette, columns, rows, sql, query_name, database, table, request, view_name, data):
    given = (datasette, columns, rows, sql, query_name, database, table, request, view_name)
    shown = dict(zip(SEEN, given, strict=True))
    shown["1+1"] = (await datasette.get_database().execute("select 1 + 1")).first()[0]
    return {
        "body": json.dumps(shown, default=repr),
        "content_type": request.args.get("content_type", "text/plain"),
        "status_code": int(request.args.get("status_code", 200)),
        "headers": dict(header.split(":") for header in request.args.getlist("header")),
    }


def render_nothing():
    return {"body": "Hello"}


def render_response(request):
    return "this should break" if request.args.get("_broken") else Response.json({"this_is": "json"})


@hookimpl
def register_output_renderer():
    return [
        {"extension": "testall", "render": render_all, "can_render": can_render},
        {"extension": "testnone", "callback": render_nothing},
        {"extension": "testresponse", "render": render_response},
    ]
