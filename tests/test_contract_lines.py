"""What test_contract.py leaves of CONTRACT.md, and where each line's test is.

| line | test |
|---|---|
| Log in 1: csrftoken is there | test_contract: test_login_sets_both_cookies_and_ends_in_200 |
| Log in 2: success | … and test_login_goes_to_a_local_next_and_to_no_other |
| Log in 2: failure | test_contract: test_a_failed_login_is_200_and_says_please_enter_a_correct |
| Log in 3: tokens; a misspelt header | test_contract: test_a_login_without_the_right_token_is_403; test_documented_client |
| neither Referer nor Origin | test_who_sends_a_referer_or_none_is_served_alike |
| HTTP Basic | test_contract: test_basic_works_and_bad_basic_is_told; test_basic_works_on_details |
| a login page | test_contract: test_a_browser_gets_a_login_page_at_the_old_address |
| Lists: every published table | test_contract: test_every_published_table_is_listed_with_its_exact_count; test_contract_crawl |
| body, keys in order | test_a_list_is_this_whole_answer |
| 100 rows; odd limits and offsets; the last wins | test_contract: test_a_page_is_100_rows_by_primary_key and the next three |
| any limit, in constant memory | test_contract: test_a_very_large_limit_gives_everything; test_api |
| next and previous | test_contract: test_next_and_previous_keep_other_parameters_sorted and the next three |
| by primary key; nothing skipped | test_contract: test_a_crawl_skips_and_repeats_nothing_while_rows_come_in |
| count is exact | test_contract: test_every_published_table_…; test_kept_counts |
| format, .json | test_contract: test_format_json_and_its_suffix_work_and_xml_is_404 |
| without the slash | test_contract: test_without_the_slash_301_with_the_query |
| not logged in; wrong method | test_contract: test_not_logged_in_is_checked_first, test_a_wrong_method_is_405 |
| Details | test_contract: test_a_missing_or_odd_id_is_404; test_contract_crawl: test_a_detail_is_the_row_by_its_primary_key |
| Fields | test_contract: test_foreign_keys_come_last_without_id, test_big_integers_…; test_contract_crawl |
| diaalert nests | test_contract_crawl: test_a_crawl_gives_every_alert_with_what_it_holds |
| SQL: success and errors | test_contract: test_sql_gives_rows_by_column, test_an_error_is_postgresqls_with_line_and_caret |
| subdict, bare %, lists, empty lists | test_contract: test_subdict_… to test_an_empty_list_matches_nothing |
| values, duplicate names | test_contract: test_values_are_written_as_django_wrote_them and the next |
| lists of statements | test_contract: test_a_list_of_statements_may_make_temp_tables_that_are_gone_after |
| DROP TABLE, GET, 403 | test_contract: test_dropping_a_table_fails_in_postgresqls_words, test_get_is_405 and the next |
| results of several hundred MB | test_a_large_result_takes_no_memory, test_an_error_in_the_last_row_is_an_error |
| Long queries | test_long_queries |
| Two eras of names | test_both_names_of_a_column_are_one and the next two |
| Second names for SQL alone | test_contract_crawl, by whole rows |
| Broker messages | test_contract: test_a_broker_message_by_its_number and the next; test_contract_crawl |
| Writing | test_contract: test_the_old_doors_for_writing_say_where_writing_is_done |
"""

import json

import psutil
import pytest
import requests
from house import House
from test_contract import ask, error, get, rows


def test_who_sends_a_referer_or_none_is_served_alike(house: House, client: requests.Session) -> None:
    body = {"query": "select 1 as one"}
    for headers in ({}, {"Referer": "https://notebook.example/", "Origin": "https://notebook.example"}):
        sent = client.prepare_request(requests.Request("POST", f"{house.url}/db/runsqlquery/", json=body, headers=headers))
        assert ("Referer" in sent.headers) == bool(headers)
        assert client.send(sent).json() == {"status": "ok", "rows": [{"one": 1}]}


def test_basic_works_on_details(house: House) -> None:
    [(key,)] = ask(house, 'select min("diaObjectId") from elasticc_diaobject')
    address = f"{house.url}/elasticc/diaobject/{key}/"
    assert requests.get(address, auth=(house.user, house.password)).json()["diaObjectId"] == key
    answer = requests.get(address, auth=(house.user, "wrong"))
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid username/password."})


