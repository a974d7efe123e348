"""What the older API has beyond the old system's: filters, ETags, compression, streams, a crawl beside a writer."""

import gzip
import http.client
import json
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from house import House

TRUTH = "elasticc_diatruth"
MANY = 30_000
FIRST = 10**15  # keys of our own, beyond all real ones
Json = dict[str, Any]


def write(house: House, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Through another door than the one under test."""
    with closing(psycopg2.connect(house.admin_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def many(house: House) -> Iterator[int]:
    """Rows of truth with even keys from FIRST on; ten of each mjd."""
    write(
        house,
        f'insert into {TRUTH} ("diaSourceId", "diaObjectId", mjd) select {FIRST} + 2 * n, {FIRST} + n / 10, n / 10'
        f" from generate_series(0, {MANY - 1}) n",
    )
    yield MANY
    write(house, f'delete from {TRUTH} where "diaSourceId" >= {FIRST}')


def get(house: House, client: requests.Session, path: str, status: int = 200, **headers: str) -> requests.Response:
    answer = client.get(house.url + path, headers=headers)
    assert answer.status_code == status, answer.text[:1000]
    return answer


# Filters


@pytest.mark.parametrize(
    ("table", "key", "asked", "condition"),
    [
        ("diasource", "diaSourceId", "diaObject={object}", '"diaObject_id" = {object}'),
        ("diasource", "diaSourceId", "diaObject__gte={object}", '"diaObject_id" >= {object}'),
        ("diasource", "diaSourceId", "diaObject__gt={object}&diaObject__lt=99999999999", '"diaObject_id" > {object}'),
        ("diasource", "diaSourceId", "midPointTai__gte={mjd}", '"midPointTai" >= {mjd}'),
        (
            "diasource", "diaSourceId", "midPointTai__lt={mjd}&diaObject__lte={object}",
            '"midPointTai" < {mjd} and "diaObject_id" <= {object}',
        ),
        ("diasource", "diaSourceId", "diaObject=1&diaObject={object}", '"diaObject_id" = {object}'),
        ("diaforcedsource", "diaForcedSourceId", "diaObject={object}", '"diaObject_id" = {object}'),
        ("diaobject", "diaObjectId", "diaObjectId__lte={object}", '"diaObjectId" <= {object}'),
        ("diaalert", "alertId", "diaObject={object}", '"diaObject_id" = {object}'),
    ],
)  # fmt: skip
def test_a_list_is_filtered_by_what_an_index_begins_with(
    house: House, client: requests.Session, table: str, key: str, asked: str, condition: str
) -> None:
    (source,) = write(house, 'select "diaObject_id", "midPointTai" from elasticc_diasource order by 1 offset 700 limit 1')
    facts = {"object": source[0], "mjd": source[1]}
    wanted = [
        row[0] for row in write(house, f'select "{key}" from elasticc_{table} where {condition.format(**facts)} order by 1')
    ]
    address, seen = f"{house.url}/elasticc/{table}/?limit=97&{asked.format(**facts)}", []
    while address:
        body = client.get(address).json()
        assert body["count"] == len(wanted)
        seen += [row[key] for row in body["results"]]
        address = body["next"]
    assert seen == wanted
    large = get(house, client, f"/elasticc/{table}/?limit=100000&{asked.format(**facts)}").json()
    assert [row[key] for row in large["results"]] == wanted and large["count"] == len(wanted)


@pytest.mark.parametrize(
    "parameter", ["snr__gte=1e9", "nosuch=1", "diaObject__like=5", "diaObject_id=5", "filterName=X", "diaObject__=5"]
)
def test_other_parameters_have_no_effect(house: House, client: requests.Session, parameter: str) -> None:
    whole = get(house, client, "/elasticc/diasource/?limit=5").json()
    same = get(house, client, f"/elasticc/diasource/?limit=5&{parameter}").json()
    assert (same["count"], same["results"]) == (whole["count"], whole["results"])


@pytest.mark.parametrize(
    ("table", "parameter", "sentence"),
    [
        ("diasource", "diaObject=x", "diaObject must be a whole number, not 'x'."),
        ("diasource", "diaObject=", "diaObject must be a whole number, not ''."),
        ("diasource", "diaObject=99999999999999999999", "diaObject must be a whole number, not '99999999999999999999'."),
        ("diasource", "diaObject=1;drop", "diaObject must be a whole number, not '1;drop'."),
        ("diasource", "midPointTai__gte=nan", "midPointTai__gte must be a number, not 'nan'."),
        ("brokermessage", "topicName=%00", "topicName must be text, not '\\x00'."),
    ],
)  # fmt: skip
def test_a_bad_value_of_a_filter_is_told(
    house: House, client: requests.Session, table: str, parameter: str, sentence: str
) -> None:
    assert get(house, client, f"/elasticc/{table}/?{parameter}", 400).json() == {"detail": sentence}


def test_a_filtered_count_follows_the_data(house: House, client: requests.Session, many: int) -> None:
    path = f"/elasticc/diatruth/?diaObjectId={FIRST}&limit=2"
    assert [get(house, client, path).json()["count"] for _ in range(2)] == [10, 10]
    write(house, f'delete from {TRUTH} where "diaSourceId" = {FIRST}')
    assert get(house, client, path).json()["count"] == 9


# ETags


@pytest.mark.parametrize("limit", [3, 100_000])
def test_an_unchanged_page_is_304_and_a_changed_one_never(
    house: House, client: requests.Session, many: int, limit: int
) -> None:
    path = f"/elasticc/diatruth/?limit={limit}"
    tag = get(house, client, path).headers["etag"]
    changes = [
        f'update {TRUTH} set mjd = mjd + 1 where "diaSourceId" = {FIRST}',
        f'insert into {TRUTH} ("diaSourceId") values ({FIRST + 1})',
        f'delete from {TRUTH} where "diaSourceId" = {FIRST + 1}',
    ]
    for change in changes:
        answer = get(house, client, path, 304, **{"If-None-Match": f'"other", {tag}'})
        assert answer.content == b"" and answer.headers["etag"] == tag
        write(house, change)
        changed = get(house, client, path, 200, **{"If-None-Match": tag})
        assert changed.headers["etag"] != tag
        tag = changed.headers["etag"]


def test_an_alert_changes_with_what_it_is_made_of(house: House, client: requests.Session) -> None:
    alert, source = write(house, 'select "alertId", "diaSource_id" from elasticc_diaalert order by 1 limit 1')[0]
    path = f"/elasticc/diaalert/{alert}/"
    tag = get(house, client, path).headers["etag"]
    get(house, client, path, 304, **{"If-None-Match": tag})
    write(house, 'update elasticc_diasource set snr = snr where "diaSourceId" = %s', source)
    get(house, client, path, 200, **{"If-None-Match": tag})


def test_one_table_leaves_anothers_pages_alone(house: House, client: requests.Session, many: int) -> None:
    tag = get(house, client, "/elasticc/diaobject/?limit=3").headers["etag"]
    write(house, f'update {TRUTH} set mjd = 1 where "diaSourceId" = {FIRST}')
    get(house, client, "/elasticc/diaobject/?limit=3", 304, **{"If-None-Match": tag})


def test_a_stranger_is_never_told_304(house: House, client: requests.Session) -> None:
    tag = get(house, client, "/elasticc/diaobject/?limit=3").headers["etag"]
    answer = requests.get(f"{house.url}/elasticc/diaobject/?limit=3", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Authentication credentials were not provided."})


def test_answers_are_for_who_asked_alone(house: House, client: requests.Session) -> None:
    for path, status, stored in [
        ("/elasticc/diaobject/", 200, "no-cache"),
        ("/elasticc/diaobject/1/", 404, "no-store"),
        ("/elasticc/diasource/?diaObject=x", 400, "no-store"),
    ]:
        headers = get(house, client, path, status).headers
        assert headers["cache-control"] == f"private, {stored}"
        assert headers["vary"] == "Cookie, Authorization, Accept-Encoding"


# Compression


def raw(house: House, client: requests.Session, path: str, accept: str | None) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(house.url).netloc, timeout=60)
    headers = {"Cookie": f"ds_actor={client.cookies['ds_actor']}"} | ({"Accept-Encoding": accept} if accept else {})
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()


@pytest.mark.parametrize(
    "path", ["/elasticc/diaobject/", "/elasticc/diaforcedsource/?limit=9000", "/elasticc/diaobject/{key}/"]
)
def test_gzip_where_the_client_takes_it(house: House, client: requests.Session, path: str) -> None:
    path = path.format(key=write(house, 'select min("diaObjectId") from elasticc_diaobject')[0][0])
    plain, body = raw(house, client, path, None)
    assert plain.getheader("content-encoding") is None
    for accept in ("gzip", "deflate, gzip;q=0.5", "*"):
        packed, smaller = raw(house, client, path, accept)
        assert packed.getheader("content-encoding") == "gzip"
        assert gzip.decompress(smaller) == body and len(smaller) < 0.7 * len(body)
    for accept in ("identity", "gzip;q=0", "gzip;q=0.0, *"):
        assert raw(house, client, path, accept)[0].getheader("content-encoding") is None


def test_what_fits_into_a_packet_is_sent_as_it_is(house: House, client: requests.Session) -> None:
    assert raw(house, client, "/elasticc/diatruth/?limit=1", "gzip")[0].getheader("content-encoding") is None


# Streams and crawls


def test_a_large_answer_is_one_state_of_the_table(house: House, client: requests.Session, many: int) -> None:
    """While it is read, all of it is moved: whoever mixed two states would repeat or miss a row."""
    before = write(house, f"select count(*) from {TRUTH}")[0][0]
    answer = client.get(f"{house.url}/elasticc/diatruth/?limit=10000000", stream=True, headers={"Accept-Encoding": "identity"})
    chunks = answer.iter_content(1000)
    begin = next(chunks)
    write(house, f'update {TRUTH} set "diaSourceId" = "diaSourceId" + 1000000 where "diaSourceId" >= {FIRST}')
    write(house, f'insert into {TRUTH} ("diaSourceId") values ({FIRST - 1})')
    body = json.loads(begin + b"".join(chunks))
    keys = [row["diaSourceId"] for row in body["results"]]
    assert body["count"] == len(keys) == len(set(keys)) == before
    assert [key for key in keys if key >= FIRST] == [FIRST + 2 * number for number in range(many)]
    write(house, f'delete from {TRUTH} where "diaSourceId" = {FIRST - 1}')


def test_a_stream_that_nobody_reads_on_frees_its_connection(house: House, client: requests.Session, many: int) -> None:
    for _ in range(20):  # more than there are connections for streams
        answer = requests.get(
            f"{house.url}/elasticc/diaforcedsource/?limit=10000000", stream=True, cookies=client.cookies, timeout=60
        )
        next(answer.iter_content(1000))
        answer.close()
    assert len(get(house, client, "/elasticc/diatruth/?limit=10000").json()["results"]) == 10_000


def busy_writer(url: str, seed: int, stop: Any) -> None:
    """Inserts odd keys everywhere and takes them out again, in transactions of a few rows, until told to stop."""
    chance = random.Random(seed)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        while not stop.is_set():
            odd = [FIRST + 2 * chance.randrange(MANY) + 1 for _ in range(20)]
            cursor.execute(f'insert into {TRUTH} ("diaSourceId") select unnest(%s) on conflict do nothing', [odd])
            connection.commit()
            cursor.execute(f'delete from {TRUTH} where "diaSourceId" = any(%s)', [chance.sample(odd, 10)])
            connection.commit()


@pytest.mark.parametrize("direction", ["next", "previous"])
def test_a_crawl_beside_a_writer_skips_and_repeats_nothing_that_was_there_throughout(
    house: House, client: requests.Session, many: int, direction: str
) -> None:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writers = [context.Process(target=busy_writer, args=(house.admin_url, seed, stop)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    if direction == "next":
        address = f"{house.url}/elasticc/diatruth/?limit=150&diaSourceId__gte={FIRST}"
    else:
        address = f"{house.url}/elasticc/diatruth/?limit=150&before={MANY}~{FIRST * 2}&offset={MANY}&diaSourceId__gte={FIRST}"
    try:
        changed = 0
        while address:
            body = client.get(address).json()
            keys = [row["diaSourceId"] for row in body["results"]]
            if "before=" not in address and direction == "previous":  # the first page, whose end may have been seen
                keys = [key for key in keys if key < seen[-1]]
            seen += keys if direction == "next" else keys[::-1]
            changed += sum(key % 2 for key in keys)
            address = body[direction]
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    stayed = [key for key in seen if key >= FIRST and key % 2 == 0]
    expected = [FIRST + 2 * number for number in range(many)]
    assert stayed == (expected if direction == "next" else expected[::-1])
    assert changed > 0, "the writer wrote nothing in the crawl's way"
    assert [writer.exitcode for writer in writers] == [0, 0]


def test_counts_are_right_after_all_that(house: House, client: requests.Session) -> None:
    count = write(house, f"select count(*) from {TRUTH}")[0][0]
    assert get(house, client, "/elasticc/diatruth/?limit=1").json()["count"] == count


# Who asks


def test_an_account_that_is_disabled_gets_no_page_more_and_one_enabled_again_does(house: House) -> None:
    """What was remembered of an account lets nobody in once it isn't so; nobody waits for anything to be forgotten."""
    write(house, "insert into auth_user (username, password, is_active, is_superuser, is_staff, first_name, last_name, email,"
          " date_joined) select 'fickle', password, true, false, false, '', '', '', now() from auth_user where username = %s",
          house.user)  # fmt: skip
    try:
        session = requests.Session()
        login = f"{house.url}/accounts/login/"
        session.get(login)
        form = {"username": "fickle", "password": house.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(login, data=form).raise_for_status()
        key = write(house, 'select min("diaObjectId") from elasticc_diaobject')[0][0]
        paths = [
            "/elasticc/diaobject/?limit=2", f"/elasticc/diaobject/{key}/", "/elasticc/diaforcedsource/?limit=100000",
            "/elasticc/diaobject/0/", "/elasticc/diasource/?diaObject=x", "/elasticc/brokermessage/1/", "/elasticc/diaobject",
            "/elasticc/diasource/?diaObject=5", "/elasticc/elasticc_diaobject.json?_size=1",
        ]  # fmt: skip
        before = [session.get(house.url + path).status_code for path in paths]
        assert before == [200, 200, 200, 404, 400, 200, 200, 200, 200]
        for path, status in zip(paths, before, strict=True):
            write(house, "update auth_user set is_active = false where username = 'fickle'")
            for _ in range(2):
                answer = session.get(house.url + path)
                assert (answer.status_code, "results" in answer.text) == (403, False), path
            write(house, "update auth_user set is_active = true where username = 'fickle'")
            assert session.get(house.url + path).status_code == status, path
        write(house, "update auth_user set password = password || 'x' where username = 'fickle'")
        assert session.get(house.url + paths[0]).status_code == 403
    finally:
        write(house, "delete from auth_user where username = 'fickle'")
