"""metadata.yml against the database: the tables and columns it names are there, and each canned query answers by HTTP,
filled in and left empty."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
import yaml
from house import PASSWORD, PROJECT, USER, House, environment, free_port, running_url, start, stop

from server.settings import Settings

DATABASE: dict[str, Any] = yaml.safe_load((PROJECT / "metadata.yml").read_text())["databases"]["elasticc"]
TABLES: dict[str, dict[str, Any]] = DATABASE["tables"]
QUERIES: dict[str, dict[str, Any]] = DATABASE["queries"]
OF_BROKERS = {"broker_classifications", "confusion"}

# A value of each parameter, from the data.
SAMPLES = {
    "object": 'select "diaObject_id" from elasticc_diasource group by 1 order by count(*) desc, 1 limit 1',
    "class": """
        select c.description
        from elasticc_diaobjecttruth t
        join elasticc_gentypeofclassid c on c.gentype = t.gentype and c.exactmatch
        order by t."diaObjectId"
        limit 1
    """,
    "band": 'select "filterName" from elasticc_diasource order by "diaSourceId" limit 1',
    "mjd_min": 'select min("midPointTai") from elasticc_diasource',
    "mjd_max": 'select max("midPointTai") from elasticc_diasource',
    "ra": 'select ra from elasticc_diaobject order by "diaObjectId" desc limit 1',
    "decl": 'select decl from elasticc_diaobject order by "diaObjectId" desc limit 1',
    "radius_deg": "select 0.5",
    "objects": "select 200",
    "z_min": "select min(zcmb) from elasticc_diaobjecttruth",
    "z_max": "select max(zcmb) from elasticc_diaobjecttruth",
}
SAMPLES_OF_BROKERS = {
    "object": """
        select s."diaObject_id"
        from elasticc_brokermessage m
        join elasticc_diasource s on s."diaSourceId" = m."diaSourceId"
        order by m."dbMessageIndex" desc
        limit 1
    """,
    "classifier": 'select "classifierName" from elasticc_brokerclassifier order by "dbClassifierIndex" desc limit 1',
}


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def values(url: str, name: str) -> dict[str, str]:
    samples = SAMPLES | (SAMPLES_OF_BROKERS if name in OF_BROKERS else {})
    return {parameter: str(ask(url, samples[parameter])[0][0]) for parameter in QUERIES[name]["params"]}


def rows(session: requests.Session, url: str, name: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    answer = session.get(f"{url}/elasticc/{name}.json", params={"_shape": "array", **parameters}, timeout=60)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.fixture(scope="module")
def sample() -> Iterator[tuple[str, str]]:
    """A house with the project's own sample, which has brokers: its portal's address and its database's."""
    home = Path(tempfile.mkdtemp(prefix="elasticc-queries-"))  # pytest closes its own folders to the server's user
    env = environment(home, free_port())
    process, _ = start(env)
    try:
        yield f"http://127.0.0.1:{env['ELASTICC_PORT']}", running_url(Settings.from_env(env))
    finally:
        stop(process)
        shutil.rmtree(home, ignore_errors=True)


def test_ten_questions() -> None:
    assert len(QUERIES) == 10
    for name, query in QUERIES.items():
        assert {"title", "description", "params", "hide_sql", "sql"} == set(query) - {"fragment"}, name
        assert all(f":{parameter}" in query["sql"] for parameter in query["params"]), name


@pytest.mark.parametrize("name", [name for name in QUERIES if name not in OF_BROKERS])
def test_a_canned_query_answers(name: str, house: House, client: requests.Session) -> None:
    assert len(rows(client, house.url, name, values(house.ro_url, name))) > 0
    assert len(rows(client, house.url, name, dict.fromkeys(QUERIES[name]["params"], ""))) > 0
    page = client.get(f"{house.url}/elasticc/{name}", timeout=60)
    assert page.status_code == 200
    for parameter in QUERIES[name]["params"]:
        assert f'name="{parameter}"' in page.text


@pytest.mark.parametrize("name", sorted(OF_BROKERS))
def test_a_canned_query_of_brokers_answers(name: str, sample: tuple[str, str], client: requests.Session, house: House) -> None:
    url, database = sample
    session = requests.Session()
    session.auth = (USER, PASSWORD)
    assert len(rows(session, url, name, values(database, name))) > 0
    assert len(rows(session, url, name, dict.fromkeys(QUERIES[name]["params"], ""))) > 0
    if house.real:  # those files hold no broker's answer
        assert rows(client, house.url, name, {}) == []


def test_the_light_curve_is_the_objects_own(house: House, client: requests.Session) -> None:
    given = values(house.ro_url, "light_curve_sources")
    served = rows(client, house.url, "light_curve_sources", given)
    [(count, first, last)] = ask(
        house.ro_url,
        'select count(*), min("midPointTai"), max("midPointTai") from elasticc_diasource'
        f' where "diaObject_id" = {int(given["object"])}',
    )
    assert {str(row["diaObject_id"]) for row in served} == {given["object"]}
    assert (len(served), served[0]["midPointTai"], served[-1]["midPointTai"]) == (count, first, last)
    forced = rows(client, house.url, "light_curve_forced", given)
    assert {row["diaForcedSourceId"] for row in forced if row["is_detected"]} == {row["diaSourceId"] for row in served}


