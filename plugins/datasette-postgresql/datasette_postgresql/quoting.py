"""PostgreSQL identifiers for SQL that is made here, shown to people, and sent back by them. Values never pass through.

And a relation's name in Datasette: bare in the first schema, `schema.table` in every further one, so that a name doesn't
change when a table is added. Nothing ever splits such a name: the catalogue knows whose it is.
"""

from collections.abc import Sequence

from .errors import PostgresError


def quote(name: str) -> str:
    """Always in double quotes, so that case, reserved words and odd characters survive. Raises PostgresError for null bytes."""
    if "\x00" in name:
        raise PostgresError("A PostgreSQL name can't contain null bytes (\\x00).", "42602")
    return '"' + name.replace('"', '""') + '"'


def shown_name(schema: str, relation: str, schemas: Sequence[str]) -> str:
    """No two relations have one name: `"a.b".c` is in the schema `a.b`, and a bare name never looks like another schema's."""
    if schema == schemas[0] and not relation.startswith(tuple(f"{_part(other)}." for other in schemas)):
        return relation
    return f"{_part(schema)}.{_part(relation)}"


def _part(name: str) -> str:
    return quote(name) if "." in name or '"' in name else name
