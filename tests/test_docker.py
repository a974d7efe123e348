"""What can be known of the containers without an engine: the compose file against its schema and our promises about it,
the scripts by running them against a real server, the images' lists of packages against what the code imports."""

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
import yaml
from house import PROJECT, House, free_port

DOCKER = PROJECT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SERVICE_COMMANDS = {"portal": ["python", "-m", "portal"], "worker": SERVICES["worker"]["command"]}
SCRIPTS = sorted(DOCKER.glob("*.sh"))


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """In a container's environment: nothing of ours but what the compose file gives, and our own `python`."""
    return subprocess.run(
        command, cwd=PROJECT, env=container_environment(**environ), capture_output=True, text=True, check=False, timeout=120
    )


def container_environment(**environ: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ELASTICC_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **environ}


def database_variables(url: str, folder: Path, **passwords: str) -> dict[str, str]:
    """What the compose file says about the database, for the server at `url`; the passwords go into files."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    variables = {
        "TMPDIR": str(folder),
        "ELASTICC_DB_USER": unquote(parts.username or ""),
        "ELASTICC_DB_HOST": parts.hostname or query["host"][0],
        "ELASTICC_DB_NAME": parts.path.lstrip("/"),
        "ELASTICC_DB_PORT": str(parts.port or query.get("port", ["5432"])[0]),
    }
    for variable, password in {"ELASTICC_DB_PASSWORD": unquote(parts.password or ""), **passwords}.items():
        file = folder / variable
        file.write_text(password + "\n")
        variables[f"{variable}_FILE"] = str(file)
    return variables


def one_from_the_queue(url: str, house: House) -> str:
    """What a long query gives there."""
    with requests.Session() as session:
        session.get(f"{url}/accounts/login/")
        form = {"username": house.user, "password": house.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(f"{url}/accounts/login/", data=form).raise_for_status()
        session.headers["X-CSRFToken"] = session.cookies["csrftoken"]
        number = session.post(f"{url}/db/submitsqlquery/", json={"query": "select 1 as one"}).json()["queryid"]
        while session.get(f"{url}/db/checksqlquery/{number}/").json()["finished"] is None:
            pass
        return session.get(f"{url}/db/getsqlqueryresults/{number}/").text


def test_the_compose_file_fits_the_specification() -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = run(str(program), "--builtin-schema", "vendor.compose-spec", str(DOCKER / "compose.yml"))
    assert done.returncode == 0, done.stdout


def test_nobody_is_root_and_nobody_can_become_it() -> None:
    for name, service in SERVICES.items():
        assert service["user"] in ("postgres", "10001:10001"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        dockerfile = (PROJECT / service["build"]["dockerfile"]).read_text()
        assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == [service["user"]], name


def test_each_writes_to_memory_and_to_its_own_place_only() -> None:
    places = {"portal": ["state:/state"], "worker": ["state:/state"], "admin": ["uploads:/uploads"]}
    for name in ("portal", "worker", "init", "loader", "admin"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        written = [volume for volume in service.get("volumes", []) if not str(volume).endswith(":ro")]
        assert written == places.get(name, []), name
        assert service["environment"].get("ELASTICC_STATE") == ("/state" if name in ("portal", "worker") else None)
    assert "ELASTICC_UPLOADS=/uploads" in (DOCKER / "loader.Dockerfile").read_text()


def test_secrets_are_files_and_the_portal_has_no_administrators() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if "PASSWORD" in variable or "SECRET" in variable:
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in service["secrets"], f"{name}: {variable}"
    assert set(SERVICES["portal"]["secrets"]) == {"ro_password", "login_password", "portal_secret"}
    assert set(SERVICES["worker"]["secrets"]) == {"ro_password"}


def test_the_database_is_reached_from_inside_only() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["inside"]
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"portal", "admin"}
    assert SERVICES["admin"]["profiles"] == ["admin"]  # not unless asked for
    assert all(port.startswith("127.0.0.1:") for name in ("portal", "admin") for port in SERVICES[name]["ports"])


def test_what_the_compose_file_names_is_there() -> None:
    for service in SERVICES.values():
        dockerfile = PROJECT / service["build"]["dockerfile"]
        for sources in re.findall(r"^COPY (.+) \S+$", dockerfile.read_text(), re.MULTILINE):
            assert all((PROJECT / source).exists() for source in sources.split()), sources
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= {*COMPOSE["volumes"], "${DATA"}
    for script in SCRIPTS:
        assert script.stat().st_mode & stat.S_IXUSR, script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_scripts_are_well_formed(script: Path) -> None:
    assert run("sh", "-n", str(script)).stderr == ""
    if checker := shutil.which("shellcheck"):
        assert run(checker, str(script)).stdout == ""


@pytest.mark.parametrize(
    ("image", "rooms"),
    [("portal", ("server", "portal", "plugins")), ("loader", ("server", "loader"))],
)
def test_the_images_install_what_the_code_imports(image: str, rooms: tuple[str, ...]) -> None:
    text = (DOCKER / f"{image}.Dockerfile").read_text()
    named = re.search(r"--constraint requirements\.lock \\\n((?: .+\n)+)", text)
    assert named
    installed = set(named[1].replace("\\", " ").split())
    locked = {line.split("==")[0].lower() for line in (PROJECT / "requirements.lock").read_text().splitlines()}
    assert {name.lower() for name in installed} <= locked
    needed = {
        name
        for room in rooms
        for file in (PROJECT / room).rglob("*.py")
        if not {"tests", "conformance"} & {*file.parts}
        for name in imports(file)
    }
    if image == "portal":
        needed.discard("click")  # `python -m server` alone wants it
    distributions = packages_distributions()
    by_datasette = {"click", "itsdangerous", "jinja2", "markupsafe", "pluggy"}  # Datasette's own requirements
    for module in sorted(needed):
        names = {name.lower() for name in distributions.get(module, [])}
        assert names & (installed | by_datasette), f"{image}: {module} is imported, {names} is not installed"


def imports(file: Path) -> Iterator[str]:
    """The top-level names of other people's modules that a file imports."""
    ours = {
        "server",
        "loader",
        "portal",
        "plugins",
        *(file.parent.name for file in PROJECT.glob("plugins/*/datasette_*/__init__.py")),
    }
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        yield from ({name.partition(".")[0] for name in names} - ours - sys.stdlib_module_names)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert run(str(DOCKER / "secrets.sh"), str(folder)).returncode == 0
    first = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(first) == set(COMPOSE["secrets"])
    assert len(set(first.values())) == len(first)
    assert all(len(secret) == 48 for secret in first.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "portal_secret").unlink()
    assert run(str(DOCKER / "secrets.sh"), str(folder)).returncode == 0
    second = {file.name: file.read_text() for file in folder.iterdir()}
    assert second.pop("portal_secret") != first.pop("portal_secret")
    assert second == first


