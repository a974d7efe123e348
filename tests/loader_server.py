"""`python -m loader serve` against a scratch database, as an operator starts it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import requests
from house import free_port
from scratch import PROJECT, Scratch

START_SECONDS = 90
PASSWORD = "a long enough password"


@contextmanager
def serving(scratch: Scratch, **environ: str) -> Iterator[str]:
    """Yields its address, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "loader", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=PROJECT, env={**scratch.environment, **environ}, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = monotonic() + START_SECONDS
        while True:
            assert process.poll() is None and monotonic() < deadline
            try:
                requests.get(f"{url}/accounts/login/", timeout=5)
                break
            except requests.ConnectionError:
                sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def make_account(scratch: Scratch, name: str, *options: str) -> None:
    done = scratch.loader("user", "add", name, *options, stdin=f"{PASSWORD}\n".encode())
    assert done.returncode == 0, done.stderr


def entered(url: str, name: str, password: str = PASSWORD) -> requests.Session:
    """A browser's session, logged in at the admin site where the account may be."""
    session = requests.Session()
    page = f"{url}/admin/login/?next=/admin/"
    session.get(page)
    form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(page, data=form, timeout=30).raise_for_status()
    return session


def post(session: requests.Session, address: str, data: object = None, **options: object) -> requests.Response:
    """As a form of the site sends it."""
    fields = {**dict(data or {}), "csrfmiddlewaretoken": session.cookies["csrftoken"]}  # type: ignore[call-overload]
    return session.post(address, data=fields, timeout=120, **options)  # type: ignore[arg-type]
