"""Who comes in, by which door, for how long; and what a stranger sees."""

import base64
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from datasette.utils import baseconv
from house import PROJECT, House
from itsdangerous import URLSafeSerializer

from server.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Person:
    name: str
    password: str


@pytest.fixture
def person(house: House) -> Person:
    """Somebody whose account was made while the portal was running."""
    person = Person(f"p{uuid.uuid4().hex[:10]}", f"long enough {uuid.uuid4().hex}")
    loader(house, "add", person.name, stdin=person.password)
    return person


def loader(house: House, *words: str, stdin: str = "") -> None:
    command = [sys.executable, "-m", "loader", "user", *words]
    subprocess.run(command, cwd=PROJECT, env=house.env, input=stdin + "\n", text=True, check=True, capture_output=True)


def log_in(house: House, name: str, password: str, onward: str = "") -> tuple[requests.Session, requests.Response]:
    """By the form, as a browser sends it."""
    session = requests.Session()
    page = session.get(f"{house.url}/-/login", headers=HTML)
    token = page.text.split('name="csrftoken" value="')[1].split('"')[0]
    form = {"username": name, "password": password, "csrftoken": token, "next": onward}
    return session, session.post(f"{house.url}/-/login", data=form, headers=HTML, allow_redirects=False)


def test_a_new_account_logs_in_without_a_restart(house: House, person: Person) -> None:
    session, answer = log_in(house, person.name, person.password)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert session.get(f"{house.url}/-/actor.json").json() == {"actor": {"id": person.name}}
    assert session.get(f"{house.url}/elasticc/elasticc_diaobject.json").status_code == 200


def test_the_session_cookie_ends_and_is_out_of_reach_of_scripts(house: House, person: Person) -> None:
    _, answer = log_in(house, person.name, person.password)
    cookie = answer.headers["set-cookie"].lower()
    assert "ds_actor=" in cookie and "max-age=1209600" in cookie and "httponly" in cookie and "samesite=lax" in cookie


def test_a_wrong_password_and_an_unknown_name_are_told_alike(house: House, person: Person) -> None:
    for name, password in [(person.name, "wrong"), ("nobody-of-that-name", "wrong"), ("", "")]:
        session, answer = log_in(house, name, password)
        assert answer.status_code == 200
        assert "Invalid username or password" in answer.text
        assert "ds_actor" not in session.cookies


def test_a_disabled_account_is_out_at_once(house: House, person: Person) -> None:
    session, _ = log_in(house, person.name, person.password)
    loader(house, "disable", person.name)
    assert session.get(f"{house.url}/elasticc/diaobject/").status_code == 403
    _, answer = log_in(house, person.name, person.password)
    assert "Invalid username or password" in answer.text
    basic = requests.get(f"{house.url}/elasticc/diaobject/", auth=(person.name, person.password))
    assert (basic.status_code, basic.json()) == (403, {"detail": "Invalid username/password."})


def test_a_new_password_ends_the_sessions_of_the_old_one(house: House, person: Person) -> None:
    session, _ = log_in(house, person.name, person.password)
    loader(house, "passwd", person.name, stdin="another long one 17")
    assert session.get(f"{house.url}/elasticc/diaobject/").status_code == 403
    _, answer = log_in(house, person.name, "another long one 17")
    assert answer.status_code == 302


def test_a_browser_is_led_to_the_login_page_and_back(house: House, person: Person) -> None:
    wanted = "/elasticc/elasticc_diasource?filterName=r&_sort=midPointTai"
    answer = requests.get(house.url + wanted, headers=HTML, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == ("/-/login?next=/elasticc/elasticc_diasource%3FfilterName%3Dr%26_sort%3DmidPointTai")
    page = requests.get(house.url + answer.headers["location"], headers=HTML)
    assert 'name="next" value="/elasticc/elasticc_diasource?filterName=r&amp;_sort=midPointTai"' in page.text
    _, answer = log_in(house, person.name, person.password, wanted)
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil",
        "javascript:1",
    ],
)  # fmt: skip
def test_login_leads_nowhere_else(house: House, elsewhere: str) -> None:
    _, answer = log_in(house, house.user, house.password, elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/.json", "/elasticc", "/elasticc.json?sql=select+1", "/elasticc/elasticc_diaobject",
        "/elasticc/elasticc_diaobject.json", "/elasticc/elasticc_diaobject.csv", "/elasticc/diaobject/", "/db/runsqlquery/",
        "/-/password-tool", "/-/metadata.json", "/-/plugins.json", "/-/settings.json", "/-/databases.json", "/-/versions.json",
        "/-/threads.json", "/-/allow-debug", "/-/patterns", "/-/messages", "/no-such-page", "/%2d/plugins",
    ],
)  # fmt: skip
def test_a_script_that_is_not_logged_in_gets_403_in_json(house: House, path: str) -> None:
    answer = requests.get(house.url + path, allow_redirects=False)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Authentication credentials were not provided."


def test_the_password_tool_is_closed(house: House, client: requests.Session) -> None:
    """To strangers, and to everybody else: it hashes on the event loop, and nothing reads what it makes."""
    assert requests.post(f"{house.url}/-/password-tool", data={"password": "x"}).status_code == 403
    for answer in (client.get(f"{house.url}/-/password-tool"), client.post(f"{house.url}/-/password-tool")):
        assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_basic_works_on_pages_and_refuses_the_malformed(house: House, person: Person) -> None:
    address = f"{house.url}/elasticc/diaobject/?limit=1"
    assert requests.get(address, auth=(person.name, person.password)).status_code == 200
    for header in ("Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Basic /w=="):
        answer = requests.get(address, headers={"Authorization": header})
        assert answer.status_code == 403, header


