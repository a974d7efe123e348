"""Charts in the portal: its bands' colours, all rows of SQL, shared links, each kind's looks; and canned queries' heads."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlencode, urlsplit

import pytest
import requests
from browsing import NARROW, WIDE, Scheme, Visit, flaws, log_in, shoot, visit
from playwright.sync_api import Browser, Page, expect
from sample import THOUSAND, Sample

NIGHTS = 'select count(distinct floor("midPointTai" - 0.5)) from elasticc_diasource'
SHOTS = {
    "scatter": f"/elasticc/light_curve_sources?object={THOUSAND}#chart",
    "line": "/elasticc/detections_per_night?mjd_min=60500&mjd_max=60600#chart",
    "bar": "/elasticc/peak_snr_by_class#chart",
    "histogram": "/elasticc/elasticc_diasource#chart=histogram&x=snr&colour=filterName&log=x&rows=all",
    "colours": "/elasticc/host_redshift#chart=scatter&x=zcmb&y=hostgal_zphot&colour=delta",
}
VIEWS: tuple[tuple[int, Scheme], ...] = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark"), (NARROW, "light"))


@pytest.fixture(scope="module")
def window(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited


@pytest.fixture
def visited(window: Visit) -> Iterator[Visit]:
    window.complaints.clear()
    yield window
    assert window.complaints == []


def open_chart(page: Page, address: str) -> str:
    """Returns the settings, as they are in the address then."""
    page.goto("about:blank")  # another # alone would load nothing
    page.goto(address)
    page.wait_for_selector(".query-chart[data-drawn]")
    return str(page.evaluate("decodeURIComponent(location.hash)"))


@pytest.mark.parametrize("name", SHOTS)
def test_each_kind_at_every_size_and_light(visited: Visit, name: str) -> None:
    page = visited.page
    open_chart(page, SHOTS[name])
    for width, scheme in VIEWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        page.locator(".query-chart").evaluate("section => section.scrollIntoView()")
        shoot(page, f"chart-{name}-{width}px-{scheme}", whole=False)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, scheme)
        assert page.locator(".qc-chart canvas").evaluate("canvas => canvas.clientWidth") <= width
        if (width, scheme) in VIEWS[::3]:
            assert flaws(page, ".query-chart") == [], (width, scheme)
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.emulate_media(color_scheme="light")


def test_a_light_curve_is_guessed(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    settings = open_chart(page, SHOTS["scatter"])
    assert settings == "#chart=scatter&x=midPointTai&y=psFlux&colour=filterName&error=psFluxErr"
    assert page.locator(".qc-legend button").all_inner_texts() == list("ugrizY")
    rows = page.locator("table.rows-and-columns tbody tr").count()
    assert page.locator(".query-chart").get_attribute("data-drawn") == str(rows)
    page.get_by_label("y", exact=True).select_option("mag")
    expect(page.get_by_role("button", name="reverse y")).to_have_attribute("aria-pressed", "true")
    assert "reverse=y" in page.url


def test_questions_open_with_their_chart(visited: Visit) -> None:
    """From the home page and the database's, drawn of columns that they have."""
    page = visited.page
    page.goto("/elasticc")
    links = page.locator(".queries-list a[href*='#chart=']").evaluate_all("links => links.map((link) => link.href)")
    assert len(links) == 4
    for link in links:
        settings = open_chart(page, link)
        assert "There is no column" not in page.locator(".qc-summary").inner_text(), link
        assert settings == f"#{unquote(urlsplit(link).fragment)}"
        assert page.locator(".query-chart").get_attribute("data-drawn") != "0"
    page.goto("/")
    assert page.locator("a[href*='peak_snr_by_class#chart='], a[href*='light_curve_sources#chart=']").count() > 0


def test_another_query_by_keyboard_keeps_the_chart(visited: Visit) -> None:
    page = visited.page
    sql = 'select "midPointTai", "psFlux" from elasticc_diasource limit 9'
    settings = open_chart(page, f"/elasticc?{urlencode({'sql': sql})}#chart=line&x=midPointTai&y=psFlux")
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(sql.replace("9", "7"))
    page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_url(re.compile("limit(\\+|%20)7"))
    page.wait_for_selector(".query-chart[data-drawn='7']")
    assert page.evaluate("decodeURIComponent(location.hash)") == settings


