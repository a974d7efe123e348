"""The house as a stranger meets it: it starts, starts again quickly and the same, stops, and says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import requests
from house import PROJECT, House, environment, free_port, running_url, start, stop
from loader_server import entered

from server import embedded
from server.errors import ServerError
from server.settings import Settings


def run_server(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", "run", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=120)


def counts(url: str) -> dict[str, int]:
    tables = ("diaobject", "diasource", "diaforcedsource", "diaalert", "diaobjecttruth", "diatruth", "brokerclassification")
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            found = {}
            for table in tables:
                cursor.execute(f"select count(*) from elasticc_{table}")
                found[table] = cursor.fetchone()[0]  # type: ignore[index]
            return found
    finally:
        connection.close()


def test_run_twice_with_the_sample_then_ctrl_c(tmp_path: Path) -> None:
    env = environment(tmp_path / "home", free_port())
    first, said = start(env)
    try:
        assert any("Password" in line and env["ELASTICC_FIRST_PASSWORD"] in line for line in said)
        loaded = counts(running_url(Settings.from_env(env)))
        assert min(loaded.values()) > 0
        admin = f"http://127.0.0.1:{env['ELASTICC_ADMIN_PORT']}/admin/"
        assert any(line.split() == ["Admin", admin] for line in said)
        with entered(admin.removesuffix("/admin/"), env["ELASTICC_FIRST_USER"], env["ELASTICC_FIRST_PASSWORD"]) as session:
            assert session.get(admin, timeout=30).url == admin  # nobody was sent to log in
    finally:
        assert "Stopped." in stop(first)
    assert first.returncode == 0
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{env['ELASTICC_PORT']}/", timeout=5)

    again, said = start(env)
    try:
        assert any(env["ELASTICC_FIRST_PASSWORD"] in line for line in said)
        assert counts(running_url(Settings.from_env(env))) == loaded
    finally:
        stop(again)


def test_a_house_that_was_killed_comes_up_again(tmp_path: Path) -> None:
    env = environment(tmp_path / "home", free_port())
    first, _ = start(env)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(env["ELASTICC_PORT"]))):
                break
    again, _ = start(env)
    stop(again)
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists()


def test_a_folder_that_was_closed_hides_no_server(tmp_path: Path) -> None:
    """As a later pytest closes its own: the server's user saw none there, so it was started again, and never stopped."""
    data = tmp_path / "home" / "postgres"
    settings = Settings.from_env(environment(tmp_path / "home", free_port()))
    with embedded.connect(settings):
        tmp_path.chmod(0o700)
        with embedded.connect(settings):
            tmp_path.chmod(0o700)
    assert not (data / "postmaster.pid").exists()
    assert "already exists" not in (data / "server.log").read_text()


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = environment(tmp_path / "home", taken.getsockname()[1])
        done = run_server(env)
    assert done.returncode == 1
    assert f"Port {env['ELASTICC_PORT']} on 127.0.0.1 can't be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ELASTICC_PORT", "http", "ELASTICC_PORT is 'http', which is no port number (1 to 65535)."),
        ("ELASTICC_DATABASE_URL", "mysql://x/y", "ELASTICC_DATABASE_URL must begin with postgresql://."),
        ("ELASTICC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "The database doesn't answer:"),
        ("ELASTICC_DATABASE_URL_FILE", "/nowhere/url", "ELASTICC_DATABASE_URL_FILE names /nowhere/url, which can't be read"),
    ],
)
def test_wrong_settings_get_one_sentence(tmp_path: Path, variable: str, value: str, sentence: str) -> None:
    done = run_server({**environment(tmp_path / "home", free_port()), variable: value})
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_postgresql_that_does_not_start_is_said(tmp_path: Path, house: House) -> None:
    data = tmp_path / "home" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    done = run_server(environment(tmp_path / "home", free_port()))
    assert done.returncode == 1
    assert "PostgreSQL won't start" in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_are_private_and_stay(house: House) -> None:
    folder = house.home / "secrets"
    assert folder.stat().st_mode & 0o077 == 0
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
    settings = Settings.from_env(house.env)
    assert settings.secret("ro_password") == settings.secret("ro_password") == (folder / "ro_password").read_text()


def test_the_given_server_is_used(house: House, tmp_path: Path) -> None:
    """With a URL the loader talks to that server, and no embedded one is made."""
    env = {**house.env, "ELASTICC_HOME": str(tmp_path / "elsewhere")}
    command = [sys.executable, "-m", "loader", "user", "list"]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert house.user in done.stdout
    assert not (tmp_path / "elsewhere" / "postgres").exists()


def test_a_server_too_old_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """No older server is at hand: the requirement is raised instead."""
    monkeypatch.setattr(embedded, "OLDEST", 99)
    settings = Settings.from_env(house.env)
    with (
        pytest.raises(ServerError, match=r"The database server is PostgreSQL \d+; the portal needs 99 or later\."),
        embedded.connect(settings),
    ):
        pass