def test_a_forged_cookie_is_nobody(house: House) -> None:
    answer = requests.get(f"{house.url}/-/actor.json", cookies={"ds_actor": "eyJhIjp7ImlkIjoicm9vdCJ9fQ.AAAA"})
    assert answer.status_code == 403


def test_log_out_ends_the_session(house: House, person: Person) -> None:
    session, _ = log_in(house, person.name, person.password)
    page = session.get(f"{house.url}/-/logout", headers=HTML)
    token = page.text.split('name="csrftoken" value="')[1].split('"')[0]
    answer = session.post(f"{house.url}/-/logout", data={"csrftoken": token}, headers=HTML, allow_redirects=False)
    assert answer.status_code == 302
    assert session.get(f"{house.url}/-/actor.json").status_code == 403


@pytest.mark.parametrize("way_out", ["/-/logout", "/accounts/logout/"])
def test_a_copy_of_a_session_ends_with_it(house: House, person: Person, way_out: str) -> None:
    session, _ = log_in(house, person.name, person.password)
    another, _ = log_in(house, person.name, person.password)
    kept = {"ds_actor": session.cookies["ds_actor"]}
    assert requests.get(f"{house.url}/-/actor.json", cookies=kept).status_code == 200
    if way_out == "/-/logout":
        refused = session.post(f"{house.url}/-/logout", data={"csrftoken": "wrong"})
        assert refused.status_code == 403
        assert requests.get(f"{house.url}/-/actor.json", cookies=kept).status_code == 200
        page = session.get(f"{house.url}/-/logout", headers=HTML)
        session.post(f"{house.url}/-/logout", data={"csrftoken": page.text.split('name="csrftoken" value="')[1].split('"')[0]})
    else:
        session.get(f"{house.url}/accounts/logout/")
    assert requests.get(f"{house.url}/-/actor.json", cookies=kept).status_code == 403
    assert another.get(f"{house.url}/-/actor.json").status_code == 200


@pytest.mark.parametrize("headers", [{"Cookie": "a/b=1; c=2"}, {"Cookie": "a=1", "X-CSRFToken": "\xe9"}])
def test_a_cookie_or_token_of_odd_letters_is_no_fault_of_ours(house: House, person: Person, headers: dict[str, str]) -> None:
    """Another site on the same host may have set it."""
    assert requests.get(f"{house.url}/-/login", headers=headers).status_code == 200
    assert requests.post(f"{house.url}/-/logout", headers=headers).status_code in (302, 403)
    session, _ = log_in(house, person.name, person.password)
    cookie = f"{headers['Cookie']}; ds_actor={session.cookies['ds_actor']}"
    answer = requests.get(f"{house.url}/-/actor.json", headers={**headers, "Cookie": cookie})
    assert answer.json() == {"actor": {"id": person.name}}


@pytest.mark.parametrize(("path", "status"), [("/-/logout", 413), ("/favicon.ico", 413), ("/-/static/x", 403)])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_no_strangers_body_is_taken_in(house: House, path: str, status: int, is_chunked: bool) -> None:
    """The answer is there while the form, 10 MB of it, is being sent."""
    address = urlsplit(house.url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" if is_chunked else "Content-Length: 10000000\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"a" * 100_000 + (b"\r\n186a0\r\n" if is_chunked else b"") + b"a" * 100_000)
        assert connection.recv(12) == b"HTTP/1.1 %d" % status


def test_an_expired_session_is_nobody(house: House, person: Person) -> None:
    """Signed as ours are, but an hour over."""
    session, _ = log_in(house, person.name, person.password)
    signer = URLSafeSerializer(Settings.from_env(house.env).secret("portal_secret"), salt="actor")
    value = signer.loads(session.cookies["ds_actor"])
    for hours, status in ((1, 200), (-1, 403)):
        value["e"] = baseconv.base62.encode(int(time.time()) + hours * 3600)
        cookies = {"ds_actor": signer.dumps(value)}
        assert requests.get(f"{house.url}/-/actor.json", cookies=cookies).status_code == status


def test_a_session_that_ended_is_nobody_to_basics_neighbour(house: House, client: requests.Session, person: Person) -> None:
    """A cookie of ours that is over, beside Basic of another account: the actor is the one who proved to be it."""
    session, _ = log_in(house, person.name, person.password)
    cookies = {"ds_actor": session.cookies["ds_actor"]}
    loader(house, "passwd", person.name, stdin="another long one 18")
    answer = requests.get(f"{house.url}/-/actor.json", auth=(house.user, house.password), cookies=cookies)
    assert answer.json() == {"actor": {"id": house.user}}


def test_hashes_and_addresses_show_nowhere(house: House, client: requests.Session) -> None:
    connection = psycopg2.connect(house.admin_url)
    with connection.cursor() as cursor:
        cursor.execute("select password from auth_user")
        secrets = [row[0] for row in cursor.fetchall()]
    connection.close()
    secrets += [house.ro_url, house.login_url, "pbkdf2_sha256", "_password_hash"]
    for path in ("/-/metadata.json", "/-/plugins.json?all=1", "/-/settings.json", "/-/databases.json", "/", "/elasticc"):
        text = client.get(house.url + path).text
        assert not [secret for secret in secrets if secret in text], path
