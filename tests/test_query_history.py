"""Each user's history and saved queries: kept, private, bounded, shared by a link; as a browser shows them."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import datasette_query_history.settings as history_settings
import pytest
import requests
from browsing import NARROW, Scheme, Visit, serious, shoot, visit
from datasette_query_history.settings import Settings
from datasette_query_history.store import Query, Refused, Store
from playwright.sync_api import Browser, Page, expect
from sample import Sample

PAGE = "/-/your-queries"
QUERY = 'select "diaSourceId", "psFlux"\nfrom elasticc_diasource\nwhere "filterName" = :band\norder by 2 desc\nlimit 5'
OTHER = ("other", "quite another password")
HASH = (
    "insert into auth_user (username, password, is_active, is_superuser, is_staff, first_name, last_name, email, date_joined)"
)


@pytest.fixture(scope="module")
def other(sample_house: Sample) -> tuple[str, str]:
    """A second account, made as the loader makes one: with Django's own hash."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    hashed = PBKDF2PasswordHasher().encode(OTHER[1], "salt1234salt1234")
    sample_house.ask(
        f"{HASH} values (%s, %s, true, false, false, '', '', '', now()) on conflict do nothing", (OTHER[0], hashed)
    )
    return OTHER


@pytest.fixture
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        clear(visited.page)
        yield visited
        assert visited.complaints == []


def clear(page: Page) -> None:
    page.goto(PAGE)
    if page.get_by_role("button", name="Delete the whole history").count():
        page.get_by_role("button", name="Delete the whole history").click()
    while (buttons := page.locator("form[action*=saved-queries] button", has_text="Delete")).count():
        buttons.first.click()
        page.wait_for_load_state()


def run(page: Page, sql: str, **parameters: str) -> None:
    page.goto(f"/elasticc?{urlencode({'sql': sql, **parameters})}")


def listed(page: Page) -> list[str]:
    page.goto(PAGE)
    return page.locator(".qh-sql").all_text_contents()


def test_what_was_run_is_remembered_latest_first(visited: Visit) -> None:
    page = visited.page
    run(page, QUERY, band="g")
    run(page, "select 1 as one")
    run(page, QUERY, band="g")
    assert listed(page) == [QUERY, "select 1 as one"]
    expect(page.locator(".qh-item").first).to_contain_text("run 2 times")
    expect(page.locator(".qh-item").first).to_contain_text(":band is g")
    page.get_by_role("link", name="Run the query of").first.click()
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(5)


def test_what_failed_is_not_remembered(visited: Visit) -> None:
    page = visited.page
    run(page, "select nothing from elasticc_diasource")
    page.goto("/elasticc.json?sql=select+7")
    assert listed(page) == []
    visited.complaints.clear()  # of the status 400


def test_delete_one_and_all(visited: Visit) -> None:
    page = visited.page
    for number in (1, 2, 3):
        run(page, f"select {number}")
    page.goto(PAGE)
    page.get_by_role("button", name="Delete the query of").nth(1).click()
    assert listed(page) == ["select 3", "select 1"]
    page.get_by_role("button", name="Delete the whole history").click()
    assert listed(page) == []


def test_a_saved_query_is_opened_by_another_and_the_history_is_not(
    visited: Visit, browser: Browser, sample_house: Sample, other: tuple[str, str]
) -> None:
    page = visited.page
    run(page, QUERY, band="g")
    page.get_by_text("Save or share this query").click()
    page.get_by_label("Title").fill("Brightest <b>in g</b>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Brightest <b>in g</b>")).to_be_visible()
    link = page.url
    with visit(browser, sample_house.url, other) as theirs:
        assert listed(theirs.page) == []
        theirs.page.goto(link)
        expect(theirs.page.locator("body")).to_contain_text(f"Saved by {sample_house.account[0]}")
        assert theirs.page.get_by_role("button", name="Delete").count() == 0
        theirs.page.get_by_role("link", name="Run it").click()
        expect(theirs.page.locator("table.rows-and-columns tbody tr")).to_have_count(5)
        assert listed(theirs.page) == [QUERY]
        token = theirs.page.locator("input[name=csrftoken]").first.input_value()
        refused = theirs.page.request.post(f"{link}/delete", form={"csrftoken": token})
        assert refused.status == 404
        clear(theirs.page)
        assert theirs.complaints == []
    page.goto(link)
    page.get_by_role("button", name="Delete").click()
    assert page.goto(link).status == 404  # type: ignore[union-attr]
    visited.complaints.clear()  # of that status


