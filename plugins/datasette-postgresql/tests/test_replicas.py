"""Replicas answer in turn: streaming ones, of a primary of their own, which go away, come back and lag behind.

The servers are the tests' own, of the same PostgreSQL as the others; each says which it is by its cluster_name.
"""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest
from datasette.app import Datasette
from embedded_server import Server, as_role
from serving import wait_until

from datasette_postgresql import replicas
from datasette_postgresql.errors import ConfigurationError

WHO = "select current_setting('cluster_name') as who"
TABLES = """
create role datasette_test login password 'datasette_test';
create table stars (id int primary key, name text);
insert into stars select n, 'star ' || n from generate_series(1, 500) n;
grant select on all tables in schema public to datasette_test;
alter default privileges in schema public grant select on tables to datasette_test;
"""
Ask = Callable[[str], list[tuple[Any, ...]]]
Make = Callable[..., Datasette]


def asking(server: Server) -> Ask:
    def ask(sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(server.dsn)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    return ask


class Cluster:
    """A primary and two replicas of it."""

    def __init__(self, folder: Path) -> None:
        self.primary = self._server(folder / "primary", None)
        asking(self.primary)(TABLES)
        self.replicas = [self._server(folder / f"replica{n}", self.primary) for n in (1, 2)]

    @property
    def settings(self) -> dict[str, Any]:
        return {"dsn": as_role(self.primary.dsn), "replicas": [as_role(replica.dsn) for replica in self.replicas]}

    def catch_up(self) -> None:
        (position,) = asking(self.primary)("select pg_current_wal_lsn()")[0]
        for replica in self.replicas:
            wait_until(lambda r=replica: asking(r)(f"select pg_last_wal_replay_lsn() >= '{position}'")[0][0], 60)

    def stop(self) -> None:
        for server in (*self.replicas, self.primary):
            if server.is_running:
                server.stop()

    def _server(self, folder: Path, primary: Server | None) -> Server:
        folder.mkdir()
        return Server(folder, f"-c listen_addresses='' -c cluster_name={folder.name} -c hot_standby_feedback=on", primary)


@pytest.fixture(scope="module")
def module_cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="dspg-"))
    folder.chmod(0o755)
    cluster = Cluster(folder)
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def cluster(module_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """All three are up, whatever a test leaves; one that is away is left out for half a second."""
    monkeypatch.setattr(replicas, "LEFT_OUT_S", 0.5)
    module_cluster.catch_up()
    yield module_cluster
    for server in (module_cluster.primary, *module_cluster.replicas):
        if not server.is_running:
            server.start()


def get(datasette: Datasette, path: str, **params: Any) -> Any:
    return asyncio.run(datasette.client.get(path, params=params or None))


def started(datasette: Datasette) -> Datasette:
    asyncio.run(datasette.invoke_startup())
    return datasette


def who_answers(datasette: Datasette, times: int = 6) -> Counter[str]:
    answers = [get(datasette, "/pg.json", sql=WHO, _shape="array") for _ in range(times)]
    assert [answer.status_code for answer in answers] == [200] * times
    return Counter(answer.json()[0]["who"] for answer in answers)


def test_they_answer_in_turn(cluster: Cluster, make_datasette: Make) -> None:
    datasette = started(make_datasette(**cluster.settings))
    assert who_answers(datasette) == {"replica1": 3, "replica2": 3}
    page = get(datasette, "/pg/stars.json", _shape="objects", _facet="name", _sort_desc="id").json()
    assert (page["filtered_table_rows_count"], page["rows"][0]) == (500, {"id": 500, "name": "star 500"})
    assert get(datasette, "/pg/stars/7.json", _shape="array").json() == [{"id": 7, "name": "star 7"}]
    assert len(get(datasette, "/pg/stars.csv", _stream="on").text.splitlines()) == 501


def test_without_replicas_the_primary_answers(cluster: Cluster, make_datasette: Make) -> None:
    assert who_answers(started(make_datasette(dsn=cluster.settings["dsn"]))) == {"primary": 6}


def test_no_server_has_more_connections_than_the_pool(cluster: Cluster, make_datasette: Make) -> None:
    datasette = started(make_datasette(**cluster.settings, pool_size=3, typed_size=2))

    async def crowd() -> None:
        slow = "select pg_sleep(0.05)::text || current_setting('cluster_name') as who"
        answers = await asyncio.gather(*(datasette.client.get(f"/pg.json?sql={slow}") for _ in range(30)))
        assert [answer.status_code for answer in answers] == [200] * 30

    asyncio.run(crowd())
    for server in (cluster.primary, *cluster.replicas):
        counted = "select count(*) from pg_stat_activity where usename = 'datasette_test'"
        assert asking(server)(counted)[0][0] <= 3


def test_one_is_killed_and_comes_back(cluster: Cluster, make_datasette: Make, capfd: pytest.CaptureFixture[str]) -> None:
    datasette = started(make_datasette(**cluster.settings))
    first, second = cluster.replicas
    who_answers(datasette)
    first.stop("immediate")
    assert who_answers(datasette) == {"replica2": 6}
    second.stop("immediate")
    assert who_answers(datasette) == {"primary": 6}
    first.start()
    second.start()
    wait_until(lambda: who_answers(datasette, 4) == {"replica1": 2, "replica2": 2})
    said = capfd.readouterr().err
    assert said.count("ERROR: database=replica 1 of pg can't be reached: ") == 1
    assert said.count("The database replica 1 of pg can be reached again.") == 1


def test_one_that_is_away_keeps_nobody_waiting(cluster: Cluster, make_datasette: Make) -> None:
    """It accepts connections and says nothing, as a frozen machine does: the first question waits, the others don't."""
    datasette = started(make_datasette(**cluster.settings, connect_timeout_s=1, time_limit_ms=500))
    cluster.replicas[0].freeze()
    try:
        for _ in range(4):
            get(datasette, "/pg.json", sql=WHO)
        begun = time.monotonic()
        assert set(who_answers(datasette, 5)) == {"replica2"}
        assert time.monotonic() - begun < 0.5 * 5
    finally:
        cluster.replicas[0].thaw()
    wait_until(lambda: set(who_answers(datasette, 4)) == {"replica1", "replica2"})


def test_the_primary_is_asked_for_what_isnt_replayed_yet(cluster: Cluster, make_datasette: Make) -> None:
    datasette = started(make_datasette(**cluster.settings))
    who_answers(datasette)
    for replica in cluster.replicas:
        asking(replica)("select pg_wal_replay_pause()")
    try:
        asking(cluster.primary)("create table fresh as select 1 as n; alter table stars add column brightness int default 3")
        assert get(datasette, "/pg.json", sql="select n from fresh", _shape="array").json() == [{"n": 1}]
        asyncio.run(datasette.get_database("pg").refresh_catalogue())
        assert get(datasette, "/pg/fresh.json", _shape="array").json() == [{"n": 1}]
        page = get(datasette, "/pg/stars.json", brightness=3, _size=1).json()
        assert page["filtered_table_rows_count"] == 500
        assert set(who_answers(datasette, 4)) == {"replica1", "replica2"}
        assert get(datasette, "/pg.json", sql="select * from nosuch").status_code == 400
    finally:
        for replica in cluster.replicas:
            asking(replica)("select pg_wal_replay_resume()")
        asking(cluster.primary)("drop table fresh; alter table stars drop column brightness")


def test_the_primary_is_asked_for_unlogged_tables(cluster: Cluster, make_datasette: Make) -> None:
    asking(cluster.primary)("create unlogged table fleeting (n int primary key); insert into fleeting values (7)")
    cluster.catch_up()
    try:
        datasette = started(make_datasette(**cluster.settings))
        assert get(datasette, "/pg/fleeting.json", _shape="array").json() == [{"n": 7}]
        assert get(datasette, "/pg/fleeting/7.json", _shape="array").json() == [{"n": 7}]
        assert get(datasette, "/pg.json", sql="select * from fleeting", _shape="array").json() == [{"n": 7}]
    finally:
        asking(cluster.primary)("drop table fleeting")


def test_what_fills_temporary_tables_asks_the_primary(cluster: Cluster, make_datasette: Make) -> None:
    database = started(make_datasette(**cluster.settings)).get_database("pg")
    statements = [(f"create temp table t as {WHO}", None), ("select who from t", None)]
    assert asyncio.run(database.run_statements(statements)).rows[0][0] == "primary"


def test_a_superuser_on_a_replica_stops_the_start(cluster: Cluster, make_datasette: Make) -> None:
    settings = {**cluster.settings, "replicas": [cluster.settings["replicas"][0], cluster.replicas[1].dsn]}
    with pytest.raises(ConfigurationError, match=r"the role 'postgres' of replica 2 of pg is a superuser"):
        started(make_datasette(**settings))


def test_one_that_is_away_at_the_start_is_examined_when_it_comes(
    cluster: Cluster, make_datasette: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = cluster.settings["replicas"][0], cluster.replicas[1].dsn
    for replica in cluster.replicas:
        replica.stop("fast")
    datasette = started(make_datasette(**{**cluster.settings, "replicas": [good, bad]}))
    assert "WARNING: datasette-postgresql: replica 1 of pg doesn't answer: " in capfd.readouterr().err
    assert who_answers(datasette) == {"primary": 6}
    for replica in cluster.replicas:
        replica.start()
    wait_until(lambda: who_answers(datasette, 2) == {"replica1": 2})
    wait_until(lambda: "replica 2 of pg isn't asked: its role 'postgres' is a superuser" in _said(datasette, capfd))
    assert who_answers(datasette) == {"replica1": 6}


def _said(datasette: Datasette, capfd: pytest.CaptureFixture[str]) -> str:
    who_answers(datasette, 2)
    return capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("host=a", "must be a list of connection strings."),
        ([None], r"must be a list, each a connection string \(is its environment variable set\?\)."),
        (["host=a", "nonsense"], "must be a list, each a connection string, as postgresql:"),
    ],
)
def test_wrong_settings_stop_the_start(make_datasette: Make, given: Any, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the setting 'replicas' of the database 'pg' {sentence}"):
        started(make_datasette(replicas=given))


def test_dsns_from_the_environment(cluster: Cluster, make_datasette: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_REPLICA", cluster.settings["replicas"][1])
    datasette = started(make_datasette(dsn=cluster.settings["dsn"], replicas=[{"$env": "THE_REPLICA"}]))
    assert who_answers(datasette) == {"replica2": 6}
    assert "replica2" not in get(datasette, "/-/plugins.json").text + get(datasette, "/-/metadata.json").text
    assert "replica2" not in repr(datasette.get_database("pg").settings)