def test_a_list_is_this_whole_answer(house: House, client: requests.Session) -> None:
    names = ("diaSourceId", "diaObjectId", "mjd", "detect", "true_gentype", "true_genmag")
    columns = ", ".join(f'"{name}"' for name in names)
    house_rows = [(-3, 7, 60000.5, True, 10, 21.25), (-2, None, None, None, None, None), (-1, 7, 60001.0, False, 10, 99.0)]
    values = ", ".join("(" + ", ".join("null" if v is None else str(v) for v in row) + ")" for row in house_rows)
    change(house, f"insert into elasticc_diatruth ({columns}) values {values}")
    try:
        text = client.get(f"{house.url}/elasticc/diatruth/?limit=2&offset=1").text
        [(count,)] = ask(house, "select count(*) from elasticc_diatruth")
    finally:
        change(house, 'delete from elasticc_diatruth where "diaSourceId" < 0')
    body = json.loads(text)
    assert list(body) == ["count", "next", "previous", "results"]
    assert (body["count"], body["previous"]) == (count, f"{house.url}/elasticc/diatruth/?limit=2")
    assert body["results"] == [dict(zip(names, row, strict=True)) for row in house_rows[1:]]
    assert [list(row) for row in body["results"]] == [list(names)] * 2


def change(house: House, sql: str) -> None:
    import psycopg2

    connection = psycopg2.connect(house.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def test_a_large_result_takes_no_memory(house: House, client: requests.Session) -> None:
    """150 MB of JSON; the server, whose pages are small, grows by less than a third of it."""
    query = "select n, repeat('x', 1000) as text from generate_series(1, 145000) n"
    server = portal_of(house)
    before = server.memory_info().rss
    received = most = 0
    with client.post(f"{house.url}/db/runsqlquery/", json={"query": query}, stream=True) as answer:
        assert answer.headers["content-type"].startswith("application/json")
        for chunk in answer.iter_content(1 << 20):
            received += len(chunk)
            most = max(most, server.memory_info().rss)
    assert received > 145_000_000
    assert most - before < 50_000_000


def portal_of(house: House) -> psutil.Process:
    port = int(house.env["ELASTICC_PORT"])
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[-2:] == ["-m", "portal"] and listens(process, port):
            return process
    raise AssertionError("the portal's process isn't there")


def listens(process: psutil.Process, port: int) -> bool:
    return any(connection.laddr and connection.laddr.port == port for connection in process.net_connections("tcp"))


def test_an_error_in_the_last_row_is_an_error(house: House, client: requests.Session) -> None:
    """However much came before it."""
    text = error(house, client, "select 1 / (50000 - n) as x, repeat('x', 1000) as y from generate_series(1, 50000) n")
    assert text == "division by zero"


SECOND_NAMES = (
    ("diasource", "diaObject_id", "diaObjectId"),
    ("diaforcedsource", "diaObject_id", "diaObjectId"),
    ("diaalert", "diaObject_id", "diaObjectId"),
    ("diaalert", "diaSource_id", "diaSourceId"),
    ("brokermessage", "dbMessageIndex", "brokerMessageId"),
    ("brokerclassifier", "dbClassifierIndex", "classifierId"),
    ("brokerclassification", "dbClassificationIndex", "classificationId"),
    ("brokerclassification", "dbMessage_id", "brokerMessageId"),
    ("brokerclassification", "dbClassifier_id", "classifierId"),
)


@pytest.mark.parametrize(("table", "first", "second"), SECOND_NAMES)
def test_both_names_of_a_column_are_one(house: House, client: requests.Session, table: str, first: str, second: str) -> None:
    query = f'select count(*) as n, count(*) filter (where "{first}" is distinct from "{second}") as odd from elasticc_{table}'
    [found] = rows(house, client, query)
    assert found == {"n": ask(house, f"select count(*) from elasticc_{table}")[0][0], "odd": 0}
    listed = get(house, client, f"/elasticc/{table}/?limit=1")["results"]
    assert all(second not in row for row in listed)


def test_era_bs_additions_are_there(house: House, client: requests.Session) -> None:
    rows(house, client, 'select "alertSentTimestamp" from elasticc_diaalert limit 1')
    rows(house, client, 'select "msgHdrTimestamp" from elasticc_brokermessage limit 1')
    query = """
        select "classId", gentype, description, "exactmatch", "categorymatch"
        from elasticc_gentypeofclassid
        where "classId" = 111
    """
    assert rows(house, client, query) == [
        {"classId": 111, "gentype": 10, "description": "Ia", "exactmatch": True, "categorymatch": True}
    ]


def test_era_bs_view_joins_what_it_should(house: House, client: requests.Session) -> None:
    view = [
        "brokerName", "brokerVersion", "classifierName", "classifierParams", "classifierId", "classId", "probability",
        "diaSourceId", "diaObjectId", "alertId", "gentype", "trueClassId", "alertSentTimestamp", "elasticcPublishTimestamp",
        "brokerIngestTimestamp", "msgHdrTimestamp", "descIngestTimestamp",
    ]  # fmt: skip
    names = ask(house, """
        select attname from pg_attribute
        where attrelid = 'elasticc_view_sourceclassifications'::regclass and attnum > 0 order by attnum
    """)  # fmt: skip
    assert sorted(name for (name,) in names) == sorted(view)
    columns = ", ".join(f'"{name}"' for name in view)
    rows(house, client, f"select {columns} from elasticc_view_sourceclassifications limit 5")
