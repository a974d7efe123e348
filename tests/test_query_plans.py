"""Plans as a person meets them: the tree, the question before a dear query, and the way into the background."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import datasette_query_plans.settings as plan_settings
import pytest
import requests
from browsing import NARROW, Scheme, Visit, serious, shoot, visit
from datasette_query_plans import tree, words
from playwright.sync_api import Browser, Page, expect
from sample import Sample

CHEAP = 'select "diaObjectId" from elasticc_diaobject where "diaObjectId" = :object'
JOINED = (
    'select o."diaObjectId", max(s."psFlux")\nfrom elasticc_diasource s\n'
    'join elasticc_diaobject o on o."diaObjectId" = s."diaObject_id"\ngroup by 1\norder by 2 desc\nlimit 5'
)
DEAR = (
    "select count(*)\nfrom elasticc_diaforcedsource a, elasticc_diaforcedsource b, elasticc_diaobject c\n"
    'where a."filterName" = :band and a."psFlux" < b."psFlux"\nhaving count(*) > 5'
)


@pytest.fixture
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited
        assert visited.complaints == []


def sql_page(sql: str, **parameters: str) -> str:
    return f"/elasticc?{urlencode({'sql': sql, **parameters})}"


def get(house: Sample, path: str, **parameters: str) -> requests.Response:
    return requests.get(house.url + path, params=parameters, auth=house.account, timeout=120)


def test_the_json_is_postgresqls_plan(sample_house: Sample) -> None:
    told = get(sample_house, "/-/query-plan/elasticc.json", sql=JOINED).json()
    [(plans,)] = sample_house.ask(f"explain (format json) {JOINED}")
    assert told["rows"] == plans[0]["Plan"]["Plan Rows"] == 5
    assert told["plan"]["Node Type"] == "Limit"
    assert told["cost"] == pytest.approx(plans[0]["Plan"]["Total Cost"], rel=0.2)  # the server's role may differ in settings
    assert (told["is_dear"], told["execution_ms"]) == (False, None)
    measured = get(sample_house, "/-/query-plan/elasticc.json", sql=JOINED, _measure="on").json()
    assert measured["execution_ms"] > 0
    assert measured["plan"]["Actual Rows"] == 5


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("select nothing from elasticc_diasource", 'column "nothing" does not exist'),
        ("delete from elasticc_diasource", "There is no query to plan"),
        ("select 1; select 2", ""),
        ("", "There is no query to plan"),
    ],
)
def test_what_has_no_plan_is_said(sample_house: Sample, sql: str, sentence: str) -> None:
    answer = get(sample_house, "/-/query-plan/elasticc.json", sql=sql)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    page = get(sample_house, "/-/query-plan/elasticc", sql=sql)
    assert page.status_code == 400
    assert "message-error" in page.text
    assert get(sample_house, "/-/query-plan/nothing", sql="select 1").status_code == 404


def test_a_stranger_gets_no_plan(sample_house: Sample) -> None:
    url = f"{sample_house.url}/-/query-plan/elasticc.json?{urlencode({'sql': JOINED})}"
    assert requests.get(url, timeout=60).status_code == 403


def test_a_cheap_query_is_answered_as_ever(sample_house: Sample) -> None:
    """And a wrong one, one without its parameters' values, and the database's own page."""
    assert "col-diaObjectId" in get(sample_house, "/elasticc", sql=CHEAP, object="4242").text
    assert "does not exist" in get(sample_house, "/elasticc", sql="select nothing from elasticc_diasource").text
    assert "Give object a value" in get(sample_house, "/elasticc", sql=CHEAP).text
    assert "QUERY PLAN" in get(sample_house, "/elasticc", sql=f"explain {JOINED}").text
    assert "What it holds" in get(sample_house, "/elasticc").text
    assert get(sample_house, "/nothing").status_code == 404


def test_scripts_are_not_asked(sample_house: Sample) -> None:
    answer = get(sample_house, "/elasticc.json", sql=DEAR.replace("count(*) > 5", "false"), band="g", _timelimit="200")
    assert "Run this query" not in answer.text
    assert answer.headers["content-type"].startswith("application/json")


def test_the_tree_from_the_sql_page(visited: Visit) -> None:
    page = visited.page
    page.goto(sql_page(JOINED))
    page.get_by_role("link", name="Explain").click()
    expect(page.locator(".qp-step strong").first).to_have_text("Stop after enough rows")
    expect(page.locator(".qp-tree")).to_contain_text("Read all of elasticc_diasource (s)")
    page.get_by_role("link", name="Run it and measure each step").click()
    expect(page.locator(".qp-facts")).to_contain_text("Time, measured")
    expect(page.locator(".qp-step").first).to_contain_text("5 rows")
    page.get_by_role("link", name="Back to the SQL page").click()
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(5)


def open_question(page: Page) -> None:
    page.goto(sql_page("select 1"))
    page.locator(".cm-content").click()  # not the text area, which is there a moment before
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(DEAR.replace(":band", "'r'"))
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.get_by_role("heading", name="Run this query?")).to_be_visible()


def test_a_dear_query_is_offered_to_the_background(visited: Visit) -> None:
    page = visited.page
    page.goto(sql_page(DEAR, band="g"))
    expect(page.get_by_role("heading", name="Run this query?")).to_be_visible()
    page.get_by_role("button", name="Run it in the background").click()
    row = page.locator(".queries-table tbody tr").first
    expect(row.locator("pre").first).to_have_text(DEAR.replace(":band", "'g'"))
    row.get_by_role("button", name="Cancel").click()


def test_a_dear_query_runs_here_all_the_same(visited: Visit) -> None:
    page = visited.page
    open_question(page)
    link = page.get_by_role("link", name="Run it here, for at most 30 seconds")
    address = f"{link.get_attribute('href')}&_timelimit=300"
    visited.page.goto(address)
    expect(page.locator("body")).to_contain_text("SQL query took too long")
    visited.complaints.clear()  # of the status 400


def test_a_dear_query_can_be_changed(visited: Visit) -> None:
    page = visited.page
    open_question(page)
    page.locator(".cm-content").click()  # not the text area, which is there a moment before
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("select 40 + 2 as answer")
    page.get_by_role("button", name="Run SQL").click()
    expect(page.locator("td.col-answer")).to_have_text("42")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_plans_are_accessible_at_every_size_and_light(
    browser: Browser, sample_house: Sample, scheme: Scheme, width: int
) -> None:
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        for name, address in {
            "plan-question": sql_page(DEAR, band="g"),
            "plan-measured": f"/-/query-plan/elasticc?{urlencode({'sql': JOINED, '_measure': 'on'})}",
        }.items():
            page.goto(address)
            expect(page.locator(".qp-tree")).to_be_visible()
            shoot(page, f"{name}-{width}px-{scheme}")
            assert serious(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert visited.complaints == []


def shares(step: tree.Step) -> float:
    return step.share + sum(shares(child) for child in step.children)


@pytest.mark.parametrize("options", ["format json", "analyze, format json"])
@pytest.mark.parametrize(
    "sql",
    [
        JOINED,
        "select count(*) from elasticc_diaobject a cross join lateral (select * from elasticc_diasource s"
        ' where s."diaObject_id" = a."diaObjectId" order by snr limit 1) x',
        "with a as materialized (select * from elasticc_diasource) select count(*) from a x join a y using (snr) limit 3",
        "select 1 union all select 2",
    ],
)
def test_shares_add_up(sample_house: Sample, options: str, sql: str) -> None:
    [(plans,)] = sample_house.ask(f"explain ({options}) {sql}")
    assert shares(tree.read(plans[0]["Plan"])) == pytest.approx(1, abs=0.05), json.dumps(plans)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1.5, "1.5"), (1234.4, "1,234"), (2_340_000, "2.3 million"), (5e13, "50 trillion")]
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.01, "less than a tenth of a second"),
        (0.34, "0.3 seconds"),
        (100, "100 seconds"),
        (300, "5 minutes"),
        (9e4, "25 hours"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"cost": 5}, "unknown setting 'cost'; known are ask_above,"),
        ({"ask_above": 0}, "the setting 'ask_above' must be a number above 0."),
        ({"background": "queries"}, "the setting 'background' must be a path that begins with /."),
        ([], "the settings must be a mapping."),
    ],
)
def test_a_wrong_setting_of_plans(config: object, sentence: str) -> None:
    with pytest.raises(plan_settings.ConfigurationError, match=r"^datasette-query-plans: ") as refused:
        plan_settings.read(config)
    assert sentence in str(refused.value)