def test_all_rows_of_a_query(visited: Visit, sample_house: Sample) -> None:
    """More than the page has, streamed by PostgreSQL; and of a table those that its filters leave."""
    page = visited.page
    [(nights,)] = sample_house.ask(NIGHTS)
    assert nights > 1000
    open_chart(page, "/elasticc/detections_per_night#chart=bar&x=night&y=detections")
    expect(page.locator(".qc-summary")).to_have_text("The 1,000 rows of this page, of more than 1,000 in all.")
    page.get_by_role("button", name="Draw all rows").click()
    expect(page.locator(".qc-summary")).to_have_text(f"All {nights:,} rows.")
    [(bright,)] = sample_house.ask("select count(*) from elasticc_diasource where snr > 10 and \"filterName\" = 'g'")
    open_chart(page, "/elasticc/elasticc_diasource?snr__gt=10&filterName=g&_sort=snr&_size=5#chart=histogram&x=snr&rows=all")
    expect(page.locator(".qc-summary")).to_have_text(f"All {bright:,} rows.")


def test_postgresqls_own_values(visited: Visit) -> None:
    """NaN and infinity are nowhere, times are where their zone says, a numeric keeps its digits."""
    page = visited.page
    rows = [
        "('NaN'::float8, timestamptz '2026-01-01 00:00+00', 12345678901234567890.5::numeric)",
        "('infinity', '2026-01-02 00:00+00', 1)",
        "(2.5, '2026-01-03 06:00:00.25+00', 2)",
        "(3.5, '2026-01-04 00:00+00', null)",
    ]
    sql = f"select * from (values {', '.join(rows)}) as v(x, t, n)"
    address = f"/elasticc?{urlencode({'sql': sql})}"
    open_chart(page, f"{address}#chart=line&x=t&y=x")
    expect(page.locator(".qc-summary")).to_have_text("All 4 rows. 2 values without a number in t or x are left out.")
    open_chart(page, f"{address}#chart=scatter&x=t&y=n")
    page.locator(".qc-chart").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".qc-unseen")).to_contain_text("n 12345678901234567890.5, t 2026-01-01")


def test_why_all_rows_cannot_be_had_is_said(visited: Visit, sample_house: Sample) -> None:
    """Two readers who don't read hold the streams that there are."""
    page = visited.page
    with requests.Session() as session:
        session.auth = sample_house.account
        whole = f"{sample_house.url}/elasticc/elasticc_diaforcedsource.csv?_stream=on"
        held = [session.get(whole, stream=True, timeout=60) for _ in range(2)]
        assert [answer.status_code for answer in held] == [200, 200]
        settings = open_chart(page, "/elasticc/elasticc_diasource#chart=line&x=midPointTai&y=snr&rows=all")
        for answer in held:
            answer.close()
    expect(page.locator(".qc-summary")).to_have_text(
        re.compile(r"^All rows can't be had: 2 streams of this database .* The 100 rows of this page, of [\d,]+ in all\.$")
    )
    assert settings == "#chart=line&x=midPointTai&y=snr"
    assert [complaint for complaint in visited.complaints if "503" not in complaint] == []
    visited.complaints.clear()


def test_a_shared_link_survives_the_login(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, None) as visited:
        visited.page.goto(SHOTS["bar"] + "=bar&x=class&y=detections")
        log_in(visited.page, sample_house.account)
        visited.page.wait_for_selector(".query-chart[data-drawn]")
        assert visited.page.url.endswith("#chart=bar&x=class&y=detections")
        assert visited.complaints == []


def test_small_light_curves_in_typed_sql_beside_a_chart(visited: Visit) -> None:
    """Their column is no column of the result."""
    page = visited.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/-/light-curves/" in request.url else None)
    columns = '"diaObject_id", max(snr) as snr, min("midPointTai") as mjd'
    sql = f"select {columns} from elasticc_diasource group by 1 order by 1 limit 7"
    settings = open_chart(page, f"/elasticc?{urlencode({'sql': sql, '_light_curves': 'on'})}#chart")
    expect(page.locator("td.lc-spark canvas")).to_have_count(7)
    assert len(asked) == 1
    assert settings == "#chart=line&x=mjd&y=snr"


def test_the_head_of_a_canned_query_is_its_own(visited: Visit) -> None:
    page = visited.page
    page.goto("/elasticc/peak_snr_by_class")
    expect(page.get_by_role("heading", level=1)).to_have_text("Peak S/N by class")
    expect(page.locator("section.content")).to_contain_text("The greatest S/N of each detected object")
    expect(page.locator("form.sql h2").first).to_contain_text(re.compile(r"^\d+ rows\s+\(show its SQL\)"))
    page.get_by_role("link", name="show its SQL").click()
    expect(page.locator("pre#sql-query")).to_contain_text("peak as (")
    page.goto("/elasticc/detections_per_night?mjd_min=1&mjd_max=2")
    expect(page.locator("form.sql h2").first).to_contain_text("The query")
    page.goto("/elasticc?sql=select+1")
    expect(page.locator("form.sql h2").first).to_contain_text("Custom SQL query returning 1 row")
