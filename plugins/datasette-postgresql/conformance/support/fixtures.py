"""What Datasette's tests import: clients of a Datasette whose fixture databases are schemas of a PostgreSQL.

Its own tests/fixtures.py isn't in the source distribution. What it has to do follows from the tests that call it.
"""

import contextlib
import importlib.metadata
import os
from pathlib import Path

import pytest
from datasette.app import Datasette
from datasette.plugins import get_plugins
from datasette.utils.testing import TestClient

from .metadata import METADATA, TEMP_PLUGIN_SECRET_FILE
from .postgres import EXTRA_SQL, FIXTURES, attach, made_schema
from .upstream_tables import TABLES, generate_compound_rows, generate_sortable_rows

__all__ = ["TABLES", "TEMP_PLUGIN_SECRET_FILE", "generate_compound_rows", "generate_sortable_rows"]

PLUGINS_DIR = str(Path(__file__).parent / "plugins")


def _plugin(name, *hooks, version=None):
    return {"name": name, "static": False, "templates": False, "version": version, "hooks": list(hooks)}


def _ours():
    """Whatever it brings at the moment."""
    ours = next(plugin for plugin in get_plugins() if plugin["name"] == "datasette-postgresql")
    about = _plugin(ours["name"], *sorted(set(ours["hooks"])), version=importlib.metadata.version("datasette-postgresql"))
    return {**about, "static": ours["static_path"] is not None, "templates": ours["templates_path"] is not None}


EXPECTED_PLUGINS = [
    _ours(),
    _plugin("messages_output_renderer.py", "register_output_renderer"),
    _plugin(
        "my_plugin.py", "actor_from_request", "asgi_wrapper", "canned_queries", "database_actions", "extra_body_script",
        "extra_css_urls", "extra_js_urls", "extra_template_vars", "forbidden", "menu_links", "permission_allowed",
        "prepare_jinja2_environment", "register_facet_classes", "register_magic_parameters", "register_routes", "render_cell",
        "skip_csrf", "startup", "table_actions",
    ),
    _plugin(
        "my_plugin_2.py", "actor_from_request", "asgi_wrapper", "canned_queries", "extra_js_urls", "extra_template_vars",
        "handle_exception", "menu_links", "permission_allowed", "prepare_jinja2_environment", "register_routes", "render_cell",
        "startup", "table_actions",
    ),
    _plugin("register_output_renderer.py", "register_output_renderer"),
    _plugin("view_name.py", "extra_template_vars"),
]  # fmt: skip


@contextlib.contextmanager
def make_app_client(
    sql_time_limit_ms=None, max_returned_rows=None, cors=False, memory=False, settings=None, filename="fixtures.db",
    is_immutable=False, extra_databases=None, inspect_data=None, static_mounts=None, template_dir=None, metadata=None,
    crossdb=False, plugins_dir=PLUGINS_DIR,
):  # fmt: skip
    """`filename` and the keys of `extra_databases` give names only: the rows are in PostgreSQL."""
    limits = {
        "default_page_size": 50,
        "max_returned_rows": max_returned_rows or 100,
        "sql_time_limit_ms": sql_time_limit_ms or 200,
        "num_sql_threads": 1,
    }
    datasette = Datasette(
        [], memory=memory, cors=cors, metadata=metadata or METADATA, plugins_dir=plugins_dir, inspect_data=inspect_data,
        static_mounts=static_mounts, template_dir=template_dir, crossdb=crossdb, settings={**limits, **(settings or {})},
    )  # fmt: skip
    if not memory and not crossdb:
        datasette.remove_database("_memory")  # the core adds it where no file is given
    with contextlib.ExitStack() as stack:
        for extra, sql in reversed((extra_databases or {}).items()):
            attach(datasette, extra.removesuffix(".db"), stack.enter_context(made_schema(sql)))
        attach(datasette, filename.removesuffix(".db"), FIXTURES)
        client = TestClient(datasette)
        yield client
        for database in datasette.databases.values():
            database.close()
        datasette.executor.shutdown(wait=False)


def _client(**arguments):
    @pytest.fixture(scope="session")
    def client():
        with make_app_client(**arguments) as made:
            yield made

    return client


EXTRA = {"extra database.db": EXTRA_SQL}
app_client = _client()
app_client_base_url_prefix = _client(settings={"base_url": "/prefix/"})
app_client_two_attached_databases = _client(extra_databases=EXTRA)
app_client_two_attached_databases_crossdb_enabled = _client(extra_databases=EXTRA, crossdb=True)
app_client_conflicting_database_names = _client(extra_databases={"foo.db": EXTRA_SQL, "foo-bar.db": EXTRA_SQL})
app_client_two_attached_databases_one_immutable = _client(is_immutable=True, extra_databases=EXTRA)
app_client_with_trace = _client(settings={"trace_debug": True}, is_immutable=True)
app_client_shorter_time_limit = _client(sql_time_limit_ms=20)
app_client_returned_rows_matches_page_size = _client(max_returned_rows=50)
app_client_larger_cache_size = _client(settings={"cache_size_kb": 2500})
app_client_csv_max_mb_one = _client(settings={"max_csv_mb": 1})
app_client_with_dot = _client(filename="fixtures.dot.db")
app_client_with_cors = _client(is_immutable=True, cors=True)
app_client_immutable_and_inspect_file = _client(
    is_immutable=True, inspect_data={"fixtures": {"tables": {"sortable": {"count": 100}}}}
)


@pytest.fixture(scope="session")
def app_client_no_files():
    yield TestClient(Datasette([]))


def assert_permissions_checked(datasette, actions):
    """Each of `actions`, a name or a name and its resource, was asked for."""
    asked = [(check["action"], check["resource"]) for check in datasette._permission_checks]
    for action in actions:
        wanted = (action, None) if isinstance(action, str) else tuple(action)
        assert wanted in asked, f"{wanted} was not checked; these were: {asked}"


os.environ.setdefault("DATASETTE_SECRET", "conformance")
