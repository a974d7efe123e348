"""Datasette's database, table, row and query pages for PostgreSQL: the core's code, with what speaks SQLite replaced.

Only requests for our databases come here (patches.py); the core's own classes stay as they are for SQLite.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils.asgi import BadRequest, NotFound
from datasette.views import table as core_table
from datasette.views.base import BaseView, DatasetteError, DataView
from datasette.views.database import DatabaseView, QueryView
from datasette.views.index import IndexView
from datasette.views.row import RowView
from datasette.views.table import TableView

from . import facets, paging
from .asking import ask, beside, together
from .catalogue import Table
from .columns import comparable, is_sortable
from .counts import count
from .csv_stream import streamed
from .database import PostgresDatabase
from .digits import shown
from .errors import PostgresError, Unavailable
from .estimates import labelled
from .filters import PgFilters
from .paging import path_from_row_pks, row_keys
from .querying import awaited, derive_named_parameters, explain_url, validate_sql_select
from .quick_rows import quickly
from .quoting import quote
from .requested import requested
from .suggestions import suggestions
from .surgery import Cut, Replacement, rewritten

REFERENCE_LIMIT_MS = 500


def whole_number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadRequest("_timelimit must be a whole number of milliseconds")
    return int(value)


def relation_of(db: Any, name: str) -> Table:
    """Raises NotFound where it is gone since the page began."""
    found: Table | None = db.catalogue.relation(name)
    if found is None:
        raise NotFound("Table not found")
    return found


async def sql_params_pks(db: Any, table: str, pk_values: Sequence[str]) -> tuple[str, dict[str, str], list[str]]:
    """Raises NotFound for a table without a key, and for values that can't be its key's."""
    pks = await row_keys(db, table)
    if not pks or len(pks) != len(pk_values):
        raise NotFound("Record not found")
    relation = relation_of(db, table)
    conditions = []
    for i, (pk, value) in enumerate(zip(pks, pk_values, strict=True)):
        right = comparable(relation.column(pk), value)
        if right is None:
            raise NotFound("Record not found")
        conditions.append(f"{quote(pk)} = {right.replace('{p}', f':p{i}')}")
    sql = f"select * from {relation.identifier} where {' and '.join(conditions)}"
    return sql, {f"p{i}": value for i, value in enumerate(pk_values)}, pks


async def one_row(db: Any, sql: str, params: Mapping[str, str]) -> Any:
    """A value that isn't of the key's type (SQLSTATE 22…) names no row."""
    try:
        return await db.execute_generated(sql, params, truncate=True)
    except PostgresError as error:
        if (error.sqlstate or "").startswith("22"):
            raise NotFound("Record not found") from error
        raise


NAMES: dict[str, Any] = {
    "DatasetteError": DatasetteError,
    "after": paging.after,
    "ask": ask,
    "begun": asyncio.ensure_future,
    "beside": beside,
    "count": count,
    "derive_named_parameters": derive_named_parameters,
    "escape_sqlite": quote,
    "Filters": PgFilters,
    "labelled": labelled,
    "offset_of": paging.offset,
    "one_row": one_row,
    "order_of": paging.order_by,
    "path_from_row_pks": path_from_row_pks,
    "plain": paging.plain,
    "postgres_facets": facets.ours,
    "relation_of": relation_of,
    "requested": requested,
    "row_keys": row_keys,
    "shown": shown,
    "suggestions": suggestions,
    "text_of": paging.text_of,
    "together": together,
    "Unavailable": Unavailable,
    "validate_sql_select": validate_sql_select,
    "whole_number": whole_number,
    "_sql_params_pks": sql_params_pks,
}

# Where a cell's row has no key, its bytes have no address.
DISPLAY: Sequence[Replacement] = (
    ("pks = await db.primary_keys(table_name)", "pks = await row_keys(db, table_name)"),
    (
        "            elif isinstance(value, bytes):\n",
        "            elif isinstance(value, bytes) and not pks:\n"
        '                display_value = f"<Binary: {len(value):,} bytes>"\n'
        "            elif isinstance(value, bytes):\n",
    ),
    ("display_value = str(value)\n", "display_value = shown(value)\n"),
)
NAMES["display_columns_and_rows"] = quickly(rewritten(core_table.display_columns_and_rows, DISPLAY, NAMES))


QUERY: Sequence[Replacement] = (
    ("display_value = str(value)\n", "display_value = shown(value)\n"),
    ('int(params["_timelimit"])', 'whole_number(params["_timelimit"])'),
    ("    query_error = None\n", "    query_error, missing = None, []\n"),
    (
        "            query_error = e\n",
        "            missing = awaited(e, request, named_parameter_values)\n            query_error = None if missing else e\n",
    ),
    (
        '            "custom_sql": True,\n',
        '            "custom_sql": True,\n'
        '            "awaited": missing,\n'
        '            "explain_url": explain_url(self.ds, database, sql, named_parameter_values)\n'
        "            if allow_execute_sql and not query_error and not missing\n"
        "            else None,\n",
    ),
    # The SQL isn't to blame.
    (
        "except sqlite3.DatabaseError as e:\n",
        "except Unavailable:\n            raise\n        except sqlite3.DatabaseError as e:\n",
    ),
)


class PgQueryView(QueryView):  # type: ignore[misc]  # datasette has no types
    data = rewritten(QueryView.data, QUERY, {**NAMES, "awaited": awaited, "explain_url": explain_url})


NAMES["QueryView"] = PgQueryView


def page_options(view: BaseView, stream: str | None) -> dict[str, str]:
    """A stream's pages are as long as can be, as the core meant them."""
    return {"_size": "max"} if stream and isinstance(view, TableView) else {}


