"""What the home page's template is given."""

from dataclasses import dataclass, field
from typing import Any

from datasette.database import QueryInterrupted
from datasette_postgresql import PostgresDatabase, PostgresError

from . import charts, numbers
from .settings import Home

SNIPPET = """\
{imports}import requests

url = "{url}"
session = requests.Session()
{auth}sql = {sql}
answer = session.get(f"{{url}}{path}", params={{"sql": sql, "_shape": "array"}})
answer.raise_for_status()
for row in answer.json():
    print(row)
"""
AUTH = 'session.auth = ("{user}", getpass.getpass())\n'


@dataclass(frozen=True)
class Survey:
    """Numbers and drawings as far as the visitor may see them; the others are None or empty."""

    home: Home
    counts: list[tuple[str, str, str]]  # number, label, address
    notice: str | None = None
    nights: charts.NightChart | None = None
    classes: list[tuple[str, int, float]] = field(default_factory=list)
    sky: charts.SkyChart | None = None
    queries: list[dict[str, str]] = field(default_factory=list)
    snippet: str | None = None
    graticule: str = field(default_factory=charts.graticule)


async def survey(datasette: Any, request: Any, home: Home) -> Survey | None:
    """None for whoever may not view the database."""
    if not await _may(datasette, request, home, None):
        return None
    db: PostgresDatabase = datasette.get_database(home.database)
    wanted = [
        name for name in numbers.PARTS if (part := getattr(home, name)) and await _may(datasette, request, home, part.table)
    ]
    try:
        rows = await numbers.parts(db, home, wanted)
    except (PostgresError, QueryInterrupted):
        rows = {}  # the page is worth having without them
    return Survey(
        home=home,
        counts=await _counts(datasette, request, db, home),
        notice=rows.get("notice"),
        nights=charts.nights(rows.get("nights", [])),
        classes=charts.bars(rows.get("classes", [])),
        sky=charts.sky([tuple(row) for row in rows.get("sky", [])]),
        queries=await _queries(datasette, request, home),
        snippet=_snippet(datasette, request, home),
    )


async def _counts(datasette: Any, request: Any, db: PostgresDatabase, home: Home) -> list[tuple[str, str, str]]:
    """Numbers as they are known: exact where the database keeps them."""
    known = await db.table_counts()
    found = []
    for table, label in home.counts:
        if await _may(datasette, request, home, table):
            count = known.get(table)
            found.append(("many" if count is None else f"{count:,}", label, datasette.urls.table(home.database, table)))
    return found


async def _queries(datasette: Any, request: Any, home: Home) -> list[dict[str, str]]:
    found = []
    for name in home.queries:
        query = await datasette.get_canned_query(home.database, name, request.actor)
        if query is not None:
            title, description = query.get("title") or name, query.get("description") or ""
            fragment = f"#{query['fragment']}" if query.get("fragment") else ""  # as Datasette's own links have it
            href = f"{datasette.urls.query(home.database, name)}{fragment}"
            found.append({"href": href, "title": title, "description": description})
    return found


def _snippet(datasette: Any, request: Any, home: Home) -> str | None:
    """Python that runs as it stands, at the address by which the reader came."""
    if home.example_sql is None:
        return None
    actor = (request.actor or {}).get("id")
    has_auth = home.basic_auth and actor is not None
    return SNIPPET.format(
        imports="import getpass\n\n" if has_auth else "",
        url=datasette.absolute_url(request, datasette.urls.instance()).rstrip("/"),
        auth=AUTH.format(user=str(actor).replace("\\", "\\\\").replace('"', '\\"')) if has_auth else "",
        path=datasette.urls.database(home.database, format="json").removeprefix(datasette.setting("base_url").rstrip("/")),
        sql=_literal(home.example_sql.strip()),
    )


def _literal(text: str) -> str:
    """Python's, over several lines where the SQL is."""
    return repr(text) if '"""' in text or "\\" in text else f'"""\n{text}\n"""'


async def _may(datasette: Any, request: Any, home: Home, table: str | None) -> bool:
    permissions: list[Any] = [("view-database", home.database), "view-instance"]
    if table is not None:
        permissions.insert(0, ("view-table", (home.database, table)))
    visible, _ = await datasette.check_visibility(request.actor, permissions=permissions)
    return bool(visible)
