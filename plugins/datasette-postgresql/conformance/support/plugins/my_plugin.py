"""One implementation of each hook that Datasette's tests look at, the plain ones; my_plugin_2 has the awaitable ones."""

import base64
import json
from typing import Any

from datasette import hookimpl
from datasette.facets import Facet
from datasette.utils import path_with_added_args
from datasette.utils.asgi import Response, asgi_send_json

DEMO = "name-of-plugin"
CDN = "https://plugin-example.datasette.io"


async def _fifteen(datasette):
    return (await datasette.get_database().execute("select 3 * 5")).first()[0]


def _seen(template, database, table, view_name, columns, request):
    return {
        "template": template,
        "database": database,
        "table": table,
        "view_name": view_name,
        "request_path": request and request.path,
        "columns": columns,
    }


@hookimpl
def extra_css_urls(template, database, table, view_name, columns, request, datasette):
    async def urls():
        seen = _seen(template, database, table, view_name, columns, request)
        text = json.dumps({**seen, "added": await _fifteen(datasette)})
        encoded = base64.b64encode(text.encode("utf-8")).decode("ascii")
        return [f"{CDN}/{encoded}/extra-css-urls-demo.css"]

    return urls


@hookimpl
def extra_js_urls():
    return [
        {"url": f"{CDN}/jquery.js", "sri": "SRIHASH"},
        f"{CDN}/plugin1.js",
        {"url": f"{CDN}/plugin.module.js", "module": True},
    ]


@hookimpl
def extra_body_script(template, database, table, view_name, columns, request, datasette):
    async def script():
        seen = _seen(template, database, table, view_name, columns, request)
        config = datasette.plugin_config(DEMO, database=database, table=table)
        text = json.dumps({**seen, "config": config, "added": await _fifteen(datasette)})
        return {"script": f"var extra_body_script = {text};", "module": True}

    return script


@hookimpl
def render_cell(row, value, column, table, database, datasette):
    async def after_a_query():
        number = (await datasette.get_database(database).execute("select 1")).single_value()
        return f"RENDER_CELL_ASYNC_RESULT {number}"

    if value == "RENDER_CELL_ASYNC":
        return after_a_query()
    if value != "RENDER_CELL_DEMO":
        return None
    config = datasette.plugin_config(DEMO, database=database, table=table)
    shown: dict[str, Any] = {"column": column, "table": table, "database": database, "config": config}
    return json.dumps({"row": dict(row), **shown} if row else shown)


@hookimpl
def extra_template_vars(template, columns, request, datasette):
    datasette._last_request = request
    seen = {"template": template, "scope_path": request and request.scope["path"], "columns": columns}
    return {"extra_template_vars": json.dumps(seen, default=bytes.decode)}


@hookimpl
def prepare_jinja2_environment(env, datasette):
    async def times_three(number):
        return (await datasette.get_database().execute("select 3 * cast(:n as int)", {"n": number})).first()[0]

    env.filters["select_times_three"] = times_three
    env.filters["format_numeric"] = lambda number: f"{float(number):,.0f}"


class DummyFacet(Facet):
    """Finds nothing; suggests every column where it is asked."""

    type = "dummy"

    async def suggest(self):
        if not self.request.args.get("_dummy_facet"):
            return []
        columns = await self.get_columns(self.sql, self.params)
        return [{"name": column, "toggle_url": self._toggle_url(column), "type": "dummy"} for column in columns]

    async def facet_results(self):
        return {}, []

    def _toggle_url(self, column):
        return self.ds.absolute_url(self.request, path_with_added_args(self.request, {"_facet_dummy": column}))


@hookimpl
def register_facet_classes():
    return [DummyFacet]


@hookimpl
def actor_from_request(request):
    return {"id": "bot"} if request.args.get("_bot") else None


@hookimpl
def asgi_wrapper():
    def wrap(app):
        async def with_actor(scope, receive, send):
            if b"_actor_in_scope" in scope.get("query_string", b""):
                scope = {**scope, "actor": {"id": "from-scope"}}
            await app(scope, receive, send)

        return with_actor

    return wrap


@hookimpl
def permission_allowed(actor, action):
    if action == "view-database-download":
        return True if actor and actor.get("can_download") else None
    return {"this_is_allowed": True, "this_is_denied": False}.get(action)


@hookimpl
def register_routes():
    async def one(datasette):
        return Response.text(str((await datasette.get_database().execute("select 1 + 1")).first()[0]))

    async def two(request):
        return Response.text(f"{request.args.get('greeting')} {request.url_vars['name']}")

    async def three(scope, send):
        await asgi_send_json(send, {"hello": "world"}, headers={"x-three": "1"})

    async def post(request):
        if request.method == "GET":
            return Response.html(request.scope["csrftoken"]())
        return Response.json(await request.post_vars())

    def template(name):
        async def render(datasette, request):
            return Response.html(await datasette.render_template(name, request=request))

        return render

    def not_async():
        return Response.html("This was not async")

    def add_message(datasette, request):
        datasette.add_message(request, "Hello from messages")
        return Response.html("Added message")

    def error():
        raise ZeroDivisionError

    return [
        (r"/one/$", one),
        (r"/two/(?P<name>.*)$", two),
        (r"/three/$", three),
        (r"/post/$", post),
        (r"/csrftoken-form/$", template("csrftoken_form.html")),
        (r"/not-async/$", not_async),
        (r"/add-message/$", add_message),
        (r"/render-message/$", template("render_message.html")),
        (r"/trigger-error$", error),
    ]


@hookimpl
def startup(datasette):
    datasette._startup_hook_fired = True


@hookimpl
def canned_queries(actor):
    name = actor["id"] if actor else "null"
    return {"from_hook": f"select 1, '{name}' as actor_id"}


@hookimpl
def register_magic_parameters():
    from uuid import uuid4

    def uuid(key, request):
        return {"new": lambda: str(uuid4())}[key]()

    def request_part(key, request):
        return {"http_version": lambda: request.scope["http_version"]}[key]()

    return [("request", request_part), ("uuid", uuid)]


@hookimpl
def forbidden(datasette, request, message):
    datasette._last_forbidden_message = message
    return Response.redirect(f"/login?message={message}") if request.path == "/data2" else None


@hookimpl
def menu_links(datasette, actor, request):
    if not actor:
        return []
    hello = request.args.get("_hello")
    return [{"href": datasette.urls.instance(), "label": f"Hello, {hello}" if hello else "Hello"}]


@hookimpl
def table_actions(datasette, database, table, actor):
    if not actor:
        return []
    return [{"href": datasette.urls.instance(), "label": label} for label in (f"Database: {database}", f"Table: {table}")]


@hookimpl
def database_actions(datasette, database, actor, request):
    if not actor:
        return []
    hello = request.args.get("_hello")
    return [{"href": datasette.urls.instance(), "label": f"Database: {database}" + (f" - {hello}" if hello else "")}]


@hookimpl
def skip_csrf(scope):
    return scope["path"] == "/skip-csrf"
