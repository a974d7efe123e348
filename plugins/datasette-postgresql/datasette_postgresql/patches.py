"""The few places where Datasette is told of PostgreSQL: each asks whose database it is, and leaves SQLite's to the core."""

import math
from collections.abc import Sequence
from typing import Any

from datasette import renderer
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.facets import Facet
from datasette.utils import tilde_decode
from datasette.utils.asgi import Response
from datasette.views.base import BaseView, DatasetteError
from datasette.views.index import IndexView

from . import templating
from .database import PostgresDatabase
from .errors import PostgresError, Unavailable
from .quoting import quote
from .views import OURS, PgIndexView
from .visits import name_visitor

_core_dispatch = BaseView.dispatch_request
_core_expand = Datasette.expand_foreign_keys
_core_columns = Facet.get_columns
_core_row_count = Facet.get_row_count

LABELS = "select {column}, {label} from {table} where {column} in ({values})"


def install(datasette: Any) -> None:
    """May be called again, and for several Datasettes in one process."""
    BaseView.dispatch_request = dispatch_request
    Datasette.expand_foreign_keys = expand_foreign_keys
    Facet.get_columns = facet_columns
    Facet.get_row_count = facet_row_count
    renderer.remove_infinites = finite
    templating.install(datasette)


def finite(row: Any) -> Any:
    """NaN is null in JSON as infinity is; SQLite has no NaN, so the core would write one as it is, which isn't JSON."""
    if any(isinstance(value, float) and not math.isfinite(value) for value in row):
        return [None if isinstance(value, float) and not math.isfinite(value) else value for value in row]
    return row


async def dispatch_request(view: Any, request: Any) -> Any:
    """Our version of the page where the address names one of our databases, or all."""
    if type(view) is IndexView:
        view = PgIndexView(view.ds)
    ours = OURS.get(type(view))
    database = _postgres(view.ds, request.url_vars.get("database")) if ours else None
    if ours is not None and database is not None:
        dotted = _dotted_name(view.ds, database, request.url_vars)
        if dotted:
            return Response.redirect(view.ds.urls.table(database.name, dotted) + _query(request))
        view = ours(view.ds)
    name_visitor(request.actor)
    try:
        return await _core_dispatch(view, request)
    except (DatasetteError, Unavailable) as error:
        # The core takes every database error for a mistake in the SQL.
        cause = error if isinstance(error, Unavailable) else error.__context__
        if isinstance(cause, Unavailable):
            raise DatasetteError(cause.message, title="Database unavailable", status=503) from error
        raise


def _postgres(datasette: Any, route: str | None) -> PostgresDatabase | None:
    try:
        database = datasette.get_database(route=tilde_decode(route or ""))
    except KeyError:
        return None
    return database if isinstance(database, PostgresDatabase) else None


def _dotted_name(datasette: Any, database: PostgresDatabase, url_vars: dict[str, Any]) -> str | None:
    """`/db/schema.table` as a person types it: the core takes what is after the dot for a format."""
    table, format_ = url_vars.get("table"), url_vars.get("format")
    if not table or not format_ or url_vars.get("pks") or format_ in {"csv", "blob", *datasette.renderers}:
        return None
    name = f"{tilde_decode(table)}.{format_}"
    return name if database.catalogue.relation(name) else None


def _query(request: Any) -> str:
    return f"?{request.query_string}" if request.query_string else ""


async def expand_foreign_keys(
    datasette: Any, database: str, table: str, column: str, values: Sequence[Any]
) -> dict[tuple[str, Any], Any]:
    """(column, value) → label; nothing where the labels can't be had in time."""
    db = datasette.databases[database]
    if not isinstance(db, PostgresDatabase):
        expanded: dict[tuple[str, Any], Any] = await _core_expand(datasette, database, table, column, values)
        return expanded
    key = next((key for key in await db.foreign_keys_for_table(table) if key["column"] == column), None)
    known = list(dict.fromkeys(value for value in values if value is not None))
    if key is None or not known:
        return {}
    label = await db.label_column_for_table(key["other_table"])
    other = db.catalogue.relation(key["other_table"])
    if not label or other is None:
        return {(column, value): str(value) for value in known}
    sql = LABELS.format(
        column=quote(key["other_column"]),
        label=quote(label),
        table=other.identifier,
        values=", ".join(["?"] * len(known)),
    )
    try:
        rows = (await db.execute_generated(sql, known)).rows
    except (QueryInterrupted, PostgresError):
        return {}
    # A varchar may refer to a text, a bigint to a numeric: the texts are equal where the values aren't.
    labels = {str(found): text for found, text in rows}
    return {(column, value): labels[str(value)] for value in known if str(value) in labels}


async def facet_columns(facet: Any, sql: str, params: Any = None) -> Any:
    """For other plugins' facets: before PostgreSQL 16 a subquery needs a name."""
    if not isinstance(facet.ds.databases.get(facet.database), PostgresDatabase):
        return await _core_columns(facet, sql, params)
    results = await facet.ds.execute(facet.database, f"select * from ({sql}) as facet limit 0", params or [])
    return results.columns


async def facet_row_count(facet: Any) -> Any:
    """As facet_columns."""
    if facet.row_count is None and isinstance(facet.ds.databases.get(facet.database), PostgresDatabase):
        results = await facet.ds.execute(facet.database, f"select count(*) from ({facet.sql}) as facet", facet.params)
        facet.row_count = results.rows[0][0]
    return await _core_row_count(facet)
