"""The awaitable implementations of hooks that my_plugin has in their plain form, and a few hooks more."""

import json
from functools import wraps

import markupsafe
from datasette import hookimpl
from datasette.utils.asgi import Response

CDN = "https://plugin-example.datasette.io"


@hookimpl
def extra_js_urls():
    return [{"url": f"{CDN}/jquery.js", "sri": "SRIHASH"}, f"{CDN}/plugin2.js"]


@hookimpl
def render_cell(value, database):
    """A JSON object of an address and a label is a link."""
    try:
        data = json.loads(value)
    except (TypeError, ValueError):
        return None
    if (
        not isinstance(data, dict)
        or set(data) != {"href", "label"}
        or not str(data["href"]).startswith(("/", "http:", "https:"))
    ):
        return None
    return markupsafe.Markup('<a data-database="{}" href="{}">{}</a>').format(database, data["href"], data["label"] or "\xa0")


@hookimpl
def extra_template_vars(template, request, datasette):
    datasette._last_request = request

    async def query_database(sql):
        name = next(name for name in datasette.databases if name != "_internal")
        return (await datasette.get_database(name).execute(sql)).rows[0][0]

    async def variables():
        seen = {"template": template, "scope_path": request and request.scope["path"], "awaitable": True}
        return {"extra_template_vars_from_awaitable": json.dumps(seen), "query_database": query_database}

    return variables


@hookimpl
def prepare_jinja2_environment(env, datasette):
    env.filters["to_hello"] = lambda _: datasette._HELLO


@hookimpl
def asgi_wrapper(datasette):
    def wrap(app):
        @wraps(app)
        async def with_databases(scope, receive, send):
            async def sending(event):
                if event["type"] == "http.response.start":
                    names = ", ".join(datasette.databases).encode("utf-8")
                    event = {**event, "headers": [*event.get("headers", ()), [b"x-databases", names]]}
                await send(event)

            await app(scope, receive, sending)

        return with_databases

    return wrap


@hookimpl
def actor_from_request(datasette, request):
    async def actor():
        if not request.args.get("_bot2"):
            return None
        return {"id": "bot2", "1+1": (await datasette.get_database().execute("select 1 + 1")).first()[0]}

    return actor


@hookimpl
def permission_allowed(action):
    async def allowed():
        return {"this_is_allowed_async": True, "this_is_denied_async": False}.get(action)

    return allowed


@hookimpl
def startup(datasette):
    async def calculate():
        datasette._startup_hook_calculation = (await datasette.get_database().execute("select 1 + 1")).first()[0]

    return calculate


@hookimpl
def canned_queries(datasette, database):
    async def queries():
        two = (await datasette.get_database(database).execute("select 1 + 1")).first()[0]
        return {"from_async_hook": f"select {two}"}

    return queries


@hookimpl(trylast=True)
def menu_links(datasette, actor):
    async def links():
        return [{"href": datasette.urls.instance(), "label": "Hello 2"}] if actor else []

    return links


@hookimpl
def table_actions(datasette, actor, request):
    async def actions():
        hello = request.args.get("_hello")
        return [{"href": datasette.urls.instance(), "label": f"From async {hello}" if hello else "From async"}] if actor else []

    return actions


@hookimpl
def register_routes(datasette):
    path = (datasette.plugin_config("register-route-demo") or {}).get("path")
    if not path:
        return []

    def table(request):
        return Response.text(f"/db/table: {sorted(request.url_vars.items())}")

    return [
        (rf"/{path}/$", lambda: Response.text(path.upper())),
        (r"/(?P<db_name>[^/]+)/(?P<table_and_format>[^/]+?$)", table),
    ]


@hookimpl
def handle_exception(datasette, request, exception):
    datasette._exception_hook_fired = (request, exception)

    async def later():
        return Response.text("_custom_error_async")

    if request.args.get("_custom_error"):
        return Response.text("_custom_error")
    return later if request.args.get("_custom_error_async") else None
