"""CONTRACT.md's core, a test a line, over HTTP as old scripts speak it."""

import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
import requests
from house import House

NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
Json = dict[str, Any]


def ask(house: House, sql: str) -> list[tuple[Any, ...]]:
    """Through another door than the one under test."""
    connection = psycopg2.connect(house.admin_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def get(house: House, client: requests.Session, path: str) -> Json:
    answer = client.get(house.url + path)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def run(house: House, client: requests.Session, query: object, subdict: object = None) -> Json:
    answer = client.post(f"{house.url}/db/runsqlquery/", json={"query": query, "subdict": subdict})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def rows(house: House, client: requests.Session, query: object, subdict: object = None) -> list[Json]:
    body = run(house, client, query, subdict)
    assert body["status"] == "ok", body
    assert list(body) == ["status", "rows"]
    found: list[Json] = body["rows"]
    return found


def error(house: House, client: requests.Session, query: object, subdict: object = None) -> str:
    body = run(house, client, query, subdict)
    assert list(body) == ["status", "error"] and body["status"] == "error"
    return str(body["error"])


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query, keep_blank_values=True)


# Log in


def start(house: House) -> tuple[requests.Session, Json]:
    session = requests.Session()
    answer = session.get(f"{house.url}/accounts/login/")
    assert answer.status_code == 200
    return session, {
        "username": house.user, "password": house.password, "csrfmiddlewaretoken": session.cookies["csrftoken"],
    }  # fmt: skip


def test_login_sets_both_cookies_and_ends_in_200(house: House) -> None:
    session, form = start(house)
    answer = session.post(f"{house.url}/accounts/login/", data=form)
    assert answer.status_code == 200 and answer.history[0].status_code == 302
    assert {"csrftoken", "ds_actor"} <= set(session.cookies.keys())