def test_the_entry_says_what_is_missing(tmp_path: Path) -> None:
    done = run(str(DOCKER / "entry.sh"), "true")
    assert (done.returncode != 0, "ELASTICC_DB_USER" in done.stderr) == (True, True)
    done = run(
        str(DOCKER / "entry.sh"), "true", ELASTICC_DB_USER="elasticc_ro", ELASTICC_DB_PASSWORD_FILE=str(tmp_path / "none")
    )
    assert done.returncode == 1
    assert done.stderr == f"ELASTICC_DB_PASSWORD_FILE names {tmp_path / 'none'}, which can't be read.\n"


def test_the_entry_composes_an_address_of_any_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a/b@c:d e?#%\n")
    command = 'cat "$ELASTICC_DATABASE_URL_FILE"; stat -c %a "$ELASTICC_DATABASE_URL_FILE"; env'
    done = run(
        str(DOCKER / "entry.sh"), "sh", "-c", command,
        ELASTICC_DB_USER="elasticc_ro", ELASTICC_DB_PASSWORD_FILE=str(tmp_path / "password"), TMPDIR=str(tmp_path),
    )  # fmt: skip
    url, mode, *environ = done.stdout.splitlines()
    parts = urlsplit(url)
    assert (parts.username, unquote(parts.password or "")) == ("elasticc_ro", "a/b@c:d e?#%")
    assert (parts.path, parse_qs(parts.query)) == ("/elasticc", {"host": ["database"], "port": ["5432"]})
    assert mode == "600"
    assert not any("a/b@c" in line or "a%2Fb" in line for line in environ)