CSV: Sequence[Replacement] = (
    # A query page with an error on it isn't an empty file.
    (
        "    # Convert rows and columns to CSV\n",
        '    if data.get("error"):\n'
        '        raise DatasetteError(data["error"], title="Invalid SQL", status=400)\n'
        "    # Convert rows and columns to CSV\n",
    ),
    ("contexts = await self.data(request)", "contexts = await self.data(request, **page_options(self, stream))"),
    (
        "                kwargs = {}\n                if next:",
        "                kwargs = page_options(self, stream)\n                if next:",
    ),
    (
        "    except (sqlite3.OperationalError, InvalidSql) as e:\n",
        "    except QueryInterrupted:\n"
        '        raise DatasetteError("SQL query took too long.", title="SQL Interrupted", status=400)\n'
        "    except (sqlite3.OperationalError, InvalidSql) as e:\n",
    ),
    (
        '                                if data.get("table"):\n',
        '                                if data.get("table") and not data.get("primary_keys"):\n'
        "                                    cell = text_of(cell)\n"
        '                                elif data.get("table"):\n',
    ),
)  # fmt: skip
in_pages = rewritten(DataView.as_csv, CSV, {**NAMES, "page_options": page_options})


async def as_csv(view: BaseView, request: Any, database: str) -> Any:
    return await streamed(view, request, database, in_pages)


