"""Accounts by the command line, passwords by standard input; what comes of them is read through the portal's login role."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest
from datasette_auth_passwords.utils import verify_password
from house import PROJECT, House

PASSWORD = "nova puppis 1942"


def loader(house: House, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loader", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=house.env, input=stdin, capture_output=True, text=True, check=False)


def stored(house: House, name: str) -> tuple[str, bool]:
    connection = psycopg2.connect(house.login_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select password, is_active from auth_user where username = %s", [name])
            password, is_active = cursor.fetchone() or ("", False)
            return password, is_active
    finally:
        connection.close()


@pytest.fixture
def name(house: House, request: pytest.FixtureRequest) -> Iterator[str]:
    """An account's name of this test's own, gone afterwards."""
    name = f"user_{abs(hash(request.node.name))}"
    yield name
    connection = psycopg2.connect(house.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from auth_user where username = %s", [name])
    connection.close()


def test_add_change_disable_enable(house: House, name: str) -> None:
    added = loader(house, "user", "add", name, stdin=PASSWORD + "\n")
    assert (added.returncode, added.stdout) == (0, f"Added {name}.\n"), added.stderr
    first, is_active = stored(house, name)
    assert is_active
    assert first.startswith("pbkdf2_sha256$")
    assert verify_password(PASSWORD, first)

    changed = loader(house, "user", "passwd", name, stdin="t coronae 2026\n")
    assert (changed.returncode, changed.stdout) == (0, f"Changed the password of {name}.\n"), changed.stderr
    second, _ = stored(house, name)
    assert verify_password("t coronae 2026", second)
    assert not verify_password(PASSWORD, second)

    assert name in loader(house, "user", "list").stdout.splitlines()
    assert loader(house, "user", "disable", name).returncode == 0
    assert stored(house, name) == (second, False)
    assert f"{name}  (disabled)" in loader(house, "user", "list").stdout.splitlines()
    assert loader(house, "user", "enable", name).returncode == 0
    assert stored(house, name) == (second, True)


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (("add", "{user}"), PASSWORD, "Error: The account {user} is there already; `user passwd {user}` changes its password."),
        (("add", "{name}"), "", "Error: There is no password on standard input."),
        (("add", "{name}"), "short", "Error: This password is too short. It must contain at least 8 characters."),
        (("add", "two words"), PASSWORD, "Error: 'two words' can't be an account's name:"),
        (("passwd", "{name}"), PASSWORD, "Error: There is no account {name}; `user list` shows them."),
        (("disable", "{name}"), "", "Error: There is no account {name}; `user list` shows them."),
        (("enable", "{name}"), "", "Error: There is no account {name}; `user list` shows them."),
    ],
)
def test_what_is_wrong_is_one_sentence(house: House, name: str, arguments: tuple[str, ...], stdin: str, sentence: str) -> None:
    done = loader(house, "user", *(word.format(name=name, user=house.user) for word in arguments), stdin=stdin)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence.format(name=name, user=house.user)), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_password_is_never_an_argument(house: House, name: str) -> None:
    done = loader(house, "user", "add", name, PASSWORD)
    assert done.returncode == 2
    assert stored(house, name) == ("", False)


def test_a_terminal_is_asked_twice_and_shows_nothing(house: House, name: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "loader", "user", "add", name]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=house.env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    for prompt in (b"Password: ", b"Again: "):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1000)
        os.write(ours, PASSWORD.encode() + b"\n")
    try:
        while chunk := os.read(ours, 1000):
            shown += chunk
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert process.wait(30) == 0
    assert PASSWORD.encode() not in shown
    assert verify_password(PASSWORD, stored(house, name)[0])
