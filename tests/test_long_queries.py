"""Long queries as era B's scripts ask for them: submitted, checked, fetched in three formats; whose they are, and their end."""

import csv
import io
import os
import pickle
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from house import PROJECT, House
from test_contract import ask

from plugins.long_queries.settings import BadSetting, Limits
from plugins.long_queries.store import Refused, Store

Json = dict[str, Any]
WAIT_S = 60


def submit(house: House, client: requests.Session, query: object, subdict: object = None, format: str = "csv") -> str:
    body = {"query": query, "subdict": subdict, "format": format}
    answer = client.post(f"{house.url}/db/submitsqlquery/", json=body).json()
    assert list(answer) == ["status", "queryid"] and answer["status"] == "ok", answer
    assert str(uuid.UUID(answer["queryid"])) == answer["queryid"]
    return str(answer["queryid"])


def check(house: House, client: requests.Session, number: str) -> Json:
    answer = client.get(f"{house.url}/db/checksqlquery/{number}/")
    assert answer.status_code == 200
    body: Json = answer.json()
    return body


def wait(house: House, client: requests.Session, number: str, *statuses: str) -> Json:
    deadline = time.monotonic() + WAIT_S
    while (body := check(house, client, number))["status"] not in (statuses or ("finished", "error")):
        assert time.monotonic() < deadline, body
        time.sleep(0.05)
    return body


def fetch(house: House, client: requests.Session, number: str) -> requests.Response:
    return client.get(f"{house.url}/db/getsqlqueryresults/{number}/")


def result(house: House, client: requests.Session, query: object, subdict: object = None, format: str = "csv") -> bytes:
    number = submit(house, client, query, subdict, format)
    body = wait(house, client, number)
    assert body["status"] == "finished", body
    answer = fetch(house, client, number)
    assert answer.status_code == 200
    wanted = "text/csv; charset=utf-8" if format == "csv" else "application/octet-stream"
    assert answer.headers["content-type"] == wanted
    return answer.content


@pytest.fixture
def other(house: House) -> Iterator[requests.Session]:
    """Somebody else, with a token."""
    name = f"q{uuid.uuid4().hex[:10]}"
    for words, stdin in ((("user", "add", name), f"{uuid.uuid4().hex}\n"), (("token", "add", name), "")):
        command = [sys.executable, "-m", "loader", *words]
        done = subprocess.run(command, cwd=PROJECT, env=house.env, input=stdin, text=True, check=True, capture_output=True)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {done.stdout.strip()}"
        yield session


def test_the_documented_order_of_things(house: House, client: requests.Session) -> None:
    query = 'select "diaObjectId", ra from elasticc_diaobject where ra > %(ra)s order by "diaObjectId"'
    number = submit(house, client, query, {"ra": 10})
    body = wait(house, client, number)
    assert list(body) == ["status", "queryid", "queries", "subdicts", "submitted", "started", "finished", "error"]
    known = {"status": "finished", "queryid": number, "queries": [query], "subdicts": [{"ra": 10}], "error": None}
    assert {name: body[name] for name in known} == known
    times = [datetime.fromisoformat(body[name]) for name in ("submitted", "started", "finished")]
    assert times == sorted(times) and all(moment.tzinfo for moment in times)
    posted = client.post(f"{house.url}/db/checksqlquery/{number}/")
    assert posted.json() == body
    answer = client.post(f"{house.url}/db/getsqlqueryresults/{number}/")
    assert answer.headers["content-disposition"] == f'attachment; filename="query-{number}.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["", "diaObjectId", "ra"]
    found = [(int(key), float(ra)) for _, key, ra in rows[1:]]
    assert found == ask(house, query.replace("%(ra)s", "10"))
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(len(found))]


VALUES = """
    select
        n as "bigInt",
        n::float8 / 3 as f,
        case when n = 2 then null else n end as gap,
        case when n = 2 then null else n + 9007199254740993 end as "bigGap",
        n > 1 as yes,
        'SN' || n as name,
        1.50::numeric as n,
        '2022-09-01 02:03:04.567891+02'::timestamptz as t,
        '2022-09-01 02:03:04'::timestamp as local,
        case when n = 1 then 'NaN' else 'Infinity' end::float8 as odd,
        array[n, null] as list,
        null as nothing
    from generate_series(1, 3) as n
"""


