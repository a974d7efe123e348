"""The data of the API's bench, and the three that answer from it: the portal, the old stack, and next to nothing.

The data is kept in build/bench-api, for making it takes longer than measuring.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import requests

from server.embedded import connect
from server.settings import Settings, role_url
from tests.bench.http_load import Client
from tests.bench.measure import BUILD

PROJECT = Path(__file__).resolve().parents[2]
HOME = BUILD / "bench-api"
OBJECTS, SOURCES_EACH, STEP, POINTS = 200_000, 25, 7, 100_000
SOURCES = OBJECTS * SOURCES_EACH
USER, PASSWORD = "bench", "a password for measuring"

NUMBERS = """
select column_name
from information_schema.columns
where table_name = 'elasticc_diaobject'
  and data_type = 'double precision'
order by ordinal_position
"""

FILL_SOURCES = """
insert into elasticc_diasource (
    "diaSourceId", "diaObject_id", "ccdVisitId", "midPointTai", "filterName", ra, decl, "psFlux", "psFluxErr", snr, nobs
)
select
    object * {step} * {points}::bigint + point, object * {step}, object + point, 60000 + point * 30 + random() * 30,
    (array['u', 'g', 'r', 'i', 'z', 'Y'])[1 + point % 6], random() * 360, random() * 180 - 90,
    random() * 10000, random() * 100, random() * 50, point
from generate_series(1, {objects}) object, generate_series(1, {each}) point
"""


@dataclass(frozen=True)
class Stack:
    """Who answers at a port, with the headers that let one in."""

    name: str
    port: int
    headers: dict[str, str]
    pid: int

    def client(self) -> Client:
        return Client(self.port, self.headers)


@contextlib.contextmanager
def stacks() -> Iterator[dict[str, Stack]]:
    """All three, up and filled."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the stacks would stay
    HOME.mkdir(parents=True, exist_ok=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ELASTICC_")}
    environ |= {"ELASTICC_HOME": str(HOME), "PYTHONPATH": str(PROJECT)}
    settings = Settings.from_env(environ)
    with connect(settings) as admin_url, contextlib.ExitStack() as running:
        environ["ELASTICC_DATABASE_URL"] = admin_url
        _run(environ, "loader", "init")
        _fill(admin_url)
        if USER not in _run(environ, "loader", "user", "list").split():
            _run(environ, "loader", "user", "add", USER, stdin=PASSWORD + "\n")
        reader = role_url(admin_url, "elasticc_ro", settings.secret("ro_password"))
        yield {
            "ours": running.enter_context(_portal(environ)),
            "drf": running.enter_context(_drf(environ | {"DRF_DATABASE_URL": admin_url})),
            "bare": running.enter_context(_bare(environ | {"BARE_URL": reader})),
        }


def _fill(admin_url: str) -> None:
    connection = psycopg2.connect(admin_url, options="-c session_replication_role=replica -c synchronous_commit=off")
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select count(*) from elasticc_diasource")
        if cursor.fetchone() == (SOURCES,):
            return
        print(f"Making {OBJECTS:,} objects and {SOURCES:,} sources …", flush=True)
        cursor.execute("truncate elasticc_diaobject cascade")
        cursor.execute(NUMBERS)
        names = [f'"{name}"' for (name,) in cursor.fetchall()]
        values = ", ".join("random() * 30" for _ in names)
        cursor.execute(
            f'insert into elasticc_diaobject ("diaObjectId", "simVersion", {", ".join(names)})'
            f" select object * {STEP}, 'bench', {values} from generate_series(1, {OBJECTS}) object"
        )
        cursor.execute(FILL_SOURCES.format(objects=OBJECTS, each=SOURCES_EACH, step=STEP, points=POINTS))
        cursor.execute("vacuum analyze elasticc_diaobject, elasticc_diasource")
        cursor.execute("checkpoint")


@contextlib.contextmanager
def _portal(environ: dict[str, str]) -> Iterator[Stack]:
    port = free_port()
    with _process([sys.executable, "-m", "portal"], environ | {"ELASTICC_PORT": str(port)}, port) as pid:
        session = requests.Session()
        login = f"http://127.0.0.1:{port}/accounts/login/"
        session.get(login)
        form = {"username": USER, "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(login, data=form).raise_for_status()
        yield Stack("ours", port, {"Cookie": f"ds_actor={session.cookies['ds_actor']}"}, pid)


@contextlib.contextmanager
def _drf(environ: dict[str, str]) -> Iterator[Stack]:
    """Two gevent workers."""
    port = free_port()
    environ |= {"DJANGO_SETTINGS_MODULE": "tests.bench.drf.settings"}
    key = _run(environ, "tests.bench.drf.session", USER).strip()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--worker-class", "gevent"]
    command += ["--timeout", "120", "--log-level", "warning", "django.core.wsgi:get_wsgi_application()"]
    with _process(command, environ, port) as pid:
        yield Stack("drf", port, {"Cookie": f"sessionid={key}"}, pid)


@contextlib.contextmanager
def _bare(environ: dict[str, str]) -> Iterator[Stack]:
    """One worker, with the same loop and parser as the portal has."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--lifespan", "off", "--log-level", "warning"]
    with _process([*command, "--no-access-log", "tests.bench._bare:app"], environ, port) as pid:
        yield Stack("bare", port, {}, pid)


@contextlib.contextmanager
def _process(command: list[str], environ: dict[str, str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, env=environ, cwd=PROJECT, stdin=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            requests.get(f"http://127.0.0.1:{port}/", timeout=10, allow_redirects=False)
            return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} didn't come up.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(environ: dict[str, str], *arguments: str, stdin: str | None = None) -> str:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, env=environ, cwd=PROJECT, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} failed: {done.stderr}")
    return done.stdout
