"""The SQL editor as a person uses it, its names against the catalogue, and its vendored files against their recipe."""

import filecmp
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from browsing import NARROW, Scheme, Visit, serious, shoot, visit
from house import PROJECT
from playwright.sync_api import Browser, Page, expect
from sample import Sample

PLUGIN = PROJECT / "plugins" / "datasette-sql-editor"
COLUMNS = """
    select attname, format_type(atttypid, atttypmod)
    from pg_attribute
    where attrelid = 'elasticc_diasource'::regclass and attnum > 0 and not attisdropped
    order by attnum
"""


@pytest.fixture
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited
        assert visited.complaints == []


def open_editor(page: Page, sql: str = "") -> None:
    """With the cursor at the end of `sql`."""
    page.goto("/elasticc?sql=select+1")
    page.locator(".cm-content").click()  # not the text area, which is there a moment before
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(sql)


def text(page: Page) -> str:
    return page.locator("textarea#sql-editor").input_value()


def complete(page: Page, typed: str, shown: str, key: str = "Enter") -> None:
    page.keyboard.type(typed)
    expect(page.get_by_role("option", selected=True).locator(".cm-completionLabel")).to_have_text(shown)
    page.wait_for_timeout(100)  # CodeMirror takes no choice in the first 75 ms, lest a fast typist makes one
    page.keyboard.press(key)


def test_the_names_are_the_catalogues(sample_house: Sample) -> None:
    answer = requests.get(f"{sample_house.url}/-/sql-editor/elasticc.json", auth=sample_house.account, timeout=60)
    tables = {table["name"]: table for table in answer.json()["tables"]}
    source = tables["elasticc_diasource"]
    assert [(name, type) for name, _, type, _ in source["columns"]] == sample_house.ask(COLUMNS)
    written = {name: sql for name, sql, _, _ in source["columns"]}
    assert (written["ra"], written["diaObject_id"]) == ("ra", '"diaObject_id"')
    assert "auth_user" not in tables
    headers = {"if-none-match": answer.headers["etag"]}
    again = requests.get(answer.url, auth=sample_house.account, headers=headers, timeout=60)
    assert (again.status_code, again.text) == (304, "")


def test_a_stranger_gets_no_names(sample_house: Sample) -> None:
    answer = requests.get(f"{sample_house.url}/-/sql-editor/elasticc.json", timeout=60, allow_redirects=False)
    assert answer.status_code == 403
    assert "diasource" not in answer.text
    nothing = requests.get(f"{sample_house.url}/-/sql-editor/nothing.json", auth=sample_house.account, timeout=60)
    assert (nothing.status_code, nothing.json()["error"]) == (404, "There is no database 'nothing'.")


def test_completed_names_are_quoted_and_run(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    open_editor(page, "select \nfrom ")
    complete(page, "elasticc_diasou", "elasticc_diasource")
    complete(page, " s where s.diaobject_", "diaObject_id")
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("End")
    complete(page, "midp", "midPointTai", "Tab")
    complete(page, ', "psF', "psFlux")  # the quotes that are there are not doubled
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type(" is not null order by 1 limit 7")
    expected = 'select "midPointTai", "psFlux"\nfrom elasticc_diasource s where s."diaObject_id" is not null order by 1 limit 7'
    assert text(page) == expected
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(7)
    rows = sample_house.ask(expected)
    assert page.locator("td.col-midPointTai").all_inner_texts() == [str(time) for time, _ in rows]


def test_a_column_of_two_tables_is_written_with_its_own(visited: Visit) -> None:
    page = visited.page
    open_editor(page, "select  from elasticc_diaobject o, elasticc_diasource s")
    for _ in range(len(" from elasticc_diaobject o, elasticc_diasource s")):
        page.keyboard.press("ArrowLeft")
    complete(page, "decl", "decl")
    assert text(page).startswith("select o.decl ")


def test_nothing_is_completed_in_strings_and_comments(visited: Visit) -> None:
    page = visited.page
    for sql in ("select 'it''s ", "select 1 -- ", "select 1 /* "):
        open_editor(page, sql)
        page.keyboard.type("elasticc")
        page.wait_for_timeout(400)
        assert page.get_by_role("option").filter(has_text="elasticc_").count() == 0


def test_tab_indents_and_escape_leaves(visited: Visit) -> None:
    page = visited.page
    open_editor(page, "select 1")
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("Tab")
    assert text(page) == "  select 1"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Format SQL")).to_be_focused()


def test_formatting_keeps_casts_and_parameters(visited: Visit) -> None:
    page = visited.page
    open_editor(page, 'select "psFlux"::real from elasticc_diasource where snr > :least and "filterName" = \'g\'')
    page.get_by_role("button", name="Format SQL").click()
    expect(page.locator(".cm-line")).not_to_have_count(1)
    assert " ".join(text(page).split()) == (
        'select "psFlux"::real from elasticc_diasource where snr > :least and "filterName" = \'g\''
    )


def test_no_other_editor_is_loaded(visited: Visit) -> None:
    page = visited.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_editor(page)
    scripts = [url for url in asked if "codemirror" in url.lower()]
    assert [url.partition("?")[0].rsplit("/", 1)[-1] for url in scripts] == ["codemirror.min.js"]
    page.goto("/elasticc")
    expect(page.get_by_role("textbox", name="SQL")).to_be_visible()


def test_without_javascript_it_is_a_text_area(browser: Browser, sample_house: Sample) -> None:
    context = browser.new_context(base_url=sample_house.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/-/login?next=/elasticc%3Fsql%3Dselect%2B1")
    page.fill("input[name=username]", sample_house.account[0])
    page.fill("input[name=password]", sample_house.account[1])
    page.press("input[name=password]", "Enter")
    page.fill("textarea#sql-editor", "select 40 + 2 as answer")
    page.get_by_role("button", name="Run SQL").click()
    expect(page.locator("td.col-answer")).to_have_text("42")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_it_is_accessible_at_every_size_and_light(browser: Browser, sample_house: Sample, scheme: Scheme, width: int) -> None:
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        open_editor(
            page, 'select s."diaSourceId", -- an alert\'s\n  s.snr\nfrom elasticc_diasource s\nwhere s.snr > :least\n  and '
        )
        page.keyboard.type("s.filt")
        expect(page.get_by_role("option").first).to_be_visible()
        shoot(page, f"sql-editor-{width}px-{scheme}")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert visited.complaints == []


def test_the_vendored_files_are_what_the_recipe_makes(tmp_path: Path) -> None:
    """With the pinned versions, from npm."""
    subprocess.run([PLUGIN / "bundle" / "bundle.sh", tmp_path], check=True, capture_output=True, timeout=300)
    vendored = PLUGIN / "datasette_sql_editor" / "static" / "vendor"
    names = sorted(path.name for path in vendored.iterdir())
    assert filecmp.cmpfiles(tmp_path, vendored, names, shallow=False) == (names, [], [])