def test_csv_is_what_pandas_wrote(house: House, client: requests.Session) -> None:
    text = result(house, client, VALUES + " limit 2").decode()
    assert text.splitlines() == [
        ",bigInt,f,gap,bigGap,yes,name,n,t,local,odd,list,nothing",
        "0,1,0.3333333333333333,1,9007199254740994,False,SN1,1.50,2022-09-01 00:03:04.567891+00:00,2022-09-01 02:03:04,,"
        '"[1, null]",',
        '1,2,0.6666666666666666,,,True,SN2,1.50,2022-09-01 00:03:04.567891+00:00,2022-09-01 02:03:04,inf,"[2, null]",',
    ]
    frame = pd.read_csv(io.StringIO(text), index_col=0)
    assert list(frame["bigInt"]) == [1, 2]


def test_pandas_is_a_pickled_frame(house: House, client: requests.Session) -> None:
    frame = pickle.loads(result(house, client, VALUES, format="pandas"))
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        "bigInt", "f", "gap", "bigGap", "yes", "name", "n", "t", "local", "odd", "list", "nothing",
    ]  # fmt: skip
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "bigInt": "int64", "f": "float64", "gap": "float64", "bigGap": "object", "yes": "bool", "name": "object", "n": "object",
        "t": "datetime64[ns, UTC]", "local": "datetime64[ns]", "odd": "float64", "list": "object", "nothing": "object",
    }  # fmt: skip
    assert list(frame["bigInt"]) == [1, 2, 3] and list(frame["f"]) == [1 / 3, 2 / 3, 1.0]
    assert np.isnan(frame["gap"][1]) and list(frame["bigGap"]) == [9007199254740994, None, 9007199254740996]
    assert list(frame["name"]) == ["SN1", "SN2", "SN3"] and frame["n"][0] == Decimal("1.50")
    assert frame["t"][0] == pd.Timestamp("2022-09-01T00:03:04.567891Z")
    assert np.isnan(frame["odd"][0]) and np.isinf(frame["odd"][1])
    assert frame["list"][1] == [2, None] and frame["nothing"][0] is None
    frame["twice"] = frame["bigInt"] * 2  # it can be changed, too
    assert list(frame.index) == [0, 1, 2]


def test_numpy_is_a_pickled_structured_array(house: House, client: requests.Session) -> None:
    query = 'select "diaSourceId", "midPointTai", "filterName", "psFlux" from elasticc_diasource order by "diaSourceId"'
    table = pickle.loads(result(house, client, query, format="numpy"))
    assert isinstance(table, np.ndarray)
    assert table.dtype == np.dtype(
        [("diaSourceId", "int64"), ("midPointTai", "float64"), ("filterName", "<U1"), ("psFlux", "float64")]
    )
    assert [tuple(row) for row in table.tolist()] == ask(house, query)


@pytest.mark.parametrize("format", ["csv", "pandas", "numpy"])
def test_no_rows_are_a_result_too(house: House, client: requests.Session, format: str) -> None:
    found = result(house, client, "select 1 as a, 'x' as b where false", format=format)
    if format == "csv":
        assert found == b",a,b\n"
    else:
        table = pickle.loads(found)
        assert len(table) == 0
        assert list(table.columns if format == "pandas" else table.dtype.names) == ["a", "b"]


@pytest.mark.parametrize("format", ["csv", "pandas", "numpy"])
def test_many_portions_are_one_result(house: House, client: requests.Session, format: str) -> None:
    query = "select n, n * 0.5 as half, md5(n::text) as text from generate_series(1, 60000) n"
    found = result(house, client, query, format=format)
    table = pd.read_csv(io.BytesIO(found), index_col=0) if format == "csv" else pickle.loads(found)
    assert len(table) == 60000
    assert list(table["n"]) == list(range(1, 60001))
    assert len(set(table["text"])) == 60000


def test_lists_of_statements_may_make_temporary_tables(house: House, client: requests.Session) -> None:
    queries = ["create temp table t as select %(a)s::int as a", "select a, 'x' like '%%' as b from pg_temp.t where a in %(l)s"]
    found = result(house, client, queries, [{"a": 5}, {"l": [4, 5]}])
    assert found == b",a,b\n0,5,True\n"
    assert result(house, client, "select 'SN1' like 'SN%' as found") == b",found\n0,True\n"


def test_an_error_is_postgresqls(house: House, client: requests.Session) -> None:
    number = submit(house, client, "select nosuch from elasticc_diaobject")
    body = wait(house, client, number)
    assert body["status"] == "error"
    assert 'column "nosuch" does not exist\nLINE 1: select nosuch' in body["error"]
    answer = fetch(house, client, number)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "text/plain; charset=utf-8")
    assert answer.text == f"Query errored out: {body['error']}"


