"""The schema browser of the portal: its numbers against pg_stats, the search as one types, the drawing, and how it looks."""

import re
from collections.abc import Iterator

import pytest
import requests
import yaml
from astropy.io.votable.ucd import parse_ucd
from browsing import NARROW, Scheme, Visit, figures, flaws, shoot, visit
from house import PROJECT
from playwright.sync_api import Browser, expect
from sample import Sample

SCHEMA = "/-/schema/elasticc"


@pytest.fixture
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited
        assert visited.complaints == []


def get(sample: Sample, path: str, **params: str) -> requests.Response:
    return requests.get(sample.url + path, params=params, auth=sample.account, timeout=60)


def test_everything_is_told_of_every_published_table(sample_house: Sample) -> None:
    told = get(sample_house, f"{SCHEMA}.json", _statistics="on").json()["tables"]
    columns = {(table["name"], column["name"]): column for table in told for column in table["columns"]}
    expected = sample_house.ask(r"""
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum), s.null_frac,
               case when s.n_distinct >= 0 then s.n_distinct end, s.histogram_bounds::text::text[]
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_stats s on s.schemaname = 'public' and s.tablename = c.relname and s.attname = a.attname
        where c.relname like 'elasticc\_%' and c.relkind in ('r', 'v')
    """)
    assert set(columns) == {row[:2] for row in expected}
    analysed = 0
    for table, name, type_, meaning, null_fraction, distinct, bounds in expected:
        column = columns[table, name]
        assert (column["type"], column["meaning"]) == (type_, meaning), (table, name)
        found = column["statistics"]
        assert (found is None) == (null_fraction is None), (table, name)
        if found is not None:
            analysed += 1
            assert found["null_fraction"] == pytest.approx(null_fraction)
            assert distinct is None or found["distinct"] == round(distinct)
            if found["histogram"]:
                assert (found["histogram"]["low"], found["histogram"]["high"]) == (bounds[0], bounds[-1])
    assert analysed > 100
    assert columns["elasticc_diaobject", "ra"]["unit"] == "deg"
    assert columns["elasticc_diasource", "psFlux"]["unit"] == "nJy"
    for table in told:
        if table["kind"] == "table":
            [(rows, size)] = sample_house.ask(
                f"select (select count(*) from {table['name']}), pg_total_relation_size('{table['name']}')"
            )
            assert (table["rows"], table["rows_is_estimate"], table["bytes"]) == (rows, False, size)


def test_the_ucds_are_ivoas() -> None:
    metadata = yaml.safe_load((PROJECT / "metadata.yml").read_text())
    ucds = metadata["plugins"]["datasette-schema"]["databases"]["elasticc"]["ucds"]
    for ucd in ucds.values():
        parse_ucd(ucd, check_controlled_vocabulary=True)  # raises


def test_the_drawing_has_every_foreign_key(sample_house: Sample) -> None:
    page = get(sample_house, SCHEMA).text
    drawn = re.findall(r'data-from="(\w+)" data-to="(\w+)"', page)
    keys = sample_house.ask(r"""
        select conrelid::regclass::text, confrelid::regclass::text
        from pg_constraint
        where contype = 'f' and conrelid::regclass::text like 'elasticc\_%'
    """)
    assert sorted(drawn) == sorted(keys)


def test_a_stranger_learns_nothing(sample_house: Sample) -> None:
    for path in ("", ".json", "/elasticc_diaobject", "/elasticc_diaobject.json", "?q=ra&_part=found"):
        answer = requests.get(f"{sample_house.url}{SCHEMA}{path}", timeout=60, allow_redirects=False)
        assert answer.status_code in (302, 401, 403), path
        assert "hostgal" not in answer.text
    answer = get(sample_house, SCHEMA, q="password")  # of tables that the portal's role may not read
    assert "auth_user" not in answer.text


def test_what_is_found_as_one_types(visited: Visit) -> None:
    page = visited.page
    page.goto(SCHEMA)
    page.evaluate("window.isStillThere = true")
    box = page.get_by_role("searchbox", name="Find tables and columns")
    box.press_sequentially("reddening MAG", delay=20)
    expect(page.locator(".sc-count")).to_have_text("2 columns in 2 tables.")
    expect(page.get_by_role("status")).to_have_text("2 columns in 2 tables.")
    expect(page.locator(".sc-match tbody th")).to_have_text(["mwebv", "mwebv"])
    expect(page.locator("#sc-all")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?q=reddening\+MAG$"))
    box.fill("")
    expect(page.locator("#sc-all")).to_be_visible()
    expect(page.locator(".sc-match")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"{SCHEMA}$"))
    assert page.evaluate("window.isStillThere")
    page.goto(f"{SCHEMA}?q=icrs%20host")  # the link that somebody was sent
    expect(box).to_have_value("icrs host")
    page.get_by_role("link", name="hostgal_ra", exact=True).click()
    expect(page).to_have_url(re.compile("/elasticc_diaobject#column-hostgal_ra$"))
    expect(page.locator("tr:target")).to_contain_text("pos.eq.ra")
    box.fill("zcmb")  # on a table's page, too
    expect(page.locator(".sc-match h2").first).to_have_text("elasticc_diaobjecttruth")
    page.goto(f"{SCHEMA}?q=zcmb")
    box.fill("")
    expect(page.get_by_role("heading", name="How tables refer to each other")).to_be_visible()


def test_the_drawing_leads_to_the_tables(visited: Visit) -> None:
    page = visited.page
    page.goto(SCHEMA)
    box = page.locator('.sc-drawing a[data-table="elasticc_diasource"]')
    box.focus()
    expect(page.locator(".sc-paths path.sc-on")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{SCHEMA}/elasticc_diasource$"))
    expect(page.locator(".sc-drawing a")).to_have_count(4)
    expect(page.locator(".sc-indexes")).to_contain_text("primary key: finds the row by diaSourceId")
    page.get_by_role("link", name="Look at its rows").click()
    expect(page).to_have_url(re.compile("/elasticc/elasticc_diasource$"))


def test_the_ways_here(visited: Visit) -> None:
    page = visited.page
    page.goto("/")
    page.get_by_role("link", name="The schema").click()
    expect(page).to_have_url(re.compile(f"{SCHEMA}$"))
    page.goto("/elasticc")
    expect(page.locator(".page-links")).to_contain_text("Schema: what every table and column means")
    page.goto("/elasticc?sql=select+1")
    page.get_by_role("link", name="Tables and columns").click()
    expect(page).to_have_url(re.compile(f"{SCHEMA}$"))
    page.goto("/elasticc/elasticc_diatruth")
    page.locator("details.actions-menu-links summary").click()
    page.get_by_role("link", name="Schema: columns, units, statistics, links").click()
    expect(page).to_have_url(re.compile(f"{SCHEMA}/elasticc_diatruth$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_the_schema_is_accessible_at_every_size_and_light(
    browser: Browser, sample_house: Sample, scheme: Scheme, width: int
) -> None:
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        for name, address in {
            "schema": SCHEMA,
            "schema-table": f"{SCHEMA}/elasticc_diasource",
            "schema-wide-table": f"{SCHEMA}/elasticc_diaobject",
            "schema-search": f"{SCHEMA}?q=redshift+host",
        }.items():
            page.goto(address)
            expect(page.locator(".sc-card").first).to_be_visible()
            if name != "schema-search":
                print(f"\n{name}: {figures(page)}")
            shoot(page, f"{name}-{width}px-{scheme}")
            assert flaws(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert visited.complaints == []
