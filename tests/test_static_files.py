"""Static files as browsers get them: gzipped, revalidated, kept for good by the hash in the address; pages aren't packed."""

import gzip
import re
from pathlib import Path

import pytest
import requests
from browsing import visit
from house import PROJECT
from playwright.sync_api import Browser
from sample import THOUSAND, Sample

from portal.static_files import StaticFiles

CSS = PROJECT / "portal" / "static" / "portal.css"
PAGES = ["/", "/elasticc", "/elasticc/elasticc_diaobject", f"/elasticc/elasticc_diaobject/{THOUSAND}", "/elasticc?sql=select+1"]


def get(house: Sample, path: str, **headers: str) -> requests.Response:
    return requests.get(house.url + path, headers={"Accept-Encoding": "gzip", **headers}, stream=True, timeout=60)


def test_every_static_address_of_a_page_is_kept_for_good(sample_house: Sample) -> None:
    for page in PAGES:
        text = requests.get(
            sample_house.url + page, auth=sample_house.account, headers={"Accept": "text/html"}, timeout=60
        ).text
        found = re.findall(r'(?:href|src)="(/(?:static|-/static)[^"]+)"', text)
        assert len(found) > 3, page
        for address in found:
            answer = get(sample_house, address)
            kept = (answer.status_code, answer.headers["cache-control"])
            assert kept == (200, "public, max-age=31536000, immutable"), f"{page}: {address}"


def test_a_file_is_packed_for_whoever_can_unpack(sample_house: Sample) -> None:
    packed = get(sample_house, "/static/portal.css")
    sent = packed.raw.read(decode_content=False)
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.headers["content-type"] == "text/css; charset=utf-8"
    assert len(sent) == int(packed.headers["content-length"]) < CSS.stat().st_size / 2
    assert gzip.decompress(sent) == CSS.read_bytes()
    for refusal in ("identity", "gzip;q=0", "br"):
        plain = get(sample_house, "/static/portal.css", **{"Accept-Encoding": refusal})
        assert "content-encoding" not in plain.headers and plain.content == CSS.read_bytes(), refusal
    head = requests.head(sample_house.url + "/static/portal.css", timeout=60)
    assert head.status_code == 200 and head.headers["etag"] == packed.headers["etag"]


def test_a_known_file_is_not_sent_again(sample_house: Sample) -> None:
    etag = get(sample_house, "/static/portal.css").headers["etag"]
    for said, status in ((etag, 304), (f'"x", {etag.removeprefix("W/")}', 304), ("*", 304), ('"x"', 200), ("", 200)):
        answer = get(sample_house, "/static/portal.css", **{"If-None-Match": said})
        assert (answer.status_code, answer.headers["etag"]) == (status, etag), said
        assert answer.headers["cache-control"] == "public, no-cache"
    stale = get(sample_house, "/static/portal.css?v=0123456789")
    assert (stale.status_code, stale.headers["cache-control"]) == (200, "public, no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../launcher.py",
        "/static/%2e%2e/launcher.py",
        "/static/%2fetc/passwd",
        "/static/a%00b",
        "/static/",
        "/static/none.css",
    ],
)
def test_nothing_else_is_served(sample_house: Sample, path: str) -> None:
    request = requests.Request("GET", sample_house.url + path, auth=sample_house.account).prepare()
    request.url = sample_house.url + path  # requests would tidy it up
    assert requests.Session().send(request, timeout=60).status_code in (403, 404)


def test_pages_and_data_are_not_packed(sample_house: Sample) -> None:
    """They have a CSRF token or repeat their address, and a packed one's length tells of it."""
    for path in (*PAGES, "/-/login", "/elasticc/elasticc_diaobject.json", "/elasticc/elasticc_diaobject.csv?_stream=on"):
        answer = requests.get(sample_house.url + path, auth=sample_house.account, timeout=60)
        assert answer.status_code == 200 and "content-encoding" not in answer.headers, path


def test_a_browser_asks_for_nothing_twice(browser: Browser, sample_house: Sample) -> None:
    """Modules and what they import, too; each is fetched once."""
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto(f"/elasticc/elasticc_diaobject/{THOUSAND}")
        page.locator("section.light-curve[data-points]").wait_for()
        fetched: list[str] = []
        page.on("response", lambda answer: fetched.append(answer.url) if "static" in answer.url else None)
        page.reload()
        page.locator("section.light-curve[data-points]").wait_for()
        over_the_wire = page.evaluate("""() => performance.getEntriesByType("resource")
            .filter((one) => one.name.includes("static") && one.transferSize > 0).map((one) => one.name)""")
        assert over_the_wire == []
        modules = [url for url in fetched if url.partition("?")[0].endswith(".js")]
        assert len(modules) > 5 and len(modules) == len({url.partition("?")[0] for url in modules})
        assert visited.complaints == []


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('export { c } from "./sub/c.js";\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.js").write_text('import "../a.js";\nimport {\n  d,\n} from "./none.js";\n')
    (tmp_path / "alone.js").write_text('const text = "import ./b.js";\n')
    files = StaticFiles({"/s/": tmp_path})
    before = files.versioned("/s/b.js")
    assert re.fullmatch(r"/s/b\.js\?v=[0-9a-f]{10}", before)
    assert list(files.import_map()) == ["/s/a.js", "/s/b.js", "/s/sub/c.js"]
    assert files.preloads(["/s/a.js?v=1"]) == [files.versioned(f"/s/{name}.js") for name in ("b", "sub/c", "a")]
    (tmp_path / "b.js").write_text("export const c = 10;\n")
    assert files.versioned("/s/b.js") != before
    assert files.versioned("/s/none.js") == "/s/none.js" and files.versioned("/other") == "/other"
    (tmp_path / "out").symlink_to(PROJECT)
    assert files.find("/s/out/README.md") is None