@pytest.mark.parametrize("attack", ["delete from elasticc_diatruth", "select * from auth_user", "commit", "select 1; select 2"])
def test_long_queries_are_read_only(house: House, client: requests.Session, attack: str) -> None:
    assert wait(house, client, submit(house, client, attack))["status"] == "error"
    if ";" not in attack:
        assert wait(house, client, submit(house, client, [attack, "select 1"]))["status"] == "error"


def test_what_is_no_query_is_refused(house: House, client: requests.Session) -> None:
    for body, sentence in (
        ({"query": "select 1", "format": "xml"}, "There is no format 'xml'; formats are csv, pandas, numpy."),
        ({"query": ["select 1"], "subdict": [{}, {}]}, "query and subdict must be both single, or lists of the same length."),
        ({}, 'The body must be {"query": …, "subdict": …}.'),
    ):
        answer = client.post(f"{house.url}/db/submitsqlquery/", json=body)
        assert (answer.status_code, answer.json()) == (200, {"status": "error", "error": sentence})


def test_strangers_and_other_sites_are_refused(house: House, client: requests.Session) -> None:
    address, body = f"{house.url}/db/submitsqlquery/", {"query": "select 1"}
    assert requests.post(address, json=body).status_code == 403
    assert client.post(address, json=body, headers={"X-CSRFToken": "x" * 64}).status_code == 403
    number = submit(house, client, "select 1")
    for path in ("checksqlquery", "getsqlqueryresults", "cancelsqlquery"):
        assert requests.post(f"{house.url}/db/{path}/{number}/").status_code == 403
        assert client.post(f"{house.url}/db/{path}/{number}/", headers={"X-CSRFToken": ""}).status_code == 403
    assert requests.get(f"{house.url}/db/checksqlquery/{number}/").status_code == 403
    assert client.get(address).status_code == 405
    assert client.get(f"{house.url}/db/cancelsqlquery/{number}/").status_code == 405


def test_results_belong_to_who_asked(house: House, client: requests.Session, other: requests.Session) -> None:
    number = submit(house, client, "select 1 as secret")
    assert wait(house, client, number)["status"] == "finished"
    unknown = {"status": "error", "error": f"Unknown query {number}"}
    assert check(house, other, number) == unknown
    answer = fetch(house, other, number)
    assert (answer.status_code, answer.text) == (404, f"Unknown query {number}")
    assert other.post(f"{house.url}/db/cancelsqlquery/{number}/").json() == unknown
    assert other.get(f"{house.url}/db/listsqlqueries/").json() == {"status": "ok", "queries": []}
    for change in ("cancel", "delete"):
        other.post(f"{house.url}/-/queries/{number}/{change}")
    assert number not in other.get(f"{house.url}/-/queries").text
    assert fetch(house, client, number).text == ",secret\n0,1\n"
    for odd in ("x", "..", "%2e%2e%2fx", str(uuid.uuid4())):
        assert fetch(house, client, odd).status_code == 404


def test_the_list_has_ones_own(house: House, other: requests.Session) -> None:
    first = submit(house, other, "select 1 as a")
    wait(house, other, first)
    second = submit(house, other, "select 2", format="numpy")
    wait(house, other, second)
    listed = other.get(f"{house.url}/db/listsqlqueries/").json()
    assert [query["queryid"] for query in listed["queries"]] == [second, first]
    assert listed["queries"][1] == {**check(house, other, first), "format": "csv", "rows": 1, "bytes": 7}


def test_a_query_that_runs_is_cancelled(house: House, other: requests.Session) -> None:
    number = submit(house, other, "select pg_sleep(600)")
    wait(house, other, number, "started")
    assert fetch(house, other, number).text == f"Query {number} hasn't finished yet"
    assert other.post(f"{house.url}/db/cancelsqlquery/{number}/").json() == {"status": "ok", "queryid": number}
    body = wait(house, other, number)
    assert (body["status"], body["error"]) == ("error", "You cancelled this query.")
    assert 'class="status status-cancelled">cancelled<' in other.get(f"{house.url}/-/queries").text
    sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
    deadline = time.monotonic() + 10
    while ask(house, sleeping) != [(0,)]:  # the server notices within a second that nobody listens any more
        assert time.monotonic() < deadline
    answer = other.post(f"{house.url}/db/cancelsqlquery/{number}/").json()
    assert answer["error"] == f"Query {number} is finished: there is nothing to cancel."


