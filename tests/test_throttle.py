"""Guessing at passwords: what it costs the one who guesses, and nobody else."""

import asyncio
import base64
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from house import PROJECT, House

from server.throttle import Buckets, Throttle, TooManyLogins

HERE, THERE = "192.0.2.1", "198.51.100.7"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wrong(throttle: Throttle, name: str, address: str, tries: int) -> None:
    for _ in range(tries):
        throttle.admit(name, address)


def wait_of(throttle: Throttle, name: str, address: str) -> int:
    with pytest.raises(TooManyLogins) as raised:
        throttle.admit(name, address)
    assert str(raised.value) == f"Too many failed logins from this address: try again in {raised.value.wait_s} seconds."
    return raised.value.wait_s


def test_ten_wrong_passwords_then_one_every_half_minute() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    wrong(throttle, "ada", HERE, 10)
    assert wait_of(throttle, "ada", HERE) == 30
    clock.now += 29
    assert wait_of(throttle, "ada", HERE) == 1
    clock.now += 1
    throttle.admit("ada", HERE)
    assert wait_of(throttle, "ada", HERE) == 30
    clock.now += 3600
    wrong(throttle, "ada", HERE, 10)


def test_who_guesses_elsewhere_doesnt_keep_the_owner_out() -> None:
    throttle = Throttle(Clock())
    wrong(throttle, "ada", HERE, 10)
    wait_of(throttle, "ada", HERE)
    throttle.admit("ada", THERE)
    throttle.admit("grace", HERE)


def test_a_right_password_wipes_the_slate_of_its_name_and_address() -> None:
    throttle = Throttle(Clock())
    wrong(throttle, "ada", HERE, 9)
    throttle.admit("ada", HERE)
    throttle.forgive("ada", HERE)
    wrong(throttle, "ada", HERE, 10)


def test_many_names_from_one_address_are_too_many() -> None:
    throttle = Throttle(Clock())
    for number in range(60):
        throttle.admit(f"name {number}", HERE)
    assert wait_of(throttle, "another", HERE) == 5
    throttle.admit("another", THERE)


def test_right_passwords_dont_use_up_an_address() -> None:
    throttle = Throttle(Clock())
    for number in range(200):
        throttle.admit(f"name {number}", HERE)
        throttle.forgive(f"name {number}", HERE)


def test_one_house_has_one_ipv6_network() -> None:
    throttle = Throttle(Clock())
    for number in range(10):
        throttle.admit("ada", f"2001:db8::{number:x}")
    wait_of(throttle, "ada", "2001:db8::ffff:1")
    throttle.admit("ada", "2001:db8:0:1::1")


def test_memory_is_bounded_and_what_is_over_is_forgotten() -> None:
    clock = Clock()
    buckets = Buckets(10, 30, clock, most_keys=100)
    for number in range(1000):
        buckets.take(str(number).encode())
    assert len(buckets) == 100
    clock.now += 31
    buckets.take(b"another")
    assert len(buckets) == 1
    throttle = Throttle(clock)
    throttle.admit("x" * 1_000_000, "y" * 1_000_000)
    assert sum(len(key) for key in (*throttle.pairs._full_at, *throttle.addresses._full_at)) == 16 + 64


# Over HTTP


@pytest.fixture
def person(house: House) -> Iterator[tuple[str, str]]:
    name, password = f"g{uuid.uuid4().hex[:10]}", f"long enough {uuid.uuid4().hex}"
    command = [sys.executable, "-m", "loader", "user", "add", name]
    subprocess.run(command, cwd=PROJECT, env=house.env, input=f"{password}\n", text=True, check=True, capture_output=True)
    yield name, password


def coming_from(address: str) -> dict[str, str]:
    """As a proxy on this machine says it."""
    return {"X-Forwarded-For": address}


def an_address() -> str:
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


def old_login(house: House, name: str, password: str, address: str) -> requests.Response:
    with requests.Session() as session:
        session.headers.update(coming_from(address))
        session.get(f"{house.url}/accounts/login/")
        form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        return session.post(f"{house.url}/accounts/login/", data=form, allow_redirects=False)


def new_login(house: House, name: str, password: str, address: str) -> requests.Response:
    with requests.Session() as session:
        session.headers.update(coming_from(address))
        page = session.get(f"{house.url}/-/login", headers={"Accept": "text/html"})
        token = page.text.split('name="csrftoken" value="')[1].split('"')[0]
        form = {"username": name, "password": password, "csrftoken": token}
        return session.post(f"{house.url}/-/login", data=form, allow_redirects=False)


