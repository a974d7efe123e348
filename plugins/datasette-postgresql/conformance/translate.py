"""Copies the tests into the build folder, each translated to PostgreSQL where only its SQL or an expected word is SQLite's."""

import shutil
from pathlib import Path

from .translations import EVERYWHERE, IN_FILE

SUPPORT = Path(__file__).with_name("support")
FILES = (
    "table_api", "table_html", "facets", "filters", "api", "html", "csv", "canned_queries", "permissions",
    "internals_database", "routes", "messages", "auth", "custom_pages", "plugins",
)  # fmt: skip


def prepare(tests: Path, script: str, folder: Path) -> None:
    """`folder` is made afresh: the package `tests` with our support modules and the translated test files."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SUPPORT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "__init__.py").touch()
    (folder / "upstream_tables.py").write_text(script, encoding="utf-8")
    _write_templates(folder / "test_templates")
    for name in FILES:
        file = f"test_{name}.py"
        text = (tests / file).read_text(encoding="utf-8")
        (folder / file).write_text(translated(file, text), encoding="utf-8")


def translated(file: str, text: str) -> str:
    """Raises where a text to be translated isn't there: a translation that does nothing is a mistake."""
    for old, new in EVERYWHERE:
        text = text.replace(old, new)
    for old, new in IN_FILE.get(file, ()):
        if old not in text:
            raise SystemExit(f"{file} has no {old!r} to translate.")
        text = text.replace(old, new)
    return text


def _write_templates(folder: Path) -> None:
    from .support.pages import TEMPLATES

    for name, template in TEMPLATES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template, encoding="utf-8")
