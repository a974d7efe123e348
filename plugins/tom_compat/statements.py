"""What a script asks /db/… for: {"query": …, "subdict": …}, both single or both lists, for psycopg2's placeholders."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

# A JSON list after IN is a tuple to psycopg2, anywhere else an array.
IN_LIST = re.compile(r"(?i)(\bin\s*)%\(([^()]*)\)s")
IN_SUFFIX = " as a list"
MOST_DIMENSIONS = 6  # of an array in PostgreSQL


@dataclass(frozen=True)
class BadQuery(Exception):
    """A request that can't be understood; the message is for the person who sent it."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Asked:
    """As it was sent, but always in lists; `other` is whatever else the body has."""

    queries: list[str]
    subdicts: list[dict[str, Any]]
    other: dict[str, Any]


def read(body: bytes | None) -> Asked:
    """Raises BadQuery."""
    if body is None:
        raise BadQuery("The body is too large.")
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadQuery(f"The body must be JSON: {error}") from error
    if not isinstance(asked, dict) or "query" not in asked:
        raise BadQuery('The body must be {"query": …, "subdict": …}.')
    queries, subdicts = asked["query"], asked.get("subdict")
    if isinstance(queries, str):
        queries, subdicts = [queries], subdicts if isinstance(subdicts, list) else [subdicts]
    elif not subdicts:
        subdicts = [None] * len(queries) if isinstance(queries, list) else []
    if not isinstance(queries, list) or not isinstance(subdicts, list) or len(queries) != len(subdicts):
        raise BadQuery("query and subdict must be both single, or lists of the same length.")
    if not queries:
        raise BadQuery("There is no query.")
    for query, subdict in zip(queries, subdicts, strict=True):
        _check(query, subdict)
    return Asked(queries, [subdict or {} for subdict in subdicts], asked)


def for_psycopg2(queries: Sequence[str], subdicts: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any] | None]]:
    """Pairs of a query and its parameters, None where there are none: then a bare % is only a sign."""
    return [_statement(query, subdict) for query, subdict in zip(queries, subdicts, strict=True)]


def _check(query: object, subdict: object) -> None:
    if not isinstance(query, str) or not isinstance(subdict, dict | None):
        raise BadQuery("A query must be a string, and its subdict an object.")
    if any(_holds_object(value, MOST_DIMENSIONS) for value in (subdict or {}).values()):
        raise BadQuery("A value in subdict is an object; values are strings, numbers, true, false, null and lists of them.")


def _statement(query: str, subdict: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    if not subdict:
        return query, None
    lists = {name: tuple(value) or (None,) for name, value in subdict.items() if isinstance(value, list)}

    def after_in(match: re.Match[str]) -> str:
        return f"{match[1]}%({match[2]}{IN_SUFFIX})s" if match[2] in lists else match[0]

    return IN_LIST.sub(after_in, query), {**subdict, **{name + IN_SUFFIX: value for name, value in lists.items()}}


def _holds_object(value: object, depth: int) -> bool:
    if isinstance(value, list) and not depth:
        raise BadQuery(f"A list in subdict is nested more than {MOST_DIMENSIONS} deep.")
    return isinstance(value, dict) or (isinstance(value, list) and any(_holds_object(item, depth - 1) for item in value))
