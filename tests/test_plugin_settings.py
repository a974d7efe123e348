"""Wrong settings of light curves and the home page stop the start with one sentence that says what to change."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasette_light_curves.settings
import datasette_survey_home.settings
import pytest
import yaml
from datasette.utils import StartupError
from house import PROJECT, House, free_port

METADATA: dict[str, Any] = yaml.safe_load((PROJECT / "metadata.yml").read_text())
START = (
    "import sys, pathlib, portal.launcher as launcher; launcher.METADATA = pathlib.Path(sys.argv.pop());"
    "import portal.__main__ as portal; portal.main()"
)
CURVES, HOME = "datasette-light-curves", "datasette-survey-home"
READERS: dict[str, Callable[[Any], object]] = {
    CURVES: datasette_light_curves.settings.read,
    HOME: datasette_survey_home.settings.read,
}


def curves(change: Callable[[dict[str, Any]], object]) -> tuple[str, Callable[[dict[str, Any]], object]]:
    return CURVES, lambda plugin: change(plugin["databases"]["elasticc"])


WRONG = {
    "there is no PostgreSQL database 'other'": (CURVES, lambda p: p["databases"].update(other=p["databases"]["elasticc"])),
    "unknown setting 'colour' of the database 'elasticc'; known are objects,": curves(lambda s: s.update(colour="red")),
    "the setting 'detections' of the database 'elasticc' is missing.": curves(lambda s: s.pop("detections")),
    "'forced' names the table 'elasticc_forced', which 'elasticc' doesn't show.": curves(
        lambda s: s["forced"].update(table="elasticc_forced")
    ),
    "'detections' names the column 'mag', which 'elasticc_diasource' doesn't have.": curves(
        lambda s: s["detections"].update(flux="mag")
    ),
    "the setting 'peak' of the database 'elasticc' must have the keys table, object, time, and no others.": curves(
        lambda s: s.update(peak={"table": "elasticc_diaobjecttruth"})
    ),
    "'classifications' names the canned query 'said', which isn't there.": curves(
        lambda s: s["classifications"].update(query="said")
    ),
    "the canned query 'broker_classifications' has no parameter :id.": curves(
        lambda s: s["classifications"].update(parameter="id")
    ),
    "must give each band a 'light' and a 'dark' colour": curves(lambda s: s.update(bands={"u": "blue"})),
    "the setting 'upper_limit_sigma' of the database 'elasticc' must be a number above 0.": curves(
        lambda s: s.update(upper_limit_sigma=0)
    ),
    "unknown setting 'headline'; known are database,": (HOME, lambda p: p.update(headline="Look")),
    "'notice_sql' can't be run: column \"nothing\" does not exist": (HOME, lambda p: p.update(notice_sql="select nothing")),
    "the setting 'about' is missing.": (HOME, lambda p: p.pop("about")),
    "'nights' names the column 'day', which 'elasticc_view_nights' doesn't have.": (
        HOME,
        lambda p: p["nights"].update(date="day"),
    ),
    "'counts' names the table 'stars', which 'elasticc' doesn't show.": (HOME, lambda p: p["counts"].update(stars="stars")),
    "'queries' names the canned query 'everything', which isn't there.": (HOME, lambda p: p["queries"].append("everything")),
    "the setting 'schema' must be a path that begins with /.": (HOME, lambda p: p.update(schema="schema")),
    "the setting 'sky_page' must be a path that begins with /.": (HOME, lambda p: p.update(sky_page=5)),
    "the setting 'basic_auth' must be true or false.": (HOME, lambda p: p.update(basic_auth="yes")),
}


def changed(sentence: str) -> tuple[str, dict[str, Any]]:
    plugin, change = WRONG[sentence]
    metadata = copy.deepcopy(METADATA)
    change(metadata["plugins"][plugin])
    return plugin, metadata


def refused(plugin: str, metadata: dict[str, Any]) -> str | None:
    """What is said of settings that are wrong in themselves; None where the database must be asked."""
    try:
        READERS[plugin](metadata["plugins"][plugin])
    except StartupError as error:
        return str(error)
    return None


ALONE = [sentence for sentence in WRONG if refused(*changed(sentence))]


@pytest.mark.parametrize("sentence", ALONE)
def test_a_setting_that_is_wrong_in_itself(sentence: str) -> None:
    plugin, metadata = changed(sentence)
    said = refused(plugin, metadata)
    assert said is not None
    assert said.startswith(f"{plugin}: ")
    assert sentence in said


@pytest.mark.parametrize("sentence", [*(one for one in WRONG if one not in ALONE), ALONE[0]])
def test_a_wrong_setting_stops_the_start(sentence: str, house: House, tmp_path: Path) -> None:
    plugin, metadata = changed(sentence)
    file = tmp_path / "metadata.yml"
    file.write_text(yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False))
    env = {**house.env, "ELASTICC_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-c", START, str(file)], cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{plugin}: " in done.stderr
    assert sentence in done.stderr
