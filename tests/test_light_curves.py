"""Real simulations, from file to HTTP: what astropy reads is what the old API and the SQL door give, value for value.

The FITS are read here by a few lines of their own, not by the loader's reader.
"""

import random
from typing import Any

import numpy as np
import psycopg2
import pytest
import requests
from astropy.io import fits
from house import REAL, House

EXPECTED = {"diaobject": 346, "diaforcedsource": 52172, "diasource": 1862, "diaalert": 1862, "diaobjecttruth": 346}
DETECTED = 4096
TO_NJY = np.float32(10 ** ((31.4 - 27.5) / 2.5))
OBJECTS = 20

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is missing: real light curves can't be compared")


def light_curves() -> dict[int, tuple[Any, Any]]:
    """SNID → (its HEAD row, its PHOT rows) of every object in every folder."""
    found: dict[int, tuple[Any, Any]] = {}
    for head_file in sorted(REAL.glob("*/*_HEAD.FITS.gz")):
        with fits.open(head_file) as head, fits.open(str(head_file).replace("_HEAD", "_PHOT")) as phot:
            points = phot[1].data
            for row in head[1].data if head[1].data is not None else ():
                found[int(row["SNID"])] = (row, points[row["PTROBS_MIN"] - 1 : row["PTROBS_MAX"]].copy())
    return found


@pytest.fixture(scope="module")
def chosen() -> dict[int, tuple[Any, Any]]:
    curves = light_curves()
    assert len(curves) == EXPECTED["diaobject"]
    return {snid: curves[snid] for snid in random.Random(2026).sample(sorted(curves), OBJECTS)}


def flux(points: Any, column: str) -> list[float]:
    return [float(value) for value in points[column].astype(np.float32) * TO_NJY]


def forced_expected(snid: int, points: Any) -> list[dict[str, object]]:
    return [
        {"diaForcedSourceId": snid * 100000 + k, "ccdVisitId": None, "midPointTai": float(point["MJD"]),
         "filterName": point["BAND"].strip(), "psFlux": f, "psFluxErr": e, "totFlux": None, "totFluxErr": None,
         "diaObject": snid}
        for k, (point, f, e) in enumerate(zip(points, flux(points, "FLUXCAL"), flux(points, "FLUXCALERR"), strict=True))
    ]  # fmt: skip


def close(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Equal keys and values; fluxes to a float32's last bit, in which the order of two factors may differ."""
    assert list(ours) == list(theirs)
    return all(
        a == b or (isinstance(b, float) and abs(a - b) <= abs(b) * 2**-22)
        for a, b in ((ours[name], theirs[name]) for name in ours)
    )


def test_the_tables_hold_exactly_the_files(house: House, client: requests.Session) -> None:
    connection = psycopg2.connect(house.admin_url)
    try:
        with connection.cursor() as cursor:
            for table, count in EXPECTED.items():
                cursor.execute(f"select count(*) from elasticc_{table}")
                assert cursor.fetchone() == (count,), table
    finally:
        connection.close()
    for table, count in EXPECTED.items():
        assert client.get(f"{house.url}/elasticc/{table}/").json()["count"] == count
        page = client.get(f"{house.url}/elasticc/elasticc_{table}", headers={"Accept": "text/html"})
        assert f"{count:,} rows" in page.text, table
        assert client.get(f"{house.url}/elasticc/elasticc_{table}.json").json()["filtered_table_rows_count"] == count


def test_light_curves_by_the_old_api(house: House, client: requests.Session, chosen: dict[int, tuple[Any, Any]]) -> None:
    forced = client.get(f"{house.url}/elasticc/diaforcedsource/", params={"limit": 10**6}).json()
    assert forced["next"] is None
    served: dict[int, list[dict[str, Any]]] = {}
    for row in forced["results"]:
        served.setdefault(row["diaObject"], []).append(row)
    for snid, (head, points) in chosen.items():
        expected = forced_expected(snid, points)
        assert len(served.get(snid, [])) == len(expected)
        assert all(map(close, served.get(snid, []), expected)), snid
        one = client.get(f"{house.url}/elasticc/diaobject/{snid}/").json()
        assert one["diaObjectId"] == snid
        assert (one["ra"], one["decl"]) == (float(head["RA"]), float(head["DEC"]))
        assert one["mwebv"] == float(head["MWEBV"])
        assert one["z_final"] == float(head["REDSHIFT_FINAL"])
        assert one["hostgal_mag_r"] == float(head["HOSTGAL_MAG_r"])


def test_light_curves_by_the_sql_door(house: House, client: requests.Session, chosen: dict[int, tuple[Any, Any]]) -> None:
    query = 'select * from elasticc_diasource where "diaObject_id"=%(id)s order by "diaSourceId"'
    detections = 0
    for snid, (head, points) in chosen.items():
        answer = client.post(f"{house.url}/db/runsqlquery/", json={"query": query, "subdict": {"id": snid}}).json()
        assert answer["status"] == "ok", answer
        expected = [
            (row["diaForcedSourceId"], row["midPointTai"], row["filterName"], row["psFlux"], row["psFluxErr"])
            for row, point in zip(forced_expected(snid, points), points, strict=True)
            if point["PHOTFLAG"] & DETECTED
        ]
        assert len(answer["rows"]) == len(expected)
        detections += len(expected)
        for row, (source, mjd, band, ps_flux, error) in zip(answer["rows"], expected, strict=True):
            assert (row["diaSourceId"], row["midPointTai"], row["filterName"]) == (source, mjd, band)
            assert row["psFlux"] == pytest.approx(ps_flux, rel=2**-22)
            assert row["psFluxErr"] == pytest.approx(error, rel=2**-22)
            assert row["snr"] == pytest.approx(ps_flux / error, rel=1e-6)
            assert (row["ra"], row["decl"]) == (float(head["RA"]), float(head["DEC"]))
            assert row["diaObject_id"] == row["diaObjectId"] == snid
    assert detections > 0
