"""Every kind of page by axe-core, in light and dark, wide and narrow. Their pictures go to build/screenshots."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import yaml
from browsing import NARROW, WIDE, Scheme, Visit, flaws, log_in, shoot, visit
from house import PROJECT
from playwright.sync_api import Browser, Page, expect
from sample import THOUSAND, Sample


def sql(text: str) -> str:
    return f"/elasticc?{urlencode({'sql': text})}"


PLAN = urlencode({"sql": 'select "filterName", count(*) from elasticc_diasource group by 1 order by 2'})
DEAR = "select count(*) from elasticc_diaforcedsource a, elasticc_diaforcedsource b, elasticc_diaobject c"
PAGES = {
    "home": "/",
    "found-nothing": "/-/find?q=M31",
    "database": "/elasticc",
    "table": "/elasticc/elasticc_diaobject?_size=20",
    "faceted-table": "/elasticc/elasticc_diasource?_facet=filterName&_facet=diaObject_id&snr__gt=10&_sort_desc=snr&_size=20",
    "empty-table": "/elasticc/elasticc_diasource?snr__gt=1e30",
    "object": f"/elasticc/elasticc_diaobject/{THOUSAND}",
    "classifier": "/elasticc/elasticc_brokerclassifier/1",
    "sql-result": sql("select * from elasticc_diasource order by 1 limit 20"),
    "sql-error": sql("select nothing from elasticc_diasource"),
    "canned-query": "/elasticc/cone?ra=187.7&decl=12.4&radius_deg=1",
    "plan": f"/-/query-plan/elasticc?{PLAN}",
    "dear-query": sql(DEAR),
    "history": "/-/my-queries",
    "long-queries": "/-/queries",
    "not-found": "/elasticc/nothing",
}


@pytest.fixture(scope="module")
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited


def judge(page: Page, name: str) -> None:
    """The page as it stands, in each light and at each width: pictures, nothing wider than the window, and axe-core's word."""
    found: dict[str, list[str]] = {}
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        # The SQL editor takes a moment to follow the window.
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width, timeout=5000)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            shoot(page, f"{name}-{width}px-{scheme}")
            for flaw in flaws(page):
                found.setdefault(str(flaw), []).append(f"{width} px {scheme}")
    assert not found, "\n".join(f"{name}, {', '.join(where)}: {flaw}" for flaw, where in found.items())


def test_the_login_page(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, None) as visited:
        visited.page.goto("/-/login")
        log_in(visited.page, ("nobody", "wrong"))
        judge(visited.page, "login")


@pytest.mark.parametrize("name", PAGES)
def test_a_page(visited: Visit, name: str) -> None:
    page = visited.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.goto(PAGES[name])
    page.wait_for_load_state("networkidle")
    assert "login" not in page.url
    judge(page, name)
    assert visited.errors == []


def test_a_list_of_long_queries(visited: Visit) -> None:
    page = visited.page
    page.set_viewport_size({"width": WIDE, "height": 900})
    for sql_text in ("select 1 as one", "select nothing from elasticc_diasource"):
        page.goto("/-/queries")
        page.fill("#long-sql", sql_text)
        page.get_by_role("button", name="Run in the background").click()
    for status in ("finished", "error"):  # the page looks again by itself
        expect(page.locator(f".status-{status}").first).to_be_visible(timeout=60_000)
    judge(page, "long-queries-listed")


def test_rows_begin_in_the_upper_half_and_columns_unfold_by_keyboard(visited: Visit) -> None:
    page = visited.page
    page.set_viewport_size({"width": WIDE, "height": 900})
    for name in ("table", "faceted-table"):
        page.goto(PAGES[name])
        assert page.evaluate("document.querySelector('.rows-and-columns tbody').getBoundingClientRect().top") < 500, name
    meaning = page.get_by_text("Signal to noise, psFlux", exact=False).first
    expect(meaning).to_be_hidden()
    page.locator(".columns-fold summary").focus()
    page.keyboard.press("Enter")
    expect(meaning).to_be_visible()


def test_tables_are_in_the_metadatas_order_without_padlocks(visited: Visit) -> None:
    page = visited.page
    page.goto("/elasticc")
    named = list(yaml.safe_load((PROJECT / "metadata.yml").read_text())["databases"]["elasticc"]["tables"])
    assert page.locator(".tables-list tbody td:first-child a").all_inner_texts() == named
    for name in ("home", "database", "table", "object", "canned-query"):
        page.goto(PAGES[name])
        assert "🔒" not in page.inner_text("body"), name
