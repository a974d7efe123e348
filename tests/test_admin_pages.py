"""The admin site as somebody sees it, in Chromium: light and dark, wide and narrow, by keyboard; an upload that is watched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import NARROW, WIDE, Scheme, Visit, serious, shoot, visit
from loader_server import PASSWORD, make_account, serving
from playwright.sync_api import Browser, Page, expect
from scratch import Scratch, scratch_server
from test_ingest_formats import alert, container

__all__ = ["scratch_server"]

PAGES = {
    "index": "/admin/",
    "runs": "/admin/runs/",
    "run": "/admin/runs/1/",
    "undo": "/admin/runs/1/undo/",
    "upload": "/admin/upload/",
    "tables": "/admin/tables/",
    "table": "/admin/tables/elasticc_diasource/",
    "row": "/admin/tables/elasticc_diaobject/",  # and there the first
    "sizes": "/admin/schema/sizes/",
    "indexes": "/admin/schema/indexes/",
    "roles": "/admin/schema/roles/",
    "migrations": "/admin/schema/migrations/",
    "migration": "/admin/schema/migrations/elasticc/0005_tally/",
    "accounts": "/admin/auth/user/",
    "account": "/admin/auth/user/1/change/",
    "new-account": "/admin/auth/user/add/",
    "group": "/admin/auth/group/add/",
    "tokens": "/admin/accounts/apitoken/",
    "new-token": "/admin/accounts/apitoken/add/",
    "not-found": "/admin/runs/99999/",
}


@pytest.fixture(scope="module")
def site(scratch_server: Scratch) -> Iterator[str]:
    make_account(scratch_server, "ada", "--admin")
    assert scratch_server.loader("load", "demo", "--objects", "60").returncode == 0
    with serving(scratch_server) as url:
        yield url


def enter(page: Page) -> None:
    page.goto("/admin/")
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/admin/")


@pytest.mark.parametrize(("scheme", "width"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)])
def test_every_page_looks_right(site: str, browser: Browser, scheme: Scheme, width: int) -> None:
    """No complaint, nothing wider than the window, nothing that axe-core calls serious; its picture is for people."""
    with visit(browser, site, None, scheme=scheme, width=width) as visited:
        visited.page.goto("/admin/")
        check(visited, f"admin-login-{scheme}-{width}", width)
        enter(visited.page)
        for name, address in PAGES.items():
            visited.page.goto(address)
            if name == "row":
                visited.page.locator("table.rows tbody th a").first.click()
                visited.page.wait_for_url("**/row/?key=*")
            visited.complaints[:] = [said for said in visited.complaints if "404" not in said or name != "not-found"]
            check(visited, f"admin-{name}-{scheme}-{width}", width)


def check(visited: Visit, name: str, width: int) -> None:
    assert visited.complaints == [], name
    shoot(visited.page, name)
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert serious(visited.page) == [], name
    visited.complaints.clear()  # axe-core's own styles are against the page's policy


def test_an_upload_by_keyboard_is_watched_to_its_end(site: str, browser: Browser, tmp_path: Path) -> None:
    good, torn = tmp_path / "good.avro", tmp_path / "torn.avro"
    good.write_bytes(container([alert(1), alert(2)], "alert"))
    torn.write_bytes(good.read_bytes()[:-50])
    with visit(browser, site, None) as visited:
        page = visited.page
        enter(page)
        page.get_by_role("link", name="Upload files").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/upload/")
        page.get_by_label("What it is").focus()
        page.keyboard.type("A table")
        expect(page.get_by_label("Table", exact=False).first).to_be_visible()
        expect(page.get_by_label("Avro schema")).to_be_hidden()
        page.keyboard.press("Home")
        expect(page.get_by_label("Avro schema")).to_be_visible()
        page.get_by_label("Files").set_input_files([good, torn])
        page.get_by_role("button", name="Upload and load").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Refused, at least in part.")).to_be_visible(timeout=60_000)
        expect(page.locator("pre.words")).to_contain_text("Refused: torn.avro")
        expect(page.locator("pre.words")).to_contain_text("elasticc_diasource")
        shoot(page, "admin-uploaded")
        page.locator("#progress a").click()
        expect(page.locator("h1")).to_contain_text("Run ")
        expect(page.get_by_role("row", name="good.avro")).to_contain_text("elasticc_diaalert: 2 new")
        page.get_by_role("link", name="Undo this run…").click()
        expect(page.get_by_text("elasticc_diaalert: 2")).to_be_visible()
        page.get_by_role("link", name="No, back").click()
        page.get_by_role("link", name="Undo this run…").click()
        page.get_by_role("button", name="Undo it").click()
        expect(page.locator(".messagelist")).to_contain_text("is undone")
        shoot(page, "admin-undone")
        assert visited.complaints == []


def test_too_much_is_said_before_it_is_sent(site: str, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "large.avro"
    file.write_bytes(b"x" * 1000)
    with visit(browser, site, None) as visited:
        page = visited.page
        enter(page)
        page.goto("/admin/upload/")
        page.evaluate("document.getElementById('upload').dataset.mostBytes = 999")
        page.get_by_label("Files").set_input_files(file)
        page.get_by_role("button", name="Upload and load").click()
        expect(page.get_by_role("alert")).to_contain_text("Together the files are larger than 2000 MB")
        assert page.url.endswith("/admin/upload/")


def test_counters_are_checked_in_place(site: str, browser: Browser) -> None:
    with visit(browser, site, None) as visited:
        page = visited.page
        enter(page)
        page.goto("/admin/schema/sizes/")
        page.get_by_role("button", name="Check all").click()
        expect(page.locator(".said", has_text="right")).to_have_count(12, timeout=60_000)
        shoot(page, "admin-counters")
        assert visited.complaints == []


def test_a_token_is_seen_once(site: str, browser: Browser) -> None:
    with visit(browser, site, None) as visited:
        page = visited.page
        enter(page)
        page.goto("/admin/accounts/apitoken/add/")
        page.get_by_label("Account").select_option(label="ada")
        page.get_by_label("What for").fill("nightly")
        page.get_by_role("button", name="Make it").click()
        expect(page.locator("pre.token")).to_contain_text("elasticc_")
        page.evaluate("document.querySelector('pre.token').textContent = 'elasticc_' + 'x'.repeat(43)")  # not into a picture
        shoot(page, "admin-token")
        page.get_by_role("link", name="I have it").click()
        expect(page.get_by_role("row", name="nightly")).to_contain_text("valid")