def test_an_eleventh_wrong_password_is_429_at_every_door(house: House, person: tuple[str, str]) -> None:
    name, password = person
    address = an_address()
    for _ in range(10):
        answer = old_login(house, name, "wrong", address)
        assert answer.status_code == 200 and "Please enter a correct" in answer.text
    basic = {**coming_from(address), "Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}
    answers = [
        old_login(house, name, password, address),  # not even the right one: else guessing went on
        new_login(house, name, password, address),
        requests.get(f"{house.url}/elasticc/diaobject/", headers=basic),
    ]
    for answer in answers:
        assert answer.status_code == 429
        seconds = int(answer.headers["retry-after"])
        assert 1 <= seconds <= 30
        assert f"Too many failed logins from this address: try again in {seconds} seconds." in answer.text
    elsewhere = an_address()
    assert old_login(house, name, password, elsewhere).status_code == 302
    assert new_login(house, name, password, elsewhere).status_code == 302
    basic |= coming_from(elsewhere)
    assert requests.get(f"{house.url}/elasticc/diaobject/", headers=basic).status_code == 200


def test_basic_pays_a_hash_once(house: House, person: tuple[str, str]) -> None:
    """Medians of the first request of each of several addresses' worth of hashing, and of those that follow."""
    address = f"{house.url}/elasticc/diaobject/?limit=1"
    first = timed(lambda: requests.get(address, auth=person))
    again = [timed(lambda: requests.get(address, auth=person)) for _ in range(9)]
    assert statistics.median(again) < first / 3
    with requests.Session() as session:
        session.auth = (person[0], "wrong")
        assert session.get(address).json() == {"detail": "Invalid username/password."}


def timed(act: Any) -> float:
    start = time.perf_counter()
    answer = act()
    assert answer.status_code in (200, 403)
    return time.perf_counter() - start


def test_unknown_names_cost_what_known_ones_cost(house: House, person: tuple[str, str]) -> None:
    """Basic with a wrong password, the two kinds in turns; a hash is some hundred milliseconds, no hash is a few."""
    address = f"{house.url}/elasticc/diaobject/?limit=1"
    known, unknown = [], []
    for number in range(7):
        where = coming_from(an_address())
        known.append(timed(lambda: requests.get(address, auth=(person[0], "wrong"), headers=where)))  # noqa: B023
        name = f"nobody-{number}"
        unknown.append(timed(lambda: requests.get(address, auth=(name, "wrong"), headers=where)))  # noqa: B023
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.6 < ratio < 1.6, (known, unknown)


def test_hashing_leaves_the_event_loop_alone(house: House, person: tuple[str, str]) -> None:
    """While passwords are checked, the loop turns: what it does takes no part of a hash's time to be served."""
    from datasette_auth_passwords.utils import verify_password

    from plugins import accounts

    known = accounts.Accounts.__new__(accounts.Accounts)  # its checking alone, with neither database nor cookies

    async def find(name: str) -> None:
        return None

    hash_s = timed_hash(verify_password, accounts.NOBODYS_HASH)

    async def watch() -> float:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as threads:
            known.find = find  # type: ignore[method-assign, assignment]
            known._hashing = threads
            checks = asyncio.gather(*(known._verify("nobody", "wrong") for _ in range(3)))
            longest = 0.0
            while not checks.done():
                start = time.perf_counter()
                await asyncio.sleep(0.005)
                longest = max(longest, time.perf_counter() - start)
            assert await checks == [None, None, None]
            return longest

    assert asyncio.run(watch()) < hash_s * 0.7


def timed_hash(verify: Any, stored: str) -> float:
    start = time.perf_counter()
    assert not verify("wrong", stored)
    return time.perf_counter() - start


def test_many_at_once_from_one_address_are_told_to_wait(house: House, person: tuple[str, str]) -> None:
    """So that nobody fills the queue of hashes: eight wait at most, and others are served beside them."""
    from concurrent.futures import ThreadPoolExecutor

    where, address = coming_from(an_address()), f"{house.url}/elasticc/diaobject/?limit=1"
    with ThreadPoolExecutor(20) as threads:
        tries = [
            threads.submit(requests.get, address, auth=(f"nobody-{number}", "wrong"), headers=where) for number in range(20)
        ]
        statuses = [one.result().status_code for one in tries]
    assert set(statuses) == {403, 429}
    assert old_login(house, *person, an_address()).status_code == 302
