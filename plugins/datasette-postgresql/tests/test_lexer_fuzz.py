"""The lexer against PostgreSQL's own verdict, on texts that nobody would write.

PL/pgSQL reads a statement token by token without parsing it, if check_function_bodies is off: what stands before a place, with
the rest of a block behind it, compiles just where that place is outside of strings, names and comments.
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from datasette_postgresql.lexer import named_parameters, quoted, render, tokens

FUZZ = settings(
    max_examples=1500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
INSIDE = re.compile(r"unterminated|at end of (input|SQL)|missing \"|mismatched|unexpected end of function")

PARTS = [
    "'", "''", '"', '""', "E'", "e'", "U&'", 'u&"', "b'", "x'", "N'", "\\", "\\'", "$$", "$a$", "$é$", "$1", "a$", "$",
    "/*", "*/", "--", "\n", "\r", " ", "\t", "\f", "\v", ":a", ":b1", ":é", ":A_", "::", ":", "::int", ":=", ": a",
    "a", "E", "é", "_", "1", "1.5", "+", "-", "*", "/", "@", "?", "?|", "@?", "|", "#", "<", ",", ".",
    "'a'", "'a'\n", "E'a'\n", "'a' -- x\n", "/* x */", "\u00a0", "\u2003",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@pytest.fixture
def server_says(admin_dsn: str) -> Iterator[Any]:
    """Whether the place behind a text is outside; None where PostgreSQL refuses the text itself."""
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("set check_function_bodies = off; set backslash_quote = off")

    def is_outside(before: str) -> bool | None:
        body = f"begin if false then perform {before} ; end if; end"
        try:
            cursor.execute("do " + quoted(body))
        except psycopg2.Error as error:
            return False if INSIDE.search(str(error)) else None
        return True

    yield is_outside
    connection.close()


@FUZZ
@given(text=TEXTS)
def test_a_placeholder_is_what_stands_outside(server_says: Any, text: str) -> None:
    found = {token.start for token in tokens(text) if token.kind == "name"}
    for place in re.finditer(r"(?<!:):(?=[A-Za-z_\x80-\U0010ffff])", text):
        before = text[: place.start()]
        verdict = server_says(render(before, dict.fromkeys(named_parameters(before), "x")))
        if verdict is None:
            event("refused")
            return
        event("outside" if verdict else "inside")
        assert (place.start() in found) == verdict, f"at {place.start()} of {text!r}"


VALUES = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["'", "\\", "\\'", "';--", "$$", "/*", "*/", ":a", "'\n'", "E'", '"', "' || pg_sleep(9) || '", "%", "%s", "?"]
)


def plain(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def escaped(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def unicode_escaped(text: str) -> str:
    return "U&'" + "".join(f"\\+{ord(character):06x}" for character in text) + "'"


def in_dollars(text: str) -> str:
    return next(f"{tag}{text}{tag}" for tag in ("$$", "$a$", "$aé_1$", "$none_of_these$") if tag not in text + tag[:-1])


def continued(text: str) -> str:
    half = len(text) // 2
    return escaped(text[:half]) + "\n -- :no\n " + escaped(text[half:]).removeprefix("E")


CONSTANTS = (plain, escaped, unicode_escaped, in_dollars, continued)
BETWEEN = st.sampled_from([" ", "\n", "/* :no /* ' */ :no */", "-- :no ' \"\n", "\t"])
ITEMS = st.lists(st.tuples(st.sampled_from([*CONSTANTS, None]), VALUES, BETWEEN), min_size=1, max_size=6)


@settings(FUZZ, max_examples=400)
@given(items=ITEMS)
def test_what_goes_in_comes_out(admin_connection: Any, items: list[tuple[Any, str, str]]) -> None:
    """Constants of every kind, comments and parameters side by side: each value arrives, and nothing else happens."""
    columns, params = [], {}
    for number, (write, value, between) in enumerate(items):
        if write is None:
            params[f"p{number}"] = value
        columns.append(f'{between}{f":p{number}" if write is None else write(value)}{between}::text as ":no {number}"')
    sql = f'select {", ".join(columns)}, (array[7,8,9])[1:2], 5 as "a:b"'
    assert named_parameters(sql) == list(params)
    with admin_connection.cursor() as cursor:
        cursor.execute(render(sql, params))
        assert cursor.fetchall() == [(*(value for _, value, _ in items), [7, 8], 5)]


@pytest.fixture
def admin_connection(admin_dsn: str) -> Iterator[Any]:
    connection = psycopg2.connect(admin_dsn)
    connection.set_session(readonly=True, autocommit=True)
    yield connection
    connection.close()


@FUZZ
@given(text=TEXTS, value=VALUES)
def test_rendering_changes_nothing_else(text: str, value: str) -> None:
    """What is no placeholder stays as it is, and what takes a placeholder's place is one string, whatever stands around it."""
    names = named_parameters(text)
    rendered = render(text, dict.fromkeys(names, value))
    kept = [text[token.start : token.end] for token in tokens(text) if token.kind != "name"]
    position = 0
    for piece in kept:
        position = rendered.index(piece, position) + len(piece)
    count = sum(token.kind == "name" for token in tokens(text))
    assert len(rendered) <= len(text) + count * (len(plain(value)) + 1)
    assert rendered.count(plain(value)) >= count
    if not names:
        assert rendered == text
