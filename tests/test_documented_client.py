"""The example that the old system documented to its users, run as they run it: nothing changed but the address."""

import requests
from house import House

TIMEOUT_SECONDS = 60


def test_the_documented_example_runs_unchanged(house: House) -> None:
    said = documented_example(house.url, house.user, house.password)

    assert said[0] == "keys: ['count', 'next', 'previous', 'results']"
    assert said[1] == "count: 346" if house.real else int(said[1].split()[-1]) > 0
    assert said[2].startswith("first: {'diaObjectId': ")
    assert said[3].startswith("ra: ") and " decl: " in said[3]
    assert len(said) > 4, "the sixth object has sources"
    times = [float(line.split()[0]) for line in said[4:]]
    assert times == sorted(times)


def documented_example(url: str, username: str, password: str) -> list[str]:
    """What the example printed, line by line."""
    said = []
    rqs = requests.session()
    rqs.get(f"{url}/accounts/login/")
    res = rqs.post(
        f"{url}/accounts/login/",
        data={"username": username, "password": password, "csrfmiddlewaretoken": rqs.cookies["csrftoken"]},
        timeout=TIMEOUT_SECONDS,
    )
    if res.status_code != 200:
        raise RuntimeError(f"Failed to log in; http status: {res.status_code}")
    if "Please enter a correct" in res.text:
        raise RuntimeError("Failed to log in: wrong username or password")
    csrfheader = {"X-CSRFToken": rqs.cookies["csrftoken"]}
    misspelt = {"X-CSRFTokien": rqs.cookies["csrftoken"]}

    res = rqs.get(f"{url}/elasticc/diaobject", headers=misspelt)
    if res.status_code != 200:
        raise RuntimeError("Didn't get objects")
    data = res.json()
    said.append(f"keys: {list(data.keys())}")
    said.append(f"count: {data['count']}")
    said.append(f"first: {data['results'][0]}")

    objid = data["results"][5]["diaObjectId"]
    res = rqs.get(f"{url}/elasticc/diaobject/{objid}/", headers=misspelt)
    if res.status_code != 200:
        raise RuntimeError("Didn't get the object")
    obj = res.json()
    said.append(f"ra: {obj['ra']} decl: {obj['decl']}")

    query = 'select * from elasticc_diasource where "diaObject_id"=%(id)s order by "midPointTai"'
    res = rqs.post(f"{url}/db/runsqlquery/", headers=csrfheader, json={"query": query, "subdict": {"id": objid}})
    if res.status_code != 200:
        raise RuntimeError("Query failed")
    answer = res.json()
    if answer["status"] != "ok":
        raise RuntimeError(answer["error"])
    said.extend(f"{row['midPointTai']} {row['filterName']} {row['psFlux']}" for row in answer["rows"])
    return said