TABLE: Sequence[Replacement] = (
    ("pks = await db.primary_keys(table_name)", "pks = await row_keys(db, table_name)"),
    (
        "use_rowid = not pks and not is_view\n",
        "use_rowid = False\n    relation = relation_of(db, table_name)\n    by_offset = not pks\n",
    ),
    ('if is_view:\n        order_by = ""', 'if by_offset:\n        order_by = ""'),
    (
        "filters = Filters(sorted(filter_args), units, ureg)",
        "filters = Filters(sorted(filter_args), units, ureg, relation=relation)",
    ),
    ("for hook in pm.hook.filters_from_request(", "for hook in requested("),
    (
        'raise DatasetteError("Cannot use _sort and _sort_desc at the same time")',
        'raise DatasetteError("Cannot use _sort and _sort_desc at the same time", status=400)',
    ),
    (
        'raise DatasetteError(f"Cannot sort table by {sort}")',
        'raise DatasetteError(f"Cannot sort table by {sort}", status=400)',
    ),
    (
        'raise DatasetteError(f"Cannot sort table by {sort_desc}")',
        'raise DatasetteError(f"Cannot sort table by {sort_desc}", status=400)',
    ),
    ("page_size = self.ds.max_returned_rows\n", "page_size = db.max_rows\n"),
    (
        "if page_size > self.ds.max_returned_rows:\n"
        '            raise BadRequest(f"_size must be <= {self.ds.max_returned_rows}")\n',
        'if page_size > db.max_rows:\n            raise BadRequest(f"_size must be <= {db.max_rows}")\n',
    ),
    (
        "page_size = self.ds.page_size\n",
        'page_size = min(self.ds.page_size, db.max_rows)\n        extra_args["page_size"] = page_size\n',
    ),
    # A table's name may stand for its schema, too.
    (
        'from_sql = "from {table_name} {where}".format(\n        table_name=escape_sqlite(table_name),\n',
        'from_sql = "from {table_name} {where}".format(\n        table_name=relation.identifier,\n',
    ),
    (
        "        table_name=escape_sqlite(table_name),\n        where=where_clause,\n        order_by=order_by,\n",
        "        table_name=relation.identifier,\n        where=where_clause,\n        order_by=order_by,\n",
    ),
    ('f"from {escape_sqlite(table_name)} where', 'f"from {relation.identifier} where'),
    # Facets count what the page is about, not what is left of it after `_next`.
    (
        '        "select {select_all_columns} from {table_name} {where}".format(\n'
        "            select_all_columns=select_all_columns,\n"
        "            table_name=escape_sqlite(table_name),\n"
        "            where=where_clause,\n"
        "        )\n",
        '        f"select {select_all_columns} {from_sql}"\n',
    ),
    (
        "                sql=sql_no_order_no_limit,\n                params=params,\n",
        "                sql=sql_no_order_no_limit,\n                params=from_sql_params,\n",
    ),
    ('int(request.args.get("_timelimit"))', 'whole_number(request.args.get("_timelimit"))'),
    (
        "results = await db.execute(sql, params, truncate=True, **extra_args)",
        "counting = None if nocount else begun(count(db, request, relation, from_sql, from_sql_params))\n"
        "    results = await beside(counting, ask(db, request, sql, params, truncate=True, **extra_args))",
    ),
    (
        "            count_rows = list(await db.execute(count_sql, from_sql_params))\n"
        "            filtered_table_rows_count = count_rows[0][0]\n",
        "            filtered_table_rows_count = await counting\n",
    ),
    ("pm.hook.register_facet_classes()", "postgres_facets(pm.hook.register_facet_classes())"),
    # The core's gather runs one after another; it is SQLite that gains nothing by more.
    (
        "            facet_awaitable_results = await gather(*facet_awaitables)\n",
        "            facet_awaitable_results = await together(*facet_awaitables)\n",
    ),
    (
        "            facet_suggest_awaitables = [\n"
        "                facet.suggest() for facet in facet_instances\n"
        "            ]\n"
        "            for suggest_result in await gather(*facet_suggest_awaitables):\n",
        "            for suggest_result in await suggestions(facet_instances):\n",
    ),
    (
        "await gather(execute_facets(), execute_suggested_facets())",
        "await together(execute_facets(), execute_suggested_facets())",
    ),
    ("if is_view:\n            next_value = int(_next or 0)", "if by_offset:\n            next_value = int(_next or 0)"),
    ("if (sort or sort_desc) and not is_view:", "if (sort or sort_desc) and not by_offset:"),
    ("except IndexError:", "except (IndexError, KeyError):"),
    ('"pk{}".format(i): rows[-2][pk]', '"pk{}".format(i): plain(rows[-2][pk])'),
    ("tilde_encode(str(prefix))", "tilde_encode(text_of(prefix))"),
    ("link_column=not is_view,", "link_column=not by_offset,"),
    (
        '"filtered_table_rows_count": filtered_table_rows_count,\n',
        '**labelled({"filtered_table_rows_count": filtered_table_rows_count}),\n',
    ),
)
PAGING = Cut(
    start="    # Handle pagination driven by ?_next=\n",
    end='    where_clause = ""\n',
    sha256="dba1d2b88f25b8e07dbbdadeedef1f374b4811d7d11167a5cd5a5b51c773d3fe",
    new="""\
    order_by = order_of(relation, sort, sort_desc, pks)
    _next = _next or request.args.get("_next")
    offset = ""
    if _next and by_offset:
        offset = f" offset {offset_of(str(_next))}"
    elif _next:
        where_clauses.append(after(relation, sort, sort_desc, pks, _next, params))

""",
)


