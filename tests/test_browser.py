"""What a person does in Chromium, from log in to CSV. Screenshots go to build/screenshots."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from browsing import SCREENSHOTS, log_in, visit
from house import House
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A page of somebody who has logged in through the form."""
    with visit(browser, house.url, (house.user, house.password)) as visited:
        yield visited.page
    assert visited.errors == []


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    page.set_viewport_size({"width": 400, "height": 800})
    page.screenshot(path=SCREENSHOTS / f"{name}-400px.png", full_page=False)
    page.set_viewport_size({"width": 1400, "height": 900})


def ask(house: House, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(house.admin_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def test_a_stranger_is_led_to_the_login_page_and_back(browser: Browser, house: House) -> None:
    context = browser.new_context(base_url=house.url, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto("/elasticc/elasticc_diaobject?_size=5")
    expect(page).to_have_url(re.compile("/-/login"))
    shoot(page, "login")
    page.fill("input[name=username]", house.user)
    page.fill("input[name=password]", "wrong")
    page.press("input[name=password]", "Enter")
    expect(page.get_by_text("Invalid username or password")).to_be_visible()
    log_in(page, (house.user, house.password))
    expect(page).to_have_url(f"{house.url}/elasticc/elasticc_diaobject?_size=5")
    context.close()


def test_index_and_database_pages_name_the_tables(page: Page) -> None:
    page.goto("/")
    shoot(page, "index")
    page.goto("/elasticc")
    expect(page.get_by_role("link", name="elasticc_diaobject", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="elasticc_diasource")).to_contain_text("on a difference image")
    expect(page.get_by_role("link", name="Objects in a sky cone")).to_be_visible()
    shoot(page, "database")


def test_browse_objects_and_open_one(page: Page, house: House) -> None:
    page.goto("/elasticc/elasticc_diaobject")
    shoot(page, "diaobject")
    [(count,)] = ask(house, "select count(*) from elasticc_diaobject")
    expect(page.locator("h2").first).to_contain_text(f"{count:,} rows")
    page.locator("table.rows-and-columns tbody tr td a").first.click()
    expect(page.locator("h1")).to_contain_text("elasticc_diaobject")
    shoot(page, "diaobject-row")


def test_a_columns_menu_is_opened_by_keyboard(page: Page) -> None:
    page.goto("/elasticc/elasticc_diasource?_size=5")
    icon = page.get_by_role("button", name="Menu of psFlux", exact=True)
    icon.press("Enter")
    menu = page.locator("body > .dropdown-menu")
    expect(menu).to_be_visible()
    expect(menu.get_by_text("Sort ascending")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(icon).to_be_focused()
    icon.press(" ")
    menu.get_by_text("Facet by this").press("Enter")
    expect(page).to_have_url(re.compile("_facet=psFlux"))


def test_facet_sources_by_filter(page: Page, house: House) -> None:
    page.goto("/elasticc/elasticc_diasource?_facet=filterName")  # it is in the metadata too: the same facet twice
    shoot(page, "diasource-facet")
    for band, count in ask(house, 'select "filterName", count(*) from elasticc_diasource group by 1'):
        item = page.locator(".facet-info[data-column=filterName] li").filter(
            has=page.get_by_role("link", name=str(band), exact=True)
        )
        expect(item.first).to_contain_text(f"{count:,}")
    link = page.locator(".facet-info[data-column=filterName] li a").first
    band = link.inner_text()
    link.click()
    page.wait_for_url(re.compile("[?&]filterName="))
    bands = set(page.locator("td.col-filterName").all_inner_texts())
    assert bands == {band}


def test_follow_a_foreign_key_out_and_in(page: Page) -> None:
    page.goto("/elasticc/elasticc_diasource")
    page.locator("td.col-diaObject_id a").first.click()
    expect(page).to_have_url(re.compile("/elasticc/elasticc_diaobject/"))
    page.locator("li", has_text="from diaObject_id in elasticc_diasource").get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("elasticc_diasource")
    assert page.locator("table.rows-and-columns tbody tr").count() > 0


def test_sql_with_a_parameter(page: Page, house: House) -> None:
    [(one,)] = ask(house, 'select min("diaObject_id") from elasticc_diasource')
    page.goto(
        "/elasticc?sql=select+%22diaSourceId%22%2C+%22midPointTai%22%2C+%22psFlux%22%3A%3Areal+from+elasticc_diasource"
        "+where+%22diaObject_id%22+%3D+%3Aobject+order+by+%22midPointTai%22"
    )
    page.fill("input[name=object]", str(one))
    page.press("input[name=object]", "Enter")
    page.wait_for_load_state()
    shoot(page, "sql")
    expected = ask(house, f'select "diaSourceId" from elasticc_diasource where "diaObject_id" = {one} order by "midPointTai"')
    assert page.locator("td.col-diaSourceId").all_inner_texts() == [str(source) for (source,) in expected]


def test_a_wrong_query_shows_what_postgresql_says(page: Page) -> None:
    page.goto("/elasticc?sql=select+nothing+from+elasticc_diasource")
    expect(page.locator(".message-error")).to_contain_text('column "nothing" does not exist')
    shoot(page, "sql-error")


def test_download_csv(page: Page, house: House, tmp_path: Path) -> None:
    [(count,)] = ask(house, "select count(*) from elasticc_diasource")
    page.goto("/elasticc/elasticc_diasource")
    page.get_by_label("download file").check()
    page.get_by_label("stream all rows").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "sources.csv")
    with (tmp_path / "sources.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert len({row["diaSourceId"] for row in rows}) == count


def test_a_page_that_is_not_there_leads_home(page: Page) -> None:
    page.goto("/elasticc/nothing")
    expect(page.locator(".message-error")).to_have_text("Table not found")
    skip = page.locator(".skip").bounding_box()
    assert skip and skip["x"] < 0, "the link past the header shows: the styles are missing"
    page.click("header >> text=home")
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))


def test_a_phone_has_room_for_the_names_of_parameters(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto("/elasticc/cone")
    label, field = (
        page.locator(what).bounding_box() for what in ("form.sql label >> text=radius_deg", "input[name=radius_deg]")
    )
    assert label and field and label["y"] + label["height"] <= field["y"]
