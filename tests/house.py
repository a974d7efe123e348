"""A house that runs, one for the whole test run, started as the README says, on a port and in a home of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from server.settings import Settings, role_url

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared" / "data"
REAL = SHARED / "elasticc2_snana"
USER, PASSWORD = "astronomer", "correct horse battery staple"


@dataclass(frozen=True)
class House:
    """A portal that answers at `url`, its account, and its database's addresses."""

    url: str
    user: str
    password: str
    admin_url: str
    ro_url: str
    login_url: str
    env: dict[str, str]
    real: bool
    home: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, port: int) -> dict[str, str]:
    """A user's environment with nothing of ours but where things are."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ELASTICC_")}
    ours = {"ELASTICC_HOME": str(home), "ELASTICC_PORT": str(port), "ELASTICC_FIRST_USER": USER}
    ours["ELASTICC_ADMIN_PORT"] = str(free_port())
    return {**kept, **ours, "ELASTICC_FIRST_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}


def start(env: dict[str, str], *data: str) -> tuple[subprocess.Popen[str], list[str]]:
    """`make run` without make; returns once it says that Ctrl-C stops it, with all that it printed."""
    command = [sys.executable, "-m", "server", "run", *data]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return process, lines
    process.wait()
    process.stdout.close()
    raise RuntimeError(f"the house didn't come up:\n{''.join(lines)}")


def stop(process: subprocess.Popen[str]) -> str:
    """Ctrl-C: the signal goes to the whole group, as a terminal sends it. Returns the last words."""
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=60)[0]
    return rest


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    real = REAL.is_dir()
    if not real:
        print(f"\n{REAL} is missing: these tests run on the project's own sample, not on real data.", file=sys.stderr)
    home = Path(tempfile.mkdtemp(prefix="elasticc-house-"))  # pytest closes its own folders to the server's user
    env = environment(home, free_port())
    process, said = start(env, *([str(REAL)] if real else []))
    (home / "said.txt").write_text("".join(said))
    try:
        settings = Settings.from_env(env)
        admin = running_url(settings)
        yield House(
            url=re.search(r"http://\S+?(?=/$)", "".join(said), re.MULTILINE)[0],  # type: ignore[index]
            user=USER,
            password=PASSWORD,
            admin_url=admin,
            ro_url=role_url(admin, "elasticc_ro", settings.secret("ro_password")),
            login_url=role_url(admin, "elasticc_login", settings.secret("login_password")),
            env={**env, "ELASTICC_DATABASE_URL": admin},
            real=real,
            home=home,
        )
    finally:
        stop(process)
        shutil.rmtree(home)


def running_url(settings: Settings) -> str:
    """The address of the server that a house keeps running."""
    from server import embedded

    with embedded.connect(settings) as url:
        return url


@pytest.fixture(scope="session")
def client(house: House) -> requests.Session:
    """A script's session, logged in as scripts for the old system do."""
    session = requests.Session()
    login = f"{house.url}/accounts/login/"
    session.get(login)
    form = {"username": house.user, "password": house.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(login, data=form)
    answer.raise_for_status()
    assert "Please enter a correct" not in answer.text
    session.headers["X-CSRFToken"] = session.cookies["csrftoken"]
    return session
