"""The SQL page's own questions: may this be run, which parameters does it have, what is its plan."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from datasette.utils import InvalidSql

from .errors import PostgresError
from .lexer import named_parameters, tokens

READING = ("select", "with", "values", "table", "explain", "show")
PLANNED = ("select", "with", "values", "table")
SILENT = ("space", "line_comment", "block_comment")


def validate_sql_select(sql: str) -> None:
    """A courtesy, to say early what would be refused: what keeps the data is the READ ONLY cursor, and the grants."""
    if _first_word(sql) not in READING:
        raise InvalidSql("Statement must be a SELECT")


async def derive_named_parameters(db: Any, sql: str) -> list[str]:
    return named_parameters(sql)


def awaited(error: Exception, request: Any, parameters: Mapping[str, str]) -> list[str]:
    """The parameters that an address doesn't have, where their emptiness is the error (SQLSTATE 22…: '' is no number).

    Who comes to a query's page by a link has given no value yet: the form is the answer. An API gets the error.
    """
    if request.url_vars.get("format") or not isinstance(error, PostgresError) or not (error.sqlstate or "").startswith("22"):
        return []
    return [name for name in parameters if name not in request.args]


def explain_url(datasette: Any, database: str, sql: str, parameters: Mapping[str, str]) -> str | None:
    """None for what has no plan."""
    if not has_plan(sql):
        return None
    return f"{datasette.urls.database(database)}?{urlencode({'sql': f'explain {sql}', **parameters})}"


def has_plan(sql: str) -> bool:
    """Whether it is a query, and not explain or show; without magic parameters, which only a canned query has."""
    return _first_word(sql) in PLANNED and not any(name.startswith("_") for name in named_parameters(sql))


def _first_word(sql: str) -> str:
    for token in tokens(sql):
        word = sql[token.start : token.end]
        if token.kind not in SILENT and word != "(":
            return word.lower()
    return ""