def test_a_stranger_sees_neither(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    run(page, "select 1")
    page.goto(PAGE)
    page.get_by_text("Save or share").click()
    page.get_by_label("Title").fill("One")
    page.keyboard.press("Enter")
    page.wait_for_url("**/saved-queries/*")
    for address in (f"{sample_house.url}{PAGE}", page.url):
        answer = requests.get(address, timeout=60, allow_redirects=False)
        assert answer.status_code == 403
        assert "select 1" not in answer.text


def test_nothing_changes_without_the_csrf_token(sample_house: Sample) -> None:
    session = requests.Session()
    session.auth = sample_house.account
    session.get(f"{sample_house.url}{PAGE}", timeout=60)
    for path in (f"{PAGE}/delete", "/-/saved-queries"):
        answer = session.post(f"{sample_house.url}{path}", data={"all": "on", "title": "x", "sql": "select 1"}, timeout=60)
        assert answer.status_code == 403
    session.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_the_lists_are_accessible_at_every_size_and_light(
    browser: Browser, sample_house: Sample, scheme: Scheme, width: int
) -> None:
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        clear(page)
        run(page, "select count(*) as objects from elasticc_diaobject")
        run(page, QUERY, band="g")
        page.get_by_text("Save or share this query").click()
        page.get_by_label("Title").fill("Brightest detections in a band")
        shoot(page, f"sql-page-saving-{width}px-{scheme}")
        assert serious(page) == []
        page.keyboard.press("Enter")
        page.wait_for_url("**/saved-queries/*")
        shoot(page, f"saved-query-{width}px-{scheme}")
        assert serious(page) == []
        page.goto(PAGE)
        shoot(page, f"your-queries-{width}px-{scheme}")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert visited.complaints == []


def store(folder: Path, **limits: int) -> Store:
    return Store(Settings(folder=folder, **limits))


def test_the_history_is_bounded_for_each_user(tmp_path: Path) -> None:
    kept = store(tmp_path, remembered=3, most_characters=20)
    for owner in ("ann", "bob"):
        for number in range(5):
            kept.remember(owner, Query("db", f"select {number}", {}))
    kept.remember("ann", Query("db", "select 'far too long a query'", {}))
    assert [item.query.sql for item in kept.history("ann")] == ["select 4", "select 3", "select 2"]
    [*_, theirs] = kept.history("bob")
    assert kept.forget("ann", theirs.id) == 0
    assert kept.forget("ann", None) == 3
    assert len(kept.history("bob")) == 3
    assert stat.S_IMODE((tmp_path / "query_history.sqlite").stat().st_mode) == 0o600


def test_saved_queries_are_bounded_and_have_a_title(tmp_path: Path) -> None:
    kept = store(tmp_path, saved=2)
    query = Query("db", "select :a", {"a": "ä"})
    first = kept.save("ann", "  One \n title ", query)
    kept.save("ann", "two", query)
    with pytest.raises(Refused, match="You have saved 2 queries"):
        kept.save("ann", "three", query)
    for title in ("", "x" * 201):
        with pytest.raises(Refused, match="needs a title"):
            kept.save("bob", title, query)
    with pytest.raises(Refused, match="must have 1 to"):
        kept.save("bob", "empty", Query("db", " ", {}))
    found = kept.find(first)
    assert found is not None
    assert (found.title, found.query, found.owner) == ("One title", query, "ann")
    assert not kept.delete("bob", first)
    assert kept.delete("ann", first)
    assert kept.find(first) is None


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "the setting 'folder' must name a folder that can be written."),
        ({"folder": "x", "limit": 5}, "unknown setting 'limit'; known are folder,"),
        ({"folder": "x", "saved": 0}, "the setting 'saved' must be a whole number, 1 or more."),
        ("x", "the settings must be a mapping."),
    ],
)
def test_a_wrong_setting_of_the_history(config: object, sentence: str) -> None:
    with pytest.raises(history_settings.ConfigurationError, match=r"^datasette-query-history: ") as refused:
        history_settings.read(config)
    assert sentence in str(refused.value)
