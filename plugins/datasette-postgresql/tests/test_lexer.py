"""Which characters of PostgreSQL's SQL are placeholders, and what takes their place."""

import datetime
import decimal
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_postgresql.errors import PostgresError
from datasette_postgresql.lexer import has_semicolon, named_parameters, render, tokens


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select :a, :b, :a", ["a", "b"]),
        ("select x::int, :y::text, '1'::text", ["y"]),
        ("select ':no', ':it''s :no' || :yes", ["yes"]),
        (r"select E'\':no' || :yes", ["yes"]),
        ("select E'a'\n  '\\':no' || :yes", ["yes"]),
        ("select 'a\\' || :yes || ''", ["yes"]),
        ("select U&'d\\0061t\\+000061 :no', U&\"d:no\", :yes", ["yes"]),
        ('select ":no", "a"":no", :yes', ["yes"]),
        ("select $$ :no $$, $tag$ :no $$ :no $tag$, :yes", ["yes"]),
        ("select a$b$ from t where x = :yes and y = $1", ["yes"]),
        ("select /* :no /* :no */ :no */ :yes -- :no\n, :too", ["yes", "too"]),
        ("select arr[1:2], arr[a:b], arr[f(1):n], arr[1 : :n]", ["n"]),
        ("select arr[:i], arr[(:i):2], arr[f(:j)]", ["i", "j"]),
        ("select f(a := 1, b => :yes)", ["yes"]),
        ("select :größe", ["größe"]),
        ("select ':never closed", []),
        ("select /* :never closed", []),
    ],
)
def test_named_parameters(sql: str, names: list[str]) -> None:
    assert named_parameters(sql) == names


@pytest.mark.parametrize(
    ("sql", "params", "native"),
    [
        ("select * from t where id = :id", {"id": "5", "extra": 1}, "select * from t where id = '5'"),
        ("select :a", {"a": "it's \\ :b"}, "select 'it''s \\ :b'"),
        ("select ?, ?", ["a", None], "select 'a', null"),
        ("select doc ? 'key', doc ?| :k, '?'", {"k": "x"}, "select doc ? 'key', doc ?| 'x', '?'"),
        ("select doc @? ?, doc ?& ?", ["$.a", "{b}"], "select doc @? '$.a', doc ?& '{b}'"),
        ("select x-:n", {"n": -5}, "select x-(-5)"),
        ("select E:p", {"p": "\\' or 1"}, "select E '\\'' or 1'"),
        ("select:p", {"p": 1}, "select 1"),
        ("select :p", {"p": True}, "select true"),
        ("select :p", {"p": 0.1}, "select '0.1'::float8"),
        ("select :p", {"p": float("nan")}, "select 'nan'::float8"),
        ("select :p", {"p": decimal.Decimal("1.50")}, "select '1.50'::numeric"),
        ("select :p", {"p": b"\x00A"}, "select '\\x0041'::bytea"),
        ("select :p", {"p": datetime.date(2024, 2, 29)}, "select '2024-02-29'"),
        ("select :p", {"p": [1, 2]}, "select array[1, 2]"),
        ("select 1::int", None, "select 1::int"),
    ],
)
def test_render(sql: str, params: Any, native: str) -> None:
    assert render(sql, params) == native


@pytest.mark.parametrize(
    ("sql", "params", "message"),
    [
        ("select :x", {}, "You did not supply a value for binding :x."),
        ("select ?, ?", ["a"], "You did not supply a value for binding 2."),
        ("select ?", ["a", "b"], "The statement has 1 placeholders, but 2 values were supplied."),
        ("select :x", {"x": "a\x00b"}, "PostgreSQL text can't contain null bytes (\\x00)."),
        ("select :x", {"x": "\ud800"}, "Not valid Unicode: a lone surrogate at character 8."),
        ("select :x", {"x": object()}, "Error binding parameter: type 'object' is not supported."),
    ],
)
def test_refusals(sql: str, params: Any, message: str) -> None:
    with pytest.raises(PostgresError) as caught:
        render(sql, params)
    assert caught.value.message == message


def test_semicolons() -> None:
    assert not has_semicolon("select ';', $$;$$, \";\" -- ;")
    assert has_semicolon("select 1; commit")


@pytest.mark.parametrize("part", ["'a'", "'", "'a'\n", "-", "'a' --", "E'\\", '"', "$a", "/*", "$$", ":a ", "[", "'a'\n--"])
def test_long_statements_take_no_longer_than_long(part: str) -> None:
    started = time.monotonic()
    named_parameters(part * (100_000 // len(part)))
    named_parameters("select 'a'" + part * (100_000 // len(part)))
    assert time.monotonic() - started < 5


@given(st.text(alphabet=st.sampled_from("aeEUu&'\"$:?[](){}/*-;\\ \n\tx1_,é=@|")))
def test_tokens_cover_every_character_once(sql: str) -> None:
    found = list(tokens(sql))
    assert "".join(sql[token.start : token.end] for token in found) == sql
    assert all(token.start < token.end for token in found)


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_a_value_stays_a_value(value: str) -> None:
    """Whatever is in it: the literal is one token, and no placeholder is found inside."""
    native = render("select :v", {"v": value})
    assert named_parameters(native) == []
    assert [token.kind for token in tokens(native)] == ["word", "space", "string"]
    assert native[len("select '") : -1].replace("''", "'") == value
