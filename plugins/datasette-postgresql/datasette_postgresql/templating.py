"""What templates know of PostgreSQL: whose database it is, identifiers, and what is put into the core's finished pages.

The core's templates stay the ones that are shown, or a user's own in their place.
"""

import re
from typing import Any
from urllib.parse import quote as url_quote

from datasette.utils import escape_sqlite
from jinja2 import pass_context
from markupsafe import Markup

from .database import PostgresDatabase
from .quoting import quote

RUN = Markup('<input type="submit" value="Run SQL">')
NO_ROWS = Markup('<p class="zero-results">0 results</p>')
AWAITED = Markup('<p class="zero-results">Give {} a value and run the query.</p>')
# The core's headings come after an h1: whoever goes from heading to heading takes an h3 for a part of what isn't there.
HEADING = re.compile(r"<h3>(Custom SQL query.*?|Query parameters)</h3>", re.DOTALL)
EXPLAIN = Markup('{} <a href="{}" class="canned-query-edit-sql explain-sql">Explain</a>')


def install(datasette: Any) -> None:
    """Into the environment of one Datasette, once or again."""

    def is_postgresql(database: Any) -> bool:
        return isinstance(datasette.databases.get(database), PostgresDatabase)

    def is_keyless(table: Any, database: str) -> bool:
        relation = datasette.databases[database].catalogue.relation(table) if is_postgresql(database) else None
        return relation is not None and not relation.is_view and not relation.row_key

    def has_heirs(table: str, database: str) -> bool:
        return bool(datasette.databases[database].catalogue.relation(table).has_heirs)

    @pass_context
    def identifier(context: Any, name: str) -> str:
        database = datasette.databases.get(context.get("database"))
        if not isinstance(database, PostgresDatabase):
            return str(escape_sqlite(name))
        relation = database.catalogue.relation(name)
        return relation.identifier if relation else quote(name)

    @pass_context
    def query_page(context: Any, page: str) -> str:
        """With the link to the plan, what the parameters wait for, and the form of a canned query with an odd name."""
        name = context.get("canned_query")
        if name:
            database = datasette.urls.database(context["database"])
            page = _with_address(page, "action", f"{database}/{name}", datasette.urls.query(context["database"], name))
        if context.get("explain_url"):
            page = page.replace(RUN, EXPLAIN.format(RUN, context["explain_url"]), 1)
        if context.get("awaited"):
            page = page.replace(NO_ROWS, AWAITED.format(", ".join(context["awaited"])), 1)
        return Markup(HEADING.sub(lambda found: f"<h2>{_of_canned(found[1]) if name else found[1]}</h2>", str(page)))

    @pass_context
    def database_page(context: Any, page: str) -> str:
        for view in context.get("views") or ():
            core = f"{datasette.urls.database(context['database'])}/{url_quote(view['name'])}"
            page = _with_address(page, "href", core, datasette.urls.table(context["database"], view["name"]))
        return Markup(page.replace("select sqlite_version()", "select version()"))

    environment = datasette.jinja_env
    environment.tests.update(postgresql=is_postgresql, keyless=is_keyless, inherited=has_heirs)
    environment.filters.update(escape_sqlite=identifier, query_page=query_page, database_page=database_page)


def _of_canned(heading: str) -> str:
    """A query that somebody wrote down is the reader's no more than it is "custom": how many rows, and the way to its SQL."""
    told = heading.replace("Custom SQL query returning more than ", "More than ").replace("Custom SQL query returning ", "")
    told = told.replace("Custom SQL query", "The query")
    return re.sub(r"(<a [^>]*>)(show|hide)(</a>)", r"\1\2 its SQL\3", told)


def _with_address(page: str, attribute: str, wrong: str, right: str) -> str:
    return page.replace(Markup('{}="{}"').format(Markup(attribute), wrong), Markup('{}="{}"').format(Markup(attribute), right))
