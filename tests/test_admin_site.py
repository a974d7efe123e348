"""The admin site over HTTP: whom it lets in, what it shows, what it changes. Its looks are test_admin_pages'."""

import csv
import io
import os
import re
import signal
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from loader_server import PASSWORD, entered, make_account, post, serving
from scratch import Scratch, scratch, scratch_server
from test_ingest_formats import alert, container, source

__all__ = ["scratch", "scratch_server"]

PAGES = (
    "/admin/", "/admin/runs/", "/admin/upload/", "/admin/tables/", "/admin/tables/elasticc_diaobject/", "/admin/schema/sizes/",
    "/admin/schema/indexes/", "/admin/schema/roles/", "/admin/schema/migrations/", "/admin/auth/user/", "/admin/auth/group/",
    "/admin/accounts/apitoken/", "/admin/accounts/apitoken/add/", "/admin/auth/user/add/",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(scratch_server: Scratch) -> Iterator[str]:
    make_account(scratch_server, "root", "--admin")
    make_account(scratch_server, "reader")
    make_account(scratch_server, "loads")
    with serving(scratch_server, ELASTICC_UPLOAD_MB="1") as url:
        yield url


@pytest.fixture(scope="module")
def admin(site: str) -> Iterator[requests.Session]:
    with entered(site, "root") as session:
        assert "loader_session" in session.cookies
        yield session


def words(answer: requests.Response) -> str:
    """What a reader sees of a page, in one line."""
    body = re.sub(r"(?s)<(script|style|svg).*?</\1>", " ", answer.text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def upload(admin: requests.Session, site: str, kind: str, files: dict[str, bytes], **fields: str) -> requests.Response:
    form = {"kind": kind, "schema": "v0_9", "on_conflict": "refuse", **fields}
    parts = [("files", (name, content)) for name, content in files.items()]
    return post(admin, f"{site}/admin/upload/", form, files=parts)


def watched(admin: requests.Session, page: str) -> str:
    """The words of an upload's page, when it is over."""
    while not (answer := admin.get(f"{page}progress/", timeout=30).json())["over"]:
        time.sleep(0.1)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer["html"])).split())


def alerts(*numbers: int, **of_source: Any) -> bytes:
    return container([alert(number, **of_source) for number in numbers], "alert")


