"""Asked anew for each visitor: three small tables and the notice, as one query; and whether an object is there."""

import json
from typing import Any

from datasette_postgresql import PostgresDatabase

from .settings import Home

PARTS = ("nights", "classes", "sky")
COLUMNS = {
    "nights": ("date", "count"),
    "classes": ("label", "count"),
    "sky": ("ra_min", "ra_max", "decl_min", "decl_max", "count"),
}

ROWS = "(select coalesce(json_agg(json_build_array({columns})), '[]') from {table})"
NOTICE = "(select notice::text from ({sql}) as asked(notice) limit 1)"
HAS_OBJECT = "select exists (select from {table} where {id} = %(id)s) as found"


async def parts(db: PostgresDatabase, home: Home, wanted: list[str]) -> dict[str, Any]:
    """The rows of each wanted part, and under `notice` its text or None. Raises PostgresError, QueryInterrupted."""
    members = []
    for name in wanted:
        part = getattr(home, name)
        columns = ", ".join(quote(getattr(part, column)) for column in COLUMNS[name])
        members.append(f"'{name}', {ROWS.format(columns=columns, table=relation(db, part.table))}")
    if home.notice_sql is not None:
        members.append(f"'notice', {NOTICE.format(sql=home.notice_sql.strip().rstrip(';').replace('%', '%%'))}")
    if not members:
        return {}
    query = f"select json_build_object({', '.join(members)})::text as body"
    found: dict[str, Any] = json.loads((await db.fetch(query)).rows[0]["body"])
    return found


async def has_object(db: PostgresDatabase, home: Home, object_id: str) -> bool:
    """Raises PostgresError where `object_id` can't be an id."""
    query = HAS_OBJECT.format(table=relation(db, home.objects.table), id=quote(home.objects.id))
    return bool((await db.fetch(query, {"id": object_id})).rows[0]["found"])


def quote(name: str) -> str:
    """An identifier within a query of psycopg2's, whose % are placeholders."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def relation(db: PostgresDatabase, name: str) -> str:
    found = db.catalogue.relation(name)
    return str(found.identifier).replace("%", "%%") if found else quote(name)