def test_queries_wait_their_turn_and_are_bounded_a_user(house: House, other: requests.Session) -> None:
    limits = Limits()
    numbers = [submit(house, other, "select pg_sleep(600)") for _ in range(limits.unfinished_per_user)]
    answer = other.post(f"{house.url}/db/submitsqlquery/", json={"query": "select 1"}).json()
    assert answer["error"] == f"{limits.unfinished_per_user} of your queries wait or run; the limit is 10."
    wait(house, other, numbers[limits.at_once - 1], "started")
    assert check(house, other, numbers[-1])["status"] == "queued"
    assert fetch(house, other, numbers[-1]).text == f"Query {numbers[-1]} hasn't started yet"
    for number in reversed(numbers):
        assert other.post(f"{house.url}/db/cancelsqlquery/{number}/").json()["status"] == "ok"
    for number in numbers:
        assert wait(house, other, number)["error"] == "You cancelled this query."
    assert check(house, other, numbers[-1])["started"] is None


def test_the_page_shows_ones_own_queries(house: House, other: requests.Session) -> None:
    form = {"sql": "select 7 as seven;", "format": "csv"}
    answer = other.post(f"{house.url}/-/queries", data=form)
    assert answer.status_code == 200
    [query] = other.get(f"{house.url}/db/listsqlqueries/").json()["queries"]
    assert query["queries"] == ["select 7 as seven"]
    wait(house, other, query["queryid"])
    page = other.get(f"{house.url}/-/queries").text
    assert f'<a href="/db/getsqlqueryresults/{query["queryid"]}/">CSV</a>' in page
    assert "select 7 as seven" in page and "finished" in page
    assert other.get(f"{house.url}/-/queries/{query['queryid']}/delete").status_code == 405
    other.post(f"{house.url}/-/queries/{query['queryid']}/delete")
    assert "You have no long queries yet." in other.get(f"{house.url}/-/queries").text
    assert fetch(house, other, query["queryid"]).status_code == 404
    assert not list((house.home / "state" / "results").glob(f"{query['queryid']}.*"))


def test_the_pages_forms_are_guarded(house: House, client: requests.Session) -> None:
    assert client.post(f"{house.url}/-/queries", data={"sql": "select 1"}).status_code == 403
    assert requests.get(f"{house.url}/-/queries", headers={"Accept": "text/html"}, allow_redirects=False).status_code == 302


# The worker, with a queue of its own


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, Limits(unfinished_per_user=3, kept_days=2))


def worker(house: House, state: Path) -> subprocess.Popen[bytes]:
    env = {**house.env, "ELASTICC_STATE": str(state)}
    return subprocess.Popen([sys.executable, "-m", "plugins.long_queries"], cwd=PROJECT, env=env, stdin=subprocess.DEVNULL)


def until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stands(store: Store, number: str) -> str:
    query = store.get(number)
    return query.status if query else "gone"


def test_a_killed_workers_query_is_taken_up_again_and_then_given_up(house: House, store: Store, tmp_path: Path) -> None:
    number = store.submit("somebody", ["select pg_sleep(600)"], [{}], "csv")
    for attempt in (1, 2):
        process = worker(house, tmp_path)
        until(lambda attempt=attempt: (query := store.get(number)) is not None and query.attempts == attempt)
        process.kill()
        process.wait()
    process = worker(house, tmp_path)
    try:
        until(lambda: stands(store, number) == "error")
    finally:
        process.terminate()
        process.wait(30)
    query = store.get(number)
    assert query and query.error == "The worker was stopped twice while it ran this query."


def test_a_worker_that_is_stopped_puts_its_queries_back(house: House, store: Store, tmp_path: Path) -> None:
    number = store.submit("somebody", ["select pg_sleep(600)"], [{}], "csv")
    for _ in range(3):
        process = worker(house, tmp_path)
        until(lambda: stands(store, number) == "started")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        query = store.get(number)
        assert query and (query.status, query.attempts) == ("queued", 0)


def test_two_workers_never_take_one_query(house: House, store: Store, tmp_path: Path) -> None:
    """Each query leaves the process that ran it: no number twice, none left out."""
    roomy = Store(tmp_path, Limits(unfinished_per_user=100))
    numbers = [roomy.submit("somebody", [f"select {n} as n, pg_backend_pid() as pid"], [{}], "csv") for n in range(20)]
    processes = [worker(house, tmp_path) for _ in range(2)]
    try:
        until(lambda: all(stands(store, number) == "finished" for number in numbers))
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)
    queries = [store.get(number) for number in numbers]
    assert [query.attempts for query in queries if query] == [1] * 20


