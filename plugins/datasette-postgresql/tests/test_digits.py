"""Cells show float32's own digits, by PostgreSQL's own measure; JSON, CSV and SQL have them all."""

import csv
import io
import random
import struct

import psycopg2
import pytest
from page_fixtures import Site, pages_dsn, site  # noqa: F401

from datasette_postgresql.digits import shown

NOISY = """
create table pages.singles (id int primary key, single real, double double precision);
insert into pages.singles
select n, (n + 0.3)::real, (n + 0.3)::real::double precision from generate_series(0, 9) n;
grant select on pages.singles to datasette_test
"""


@pytest.fixture(scope="module")
def singles(pages_dsn: str) -> None:  # noqa: F811
    with psycopg2.connect(pages_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists pages.singles")
        cursor.execute(NOISY)
    connection.close()


@pytest.mark.parametrize("path", ["singles", "singles?_size=2", "singles/0", "?sql=select+*+from+singles+order+by+id"])
def test_a_page_has_no_noise(site: Site, singles: None, path: str) -> None:  # noqa: F811
    text = site.get(f"/pg{'' if path.startswith('?') else '/'}{path}").text
    assert text.count(">0.3</td>") == 2
    assert "0.30000001192092896" not in text


def test_data_keep_every_digit(site: Site, singles: None) -> None:  # noqa: F811
    assert site.get("/pg/singles.json?_shape=array&_size=1").json() == [{"id": 0, "single": 0.3, "double": 0.30000001192092896}]
    first = next(csv.DictReader(io.StringIO(site.get("/pg/singles.csv?_stream=on").text)))
    assert first == {"id": "0", "single": "0.3", "double": "0.30000001192092896"}


def test_as_postgresql_writes_a_real(pages_dsn: str) -> None:  # noqa: F811
    """Of float32 whose long digits are many; what is short already stays, as 16777216.0."""
    drawn = random.Random(32)
    values = [struct.unpack("f", drawn.randbytes(4))[0] for _ in range(3000)]
    values = [value for value in values if value - value == 0 and len(str(value)) >= 14] + [0.30000001192092896, 60550.12109375]
    assert len(values) > 2000
    with psycopg2.connect(pages_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select array(select x::real::text from unnest(%s::float8[]) with ordinality as u(x, k) order by k)", [values]
        )
        [(texts,)] = cursor.fetchall()
    connection.close()
    assert [float(shown(value)) for value in values] == [float(text) for text in texts]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3, "0.3"), (233.33333333333334, "233.33333333333334"), (187.70000000000002, "187.70000000000002"),
        (60550.5, "60550.5"), (60000.015625, "60000.015625"), (1e300, "1e+300"),
        (1.2345678901234567e300, "1.2345678901234567e+300"),
        (-0.30000001192092896, "-0.3"), (float("nan"), "nan"), (12345678901234567890, "12345678901234567890"), (True, "True"),
        ("0.30000001192092896", "0.30000001192092896"),
    ],
)  # fmt: skip
def test_what_is_no_float32_stays(value: object, text: str) -> None:
    assert shown(value) == text