def test_init_is_safe_to_repeat(house: House, tmp_path: Path) -> None:
    variables = {
        **database_variables(
            house.admin_url,
            tmp_path,
            ELASTICC_RO_PASSWORD=unquote(urlsplit(house.ro_url).password or ""),
            ELASTICC_LOGIN_PASSWORD=unquote(urlsplit(house.login_url).password or ""),
            ELASTICC_DJANGO_SECRET="not much of a secret, but nothing is signed with it here",
            ELASTICC_FIRST_PASSWORD="another good password",
        ),
        "ELASTICC_FIRST_USER": "from-docker",
        "ELASTICC_DATA": str(tmp_path / "nothing"),
        "ELASTICC_HOME": str(tmp_path / "home"),
    }
    for _ in range(2):
        done = run(str(DOCKER / "entry.sh"), str(DOCKER / "init.sh"), **variables)
        assert done.returncode == 0, done.stderr
    accounts = run(str(DOCKER / "entry.sh"), "python", "-m", "loader", "user", "list", **variables).stdout
    assert sum(line.split()[0] == "from-docker" for line in accounts.splitlines() if line.split()) == 1
    assert not (tmp_path / "home").exists()
    login = requests.post(f"{house.url}/elasticc/diaobject/", auth=("from-docker", "another good password"), timeout=30)
    assert login.status_code == 405  # known, but nothing is written here


def test_portal_and_worker_need_their_roles_and_nothing_else(house: House, tmp_path: Path) -> None:
    """The containers' commands, as the role that can only read, with no home to write to; and the portal's health check."""
    port = str(free_port())
    variables = {
        **database_variables(
            house.ro_url,
            tmp_path,
            ELASTICC_RO_PASSWORD=unquote(urlsplit(house.ro_url).password or ""),
            ELASTICC_LOGIN_PASSWORD=unquote(urlsplit(house.login_url).password or ""),
            ELASTICC_PORTAL_SECRET="a secret of this test",
        ),
        "ELASTICC_PORT": port,
        "ELASTICC_HOME": str(tmp_path / "home"),
        "ELASTICC_STATE": str(tmp_path / "state"),
    }
    of_the_worker = {
        name: value for name, value in variables.items() if "LOGIN" not in name and "SECRET" not in name and "PORT" not in name
    } | {"ELASTICC_DB_PORT": variables["ELASTICC_DB_PORT"]}
    assert run(str(DOCKER / "healthy.sh"), ELASTICC_PORT=port).returncode != 0
    portal = subprocess.Popen(
        [str(DOCKER / "entry.sh"), *SERVICE_COMMANDS["portal"]], cwd=PROJECT, env=container_environment(**variables)
    )
    worker = subprocess.Popen(
        [str(DOCKER / "entry.sh"), *SERVICE_COMMANDS["worker"]], cwd=PROJECT, env=container_environment(**of_the_worker)
    )
    try:
        while run(str(DOCKER / "healthy.sh"), ELASTICC_PORT=port).returncode:
            assert portal.poll() is None
        answer = requests.get(f"http://127.0.0.1:{port}/elasticc/diaobject/", auth=(house.user, house.password), timeout=30)
        assert answer.json()["count"] > 0
        assert one_from_the_queue(f"http://127.0.0.1:{port}", house) == ",one\n0,1\n"
    finally:
        for process in (worker, portal):
            process.terminate()
            process.wait(30)
    assert worker.returncode == 0
    assert not (tmp_path / "home").exists()