def test_login_goes_to_a_local_next_and_to_no_other(house: House) -> None:
    for onward, location in [
        ("/elasticc?x=1", "/elasticc?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ]:
        session, form = start(house)
        answer = session.post(f"{house.url}/accounts/login/", data={**form, "next": onward}, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (302, location)


def test_a_failed_login_is_200_and_says_please_enter_a_correct(house: House) -> None:
    session, form = start(house)
    answer = session.post(f"{house.url}/accounts/login/", data={**form, "password": "wrong"})
    assert answer.status_code == 200
    assert "Please enter a correct" in answer.text
    assert "ds_actor" not in session.cookies


def test_a_login_without_the_right_token_is_403(house: House) -> None:
    session, form = start(house)
    for token in ("", "x" * 64):
        answer = session.post(f"{house.url}/accounts/login/", data={**form, "csrfmiddlewaretoken": token})
        assert answer.status_code == 403
    assert requests.post(f"{house.url}/accounts/login/", data=form).status_code == 403


def test_a_browser_gets_a_login_page_at_the_old_address(house: House) -> None:
    page = requests.get(f"{house.url}/accounts/login/?next=/elasticc", headers={"Accept": "text/html"})
    assert '<form class="core login-form" action="/accounts/login/?next=/elasticc" method="post">' in page.text
    assert 'name="next" value="/elasticc"' in page.text


def test_the_old_logout_logs_out(house: House) -> None:
    session, form = start(house)
    session.post(f"{house.url}/accounts/login/", data=form)
    assert session.get(f"{house.url}/elasticc/diaobject/").status_code == 200
    session.get(f"{house.url}/accounts/logout/")
    assert session.get(f"{house.url}/elasticc/diaobject/").status_code == 403


# Lists


PUBLISHED = """
    select relname
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and has_table_privilege('elasticc_ro', oid, 'select')
      and exists (select from pg_constraint k where k.conrelid = pg_class.oid and k.contype = 'p')
"""


def test_every_published_table_is_listed_with_its_exact_count(house: House, client: requests.Session) -> None:
    tables = [name for (name,) in ask(house, PUBLISHED)]
    assert len(tables) >= 11
    for table in tables:
        body = get(house, client, f"/elasticc/{table.removeprefix('elasticc_')}/?limit=3")
        assert list(body) == ["count", "next", "previous", "results"], table
        assert body["count"] == ask(house, f"select count(*) from {table}")[0][0], table
        assert len(body["results"]) == min(3, body["count"]), table


def test_the_real_data_has_its_real_counts(house: House, client: requests.Session) -> None:
    if not house.real:
        pytest.fail("the real data is missing")
    counts = {name: get(house, client, f"/elasticc/{name}/?limit=1")["count"] for name in (
        "diaobject", "diaforcedsource", "diasource", "diaalert", "diaobjecttruth",
    )}  # fmt: skip
    assert counts == {
        "diaobject": 346, "diaforcedsource": 52172, "diasource": 1862, "diaalert": 1862, "diaobjecttruth": 346,
    }  # fmt: skip


def test_a_page_is_100_rows_by_primary_key(house: House, client: requests.Session) -> None:
    body = get(house, client, "/elasticc/diaobject/")
    ids = [row["diaObjectId"] for row in body["results"]]
    assert ids == [key for (key,) in ask(house, 'select "diaObjectId" from elasticc_diaobject order by 1 limit 100')]


@pytest.mark.parametrize("limit", ["0", "-5", "", "many", "1.5", "9" * 5000])
def test_a_limit_that_is_none_falls_back_to_100(house: House, client: requests.Session, limit: str) -> None:
    assert len(get(house, client, f"/elasticc/diaobject/?limit={limit}")["results"]) == 100


@pytest.mark.parametrize("offset", ["0", "-5", "", "many"])
def test_an_offset_that_is_none_falls_back_to_0(house: House, client: requests.Session, offset: str) -> None:
    body = get(house, client, f"/elasticc/diaobject/?limit=7&offset={offset}")
    assert body["previous"] is None
    assert body["results"] == get(house, client, "/elasticc/diaobject/?limit=7")["results"]


def test_of_a_repeated_parameter_the_last_wins(house: House, client: requests.Session) -> None:
    assert len(get(house, client, "/elasticc/diaobject/?limit=3&limit=8")["results"]) == 8


def test_next_and_previous_keep_other_parameters_sorted(house: House, client: requests.Session) -> None:
    body = get(house, client, "/elasticc/diaobject/?zeta=a%20b&offset=20&alpha=&limit=10&alpha=2")
    assert body["next"].startswith(f"{house.url}/elasticc/diaobject/?")
    names = [pair.partition("=")[0] for pair in urlsplit(body["next"]).query.split("&")]
    assert names == sorted(names)
    assert query_of(body["next"]) | {"after": []} == {
        "after": [], "alpha": ["", "2"], "limit": ["10"], "offset": ["30"], "zeta": ["a b"],
    }  # fmt: skip
    assert "zeta=a+b" in body["next"]
    assert query_of(body["previous"])["offset"] == ["10"]


def test_previous_of_the_first_pages_has_no_offset(house: House, client: requests.Session) -> None:
    address = f"{house.url}/elasticc/diaobject/?limit=10"
    assert get(house, client, "/elasticc/diaobject/?offset=10&limit=10")["previous"] == address
    assert get(house, client, "/elasticc/diaobject/?offset=5&limit=10")["previous"] == address


def test_beyond_the_end_the_page_is_empty_and_previous_not_clamped(house: House, client: requests.Session) -> None:
    body = get(house, client, "/elasticc/diaobject/?offset=1000000&limit=10")
    assert (body["results"], body["next"]) == ([], None)
    assert query_of(body["previous"]) == {"limit": ["10"], "offset": ["999990"]}
    huge = get(house, client, "/elasticc/diaobject/?offset=" + "9" * 30)
    assert huge["results"] == []


def test_offset_and_limit_that_reach_the_count_give_no_next(house: House, client: requests.Session) -> None:
    count = get(house, client, "/elasticc/diaobject/?limit=1")["count"]
    assert get(house, client, f"/elasticc/diaobject/?limit=10&offset={count - 10}")["next"] is None
    assert get(house, client, f"/elasticc/diaobject/?limit=10&offset={count - 11}")["next"] is not None


def crawl(client: requests.Session, address: str | None, direction: str) -> list[list[int]]:
    pages = []
    while address:
        body = client.get(address).json()
        pages.append([row["diaSourceId"] for row in body["results"]])
        address = body[direction]
    return pages


def test_a_crawl_sees_every_row_once_both_ways(house: House, client: requests.Session) -> None:
    ids = [key for (key,) in ask(house, 'select "diaSourceId" from elasticc_diasource order by 1')]
    forth = crawl(client, f"{house.url}/elasticc/diasource/?limit=250", "next")
    assert [key for page in forth for key in page] == ids
    last = f"{house.url}/elasticc/diasource/?limit=250&offset={250 * (len(forth) - 1)}"
    assert crawl(client, last, "previous") == forth[::-1]


def test_a_crawl_skips_and_repeats_nothing_while_rows_come_in(house: House, client: requests.Session) -> None:
    before = [key for (key,) in ask(house, 'select "diaSourceId" from elasticc_diatruth order by 1')]
    connection = psycopg2.connect(house.admin_url)
    connection.autocommit = True
    added = [-3, -2, -1]
    address: str | None = f"{house.url}/elasticc/diatruth/?limit={max(len(before) // 3, 2) if before else 2}"
    seen: list[int] = []
    try:
        with connection.cursor() as cursor:
            cursor.execute('insert into elasticc_diatruth ("diaSourceId") select generate_series(1, 9)')
            for key in [*added, None]:
                if address:
                    body = client.get(address).json()
                    seen += [row["diaSourceId"] for row in body["results"]]
                    address = body["next"]
                if key:
                    cursor.execute('insert into elasticc_diatruth ("diaSourceId") values (%s)', [key])
            while address:
                body = client.get(address).json()
                seen += [row["diaSourceId"] for row in body["results"]]
                address = body["next"]
            assert seen == sorted({*before, *range(1, 10)})
    finally:
        with connection.cursor() as cursor:
            cursor.execute('delete from elasticc_diatruth where "diaSourceId" < 10')
        connection.close()


def test_an_offset_changed_by_hand_counts(house: House, client: requests.Session) -> None:
    address = get(house, client, "/elasticc/diaobject/?limit=10")["next"].replace("offset=10", "offset=50")
    assert client.get(address).json()["results"] == get(house, client, "/elasticc/diaobject/?limit=10&offset=50")["results"]


def test_a_very_large_limit_gives_everything(house: House, client: requests.Session) -> None:
    body = get(house, client, "/elasticc/diaforcedsource/?limit=100000000000000000000")
    assert len(body["results"]) == body["count"] == ask(house, "select count(*) from elasticc_diaforcedsource")[0][0]
    assert body["next"] is None


def test_format_json_and_its_suffix_work_and_xml_is_404(house: House, client: requests.Session) -> None:
    plain = get(house, client, "/elasticc/diaobject/?limit=2")["results"]
    assert get(house, client, "/elasticc/diaobject/?limit=2&format=json")["results"] == plain
    assert get(house, client, "/elasticc/diaobject.json?limit=2")["results"] == plain
    answer = client.get(f"{house.url}/elasticc/diaobject/?format=xml")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_without_the_slash_301_with_the_query(house: House, client: requests.Session) -> None:
    answer = client.get(f"{house.url}/elasticc/diaobject?limit=2&x=%20", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/elasticc/diaobject/?limit=2&x=%20")
    answer = client.get(f"{house.url}/elasticc/diaobject/12", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/elasticc/diaobject/12/")


@pytest.mark.parametrize("path", ["/elasticc/diaobject/", "/elasticc/diaobject/?format=xml", "/elasticc/diaobject/no/"])
def test_not_logged_in_is_checked_first(house: House, path: str) -> None:
    answer = requests.get(house.url + path)
    assert (answer.status_code, answer.json()) == (403, NO_CREDENTIALS)
    assert requests.post(house.url + path).json() == NO_CREDENTIALS


def test_basic_works_and_bad_basic_is_told(house: House) -> None:
    address = f"{house.url}/elasticc/diaobject/?limit=1"
    assert requests.get(address, auth=(house.user, house.password)).json()["count"] > 0
    answer = requests.get(address, auth=(house.user, "wrong"))
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid username/password."})


def test_a_wrong_method_is_405(house: House, client: requests.Session) -> None:
    for path in ("/elasticc/diaobject/", "/elasticc/diaobject/1/"):
        answer = client.post(house.url + path)
        assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})
        assert client.delete(house.url + path).json() == {"detail": 'Method "DELETE" not allowed.'}


def test_the_old_doors_for_writing_say_where_writing_is_done(house: House, client: requests.Session) -> None:
    for name in ("addelasticcalert", "addtruth", "addobjecttruth"):
        answer = client.post(f"{house.url}/elasticc/{name}", json={})
        assert answer.status_code == 405
        assert "python -m loader" in answer.json()["detail"]
    answer = client.put(f"{house.url}/elasticc/brokermessage/", json={})
    assert answer.status_code == 405
    assert "python -m loader" in answer.json()["where"]


# Details and fields


def test_a_detail_is_the_row_of_the_list(house: House, client: requests.Session) -> None:
    for table, key in [("diaobject", "diaObjectId"), ("diasource", "diaSourceId"), ("diaalert", "alertId")]:
        row = get(house, client, f"/elasticc/{table}/?limit=1&offset=4")["results"][0]
        assert get(house, client, f"/elasticc/{table}/{row[key]}/") == row


@pytest.mark.parametrize("key", ["1", "x", "1.5", "-", "9" * 40])
def test_a_missing_or_odd_id_is_404(house: House, client: requests.Session, key: str) -> None:
    answer = client.get(f"{house.url}/elasticc/diaobject/{key}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_foreign_keys_come_last_without_id(house: House, client: requests.Session) -> None:
    row = get(house, client, "/elasticc/diasource/?limit=1")["results"][0]
    assert list(row) == [
        "diaSourceId", "ccdVisitId", "parentDiaSourceId", "midPointTai", "filterName", "ra", "decl", "psFlux", "psFluxErr",
        "snr", "nobs", "diaObject",
    ]  # fmt: skip
    assert isinstance(row["diaObject"], int)
    forced = get(house, client, "/elasticc/diaforcedsource/?limit=1")["results"][0]
    assert list(forced) == [
        "diaForcedSourceId", "ccdVisitId", "midPointTai", "filterName", "psFlux", "psFluxErr", "totFlux", "totFluxErr",
        "diaObject",
    ]  # fmt: skip


def test_big_integers_are_plain_numbers_and_nan_is_null(house: House, client: requests.Session) -> None:
    connection = psycopg2.connect(house.admin_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("""
            insert into elasticc_diaobject ("diaObjectId", ra, decl, mwebv, z_final)
            values (9007199254740993, 0.1, 'NaN', 'Infinity', '-Infinity')
        """)
        try:
            text = client.get(f"{house.url}/elasticc/diaobject/9007199254740993/").text
        finally:
            cursor.execute('delete from elasticc_diaobject where "diaObjectId" = 9007199254740993')
    connection.close()
    row = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    wanted = {"diaObjectId": 9007199254740993, "ra": 0.1, "decl": None, "mwebv": None, "z_final": None}
    assert {name: row[name] for name in wanted} == wanted


def test_an_alert_nests_its_source_and_object(house: House, client: requests.Session) -> None:
    alert = get(house, client, "/elasticc/diaalert/?limit=1")["results"][0]
    assert list(alert) == [
        "alertId", "diaSource", "diaObject", "cutoutDifference", "cutoutTemplate", "prvDiaSources", "prvDiaForcedSources",
        "prvDiaNonDetectionLimits",
    ]  # fmt: skip
    source = alert["diaSource"]
    assert source == get(house, client, f"/elasticc/diasource/{source['diaSourceId']}/")
    assert alert["diaObject"] == get(house, client, f"/elasticc/diaobject/{source['diaObject']}/")
    assert (alert["cutoutDifference"], alert["cutoutTemplate"], alert["prvDiaNonDetectionLimits"]) == (None, None, [])
    assert isinstance(alert["prvDiaSources"], list) and isinstance(alert["prvDiaForcedSources"], list)


# SQL


def test_sql_gives_rows_by_column(house: House, client: requests.Session) -> None:
    query = 'select "diaObjectId", ra from elasticc_diaobject order by "diaObjectId" limit 2'
    assert rows(house, client, query) == [{"diaObjectId": key, "ra": ra} for key, ra in ask(house, query)]


def test_subdict_may_be_missing_null_or_empty_and_then_a_percent_is_a_percent(house: House, client: requests.Session) -> None:
    query = "select 'SNIa' like 'SN%' as found"
    assert rows(house, client, query, None) == rows(house, client, query, {}) == [{"found": True}]
    answer = client.post(f"{house.url}/db/runsqlquery/", json={"query": query})
    assert answer.json() == {"status": "ok", "rows": [{"found": True}]}


def test_substitutions_are_psycopg2s(house: House, client: requests.Session) -> None:
    query = "select %(a)s::int as a, %(b)s as b, %(c)s::text as c, %(d)s::boolean as d, 7 %% 4 as e"
    values = {"a": 1, "b": "it's", "c": None, "d": True}
    assert rows(house, client, query, values) == [{**values, "e": 3}]
    assert "x" in error(house, client, "select %(x)s", {"y": 1})


def test_a_list_works_for_in_and_for_any(house: House, client: requests.Session) -> None:
    ids = [key for (key,) in ask(house, 'select "diaObjectId" from elasticc_diaobject order by 1 limit 3')]
    for condition in ("in %(ids)s", "IN  %(ids)s", "= any(%(ids)s)", "= ANY (%(ids)s)"):
        query = f'select "diaObjectId" from elasticc_diaobject where "diaObjectId" {condition} order by 1'
        assert [row["diaObjectId"] for row in rows(house, client, query, {"ids": ids})] == ids
    both = 'select count(*) as n from elasticc_diasource where "filterName" in %(f)s and "filterName" = any(%(f)s)'
    [(count,)] = ask(house, "select count(*) from elasticc_diasource where \"filterName\" in ('r', 'i')")
    assert rows(house, client, both, {"f": ["r", "i"]}) == [{"n": count}]


def test_an_empty_list_matches_nothing(house: House, client: requests.Session) -> None:
    for condition in ("in %(ids)s", "= any(%(ids)s)"):
        query = f'select "diaObjectId" from elasticc_diaobject where "diaObjectId" {condition}'
        assert rows(house, client, query, {"ids": []}) == []


def test_values_are_written_as_django_wrote_them(house: House, client: requests.Session) -> None:
    query = """
        select
            '2022-09-01 02:03:04.567891+02'::timestamptz as t,
            1.50::numeric as n,
            9007199254740993::bigint as "bigInt",
            'NaN'::float8 as nan,
            true as yes,
            '{"a": [1, null]}'::jsonb as j,
            array[1, 2] as numbers,
            null as nothing
    """
    assert rows(house, client, query) == [
        {
            "t": "2022-09-01T00:03:04.567Z",
            "n": "1.50",
            "bigInt": 9007199254740993,
            "nan": None,
            "yes": True,
            "j": {"a": [1, None]},
            "numbers": [1, 2],
            "nothing": None,
        }
    ]


def test_of_duplicate_column_names_the_last_wins(house: House, client: requests.Session) -> None:
    assert rows(house, client, "select 1 as a, 2 as b, 3 as a") == [{"a": 3, "b": 2}]


def test_a_list_of_statements_may_make_temp_tables_that_are_gone_after(house: House, client: requests.Session) -> None:
    queries = [
        'create temp table t as select "diaObjectId" as id from elasticc_diaobject where ra > %(ra)s',
        "select count(*) as n from pg_temp.t where %(yes)s",
    ]
    [(count,)] = ask(house, "select count(*) from elasticc_diaobject where ra > 10")
    assert rows(house, client, queries, [{"ra": 10}, {"yes": True}]) == [{"n": count}]
    assert rows(house, client, ["create temp table t as select 1 as x", "select x from pg_temp.t"]) == [{"x": 1}]
    assert "pg_temp.t" in error(house, client, "select * from pg_temp.t")


def test_lists_of_unequal_length_are_told(house: House, client: requests.Session) -> None:
    assert "same length" in error(house, client, ["select 1", "select 2"], [{}])


def test_an_error_is_postgresqls_with_line_and_caret(house: House, client: requests.Session) -> None:
    text = error(house, client, "select nosuch from elasticc_diaobject")
    assert 'column "nosuch" does not exist' in text
    assert re.search(r"LINE 1: select nosuch from elasticc_diaobject\n +\^", text)


def test_dropping_a_table_fails_in_postgresqls_words(house: House, client: requests.Session) -> None:
    text = error(house, client, "DROP TABLE elasticc_diaobject")
    assert "DROP TABLE" in text or "must be owner of table elasticc_diaobject" in text
    assert ask(house, "select to_regclass('elasticc_diaobject')::text") == [("elasticc_diaobject",)]


@pytest.mark.parametrize(
    "attack",
    [
        "select 1; commit; create table public.evil (x int)",
        "commit",
        "update elasticc_diaobject set ra = 0",
        ["commit", "create table public.evil (x int)", "select 1"],
        ["set transaction read write", "delete from elasticc_diaobject", "select 1"],
        "select * from auth_user",
        ["create temp table t as select * from auth_user", "select * from t"],
        "select * from django_session",
    ],
)
def test_sql_cannot_write_or_see_accounts(house: House, client: requests.Session, attack: object) -> None:
    before = ask(house, "select count(*), sum(ra) from elasticc_diaobject")
    assert error(house, client, attack)
    assert ask(house, "select count(*), sum(ra) from elasticc_diaobject") == before
    assert ask(house, "select to_regclass('public.evil')") == [(None,)]


def test_sql_of_both_eras_runs(house: House, client: requests.Session) -> None:
    [(key,)] = ask(house, 'select min("diaObject_id") from elasticc_diasource')
    query = "select count(*) as n from elasticc_diasource where {} = %(id)s"
    first, second = (rows(house, client, query.format(name), {"id": key}) for name in ('"diaObject_id"', '"diaObjectId"'))
    assert first == second and first[0]["n"] > 0


def test_a_body_that_is_no_query_is_an_error(house: House, client: requests.Session) -> None:
    for body in (b"", b"{", b"[]", b"{}", b'{"query": 1}', b'{"query": []}', b'{"query": "select 1", "subdict": 3}'):
        answer = client.post(f"{house.url}/db/runsqlquery/", data=body)
        assert (answer.status_code, answer.json()["status"]) == (200, "error"), body


def test_a_list_of_statements_cannot_leave_its_quotes(house: House, client: requests.Session) -> None:
    """Each setting changes how a string constant is read; what comes after must not be sent under it."""
    role = "select unnest(setconfig) from pg_db_role_setting s join pg_roles r on r.oid = setrole where rolname = 'elasticc_ro'"
    before = ask(house, role)
    escape = (
        "select 1 \\x27; end --\\'; commit; begin read write; alter role current_user set statement_timeout = 77777; "
        "commit; select 1 as pwned --"
    )
    assert error(house, client, ["set backslash_quote = on", "set standard_conforming_strings = off", escape])
    assert ask(house, role) == before


def test_a_query_that_fills_the_memory_ends_alone(house: House, client: requests.Session) -> None:
    """2.5 GB in one backend, of a portal that goes on."""
    [(started,)] = ask(house, "select pg_postmaster_start_time()")
    query = "select cardinality(array_agg(repeat('x', 1000000) || i)) from generate_series(1, 2500) i"
    assert error(house, client, query).startswith("out of memory")
    assert rows(house, client, "select 1 as one") == [{"one": 1}]
    assert ask(house, "select pg_postmaster_start_time()") == [(started,)]


def test_a_subdict_is_read_in_time_and_not_too_deep(house: House, client: requests.Session) -> None:
    started = time.monotonic()
    assert "incomplete placeholder" in error(house, client, "select 1 where 1 " + "in%(" * 100_000, {"a": [1]})
    assert time.monotonic() - started < 20
    deep = f'{{"query": "select 1", "subdict": {{"a": {"[" * 1000}{"]" * 1000}}}}}'
    answer = client.post(f"{house.url}/db/runsqlquery/", data=deep)
    assert (answer.status_code, "nested" in answer.json()["error"]) == (200, True)
    assert rows(house, client, "select %(a)s as a", {"a": [[1, 2], [3, 4]]}) == [{"a": [[1, 2], [3, 4]]}]


def test_get_is_405(house: House, client: requests.Session) -> None:
    assert client.get(f"{house.url}/db/runsqlquery/").status_code == 405


def test_not_logged_in_or_a_bad_token_is_403(house: House, client: requests.Session) -> None:
    address, body = f"{house.url}/db/runsqlquery/", {"query": "select 1"}
    assert requests.post(address, json=body).status_code == 403
    for headers in ({"X-CSRFToken": ""}, {"X-CSRFToken": "y" * 64}):
        assert client.post(address, json=body, headers=headers).status_code == 403
    assert client.post(address, json=body).status_code == 200


# Broker messages


@pytest.fixture
def message(house: House) -> Any:
    """One message with two classifications, put in by the owner and taken out again."""
    connection = psycopg2.connect(house.admin_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute('select s."diaSourceId", s."diaObject_id" from elasticc_diasource s order by 1 limit 1')
        source, of_object = cursor.fetchone() or pytest.fail("there are no sources")
        cursor.execute(
            """
            insert into elasticc_brokermessage ("alertId", "diaSourceId", "descIngestTimestamp", "elasticcPublishTimestamp",
                                                "brokerIngestTimestamp", modified)
            values (9000000001, %s, '2022-09-01 00:00:00.25+00', '2022-09-01 00:00:00.000001+00', null, now())
            returning "dbMessageIndex"
            """,
            [source],
        )
        [index] = cursor.fetchone() or ()
        cursor.execute(
            """
            insert into elasticc_brokerclassifier ("brokerName", "brokerVersion", "classifierName", modified)
            values ('Test', '1', 'Guess', now())
            returning "dbClassifierIndex"
            """
        )
        [classifier] = cursor.fetchone() or ()
        cursor.execute(
            """
            insert into elasticc_brokerclassification ("dbMessage_id", "dbClassifier_id", "classId", probability, modified)
            values (%(m)s, %(c)s, 111, 0.75, now()), (%(m)s, %(c)s, 112, 0.25, now())
            """,
            {"m": index, "c": classifier},
        )
        yield {"index": index, "source": source, "object": of_object}
        cursor.execute('delete from elasticc_brokerclassification where "dbMessage_id" = %s', [index])
        cursor.execute('delete from elasticc_brokermessage where "dbMessageIndex" = %s', [index])
        cursor.execute('delete from elasticc_brokerclassifier where "dbClassifierIndex" = %s', [classifier])
    connection.close()


def test_a_broker_message_by_its_number(house: House, client: requests.Session, message: Json) -> None:
    guess = {"classifierName": "Guess", "classifierParams": None}
    assert get(house, client, f"/elasticc/brokermessage/{message['index']}/") == {
        "dbMessageIndex": message["index"],
        "alertId": 9000000001,
        "diaSourceId": message["source"],
        "descIngestTimestamp": "2022-09-01T00:00:00.250000Z",
        "elasticcPublishTimestamp": 1661990400000001,
        "brokerIngestTimestamp": None,
        "brokerName": "Test",
        "brokerVersion": "1",
        "classifications": [{**guess, "classId": 111, "probability": 0.75}, {**guess, "classId": 112, "probability": 0.25}],
    }
    assert get(house, client, "/elasticc/brokermessage/999999999999/") == {}


def test_broker_messages_by_alert_source_and_object(house: House, client: requests.Session, message: Json) -> None:
    for asked in ("alertid=9000000001,5", f"sourceid={message['source']}", f"objectid={message['object']},1"):
        body = get(house, client, f"/elasticc/brokermessage/{asked}/")
        assert list(body) == ["offset", "num", "totalcount", "count", "brokermessages"]
        assert message["index"] in [found["dbMessageIndex"] for found in body["brokermessages"]], asked
    body = get(house, client, "/elasticc/brokermessage/alertid=9000000001/?offset=1&num=5")
    assert body == {"offset": 1, "num": 5, "totalcount": 1, "count": 0, "brokermessages": []}
    assert client.get(f"{house.url}/elasticc/brokermessage/colour=3/").status_code == 404
