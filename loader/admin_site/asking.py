"""Questions of the admin site's pages: read-only, with a time limit, through Django's connection as the tables' owner."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions
from django.db import connection, transaction
from psycopg2 import sql

LIMIT_SECONDS = 15

Parameters = Sequence[Any] | Mapping[str, Any]


@contextmanager
def reading(seconds: int = LIMIT_SECONDS) -> Iterator[Any]:
    """A cursor that can't write and is ended after `seconds`; Django's OperationalError then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction read only")
        cursor.execute(f"set local statement_timeout = '{int(seconds)}s'")
        yield cursor


def ask(question: str | sql.Composable, parameters: Parameters = (), *, seconds: int = LIMIT_SECONDS) -> list[dict[str, Any]]:
    """A dict a row, in the order of the columns."""
    with reading(seconds) as cursor:
        cursor.execute(question, parameters or None)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def raw_connection() -> psycopg2.extensions.connection:
    """psycopg2's own, for what the command line does too."""
    connection.ensure_connection()
    raw: psycopg2.extensions.connection = connection.connection
    return raw
