"""Brings what Datasette publishes into the build folder, by pip: the tests, and the script that makes their tables.

The source distribution of 0.65.5 has the tests but not tests/fixtures.py. Since 1.0a30 the script that makes the fixture
tables is a module of the package, so the rows come from there. Nothing of either is kept in this repository.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

VERSION = "0.65.5"
TABLES_VERSION = "1.0a41"
NEEDED = ("beautifulsoup4==4.15.0", "soupsieve==2.8", "typing-extensions==4.15.0", "pytest-asyncio==1.5.0")
DECORATOR = ("from datasette.utils import documented", "def documented(**_):\n    return lambda function: function\n")


def fetch(build: Path) -> tuple[Path, Path]:
    """The folders of the tests and of what they need to be installed; downloads only what isn't there."""
    source = build / f"datasette-{VERSION}"
    if not source.exists():
        _pip("download", "--no-binary", "datasette", "--no-deps", f"datasette=={VERSION}", "--dest", str(build))
        with tarfile.open(build / f"datasette-{VERSION}.tar.gz") as archive:
            archive.extractall(build, filter="data")
    packages = build / "packages"
    if not packages.exists():
        _pip("install", "--target", str(packages), "--no-deps", *NEEDED)
    return source / "tests", packages


def tables_script(build: Path) -> str:
    """The Python that makes the fixture tables, fit for Datasette 0.65."""
    wheel = build / f"datasette-{TABLES_VERSION}-py3-none-any.whl"
    if not wheel.exists():
        _pip("download", "--no-deps", f"datasette=={TABLES_VERSION}", "--dest", str(build))
    with zipfile.ZipFile(wheel) as archive:
        script = archive.read("datasette/fixtures.py").decode("utf-8")
    if DECORATOR[0] not in script:
        raise SystemExit(f"datasette {TABLES_VERSION} has changed its fixtures.py.")
    return script.replace(*DECORATOR)


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)
