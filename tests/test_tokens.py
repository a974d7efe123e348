"""API tokens: made on the command line, shown once, good for everything the portal serves, ended in three ways."""

import hashlib
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
import requests
from house import PROJECT, House

NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
BAD_TOKEN = {"detail": "Invalid token."}


def loader(house: House, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loader", *words]
    return subprocess.run(command, cwd=PROJECT, env=house.env, input=stdin, text=True, check=False, capture_output=True)


@pytest.fixture
def user(house: House) -> str:
    name = f"t{uuid.uuid4().hex[:10]}"
    assert loader(house, "user", "add", name, stdin=f"long enough {uuid.uuid4().hex}\n").returncode == 0
    return name


def made(house: House, user: str, *words: str) -> str:
    done = loader(house, "token", "add", user, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def number_of(house: House, user: str) -> str:
    return loader(house, "token", "list", user).stdout.split()[0]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_all_that_the_portal_serves(house: House, user: str) -> None:
    headers = bearer(made(house, user))
    for path in (
        "/-/actor.json",
        "/elasticc.json?sql=select+1",
        "/elasticc/elasticc_diaobject.json",
        "/elasticc/diaobject/",
        "/",
    ):
        assert requests.get(house.url + path, headers=headers).status_code == 200, path
    assert requests.get(f"{house.url}/-/actor.json", headers=headers).json() == {"actor": {"id": user}}


def test_a_token_needs_no_csrf_token(house: House, user: str) -> None:
    headers = bearer(made(house, user))
    answer = requests.post(f"{house.url}/db/runsqlquery/", json={"query": "select 1 as one"}, headers=headers)
    assert answer.json() == {"status": "ok", "rows": [{"one": 1}]}
    answer = requests.post(
        f"{house.url}/-/queries", data={"sql": ""}, headers=headers, cookies={"a": "b"}, allow_redirects=False
    )
    assert answer.status_code == 302


def test_only_the_digest_is_stored(house: House, user: str) -> None:
    done = loader(house, "token", "add", user, "--name", "notebook")
    token = done.stdout.strip()
    assert token.startswith("elasticc_") and len(token) > 50
    assert done.stderr.endswith("It is shown this once:\n")
    connection = psycopg2.connect(house.admin_url)
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(t)::text from accounts_apitoken t where name = 'notebook'")
        [[row]] = cursor.fetchall()
    connection.close()
    assert hashlib.sha256(token.encode()).hexdigest() in row
    assert token not in row and token[9:] not in row


def test_tokens_are_listed(house: House, user: str) -> None:
    token = made(house, user, "--days", "10", "--name", "nightly crawl")
    today = datetime.now(UTC)
    listed = loader(house, "token", "list", user).stdout
    assert token not in listed
    assert listed.split()[1:] == [
        user, "valid", f"{today:%Y-%m-%d}", f"{today + timedelta(days=10):%Y-%m-%d}", "nightly", "crawl",
    ]  # fmt: skip
    assert listed in loader(house, "token", "list").stdout


def test_a_revoked_token_is_nobody_at_once(house: House, user: str) -> None:
    token = made(house, user)
    number = number_of(house, user)
    for _ in range(2):
        done = loader(house, "token", "revoke", number)
        assert (done.returncode, done.stdout) == (0, f"Revoked token {number} of {user}.\n")
    answer = requests.get(f"{house.url}/elasticc/diaobject/", headers=bearer(token))
    assert (answer.status_code, answer.json()) == (403, BAD_TOKEN)
    assert "  revoked  " in loader(house, "token", "list", user).stdout


def test_an_expired_token_is_nobody(house: House, user: str) -> None:
    token = made(house, user)
    connection = psycopg2.connect(house.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("update accounts_apitoken set expires_at = now() where id = %s", [number_of(house, user)])
    connection.close()
    answer = requests.get(f"{house.url}/elasticc/diaobject/", headers=bearer(token))
    assert (answer.status_code, answer.json()) == (403, BAD_TOKEN)
    assert "  expired  " in loader(house, "token", "list", user).stdout


def test_disabling_the_account_ends_its_tokens(house: House, user: str) -> None:
    token = made(house, user)
    loader(house, "user", "disable", user)
    assert requests.get(f"{house.url}/elasticc/diaobject/", headers=bearer(token)).json() == BAD_TOKEN
    assert "  account disabled  " in loader(house, "token", "list", user).stdout


@pytest.mark.parametrize("token", ["", "x", "elasticc_", "dstok_eyJhIjoicm9vdCJ9.x", "ÿ"])
def test_what_is_no_token_is_nobody(house: House, client: requests.Session, token: str) -> None:
    header = {"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = requests.get(f"{house.url}/elasticc/diaobject/", headers=header)
    assert (answer.status_code, answer.json()) == (403, BAD_TOKEN)
    # Nor does a cookie stand in for it: who brings a token is asked for no CSRF token.
    answer = client.post(f"{house.url}/db/runsqlquery/", json={"query": "select 1"}, headers=header)
    assert (answer.status_code, answer.json()) == (403, BAD_TOKEN)


def test_another_scheme_is_no_way_in(house: House, user: str) -> None:
    answer = requests.get(f"{house.url}/elasticc/diaobject/", headers={"Authorization": f"Token {made(house, user)}"})
    assert (answer.status_code, answer.json()) == (403, NO_CREDENTIALS)


def test_a_token_beside_somebody_elses_cookie_is_its_owners(house: House, client: requests.Session, user: str) -> None:
    answer = client.get(f"{house.url}/-/actor.json", headers=bearer(made(house, user)))
    assert answer.json() == {"actor": {"id": user}}


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("add", "nobody-of-that-name"), 1, "Error: There is no account nobody-of-that-name; `user list` shows them.\n"),
        (("list", "nobody-of-that-name"), 1, "Error: There is no account nobody-of-that-name; `user list` shows them.\n"),
        (("revoke", "999999"), 1, "Error: There is no token 999999; `token list` shows them.\n"),
        (("add", "x", "--days", "0"), 2, "Error: Invalid value for '--days': 0 is not in the range 1<=x<=3650.\n"),
    ],
)
def test_what_is_wrong_is_one_sentence(house: House, words: tuple[str, ...], status: int, sentence: str) -> None:
    done = loader(house, "token", *words)
    assert done.returncode == status
    assert done.stderr.endswith(sentence), done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_an_accounts_many_queries_keep_nobody_elses_waiting(house: House, user: str) -> None:
    """Six at once of one account run two at a time; another account's query doesn't wait for the third."""
    slow, quick = bearer(made(house, user)), bearer(made(house, house.user))
    ended: list[str] = []

    def ask(name: str, query: str, headers: dict[str, str]) -> None:
        answer = requests.post(f"{house.url}/db/runsqlquery/", json={"query": query}, headers=headers, timeout=60)
        assert answer.json().get("status") == "ok", answer.text
        ended.append(name)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, "slow", "select pg_sleep(2)::text", slow) for _ in range(6)]
        time.sleep(0.5)
        asked.append(pool.submit(ask, "quick", "select 1 as one", quick))
        for each in asked:
            each.result()
    assert ended.index("quick") < 3
