"""The package as a stranger meets it: built, installed by pip into an empty environment, started by its README's five lines."""

import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from embedded_server import Server, programs

pytestmark = pytest.mark.package
PACKAGE = Path(__file__).parents[1]
LIBRARY = """
create table author (id serial primary key, name text not null);
create table book (
  id serial primary key, title text not null, author_id int not null references author, price numeric(6, 2), published date,
  subjects text[], "inStock" boolean not null default true
);
comment on table book is 'What can be lent';
insert into author (name) values ('Ursula K. Le Guin'), ('Stanisław Lem');
insert into book (title, author_id, price, published, subjects, "inStock") values
  ('The Dispossessed', 1, 12.50, '1974-05-01', '{anarchism,physics}', true),
  ('Solaris', 2, 9.90, '1961-06-01', '{oceans}', false), ('The Lathe of Heaven', 1, 8.00, '1971-04-01', '{dreams}', true);
create materialized view stock as select author_id, count(*) as books from book where "inStock" group by 1;
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves folders beside the source."""
    source = tmp_path_factory.mktemp("source") / "datasette-postgresql"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build", "dist"))
    subprocess.run([sys.executable, "-m", "build", source], check=True, capture_output=True)
    assert len(list((source / "dist").glob("*.tar.gz"))) == 1
    (made,) = (source / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The commands under "Start", as they stand."""
    section = (PACKAGE / "README.md").read_text().split("## Start")[1].split("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ")]


@pytest.fixture(scope="module")
def library() -> Iterator[dict[str, str]]:
    """The environment of somebody who has a PostgreSQL with a database `mydb` of their own."""
    folder = Path(tempfile.mkdtemp(prefix="dspg-"))  # pytest's own can't be entered by the server's user
    port = free_port()
    server = Server(folder, f"-c listen_addresses=127.0.0.1 -c port={port}")
    environment = {"PGHOST": str(server.data), "PGUSER": "postgres", "PGPORT": str(port)}
    connection = psycopg2.connect(f"{server.dsn} port={port}")
    connection.autocommit = True
    connection.cursor().execute("create database mydb")
    connection.close()
    connection = psycopg2.connect(f"{server.dsn} port={port}", dbname="mydb")
    connection.cursor().execute(LIBRARY)
    connection.commit()
    connection.close()
    yield environment
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path, lines: list[str], library: dict[str, str]
) -> Iterator[tuple[str, Path]]:
    """The README's lines in a shell, the last of them with a port that is free; pip finds our wheel, and all else as ever."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "venv", with_pip=True)
    (folder / "constraints.txt").write_text(f"datasette-postgresql @ {wheel.as_uri()}\n")
    path = f"{folder / 'venv' / 'bin'}:{programs()}:{os.environ['PATH']}"
    foreign = ("PG", "PYTHON", "DATASETTE", "ELASTICC", "VIRTUAL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= library | {"PATH": path, "PIP_CONSTRAINT": str(folder / "constraints.txt"), "HOME": str(folder)}
    pip = folder / "venv" / "bin" / "pip"
    subprocess.run([pip, "install", "--quiet", "datasette==0.65.*"], env=environment, check=True, capture_output=True)
    (folder / "before").write_text(installed(folder))
    port = free_port()
    script = "\n".join(["set -eu", *lines[:-1], f"exec {lines[-1]} --port {port}"])
    log = (folder / "log").open("w+")
    shell = subprocess.Popen(["bash", "-c", script], env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"{address}/-/versions.json", timeout=5).close()
                break
            except OSError:
                assert shell.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()
                time.sleep(0.1)
        yield address, folder
    finally:
        shell.terminate()
        shell.wait(30)
        log.close()


def installed(folder: Path) -> str:
    code = "import importlib.metadata as m; print(*{d.name.lower().replace('_', '-') for d in m.distributions()})"
    python = folder / "venv" / "bin" / "python"
    return subprocess.run([python, "-Ic", code], check=True, capture_output=True, text=True).stdout


def get(address: str, path: str) -> str:
    with urllib.request.urlopen(address + path, timeout=20) as response:
        assert response.status == 200
        return str(response.read().decode())


def get_json(address: str, path: str) -> Any:
    return json.loads(get(address, path))


def test_the_wheel_has_all_it_needs(wheel: Path) -> None:
    found = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("datasette_postgresql/")}
    source = PACKAGE / "datasette_postgresql"
    needed = {str(file.relative_to(PACKAGE)) for file in source.rglob("*") if file.suffix in (".py", ".html", ".js", ".css")}
    assert found >= needed


def test_there_are_five_lines(lines: list[str]) -> None:
    assert len(lines) == 5
    assert lines[0] == "pip install datasette-postgresql"


def test_nothing_but_datasette_and_it_was_installed(started: tuple[str, Path]) -> None:
    _, folder = started
    before = (folder / "before").read_text().split()
    assert set(installed(folder).split()) - set(before) == {"datasette-postgresql", "psycopg2-binary"}


def test_it_serves_a_database_that_is_not_ours(started: tuple[str, Path]) -> None:
    address, _ = started
    assert {plugin["name"] for plugin in get_json(address, "/-/plugins.json")} == {"datasette-postgresql"}
    index = get_json(address, "/.json")
    assert index["mydb"]["tables_count"] == 2
    tables = {table["name"]: table["count"] for table in get_json(address, "/mydb.json")["tables"]}
    assert tables == {"author": 2, "book": 3}
    page = get_json(address, "/mydb/book.json?_sort_desc=published&_labels=on&_facet=inStock&_facet_array=subjects")
    assert page["rows"][0] == {
        "id": 1, "title": "The Dispossessed", "author_id": {"value": 1, "label": "Ursula K. Le Guin"}, "price": "12.50",
        "published": "1974-05-01", "subjects": '["anarchism", "physics"]', "inStock": True,
    }  # fmt: skip
    assert {(r["value"], r["count"]) for r in page["facet_results"]["inStock"]["results"]} == {(True, 2), (False, 1)}
    assert page["facet_results"]["subjects"]["results"][0]["count"] == 1
    html = get(address, "/mydb/book")
    assert 'href="/mydb/author/2">Stanisław Lem</a>' in html and "What can be lent" in html
    rows = list(csv.DictReader(io.StringIO(get(address, "/mydb/book.csv?_stream=on&price__lt=10"))))
    assert [row["title"] for row in rows] == ["Solaris", "The Lathe of Heaven"]
    query = "/mydb.json?_shape=array&sql=select+title+from+book+where+author_id+%3D+%3Aauthor%3A%3Aint+order+by+1&author=1"
    assert [row["title"] for row in get_json(address, query)] == ["The Dispossessed", "The Lathe of Heaven"]
    assert re.search(r">\s*2\s*<", get(address, "/mydb/stock"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(address, "/mydb?sql=delete+from+book")
    assert refused.value.code == 400
    refused.value.close()