def test_a_lock_that_is_held_keeps_a_query_from_others(store: Store) -> None:
    number = store.submit("somebody", ["select 1"], [{}], "csv")
    with store.claimed() as first:
        assert first and first[0].id == number
        with store.claimed() as second:
            assert second is None
    with store.claimed() as again:  # nobody holds it any more: whoever had it is gone
        assert again and again[0].attempts == 2
    with store.claimed() as given_up:
        assert given_up is None
    assert stands(store, number) == "error"


def test_a_process_that_dies_is_told(house: House, store: Store, tmp_path: Path) -> None:
    number = store.submit("somebody", ["select pg_sleep(600)"], [{}], "csv")
    process = worker(house, tmp_path)
    try:
        until(lambda: stands(store, number) == "started")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: children.read_text().split() != [])  # the query is claimed a moment before its process is there
        [child] = children.read_text().split()
        os.kill(int(child), signal.SIGKILL)
        until(lambda: stands(store, number) == "error")
    finally:
        process.terminate()
        process.wait(30)
    query = store.get(number)
    assert query and query.error == "The process that ran this query was ended by signal 9."


def test_old_results_are_swept_away(store: Store) -> None:
    old, new = (store.submit("somebody", ["select 1"], [{}], "csv") for _ in range(2))
    for number in (old, new):
        with store.claimed() as claim:
            assert claim
            store.result(claim[0]).write_text(",one\n0,1\n")
        store.finish(number, rows=1, size=9)
    stray = store.results / f"{uuid.uuid4()}.csv"
    stray.write_text("")
    with store._changing() as connection:
        connection.execute("update queries set finished = finished - 2 * 86400 - 1 where id = ?", (old,))
    store.sweep()
    assert [stands(store, old), stands(store, new)] == ["gone", "finished"]
    assert not stray.exists() and not list(store.results.glob(f"{old}.*"))
    query = store.get(new)
    assert query and store.result(query).exists()


def test_the_disk_is_bounded(tmp_path: Path) -> None:
    store = Store(tmp_path, Limits(user_mb=1, total_mb=2))
    for owner in ("one", "two"):
        number = store.submit(owner, ["select 1"], [{}], "csv")
        store.finish(number, rows=1, size=1_000_000)
    with pytest.raises(Refused, match=r"^Your results take more than 1 MB"):
        store.submit("one", ["select 1"], [{}], "csv")
    with pytest.raises(Refused, match=r"^All results together take more than 2 MB"):
        store.submit("three", ["select 1"], [{}], "csv")


def test_a_result_time_and_memory_are_bounded(house: House, tmp_path: Path) -> None:
    """In this process, as the worker's child runs it."""
    from plugins.long_queries import job

    limits = Limits(result_mb=1, time_limit_s=1)
    store = Store(tmp_path, limits)
    for sql, format, error in (
        ("select md5(n::text) from generate_series(1, 100000) n", "csv", "The result is larger than the limit of 1 MB."),
        ("select n::float8 from generate_series(1, 200000) n", "numpy", "The result is larger than the limit of 1 MB."),
        ("select pg_sleep(5)", "csv", "The query was cancelled: it ran for more than 1 seconds."),
    ):
        number = store.submit("somebody", [sql], [{}], format)
        with store.claimed() as claim:
            assert claim
            job.run(claim[0], store, limits, house.ro_url)
        query = store.get(number)
        assert query and query.error == error
        assert [path.name for path in store.results.iterdir() if path.name.startswith(number)] == [f"{number}.lock"]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"kept": 1}, "elasticc-long-queries: unknown setting 'kept'; known are unfinished_per_user, at_once, "),
        ({"kept_days": 0}, "elasticc-long-queries: kept_days must be a whole number, 1 or more."),
        ({"kept_days": "7"}, "elasticc-long-queries: kept_days must be a whole number, 1 or more."),
        (["kept_days"], "elasticc-long-queries: the settings must be a mapping."),
    ],
)
def test_a_wrong_setting_is_one_sentence(config: object, sentence: str) -> None:
    with pytest.raises(BadSetting) as raised:
        Limits.read(config)
    assert str(raised.value).startswith(sentence)


def test_every_setting_is_explained() -> None:
    readme = (PROJECT / "plugins" / "README.md").read_text()
    for name in Limits.__slots__:
        value = getattr(Limits(), name)
        assert f"| `{name}` | {value} |" in readme, name


def test_times_are_in_utc(store: Store) -> None:
    number = store.submit("somebody", ["select 1"], [{}], "csv")
    query = store.get(number)
    assert query and abs(query.submitted - datetime.now(UTC).timestamp()) < 60
