"""What a value of each type is in JSON, in HTML and in CSV: the same text everywhere, and nothing lost."""

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from datasette.app import Datasette
from page_fixtures import Site

# SQL, JSON, CSV; HTML shows what CSV has
VALUES: list[tuple[str, Any, str]] = [
    ("9223372036854775807::bigint", 9223372036854775807, "9223372036854775807"),
    ("12345678901234567890123::numeric", 12345678901234567890123, "12345678901234567890123"),
    ("0.10000000000000000000000001::numeric", "0.10000000000000000000000001", "0.10000000000000000000000001"),
    ("1.50::numeric(10,2)", "1.50", "1.50"),
    ("'NaN'::numeric", "NaN", "NaN"),
    ("0.1::float8", 0.1, "0.1"),
    ("1.1::real", 1.1, "1.1"),
    ("true", True, "True"),
    ("'12.34'::money", "$12.34", "$12.34"),
    ("'2024-02-29 12:00:00.5+02'::timestamptz", "2024-02-29T10:00:00.5+00:00", "2024-02-29T10:00:00.5+00:00"),
    ("'2024-02-29 12:00'::timestamp", "2024-02-29T12:00:00", "2024-02-29T12:00:00"),
    ("'infinity'::timestamptz", "infinity", "infinity"),
    ("'0044-03-15 BC'::date", "0044-03-15 BC", "0044-03-15 BC"),
    ("'12:00:00+02'::timetz", "12:00:00+02", "12:00:00+02"),
    ("'1 year 2 days 03:04'::interval", "1 year 2 days 03:04:00", "1 year 2 days 03:04:00"),
    ("'[1,5)'::int4range", "[1,5)", "[1,5)"),
    ("'{[1,2),[3,4)}'::int4multirange", "{[1,2),[3,4)}", "{[1,2),[3,4)}"),
    ("'1010'::bit(4)", "1010", "1010"),
    ("'08:00:2b:01:02:03'::macaddr", "08:00:2b:01:02:03", "08:00:2b:01:02:03"),
    ("'10.0.0.0/8'::cidr", "10.0.0.0/8", "10.0.0.0/8"),
    ("'a fat cat'::tsvector", "'a' 'cat' 'fat'", "'a' 'cat' 'fat'"),
    ("""'{"b": [1, null]}'::json""", '{"b": [1, null]}', '{"b": [1, null]}'),
    ("array[1, null, 3]", "[1, null, 3]", "[1, null, 3]"),
    ("array['a,b', 'c\"d']", '["a,b", "c\\"d"]', '["a,b", "c\\"d"]'),
    ("row(1, 'x')", "(1,x)", "(1,x)"),
    ("'(1,2)'::point", "(1,2)", "(1,2)"),
]
SQL = f"select {', '.join(f'{sql} as v{i}' for i, (sql, _, _) in enumerate(VALUES))}"


@pytest.fixture
def site(make_datasette: Callable[..., Datasette], admin_dsn: str) -> Site:
    return Site(make_datasette(), admin_dsn)


def test_json(site: Site) -> None:
    (row,) = json.loads(site.get("/pg.json", sql=SQL, _shape="array").text)
    assert list(row.values()) == [expected for _, expected, _ in VALUES]
    (real,) = site.json("/pg.json", sql="select 'NaN'::float8 a, '-infinity'::float8 b, null c", _shape="array")
    assert real == {"a": None, "b": None, "c": None}


def test_csv(site: Site) -> None:
    _, row = list(csv.reader(io.StringIO(site.get("/pg.csv", sql=SQL).text)))
    assert row == [expected for _, _, expected in VALUES]


def test_html(site: Site) -> None:
    page = site.get("/pg", sql=SQL).text
    cells = [unescape(cell).strip() for cell in re.findall(r'<td class="col-v\d+">(.*?)</td>', page, re.DOTALL)]
    assert cells == [expected for _, _, expected in VALUES]