def test_the_cone_holds_what_is_near(house: House, client: requests.Session) -> None:
    given = values(house.ro_url, "cone")
    served = rows(client, house.url, "cone", given | {"radius_deg": "20"})
    expected = ask(
        house.ro_url,
        f"""
        select "diaObjectId"
        from elasticc_diaobject
        where acosd(greatest(-1, least(1,
            sind(decl) * sind({float(given["decl"])})
            + cosd(decl) * cosd({float(given["decl"])}) * cosd(ra - {float(given["ra"])})
        ))) <= 20
        """,
    )
    assert {(row["diaObjectId"],) for row in served} == set(expected)
    assert served[0]["separation_arcsec"] == pytest.approx(0, abs=1e-3)
    assert [row["separation_arcsec"] for row in served] == sorted(row["separation_arcsec"] for row in served)


def test_a_class_has_its_objects(house: House, client: requests.Session) -> None:
    given = values(house.ro_url, "objects_by_class")
    expected = ask(
        house.ro_url,
        f"""
        select "diaObjectId"
        from elasticc_diaobjecttruth
        where gentype in (select gentype from elasticc_gentypeofclassid where description = '{given["class"]}')
        order by snrmax desc, "diaObjectId"
        limit 1000
        """,
    )
    assert [(row["diaObjectId"],) for row in rows(client, house.url, "objects_by_class", given)] == expected


def test_a_peak_is_the_detections_greatest(house: House, client: requests.Session) -> None:
    """There are fewer objects than it would draw at random, so it has all."""
    expected = ask(
        house.ro_url,
        """
        select count(*), sum(detections)::bigint, max(snr)
        from (
            select max(snr) as snr, count(*) as detections
            from elasticc_diasource
            where "filterName" = 'r' and "diaObject_id" in (select "diaObjectId" from elasticc_diaobjecttruth)
            group by "diaObject_id"
        ) peak
        """,
    )
    served = rows(client, house.url, "peak_snr_by_class", {"band": "r"})
    totals = (sum(row["objects"] for row in served), sum(row["detections"] for row in served))
    assert [(*totals, max(row["greatest_peak_snr"] for row in served))] == expected


def test_confusion_counts_each_messages_likeliest_class(sample: tuple[str, str]) -> None:
    url, database = sample
    given = values(database, "confusion")
    said = ask(
        database,
        f"""
        select m."dbMessageIndex", t.gentype, c.probability, -c."classId"
        from elasticc_brokerclassification c
        join elasticc_brokerclassifier k on k."dbClassifierIndex" = c."dbClassifier_id"
        join elasticc_brokermessage m on m."dbMessageIndex" = c."dbMessage_id"
        join elasticc_diasource s on s."diaSourceId" = m."diaSourceId"
        join elasticc_diaobjecttruth t on t."diaObjectId" = s."diaObject_id"
        where k."classifierName" = '{given["classifier"]}'
        """,
    )
    true = dict(ask(database, 'select gentype, "classId" from elasticc_gentypeofclassid where exactmatch'))
    likeliest = {message: -max(answers)[1] for message, answers in by_message(said).items()}
    kind = {message: true[gentype] for message, gentype, *_ in said}
    expected = Counter((kind[message], found) for message, found in likeliest.items())
    session = requests.Session()
    session.auth = (USER, PASSWORD)
    everything = rows(session, url, "confusion", given | {"objects": "1000000"})
    assert {(row["trueClassId"], row["classId"]): row["messages"] for row in everything} == expected
    few = rows(session, url, "confusion", given | {"objects": "200"})
    assert 0 < sum(row["messages"] for row in few) < sum(expected.values())


def by_message(said: list[tuple[Any, ...]]) -> dict[int, list[tuple[float, int]]]:
    found: dict[int, list[tuple[float, int]]] = {}
    for message, _, *answer in said:
        found.setdefault(message, []).append((answer[0], answer[1]))
    return found


def test_wrong_input_gets_postgresqls_words(house: House, client: requests.Session) -> None:
    answer = client.get(f"{house.url}/elasticc/light_curve_sources.json", params={"object": "M31"}, timeout=60)
    assert answer.status_code == 400
    assert 'invalid input syntax for type bigint: "M31"' in answer.json()["error"]


def test_every_published_table_is_described_and_no_other(house: House) -> None:
    published = ask(house.admin_url, r"select relname from pg_class where relname like 'elasticc\_%' and relkind in ('r', 'v')")
    assert set(TABLES) == {name for (name,) in published}


@pytest.mark.parametrize("name", TABLES)
def test_a_tables_settings_name_its_columns(name: str, house: House, client: requests.Session) -> None:
    table = TABLES[name]
    columns = {
        column
        for (column,) in ask(
            house.admin_url, f"select attname from pg_attribute where attrelid = '{name}'::regclass and attnum > 0"
        )
    }
    named = {table[key] for key in ("sort", "sort_desc", "label_column") if key in table} | set(table.get("facets", []))
    assert named <= columns
    answer = client.get(f"{house.url}/elasticc/{name}.json", params={"_size": 3}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["facet_results"]) == set(table.get("facets", []))
    page = client.get(f"{house.url}/elasticc/{name}", params={"_size": 3}, timeout=60)
    assert page.status_code == 200
    assert f"<h1>{table['title']}" in unescape(page.text)


def test_nothing_but_the_login_page_is_public(house: House) -> None:
    for path in ("/", "/elasticc", "/elasticc/cone", "/elasticc/elasticc_diaobject.json", "/elasticc.json?sql=select+1"):
        answer = requests.get(f"{house.url}{path}", timeout=60, allow_redirects=False)
        assert answer.status_code in (302, 403), path
    assert requests.get(f"{house.url}/-/login", timeout=60).status_code == 200
