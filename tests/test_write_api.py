"""The old addresses that write, over real HTTP: their answers, who may, and that nothing goes in twice."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from loader_server import serving
from scratch import Scratch, scratch, scratch_server
from test_ingest_formats import alert, message

__all__ = ["scratch", "scratch_server"]

PASSWORD = "a long enough password"
WRITERS = {"loads": "admin", "broker": "broker", "reads": None}


@pytest.fixture(scope="module")
def server(scratch_server: Scratch) -> Iterator[str]:
    for name, right in WRITERS.items():
        assert scratch_server.loader("user", "add", name, stdin=f"{PASSWORD}\n".encode()).returncode == 0
        if right:
            assert scratch_server.loader("user", "grant", name, right).returncode == 0
    with serving(scratch_server) as url:
        yield url


def basic(name: str) -> tuple[str, str]:
    return (name, PASSWORD)


def logged_in(url: str, name: str) -> requests.Session:
    """The dance of the old scripts."""
    session = requests.Session()
    session.get(f"{url}/accounts/login/")
    form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(f"{url}/accounts/login/", data=form, allow_redirects=False)
    session.headers["X-CSRFToken"] = session.cookies["csrftoken"]
    return session


def test_a_broker_puts_its_message(scratch: Scratch, server: str) -> None:
    with logged_in(server, "broker") as session:
        answer = session.put(f"{server}/elasticc/brokermessage/", json=message(5))
        assert answer.status_code == 201, answer.text
        index = answer.json()["dbMessageIndex"]
        assert answer.headers["Location"] == f"{server}/elasticc/brokermessage/{index}"
        again = session.put(f"{server}/elasticc/brokermessage/", json=message(5))
        assert (again.status_code, again.json()) == (201, {"dbMessageIndex": index})
        assert scratch.rows('select "dbMessageIndex", "alertId" from elasticc_brokermessage') == [(index, 5)]
        assert scratch.counts()["elasticc_brokerclassification"] == 1
        for wrong, words in (
            ({**message(6), "alertId": "six"}, "broker.alertId is 'six'; a whole number is expected"),
            ({**message(6), "alertId": 2**63}, "a number of 64 bits"),
            ({**message(6), "classifications": None}, "broker.classifications is missing"),
        ):
            refused = session.put(f"{server}/elasticc/brokermessage/", json=wrong)
            assert refused.status_code == 400 and words in refused.json()["message"]
        torn = session.put(f"{server}/elasticc/brokermessage/", data=b'{"alertId": NaN')
        assert torn.status_code == 400 and "not JSON" in torn.json()["message"]
        assert scratch.counts()["elasticc_brokermessage"] == 1


def test_alerts_and_truths_answer_as_they_did(scratch: Scratch, server: str) -> None:
    url, auth = f"{server}/elasticc", basic("loads")
    alerts: list[dict[str, Any]] = [{**alert(number), "cutoutDifference": None} for number in (1, 2)]
    added = requests.post(f"{url}/addelasticcalert", json=alerts, auth=auth, timeout=30)
    assert (added.status_code, added.json()) == (
        200,
        {"status": "ok", "message": {"objects": [7], "sources": [1, 2], "forcedsources": [1], "alerts": [1, 2]}},
    )
    again = requests.post(f"{url}/addelasticcalert", json=alerts[0], auth=auth, timeout=30)
    assert again.json() == {"status": "ok", "message": {"objects": [], "sources": [], "forcedsources": [], "alerts": []}}
    other = requests.post(
        f"{url}/addelasticcalert", json={**alert(1, psFlux=9.0), "cutoutDifference": None}, auth=auth, timeout=30
    )
    assert other.status_code == 200 and other.json()["status"] == "error"
    assert other.json()["message"] == "Exception in AddAlert"
    assert "diaSourceId 1 is known with psFlux = 1.5, and the file says 9.0" in other.json()["exception"]
    truths = [{"diaSourceId": each, "diaObjectId": 7, "mjd": 60000.5, "detect": True, "true_gentype": 10, "true_genmag": 20.5}
              for each in (1, 99)]  # fmt: skip
    truth = requests.post(f"{url}/addtruth", json=truths, auth=auth, timeout=30)
    assert truth.json() == {"status": "ok", "message": [1, 99], "missing": [99]}
    from loader.ingest.truth import OBJECT_TYPES

    object_truth = {**dict.fromkeys(OBJECT_TYPES, 1), "diaObjectId": 7, "ra": 10.5}
    answer = requests.post(f"{url}/addobjecttruth", json=[object_truth], auth=auth, timeout=30)
    assert answer.json() == {"status": "ok", "message": [7]}
    missing = requests.post(f"{url}/addobjecttruth", json={**object_truth, "diaObjectId": 8}, auth=auth, timeout=30)
    assert missing.json()["status"] == "error" and "diaObjectId 8 is not in elasticc_diaobject" in missing.json()["exception"]
    assert scratch.counts() == {
        "elasticc_diaobject": 1, "elasticc_diasource": 2, "elasticc_diaforcedsource": 1, "elasticc_diaalert": 2,
        "elasticc_diatruth": 2, "elasticc_diaobjecttruth": 1, "elasticc_brokermessage": 0, "elasticc_brokerclassifier": 0,
        "elasticc_brokerclassification": 0,
    }  # fmt: skip
    assert scratch.rows("select who, outcome from ingest_run where kind = 'POST addtruth'") == [("loads", "done")]


def test_nobody_else_may(scratch: Scratch, server: str) -> None:
    put, post = f"{server}/elasticc/brokermessage/", f"{server}/elasticc/addtruth"
    assert requests.put(put, json=message(1), timeout=30).json() == {"detail": "Authentication credentials were not provided."}
    wrong = requests.put(put, json=message(1), auth=("broker", "wrong"), timeout=30)
    assert (wrong.status_code, wrong.json()) == (403, {"detail": "Invalid username/password."})
    assert requests.put(put, json=message(1), auth=basic("reads"), timeout=30).status_code == 403
    assert requests.post(post, json=[], auth=basic("broker"), timeout=30).status_code == 403
    assert requests.get(put, auth=basic("broker"), timeout=30).status_code == 405
    with logged_in(server, "broker") as session:
        session.headers["X-CSRFToken"] = "x" * 32
        forged = session.put(put, json=message(1))
        assert forged.status_code == 403 and re.search("CSRF", forged.json()["detail"])
    assert set(scratch.counts().values()) == {0}


def test_a_token_writes_for_its_account(scratch: Scratch, server: str) -> None:
    put = f"{server}/elasticc/brokermessage/"

    def token(name: str) -> dict[str, str]:
        made = scratch.loader("token", "add", name)
        (word,) = (word for word in made.stdout.split() if word.startswith("elasticc_"))
        return {"Authorization": f"Bearer {word}"}

    assert requests.put(put, json=message(1), headers=token("reads"), timeout=30).status_code == 403
    theirs = token("broker")
    assert requests.put(put, json=message(1), headers=theirs, timeout=30).status_code == 201
    assert requests.put(put, json=message(2), headers={"Authorization": "Bearer elasticc_x"}, timeout=30).json() == {
        "detail": "Invalid token."
    }
    listed = scratch.loader("token", "list").stdout
    (number,) = (line.split()[0] for line in listed.splitlines() if " broker " in line)
    assert scratch.loader("token", "revoke", number).returncode == 0
    refused = requests.put(put, json=message(2), headers=theirs, timeout=30)
    assert refused.status_code == 403
    assert scratch.rows('select "alertId" from elasticc_brokermessage') == [(1,)]


def test_what_isnt_meant_well_gets_a_sentence(scratch: Scratch, server: str) -> None:
    """Whatever a session's request calls its body; nothing of it goes in."""
    put, truths = f"{server}/elasticc/brokermessage/", f"{server}/elasticc/addtruth"
    truth = {"SourceID": 1, "SNID": 1, "MJD": 60000.5, "DETECT": 0, "TRUE_GENTYPE": 10, "TRUE_GENMAG": 20.5}
    said = '{"alertId": 1, "alertId": 2}'
    twice = requests.put(put, data=said, auth=basic("broker"), timeout=30)
    assert twice.json()["message"] == "the request: not JSON: 'alertId' stands twice in an object"
    nobody = requests.put(put, json=message(1), auth=("brok\0er", PASSWORD), timeout=30)
    assert (nobody.status_code, nobody.json()) == (403, {"detail": "Invalid username/password."})
    long = requests.put(put, data=bytes((64 << 20) + 1), auth=basic("broker"), timeout=60)
    assert (long.status_code, long.json()) == (413, {"detail": "A request may have 64 MB; send less at once."})
    last = requests.post(truths, json={**truth, "SourceID": 2**63 - 1}, auth=basic("loads"), timeout=30)
    assert "row 1: diaSourceId is 9223372036854775807: past" in last.json()["exception"]
    assert scratch.rows("select outcome from ingest_run order by id desc limit 1") == [("refused",)]
    both = requests.post(truths, json={**truth, "diaSourceId": 2}, auth=basic("loads"), timeout=30)
    assert "row 1: a value stands there twice" in both.json()["exception"]
    assert set(scratch.counts().values()) == {0}
    with logged_in(server, "loads") as session:
        for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded"):
            answer = session.post(truths, json=truth, headers={"Content-Type": kind})
            assert answer.json() == {"status": "ok", "message": [1], "missing": []}, kind


def test_a_broker_is_told_to_come_again(scratch: Scratch, server: str) -> None:
    """A failure of the database is no fault of the message's: a 4xx would have it thrown away."""
    with closing(psycopg2.connect(scratch.admin_url)) as holder:
        holder.cursor().execute("lock table elasticc_brokermessage")
        scratch.rows("alter database elasticc set lock_timeout = '1ms'")
        try:
            answer = requests.put(f"{server}/elasticc/brokermessage/", json=message(1), auth=basic("broker"), timeout=30)
        finally:
            scratch.rows("alter database elasticc reset lock_timeout")
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "The database failed; nothing was written. Try again later."},
    )
    assert scratch.counts()["elasticc_brokermessage"] == 0


def test_idle_connections_are_in_nobodys_way(server: str) -> None:
    with ExitStack() as idle:
        for _ in range(200):
            idle.enter_context(socket.create_connection((urlsplit(server).hostname, urlsplit(server).port), timeout=10))
        assert requests.get(f"{server}/accounts/login/", timeout=30).status_code == 200
