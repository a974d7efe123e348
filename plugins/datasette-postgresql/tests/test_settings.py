"""Every setting is documented, what is documented exists, and each does what the README says."""

import dataclasses
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from datasette.app import Datasette
from page_fixtures import Site, pages_dsn  # noqa: F401

from datasette_postgresql import DatabaseSettings

README = Path(__file__).parents[1] / "README.md"


def documented() -> dict[str, str]:
    """The first table under "Settings": a setting and its default."""
    section = README.read_text().split("## Settings")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


def test_the_readme_has_every_setting_and_no_other() -> None:
    assert list(documented()) == [field.name for field in dataclasses.fields(DatabaseSettings)]


@pytest.mark.parametrize("field", dataclasses.fields(DatabaseSettings), ids=lambda field: str(field.name))
def test_the_readme_has_the_default(field: "dataclasses.Field[object]") -> None:
    said = documented()[field.name]
    if isinstance(field.default, int | float):
        assert float(said) == field.default
    elif field.name == "dsn":
        assert said == "needed"
    elif field.default is None:
        assert said == "all" if field.name == "tables" else said.startswith("Datasette's")
    else:
        assert said == ("none" if field.default == () else '`["public"]`')


def test_a_wrong_setting_stops_the_command_with_a_sentence(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.json"
    metadata.write_text('{"plugins": {"datasette-postgresql": {"databases": {"pg": {"dsn": "dbname=x", "colour": 1}}}}}')
    command = [sys.executable, "-m", "datasette", "--metadata", str(metadata), "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"Error: datasette-postgresql: the database 'pg' has an unknown setting 'colour'; .*\n", ended.stderr)


def test_the_row_cap(pages_dsn: str, make_datasette: Callable[..., Datasette]) -> None:  # noqa: F811
    site = Site(make_datasette(schemas=["pages"], max_rows=30), pages_dsn)
    typed = site.json("/pg.json", sql="select n from generate_series(1, 31) n")
    assert (len(typed["rows"]), typed["truncated"]) == (30, True)
    assert not site.json("/pg.json", sql="select n from generate_series(1, 30) n")["truncated"]
    for size in ({}, {"_size": "max"}, {"_size": 30}):
        page = site.json("/pg/pairs.json", **size)
        assert len(page["rows"]) == 30
        assert len(site.json(page["next_url"].replace("http://localhost", ""))["rows"]) == 30
    assert site.get("/pg/pairs.json?_size=31").status_code == 400
    assert len(site.get("/pg/pairs.csv?_stream=on").text.splitlines()) == 121


def test_the_limits_of_facets_and_counts(pages_dsn: str, make_datasette: Callable[..., Datasette]) -> None:  # noqa: F811
    limits = {"facet_time_limit_ms": 11, "facet_suggest_time_limit_ms": 12, "count_time_limit_ms": 13}
    datasette = make_datasette(schemas=["pages"], settings={"facet_time_limit_ms": 99}, **limits)
    Site(datasette, pages_dsn).get("/")
    assert {name: datasette.get_database("pg").limit_ms(name) for name in limits} == limits
    other = make_datasette(schemas=["pages"], settings={"facet_time_limit_ms": 99})
    Site(other, pages_dsn).get("/")
    assert [other.get_database("pg").limit_ms(name) for name in limits] == [99, 50, 100]
