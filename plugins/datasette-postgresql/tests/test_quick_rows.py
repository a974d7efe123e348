"""The quickly written table is the core's, but for the blanks between cells; who wants the core's rows gets them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from page_fixtures import Site, pages_dsn, site  # noqa: F401

from datasette_postgresql import quick_rows

ODD = """
create table pages.addresses as
  select n as id, case n % 4 when 0 then 'https://example.com/?a=1&b=<2>' when 1 then ' https://x.org ' when 2 then 'no://address'
    else '<b>"&' || chr(39) end as "Its Address", n % 2 = 0 as ok, repeat('long ', n) as long, null::text as nothing
  from generate_series(1, 30) n;
alter table pages.addresses add primary key (id);
grant select on pages.addresses to datasette_test
"""


@pytest.fixture(scope="session")
def addresses(pages_dsn: str) -> None:  # noqa: F811
    with psycopg2.connect(pages_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(ODD)
    connection.close()


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda is_slow: monkeypatch.setattr(quick_rows, "FEW", 10**9 if is_slow else 4)


def compared(text: str) -> str:
    """Without times, and without blanks between elements, of which a table's cells have no use."""
    return re.sub(r">\s+<", "><", re.sub(r"Queries took [0-9.]+ms", "", text))


@pytest.mark.parametrize(
    "path",
    [
        "diaSource", "diaSource?_sort_desc=psFlux&_col=raw&_col=word&_col=diaObject_id", "diaSource?_labels=off", "pairs",
        "codes", "loose", "bright", "big?_next=500", "addresses", "diaObject", "diaSource?_size=3",
        "diaSource?visit=-1", "notes",
    ],
)  # fmt: skip
def test_the_same_page(site: Site, addresses: None, slowly: Callable[[bool], None], path: str) -> None:  # noqa: F811
    quick = site.get(f"/pg/{path}")
    slowly(True)
    slow = site.get(f"/pg/{path}")
    assert quick.status_code == 200 and compared(quick.text) == compared(slow.text)
    assert len(quick.text) < len(slow.text) or path.endswith("_size=3") or "visit=-1" in path or path == "notes"


def test_it_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Else the test above would compare the core with itself."""
    written: list[int] = []
    original = quick_rows.QuickRows.written
    monkeypatch.setattr(quick_rows.QuickRows, "written", lambda rows, drawn: written.append(len(rows)) or original(rows, drawn))
    site.get("/pg/big?_size=50")
    assert written == [50]


@pytest.fixture
def shouting() -> Iterator[None]:
    class Shouting:
        @hookimpl
        def render_cell(self, value: Any, column: str) -> str | None:
            return str(value).upper() if column == "hash" else None

    plugin = Shouting()
    pm.register(plugin, "shouting")
    yield
    pm.unregister(plugin)


def test_a_plugin_that_renders_cells_is_asked(site: Site, shouting: None) -> None:  # noqa: F811
    assert ">C4CA4238A0B923820DCC509A6F75849B</td>" in site.get("/pg/big?_size=50").text


def test_a_template_of_ones_own_has_the_cores_rows(
    pages_dsn: str,  # noqa: F811
    make_datasette: Callable[..., Datasette],
    tmp_path: Any,
) -> None:
    (tmp_path / "_table-pg-big.html").write_text(
        "{% for row in display_rows %}<i>{{ row.display('hash') }} {{ row['kind'] }} {{ loop.length }}</i>{% endfor %}"
    )
    datasette = make_datasette(schemas=["pages"])
    datasette.jinja_env.loader.loaders[0].searchpath.insert(0, str(tmp_path))
    text = Site(datasette, pages_dsn).get("/pg/big?_size=50").text
    assert "<i>c4ca4238a0b923820dcc509a6f75849b 1 50</i>" in text