def rows_of(table: str, rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_only_administrators_get_in(scratch: Scratch, site: str, admin: requests.Session) -> None:
    for page in PAGES:
        assert admin.get(f"{site}{page}", timeout=30).status_code == 200, page
        stranger = requests.get(f"{site}{page}", allow_redirects=False, timeout=30)
        assert (stranger.status_code, stranger.headers["Location"]) == (302, f"/admin/login/?next={page}")
    with requests.Session() as session:
        session.get(f"{site}/admin/login/")
        form = {"username": "reader", "password": PASSWORD}
        answer = post(session, f"{site}/admin/login/", form)
        assert "This account is no administrator's." in words(answer)
        assert "loader_session" not in session.cookies
    with requests.Session() as session:  # the old scripts' login lets it in, but not here
        session.get(f"{site}/accounts/login/")
        form = {"username": "reader", "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(f"{site}/accounts/login/", data=form, allow_redirects=False)
        assert "loader_session" in session.cookies
        for page in PAGES:
            assert session.get(f"{site}{page}", allow_redirects=False, timeout=30).status_code == 302, page


def test_a_right_is_given_and_taken_on_the_command_line(scratch: Scratch, site: str) -> None:
    with entered(site, "loads") as session:
        assert session.get(f"{site}/admin/runs/", allow_redirects=False).status_code == 302
    assert scratch.loader("user", "grant", "loads", "admin").returncode == 0
    assert "loads  (administrator)" in scratch.loader("user", "list").stdout
    with entered(site, "loads") as session:
        assert session.get(f"{site}/admin/runs/", allow_redirects=False).status_code == 200
        assert scratch.loader("user", "revoke", "loads", "admin").returncode == 0
        assert session.get(f"{site}/admin/runs/", allow_redirects=False).status_code == 302
    assert requests.post(f"{site}/elasticc/addtruth", json=[], auth=("loads", PASSWORD), timeout=30).status_code == 403


def test_answers_are_guarded(scratch: Scratch, site: str, admin: requests.Session) -> None:
    answer = admin.get(f"{site}/admin/", timeout=30)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    login = requests.get(f"{site}/admin/login/", timeout=30)
    assert "SameSite=Lax" in login.headers["Set-Cookie"]
    [session] = [cookie for cookie in admin.cookies if cookie.name == "loader_session"]
    assert session.has_nonstandard_attr("HttpOnly") and session.get_nonstandard_attr("SameSite") == "Lax"
    for address in ("/admin/upload/", "/admin/runs/1/undo/", "/admin/schema/sizes/check/", "/admin/accounts/apitoken/add/"):
        assert admin.post(f"{site}{address}", data={"kind": "alerts"}, timeout=30).status_code == 403, address
    assert requests.get(f"{site}/admin/", headers={"Host": "evil.example"}, timeout=30).status_code == 400


def test_failed_logins_are_slowed_down(scratch: Scratch, site: str) -> None:
    """As the portal's: ten at once for one name, whichever door they come by; nobody else waits."""
    with requests.Session() as session:
        session.get(f"{site}/admin/login/")
        for _ in range(5):
            assert post(session, f"{site}/admin/login/", {"username": "guessed", "password": "x"}).status_code == 200
            wrong = requests.put(f"{site}/elasticc/brokermessage/", json={}, auth=("guessed", "x"), timeout=30)
            assert wrong.status_code == 403
        refused = post(session, f"{site}/admin/login/", {"username": "guessed", "password": "x"})
        assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 30
        assert "Too many failed logins from this address" in words(refused)
        by_basic = requests.put(f"{site}/elasticc/brokermessage/", json={}, auth=("guessed", "x"), timeout=30)
        assert by_basic.status_code == 429 and "Too many failed logins" in by_basic.json()["detail"]
    with entered(site, "root") as session:
        assert session.get(f"{site}/admin/", timeout=30).status_code == 200


def test_accounts_keep_the_loaders_rules(scratch: Scratch, site: str, admin: requests.Session) -> None:
    new = f"{site}/admin/auth/user/add/"
    form = {"username": "new", "usable_password": "true", "password1": "short", "password2": "short"}
    assert "This password is too short" in words(post(admin, new, form))
    form |= {"password1": PASSWORD, "password2": PASSWORD}
    answer = post(admin, new, form)
    number = int(re.findall(r"/user/(\d+)/change/", answer.url)[0])
    assert "new" in scratch.loader("user", "list").stdout.split()
    page = f"{site}/admin/auth/user/{number}/change/"
    assert "Delete" not in words(answer) and "Add permission" not in words(answer)
    assert post(admin, f"{site}/admin/auth/user/{number}/delete/", {"post": "yes"}).status_code == 403
    renamed = post(admin, page, {"username": "other", "is_active": "on", "is_superuser": "on"})
    assert renamed.status_code == 200
    assert "new  (administrator)" in scratch.loader("user", "list").stdout.splitlines()
    post(admin, page, {"is_superuser": ""})
    assert "new  (disabled)" in scratch.loader("user", "list").stdout.splitlines()
    [(me,)] = scratch.rows("select id from auth_user where username = 'root'")
    post(admin, f"{site}/admin/auth/user/{me}/change/", {"groups": ""})  # as if neither box were ticked
    assert scratch.rows("select is_active, is_superuser, is_staff from auth_user where id = %s", [me]) == [(True, True, True)]


def test_a_group_gives_its_members_a_right(scratch: Scratch, site: str, admin: requests.Session) -> None:
    make_account(scratch, "member")
    answer = admin.get(f"{site}/admin/auth/group/add/", timeout=30)
    rights = dict(re.findall(r'name="permissions" value="(\d+)"[^>]*>\s*([^<]+?)\s*</label>', answer.text))
    assert sorted(unescape(right) for right in rights.values()) == [
        "May write brokers' messages at the loader's addresses", "May write everything at the loader's addresses",
    ]  # fmt: skip
    [broker] = [number for number, right in rights.items() if "brokers" in right]
    post(admin, f"{site}/admin/auth/group/add/", {"name": "brokers", "permissions": broker})
    [(group,)] = scratch.rows("select id from auth_group where name = 'brokers'")
    [(member,)] = scratch.rows("select id from auth_user where username = 'member'")
    put = f"{site}/elasticc/brokermessage/"
    assert requests.put(put, json=[], auth=("member", PASSWORD), timeout=30).status_code == 403
    post(admin, f"{site}/admin/auth/user/{member}/change/", {"is_active": "on", "groups": group})
    assert requests.put(put, json=[], auth=("member", PASSWORD), timeout=30).status_code == 400  # it may; the list is empty


def test_a_token_is_shown_once_and_revoked(scratch: Scratch, site: str, admin: requests.Session) -> None:
    [(reader,)] = scratch.rows("select id from auth_user where username = 'reader'")
    new = f"{site}/admin/accounts/apitoken/add/"
    assert "Ensure this value is less than or equal to 3650" in words(post(admin, new, {"user": reader, "days": 9999}))
    made = post(admin, new, {"user": reader, "name": "nightly <script>", "days": 30})
    [token] = re.findall(r"elasticc_[\w-]{40,}", made.text)
    assert "no-store" in made.headers["Cache-Control"]
    [(number, digest)] = scratch.rows("select id, digest from accounts_apitoken")
    from hashlib import sha256

    assert sha256(token.encode()).hexdigest() == digest
    listed = admin.get(f"{site}/admin/accounts/apitoken/", timeout=30)
    assert "nightly <script>" in words(listed) and "valid" in words(listed)
    page = admin.get(f"{site}/admin/accounts/apitoken/{number}/change/", timeout=30)
    for answer in (listed, page, admin.get(new, timeout=30), admin.get(f"{site}/admin/", timeout=30)):
        assert token not in answer.text and digest not in answer.text and "<script>nightly" not in answer.text
    asked = admin.get(f"{site}/admin/accounts/apitoken/{number}/revoke/", timeout=30)
    assert "will be" not in words(asked) and scratch.rows("select revoked_at from accounts_apitoken") == [(None,)]
    assert f"Token {number} of reader is revoked." in words(post(admin, f"{site}/admin/accounts/apitoken/{number}/revoke/"))
    assert re.search(rf"{number}  reader  revoked", scratch.loader("token", "list").stdout)
    assert "Revoke…" not in admin.get(f"{site}/admin/accounts/apitoken/{number}/change/", timeout=30).text


def test_files_are_uploaded_loaded_and_undone(scratch: Scratch, site: str, admin: requests.Session, tmp_path: Path) -> None:
    answer = upload(admin, site, "alerts", {"two alerts.avro": alerts(1, 2), "third.avro": alerts(3)})
    said = watched(admin, answer.url)
    assert said.startswith("done Loaded.") and "elasticc_diasource 3 new" in said
    number = int(re.findall(r"Run: (\d+)", said)[0])
    assert scratch.rows("select who, kind, outcome from ingest_run where id = %s", [number]) == [("root", "alerts", "done")]
    assert scratch.counts()["elasticc_diaalert"] == 3
    page = words(admin.get(f"{site}/admin/runs/{number}/", timeout=30))
    digests = scratch.rows("select name, sha256 from ingest_file where run_id = %s order by name", [number])
    assert [name for name, _ in digests] == ["third.avro", "two alerts.avro"]
    assert all(name in page and digest in page for name, digest in digests)
    assert "elasticc_diasource: 2 new" in page
    asked = words(admin.get(f"{site}/admin/runs/{number}/undo/", timeout=30))
    assert "elasticc_diasource: 3" in asked and scratch.counts()["elasticc_diaalert"] == 3
    undone = words(post(admin, f"{site}/admin/runs/{number}/undo/"))
    assert f"Run {number} is undone" in undone and "by root" in undone
    assert set(scratch.counts().values()) == {0}
    again = words(post(admin, f"{site}/admin/runs/{number}/undo/"))
    assert f"Run {number} was undone before" in again
    uploads = Path(scratch.environment["ELASTICC_HOME"]) / "uploads"
    assert not list(uploads.glob("*/files")) and uploads.stat().st_mode & 0o077 == 0


def test_what_builds_on_a_run_keeps_it(scratch: Scratch, site: str, admin: requests.Session) -> None:
    first = watched(admin, upload(admin, site, "alerts", {"one.avro": alerts(1)}).url)
    watched(admin, upload(admin, site, "alerts", {"two.avro": alerts(2)}).url)
    number = int(re.findall(r"Run: (\d+)", first)[0])
    kept = words(post(admin, f"{site}/admin/runs/{number}/undo/"))
    assert f"Run {number} can't be undone: later rows refer to its own." in kept
    assert scratch.counts()["elasticc_diaalert"] == 2


def test_wrong_files_get_the_loaders_own_sentence(scratch: Scratch, site: str, admin: requests.Session) -> None:
    said = watched(admin, upload(admin, site, "alerts", {"torn.avro": alerts(1, 2)[:-40], "good.avro": alerts(1)}).url)
    assert said.startswith("refused Refused, at least in part.")
    assert "Refused: torn.avro" in said and "elasticc_diaalert 1 new" in said
    number = int(re.findall(r"Run: (\d+)", said)[0])
    assert "torn.avro" in words(admin.get(f"{site}/admin/runs/{number}/", timeout=30))
    changed = watched(admin, upload(admin, site, "alerts", {"other.avro": alerts(1, psFlux=9.0)}).url)
    assert "diaSourceId 1 is known with psFlux = 1.5, and the file says 9.0" in changed
    replaced = watched(admin, upload(admin, site, "alerts", {"other.avro": alerts(1, psFlux=9.0)}, on_conflict="replace").url)
    assert "1 replaced" in replaced
    nothing = watched(admin, upload(admin, site, "snana", {"no.fits": b"x"}).url)
    assert "no SNANA files" in nothing


def test_a_tables_rows_and_the_forms_own_words(scratch: Scratch, site: str, admin: requests.Session) -> None:
    content = rows_of("diaobject", [{"diaObjectId": 7, "ra": 10.5, "decl": -5.0}])
    said = watched(admin, upload(admin, site, "table", {"objects.csv": content}, table="diaobject").url)
    assert said.startswith("done")
    assert scratch.rows('select ra from elasticc_diaobject where "diaObjectId" = 7') == [(10.5,)]
    for kind, files, fields, sentence in (
        ("table", {"o.csv": content}, {}, "Say which table the rows are for."),
        ("alerts", {"-": b"x"}, {}, "A file can't be called '-' here."),
        ("alerts", {"--help": b"x"}, {}, "A file can't be called '--help' here."),
        ("alerts", {}, {}, "This field is required."),
        ("nothing", {"x": b"x"}, {}, "Select a valid choice."),
        ("alerts", {"large.avro": b"x" * 1_000_001}, {}, "Together the files are larger than 1 MB"),
    ):
        answer = upload(admin, site, kind, files or {"": b""}, **fields)
        assert answer.status_code == 400 and sentence in words(answer), sentence
    for name in ("é" * 200, f"a.{'b' * 250}"):
        answer = upload(admin, site, "table", {name: content}, table="diaobject")
        assert (answer.status_code, "A file's name is too long." in words(answer)) == (400, True), name
    assert upload(admin, site, "alerts", {"huge.avro": b"x" * 3_000_000}).status_code == 413
    escaping = watched(admin, upload(admin, site, "alerts", {"../../escape.avro": b"x"}).url)
    assert "Refused: escape.avro" in escaping  # the browser's folders are not ours


def test_a_load_is_watched_and_a_killed_one_has_died(scratch: Scratch, site: str, admin: requests.Session) -> None:
    connection = psycopg2.connect(scratch.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("lock table elasticc_diaobject in share row exclusive mode")  # the load waits for it
        page = upload(admin, site, "alerts", {"one.avro": alerts(1)}).url
        while not (number := re.findall(r'runs/(\d+)/"', admin.get(f"{page}progress/", timeout=30).json()["html"])):
            time.sleep(0.05)
        answer = admin.get(f"{page}progress/", timeout=30).json()
        assert answer["over"] is False and "running" in answer["html"]
        assert "running" in words(admin.get(f"{site}/admin/runs/{number[0]}/", timeout=30))
        uploads = Path(scratch.environment["ELASTICC_HOME"]) / "uploads" / page.rstrip("/").rpartition("/")[2]
        import json

        os.kill(json.loads((uploads / "upload.json").read_text())["pid"], signal.SIGKILL)
        time.sleep(0)
    connection.close()
    assert "died The load died" in watched(admin, page)
    while (said := words(admin.get(f"{site}/admin/runs/{number[0]}/", timeout=30))) and "Outcome died" not in said:
        time.sleep(0.1)
    assert set(scratch.counts().values()) == {0}
    assert "Loaded." in watched(admin, upload(admin, site, "alerts", {"one.avro": alerts(1)}).url)


def test_tables_are_paged_along_their_keys(scratch: Scratch, site: str, admin: requests.Session) -> None:
    scratch.rows('insert into elasticc_diaobject ("diaObjectId", ra, decl) select n, 1, 2 from generate_series(1, 120) n')
    page = f"{site}/admin/tables/elasticc_diaobject/"

    def keys(answer: requests.Response) -> list[int]:
        return [int(key) for key in re.findall(r'row/\?key=(\d+)"', answer.text)]

    def link(answer: requests.Response, name: str) -> str:
        return unescape(page + re.findall(rf'href="([^"]+)"[^>]*>{name}</a>', answer.text)[0])

    first = admin.get(page, timeout=30)
    assert "120 rows" in words(first) and keys(first) == list(range(1, 51))
    second = admin.get(link(first, "Next"), timeout=30)
    assert keys(second) == list(range(51, 101))
    last = admin.get(link(second, "Last"), timeout=30)
    assert keys(last) == list(range(71, 121)) and ">Next<" not in last.text
    assert keys(admin.get(link(last, "Previous"), timeout=30)) == list(range(21, 71))
    row = admin.get(page, params={"column": "diaObjectId", "value": "42"}, timeout=30)
    assert row.url.endswith("/row/?key=42") and "Right ascension, degrees (ICRS)" in words(row)
    none = admin.get(page, params={"column": "diaObjectId", "value": "4242"}, timeout=30)
    assert "No row has diaObjectId = 4242." in words(none)
    wrong = admin.get(page, params={"column": "diaObjectId", "value": "x' or true --"}, timeout=30)
    assert wrong.status_code == 200 and "is nothing that diaObjectId could be" in words(wrong)
    for address in ("/admin/tables/auth_user/", "/admin/tables/ingest_run/", "/admin/tables/nothing/",
                    "/admin/tables/elasticc_diaobject/row/?key=999", "/admin/tables/elasticc_diaobject/row/"):  # fmt: skip
        assert admin.get(f"{site}{address}", timeout=30).status_code == 404, address


def test_a_nul_is_nothing_that_a_key_could_be(scratch: Scratch, site: str, admin: requests.Session) -> None:
    table = f"{site}/admin/tables/elasticc_diaobject"
    for query in ("?column=diaObjectId&value=%00", "?after=%00"):
        assert "is nothing that" in words(admin.get(f"{table}/{query}", timeout=30))
    assert admin.get(f"{table}/row/?key=%00", timeout=30).status_code == 404


def test_rows_lead_to_each_other(scratch: Scratch, site: str, admin: requests.Session) -> None:
    watched(admin, upload(admin, site, "alerts", {"three.avro": alerts(3)}).url)
    row = admin.get(f"{site}/admin/tables/elasticc_diaobject/row/?key=7", timeout=30)
    sources = admin.get(site + unescape(re.findall(r'href="([^"]+)">elasticc_diasource</a>', row.text)[-1]), timeout=30)
    assert "3 rows with diaObject_id = 7" in words(sources)
    assert str(source(1)["midPointTai"]) in words(sources)
    back = admin.get(site + unescape(re.findall(r'href="([^"]+value=7)"', sources.text)[0]), timeout=30)
    assert back.url.endswith("elasticc_diaobject/row/?key=7")
    for name in [
        row[0]
        for row in scratch.rows(r"select relname from pg_class where relkind in ('r', 'v') and relname like 'elasticc\_%'")
    ]:
        assert admin.get(f"{site}/admin/tables/{name}/", timeout=30).status_code == 200, name


def test_pages_of_a_large_table_read_its_index_only(scratch: Scratch) -> None:
    """What the page asks, by the plan of PostgreSQL: no sort, no scan of the table, whatever its size."""
    plans = scratch.rows(
        'explain select "diaSourceId", ra from public."elasticc_diasource"'
        ' where ("diaSourceId") > (\'5\'::bigint) order by "diaSourceId" limit 51'
    )
    text = "\n".join(row[0] for row in plans)
    assert "Index Scan using elasticc_diasource_pkey" in text and "Sort" not in text


def test_the_schema_is_told(scratch: Scratch, site: str, admin: requests.Session) -> None:
    sizes = words(admin.get(f"{site}/admin/schema/sizes/", timeout=30))
    assert "elasticc_diasource" in sizes and "PostgreSQL 18" in sizes
    check = f"{site}/admin/schema/sizes/check/"
    assert "elasticc_diaobject: the counter is right." in words(post(admin, check, {"table": "elasticc_diaobject"}))
    scratch.rows("update tally.change set rows = rows + 5 where relation = 'elasticc_gentypeofclassid'")
    try:
        wrong = words(post(admin, check, {"table": "elasticc_gentypeofclassid"}))
        assert "rows, but 83 are counted" in wrong and "python -m loader check counts --fix" in wrong
    finally:
        assert scratch.loader("check", "counts", "--fix").returncode == 0
    assert post(admin, check, {"table": "auth_user"}).status_code == 404

    scratch.rows('create index spare on elasticc_diasource ("diaObject_id")')
    scratch.rows("update pg_index set indisvalid = false where indexrelid = 'spare'::regclass")
    try:
        indexes = words(admin.get(f"{site}/admin/schema/indexes/", timeout=30))
        assert 'Invalid: nobody uses it. Make it anew: reindex index concurrently "spare"' in indexes
        assert "begins with the same columns and can take its place" in indexes
    finally:
        scratch.rows("drop index spare")
    assert "Nothing: all indexes are valid" in words(admin.get(f"{site}/admin/schema/indexes/", timeout=30))

    roles = words(admin.get(f"{site}/admin/schema/roles/", timeout=30))
    assert "All roles, extensions and grants are as" in roles and "elasticc_login" in roles
    scratch.rows("revoke select on elasticc_diasource from elasticc_ro")
    try:
        missing = words(admin.get(f"{site}/admin/schema/roles/", timeout=30))
        assert "Not as python -m loader init would have it: let elasticc_ro read elasticc_diasource." in missing
    finally:
        assert scratch.loader("init").returncode == 0


def test_a_pending_migration_is_shown_with_its_sql(scratch: Scratch, site: str, admin: requests.Session) -> None:
    page = f"{site}/admin/schema/migrations/"
    assert "All migrations are applied." in words(admin.get(page, timeout=30))
    applied = words(admin.get(f"{page}elasticc/0005_tally/", timeout=30))
    assert "create function tally.note()" in applied and "Applied 20" in applied
    [(number,)] = scratch.rows("select id from django_migrations where app = 'accounts' and name = '0001_tokens'")
    scratch.rows("update django_migrations set name = 'nobody' where id = %s", [number])
    try:
        pending = words(admin.get(page, timeout=30))
        assert "1 migration to be applied, in this order, by python -m loader init" in pending
        assert 'begin; -- -- Create model ApiToken -- CREATE TABLE "accounts_apitoken"' in pending
        assert scratch.rows("select count(*) from django_migrations where name = '0001_tokens'") == [(0,)]
    finally:
        scratch.rows("update django_migrations set name = '0001_tokens' where id = %s", [number])
    assert admin.get(f"{page}elasticc/9999_nothing/", timeout=30).status_code == 404


def test_it_answers_several_at_once(scratch: Scratch, site: str, admin: requests.Session) -> None:
    """While one request waits for a lock another is answered."""
    from threading import Thread

    connection = psycopg2.connect(scratch.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("lock table elasticc_diatruth in access exclusive mode")
        waiting = Thread(target=post, args=(admin, f"{site}/admin/schema/sizes/check/", {"table": "elasticc_diatruth"}))
        waiting.start()
        assert admin.get(f"{site}/admin/runs/", timeout=10).status_code == 200
        assert waiting.is_alive()
    connection.close()
    waiting.join(30)


def test_serve_says_what_is_wrong(scratch: Scratch, site: str) -> None:
    taken = scratch.loader("serve", "--port", site.rpartition(":")[2])
    assert taken.returncode == 1 and "can't be used (Address already in use); --port takes another." in taken.stderr
    assert "Traceback" not in taken.stderr
