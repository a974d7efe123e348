"""A browser for tests, logged in, in light or dark; and axe-core, from tests/vendor, which judges accessibility."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from house import PROJECT
from playwright.sync_api import Browser, Page, sync_playwright

BUILD = PROJECT / "build"
SCREENSHOTS = BUILD / "screenshots"
AXE = PROJECT / "tests" / "vendor" / "axe-core-4.10.3" / "axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WIDE, NARROW = 1400, 400
Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """A page and what it complained of: its scripts' errors, and with them all that the console calls an error."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Flaw:
    """A rule of axe-core that the page breaks, how much that matters, and the elements that break it."""

    rule: str
    impact: str
    help: str
    places: list[str]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.help}; {len(self.places)} times, first {self.places[0]}"


@contextmanager
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")  # while one is open an event loop runs, and other modules' tests start their own
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


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
    visited.page.on("pageerror", lambda error: visited.errors.append(str(error)))
    visited.page.on("console", lambda said: visited.complaints.append(said.text) if said.type == "error" else None)
    if account:
        visited.page.goto("/-/login")
        log_in(visited.page, account)
    yield visited
    context.close()


def log_in(page: Page, account: tuple[str, str]) -> None:
    """On the login page that stands there."""
    page.fill("input[name=username]", account[0])
    page.fill("input[name=password]", account[1])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """The whole page, or what is seen of it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, one line a rule with the first place."""
    return [str(flaw) for flaw in flaws(page) if flaw.impact in ("serious", "critical")]


def flaws(page: Page, within: str = "html") -> list[Flaw]:
    """All that axe-core finds, its advice on good practice included, as the page, or that part of it, stands now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # not as a script of the page, which its policy may forbid
    found: list[dict[str, Any]] = page.evaluate("async (within) => (await axe.run(within)).violations", within)
    return [Flaw(rule["id"], rule["impact"], rule["help"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


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
