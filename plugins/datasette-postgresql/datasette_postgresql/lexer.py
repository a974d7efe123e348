"""Finds the placeholders in PostgreSQL's SQL and puts literals in their place; changes nothing else.

A placeholder is `:name`, or `?` where the parameters are a list. Strings, quoted names, dollar quotes, nested comments,
casts (`x::int`), assignments (`:=`) and slices (`a[1:n]`) have none. `a[:n]` has one: write `a[1:n]` for a column n.
String parameters become untyped literals, which PostgreSQL coerces to what stands beside them.
sqlglot's tokenizer can't serve: it ends `E'a'` + line break + `'\\':no'` at the backslash, and refuses what isn't closed.
"""

import datetime
import decimal
import math
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import PostgresError

Parameters = Mapping[str, Any] | Sequence[Any] | None

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>--[^\n\r]*)
    | (?P<block_comment>/\*)
    | (?P<escape_string>[eE]')
    | (?P<string>(?:[uU]&|[nNbBxX])?')
    | (?P<quoted>(?:[uU]&)?")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<number>0[xXoObB][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?|\$\d+)
    | (?P<cast>::|:=)
    | (?P<name>:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)
    | (?P<json_operator>@\?|\?&|\?\|(?!\|))
    | (?P<question>\?)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# Unrolled, and without two ways to match one text: a megabyte is read in milliseconds, whatever is in it.
_PLAIN_REST = re.compile(r"[^']*(?:''[^']*)*'?")
_ESCAPE_REST = re.compile(r"[^'\\]*(?:(?:''|\\.)[^'\\]*)*'?", re.DOTALL)
_QUOTED_REST = re.compile(r'[^"]*(?:""[^"]*)*"?')
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# Two strings with a line break between them are one string, and the second has the first one's escapes.
_CONTINUATION = re.compile(r"[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:\s|--[^\n\r]*[\n\r])*'")
# At each /* its scanner looks at all operator characters that follow, and nothing interrupts it: 40 kB of /* took 9 s.
_OPENED = re.compile(r"/\*[-~!@#^&|`?+*/%<>=]{200,}")
MOST_OPENED = 50
_SILENT = frozenset({"space", "line_comment", "block_comment"})
_OPERANDS = frozenset({"escape_string", "string", "quoted", "dollar", "word", "number", "name", "question"})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a group's name in _TOKEN; a colon that only looks like a name is split off as "other"."""

    kind: str
    start: int
    end: int


def named_parameters(sql: str) -> list[str]:
    """The names of `:name` placeholders, each once, in order of appearance."""
    return list(dict.fromkeys(sql[t.start + 1 : t.end] for t in tokens(sql) if t.kind == "name"))


def has_semicolon(sql: str) -> bool:
    """Whether a `;` stands outside strings and comments: perhaps more than one statement."""
    return any(t.kind == "other" and sql[t.start] == ";" for t in tokens(sql))


def render(sql: str, params: Parameters = None) -> str:
    """Raises PostgresError for a missing value, a value of unknown kind, null bytes and lone surrogates."""
    positional = isinstance(params, list | tuple) and bool(params)
    pieces: list[str] = []
    done, used = 0, 0
    for token in tokens(sql) if ":" in sql or positional else ():
        if token.kind == "name" and not positional:
            value = _named(params, sql[token.start + 1 : token.end])
        elif token.kind == "question" and positional:
            value, used = _positional(params, used), used + 1
        else:
            continue
        before = sql[done : token.start]
        # Without the space a name in front would join the literal: select:p, or E:p, which would turn escapes on.
        pieces += [before, " " if before[-1:].isidentifier() or before[-1:].isdigit() else "", literal(value)]
        done = token.end
    if positional and params is not None and used != len(params):
        raise PostgresError(f"The statement has {used} placeholders, but {len(params)} values were supplied.")
    return checked("".join([*pieces, sql[done:]]))


def checked(sql: str) -> str:
    """What PostgreSQL can't receive is refused here, where the message can say why; and what it would read for minutes."""
    if any(run.group().count("/*") > MOST_OPENED for run in _OPENED.finditer(sql)):
        raise PostgresError("Too many comments are opened without anything between them.", "54001")
    if "\x00" in sql:
        raise PostgresError("PostgreSQL text can't contain null bytes (\\x00).", "22021")
    try:
        sql.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PostgresError(f"Not valid Unicode: a lone surrogate at character {error.start}.", "22021") from error
    return sql


def quoted(text: str) -> str:
    """A string constant for standard_conforming_strings = on, which every connection of ours has."""
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> str:
    """Strings stay untyped; everything else says its type where the text alone would not."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, float):
        return f"'{value!r}'::float8" if math.isfinite(value) else f"'{value}'::float8"
    if isinstance(value, decimal.Decimal):
        return f"'{value}'::numeric"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, datetime.date | datetime.time):
        return quoted(value.isoformat())
    if isinstance(value, uuid.UUID):
        return quoted(str(value))
    if isinstance(value, list | tuple):
        return f"array[{', '.join(literal(item) for item in value)}]" if value else "'{}'"
    raise PostgresError(f"Error binding parameter: type {type(value).__name__!r} is not supported.")


def _named(params: Parameters, name: str) -> Any:
    try:
        return (params or {})[name]  # type: ignore[call-overload]
    except KeyError as error:
        raise PostgresError(f"You did not supply a value for binding :{name}.") from error


def _positional(params: Any, index: int) -> Any:
    if index >= len(params):
        raise PostgresError(f"You did not supply a value for binding {index + 1}.")
    return params[index]


def tokens(sql: str) -> Iterator[Token]:
    """Every character belongs to one token; what isn't closed reaches to the end, and the server will say so."""
    brackets: list[str] = []
    after_operand = False
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        assert match is not None and match.lastgroup is not None  # "other" matches any character
        kind, end = match.lastgroup, match.end()
        if kind == "name" and after_operand and brackets[-1:] == ["["]:
            kind, end = "other", position + 1  # the colon of a slice
        end = _end(sql, kind, position, end)
        yield Token(kind, position, end)
        if kind in _SILENT:
            position = end
            continue
        text = sql[position]
        if kind == "other" and text in "[(":
            brackets.append(text)
        elif kind == "other" and text in "])" and brackets:
            brackets.pop()
        after_operand = kind in _OPERANDS or (kind == "other" and text in "])")
        position = end


def _end(sql: str, kind: str, start: int, end: int) -> int:
    if kind in ("string", "escape_string"):
        rest = _PLAIN_REST if kind == "string" else _ESCAPE_REST
        end = _close(rest, sql, end)
        while more := _CONTINUATION.match(sql, end):
            end = _close(rest, sql, more.end())
        return end
    if kind == "quoted":
        return _close(_QUOTED_REST, sql, end)
    if kind == "dollar":
        close = sql.find(sql[start:end], end)
        return len(sql) if close < 0 else close + (end - start)
    if kind == "block_comment":
        return _comment_end(sql, end)
    return end


def _close(rest: re.Pattern[str], sql: str, position: int) -> int:
    match = rest.match(sql, position)
    return len(sql) if match is None else match.end()


def _comment_end(sql: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if not depth else len(sql)
