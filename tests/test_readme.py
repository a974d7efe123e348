"""The README's own commands and scripts, run against a house. Its `make run` is test_server's, its `make test` this run."""

import re
import shlex
from typing import Any

import pytest
import requests
from house import PROJECT, House

README = (PROJECT / "README.md").read_text()


def fitted(text: str, house: House, client: requests.Session) -> str:
    """With this house's address, account and an object of its own in the place of the README's."""
    [row] = client.get(f"{house.url}/elasticc/diasource/", params={"limit": 1}).json()["results"]
    text = text.replace("http://127.0.0.1:8001", house.url).replace("OBJECT", str(row["diaObject"]))
    return text.replace('"elasticc"', repr(house.user)).replace('"PASSWORD"', repr(house.password))


def test_the_scripts_run_as_they_are(house: House, client: requests.Session, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(scripts) == 3
    names: dict[str, Any] = {}
    exec(compile(fitted("\n".join(scripts), house, client), "README.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"{names['objects']['count']} {{'diaObjectId': ")
    assert printed[1] == f"ok {len(names['answer']['rows'])}"
    assert printed[2].startswith("finished ,diaObject_id,count")
    names["session"].close()


def test_the_curl_commands_answer(house: House, client: requests.Session) -> None:
    commands = re.findall(r"^    (curl (?:.+\\\n)*.+)$", README, re.MULTILINE)
    assert len(commands) == 4
    for command in (command for command in commands if "$TOKEN" not in command):  # which test_tokens tries
        url, fields = requested(fitted(command, house, client))
        answer = requests.get(url, params=fields, auth=(house.user, house.password), timeout=60)
        assert answer.status_code == 200, command
        assert str(answer.url).startswith(house.url)
        rows = answer.text.splitlines()[1:] if ".csv" in url else answer.json()
        assert (rows["rows"] if isinstance(rows, dict) else rows) or "snr__gt" in url, command


def requested(command: str) -> tuple[str, list[tuple[str, str]]]:
    """What curl would ask for, of the three options that the README uses."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["curl", "-u", "elasticc:PASSWORD"]
    rest = [word for word in words[3:] if word not in ("-G", "--data-urlencode")]
    [url] = [word for word in rest if word.startswith("http://")]
    fields = [word.partition("=") for word in rest if word != url]
    return url, [(name, value) for name, _, value in fields]


def test_every_variable_of_ours_is_explained() -> None:
    """And none that nothing reads."""
    code = "".join(
        file.read_text() for room in ("server", "loader", "portal", "plugins") for file in (PROJECT / room).rglob("*.py")
    )
    internal = {"ELASTICC_RO_URL", "ELASTICC_LOGIN_URL"}  # the launcher's word to the plugins
    read = {name for name in re.findall(r"ELASTICC_[A-Z_]*[A-Z]", code) if not name.endswith("_FILE")} - internal
    secrets = {f"ELASTICC_{name.upper()}" for name in re.findall(r'\.secret\("(\w+)"\)', code)} - {"ELASTICC_POSTGRES_PASSWORD"}
    secrets |= {f"ELASTICC_{name.upper()}" for name in ("ro_password", "login_password")}  # named in a table of roles
    explained = set(re.findall(r"`(ELASTICC_[A-Z_]*[A-Z])`", README))
    assert read | secrets == explained
