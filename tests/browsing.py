"""A browser for tests, logged in, in light or dark; and axe-core, which comes from npm into build/."""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from house import PROJECT
from playwright.sync_api import Browser, Page, sync_playwright

BUILD = PROJECT / "build"
SCREENSHOTS = BUILD / "screenshots"
AXE = "axe-core@4.10.3"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WIDE, NARROW = 1400, 400
Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """A page and what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, url: str, account: tuple[str, str] | None, *, scheme: Scheme = "light", width: int = WIDE
) -> Iterator[Visit]:
    """Errors on the console, and of scripts, are collected; whoever opens a page that has none must look."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, base_url=url, color_scheme=scheme, accept_downloads=True
    )
    visited = Visit(context.new_page())
    visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    visited.page.on("console", lambda said: visited.complaints.append(said.text) if said.type == "error" else None)
    if account:
        visited.page.goto("/-/login")
        visited.page.fill("input[name=username]", account[0])
        visited.page.fill("input[name=password]", account[1])
        visited.page.press("input[name=password]", "Enter")
        visited.page.wait_for_load_state()
    yield visited
    context.close()


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, one line a rule with the first place."""
    page.evaluate(_axe())  # not as a script of the page, which its policy may forbid
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}; {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def figures(page: Page) -> dict[str, float]:
    """Requests, bytes over the wire, and milliseconds to the first and the largest paint, of the page as it was opened."""
    found: dict[str, float] = page.evaluate("""async () => {
        const largest = await new Promise((resolve) => {
            new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
                .observe({ type: "largest-contentful-paint", buffered: true });
            setTimeout(() => resolve(NaN), 2000);
        });
        const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
        return {
            requests: all.length,
            bytes: all.reduce((sum, one) => sum + one.transferSize, 0),
            first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
            largest_paint_ms: largest,
        };
    }""")
    return found


def _axe() -> str:
    """The library's text; fetched by npm once."""
    folder = BUILD / "axe"
    text = folder / "package" / "axe.min.js"
    if not text.exists():
        npm = shutil.which("npm")
        assert npm, "npm is missing: apt-get install npm; it brings axe-core, which judges the pages' accessibility"
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=True, timeout=120
        )
        name = re.findall(r"\S+\.tgz", done.stdout)[-1]
        with tarfile.open(folder / name) as archive:
            archive.extract("package/axe.min.js", folder, filter="data")
    return text.read_text()
