"""PostgreSQL identifiers for SQL that is made here, shown to people, and sent back by them. Values never pass through."""

from .errors import PostgresError


def quote(name: str) -> str:
    """Always in double quotes, so that case, reserved words and odd characters survive. Raises PostgresError for null bytes."""
    if "\x00" in name:
        raise PostgresError("A PostgreSQL name can't contain null bytes (\\x00).", "42602")
    return '"' + name.replace('"', '""') + '"'
