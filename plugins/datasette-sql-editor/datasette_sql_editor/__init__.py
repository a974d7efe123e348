"""datasette-sql-editor: an editor for Datasette's SQL pages, in the place of the core's, which knows the database's names.

Without JavaScript there is a plain text area. Nobody is told of a table that he may not view.
"""

from typing import Any

from datasette import hookimpl

from .names import dialect, names

PLUGIN = "datasette-sql-editor"


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/sql-editor/(?P<database>[^/]+)\.json$", names)]


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, database: str | None) -> dict[str, Any]:
    """What the editor on a database's page must know; _codemirror_foot.html hands it on."""
    if database not in datasette.databases:
        return {}
    address = datasette.urls.path(f"/-/sql-editor/{datasette.databases[database].route}.json")
    return {"sql_editor": {"names": address, "dialect": dialect(datasette.databases[database])}}


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any, datasette: Any) -> None:
    env.filters["sql_editor_file"] = lambda name: datasette.urls.path(f"/-/static-plugins/{PLUGIN}/{name}")