POST: Sequence[Replacement] = (
    (
        'assert canned_query, "You may only POST to a canned query"\n',
        'if not canned_query or not canned_query.get("write"):\n'
        '        raise DatasetteError("You may only POST to a canned query that writes", status=405)\n',
    ),
)


class PgTableView(TableView):  # type: ignore[misc]
    as_csv = as_csv
    post = rewritten(TableView.post, POST, NAMES)
    _data_traced = rewritten(TableView._data_traced, TABLE, NAMES, cut=PAGING)

    async def sortable_columns_for_table(self, database_name: str, table_name: str, use_rowid: bool) -> set[str]:
        """Without those whose type has no order; the metadata may leave out more."""
        relation = relation_of(self.ds.databases[database_name], table_name)
        sortable = {column.name for column in relation.columns if is_sortable(column)}
        chosen = self.ds.table_metadata(database_name, table_name).get("sortable_columns")
        return sortable if chosen is None else sortable.intersection(chosen)


class PgRowView(RowView):  # type: ignore[misc]
    as_csv = as_csv
    data = rewritten(RowView.data, [("await db.execute(sql, params, truncate=True)", "await one_row(db, sql, params)")], NAMES)

    async def foreign_key_tables(self, database: str, table: str, pk_values: Sequence[str]) -> list[dict[str, Any]]:
        """Rows of other tables that refer to this one, by the value they refer to; without those slow to count."""
        db = self.ds.databases[database]
        incoming = (await db.get_all_foreign_keys()).get(table, {}).get("incoming", [])
        if not incoming:
            return []
        sql, params, _ = await sql_params_pks(db, table, pk_values)
        rows = (await one_row(db, sql, params)).rows
        counted = [await self._references(db, key, rows[0][key["column"]]) for key in incoming if rows]
        return [found for found in counted if found is not None]

    async def _references(self, db: Any, key: Mapping[str, str], value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        table, column = key["other_table"], key["other_column"]
        sql = f"select count(*) from {relation_of(db, table).identifier} where {quote(column)} = :value"
        try:
            results = await db.execute_generated(
                sql, {"value": value}, custom_time_limit=REFERENCE_LIMIT_MS, log_sql_errors=False
            )
        except (QueryInterrupted, PostgresError):
            return None
        argument = column + ("__exact" if column.startswith("_") or "__" in column else "")
        link = f"{self.ds.urls.table(db.name, table)}?{urlencode({argument: paging.text_of(value)})}"
        return {**key, "count": results.rows[0][0], "link": link}


class PgDatabaseView(DatabaseView):  # type: ignore[misc]
    as_csv = as_csv
    data = rewritten(DatabaseView.data, [('"tables": tables,\n', '"tables": labelled(tables),\n')], NAMES)


# The core counts only in databases smaller than 100 MB; what ours take for counts is never long.
INDEX: Sequence[Replacement] = (
    ("if not db.is_mutable or db.size < COUNT_DB_SIZE_LIMIT:", "if is_quick_to_count(db) or db.size < COUNT_DB_SIZE_LIMIT:"),
    ('json.dumps({db["name"]: db for db in databases}', 'json.dumps({db["name"]: labelled(db) for db in databases}'),
)


def is_quick_to_count(db: Any) -> bool:
    return isinstance(db, PostgresDatabase) or not db.is_mutable


class PgIndexView(IndexView):  # type: ignore[misc]
    """For all databases, whosever they are."""

    get = rewritten(IndexView.get, INDEX, {"labelled": labelled, "is_quick_to_count": is_quick_to_count})


OURS: dict[type, type] = {TableView: PgTableView, RowView: PgRowView, DatabaseView: PgDatabaseView}

__all__ = ["OURS", "DatasetteError", "validate_sql_select"]
