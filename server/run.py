"""Bring the house up: PostgreSQL, schema, first account, data, portal, worker, admin site; and down again, in the other order.

Loader, portal, admin site and the worker of long queries run as child processes, as anyone would run them, with the address of
the database in their environment.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from types import FrameType

from server import embedded
from server.errors import ServerError
from server.settings import PROJECT, Settings

SAMPLE = ("demo", "--objects", "500", "--seed", "1", "--unless-others")
PORTAL_START_SECONDS = 60
LOOK_SECONDS = 1
LOCAL = "127.0.0.1"  # whatever the portal listens on
WORKER = "plugins.long_queries"


def run(settings: Settings, data: Sequence[str]) -> None:
    """Serve until interrupted. `data` are folders of SNANA FITS; none means the project's own sample."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    _refuse_taken_port(settings)
    print("Starting PostgreSQL …", flush=True)
    with embedded.connect(settings) as url:
        environ = {**os.environ, "ELASTICC_DATABASE_URL": url, "ELASTICC_HOME": str(settings.home)}
        environ["ELASTICC_STATE"] = str(settings.state)
        environ.pop("ELASTICC_DATABASE_URL_FILE", None)
        _loader(environ, "init")
        password = _first_account(settings, environ)
        _load(environ, data)
        _serve(settings, environ, password)


def _refuse_taken_port(settings: Settings) -> None:
    reason = _why_taken(settings.host, settings.port)
    if reason:
        raise ServerError(f"Port {settings.port} on {settings.host} can't be used ({reason}); set ELASTICC_PORT to another.")


def _why_taken(host: str, port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _loader(environ: dict[str, str], *arguments: str, stdin: str | None = None) -> str:
    """Run the loader; its messages go to our standard error as they come, its output is returned."""
    command = [sys.executable, "-m", "loader", *arguments]
    feed = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(command, env=environ, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False, **feed)
    if done.returncode:
        raise ServerError(f"`python -m loader {' '.join(arguments)}` failed. {done.stdout.strip()[-2000:]}".strip())
    return str(done.stdout)


def _first_account(settings: Settings, environ: dict[str, str]) -> str | None:
    """Its password, where this home made it; None where the account was there and its password isn't known."""
    names = [line.split()[0] for line in _loader(environ, "user", "list").splitlines() if line.split()]
    known = (settings.home / "secrets" / "first_password").exists() or settings.environ.get("ELASTICC_FIRST_PASSWORD")
    if settings.first_user in names:
        return settings.secret("first_password") if known else None
    password = settings.secret("first_password")
    _loader(environ, "user", "add", settings.first_user, "--admin", stdin=password + "\n")
    return password


def _load(environ: dict[str, str], data: Sequence[str]) -> None:
    """Say what came in. A refused file is reported by the loader and doesn't keep the portal from serving the others."""
    if data:
        _loader(environ, "unload-demo")  # a sample from an earlier run would falsify every count
    what = ("snana", *(os.path.abspath(folder) for folder in data)) if data else SAMPLE
    print(f"Loading {'the sample' if not data else ', '.join(data)} …", flush=True)
    command = [sys.executable, "-m", "loader", "load", *what]
    done = subprocess.run(command, env=environ, cwd=PROJECT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        print("Some files were refused (see above); what was loaded is served.", file=sys.stderr, flush=True)


def _serve(settings: Settings, environ: dict[str, str], password: str | None) -> None:
    children = {"portal": _child(environ, "portal")}
    try:
        taken = _why_taken(LOCAL, settings.admin_port)
        if not taken:
            children["admin site"] = _child(environ, "loader", "serve", "--host", LOCAL, "--port", str(settings.admin_port))
        _wait_for(settings, children["portal"])
        children["worker"] = _child(environ, WORKER)
        print(f"\n  Portal    http://{settings.host}:{settings.port}/")
        if taken:
            print(f"  Admin     not served: port {settings.admin_port} can't be used ({taken}); set ELASTICC_ADMIN_PORT")
        else:
            print(f"  Admin     http://{LOCAL}:{settings.admin_port}/admin/")
        print(f"  User      {settings.first_user}")
        print(f"  Password  {password or '(as it was set before)'}")
        print("\nCtrl-C stops everything.", flush=True)
        _watch(environ, children)
    finally:
        for child in reversed(children.values()):
            _stop(child)


def _child(environ: dict[str, str], module: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *arguments], env=environ, cwd=PROJECT, stdin=subprocess.DEVNULL)


def _watch(environ: dict[str, str], children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Until the portal ends, which it shouldn't. A worker that ends is started anew, and takes up what it left."""
    while True:
        try:
            ended = children["portal"].wait(LOOK_SECONDS)
            raise ServerError(f"The portal ended by itself with status {ended}.")
        except subprocess.TimeoutExpired:
            code = children["worker"].poll()
            if code is not None:
                print(f"The worker of long queries ended with status {code}; starting it again.", file=sys.stderr)
                children["worker"] = _child(environ, WORKER)
            if "admin site" in children and (code := children["admin site"].poll()) is not None:
                print(f"The admin site ended with status {code}; `python -m loader serve` starts it again.", file=sys.stderr)
                del children["admin site"]


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(settings: Settings, portal: subprocess.Popen[bytes]) -> None:
    address = f"http://{settings.host}:{settings.port}/-/login"
    deadline = time.monotonic() + PORTAL_START_SECONDS
    while time.monotonic() < deadline:
        if portal.poll() is not None:
            raise ServerError(f"The portal didn't start (status {portal.returncode}).")
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerError(f"The portal doesn't answer at {address}.")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
