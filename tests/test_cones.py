"""cone, q3c_radial_query, q3c_dist and q3c_join against astropy, at random and at every edge, and by the index."""

import itertools
import random
from typing import Any

import numpy as np
import psycopg2
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from psycopg2.extras import execute_values
from sample import Sample

EDGE_RA = (0.0, 1e-9, 359.999999999, 360.0, 180.0, 90.0)
EDGE_DECL = (90.0, 89.9999999, -90.0, -89.9999999, 0.0)
RADII = (1e-4, 0.5, 30.0, 90.0, 150.0)
EDGE_DEG = 1e-11  # 0.04 microarcseconds: less can't be told apart in double precision
CENTRES = [(0.0, 90.0), (77.0, -90.0), (0.0, 0.0), (359.99999, 10.0), (180.0, 89.99), (210.0, -45.0)]

# A test's own rows: random on the sphere, dense around each centre, and the edges.
MADE = "create temporary table place (id int primary key, ra float8 not null, decl float8 not null)"
INDEX = "create index on place using gist (unit_vector(ra, decl))"


def positions() -> list[tuple[float, float]]:
    chance = random.Random(11)
    found = list(itertools.product(EDGE_RA, EDGE_DECL))
    found += [(chance.uniform(0, 360), np.degrees(np.arcsin(chance.uniform(-1, 1)))) for _ in range(3000)]
    for (ra, decl), radius in itertools.product(CENTRES, RADII):
        centre = SkyCoord(ra * u.deg, decl * u.deg)
        for _ in range(20):
            near = centre.directional_offset_by(chance.uniform(0, 360) * u.deg, chance.uniform(0.9, 1.1) * radius * u.deg)
            found.append((float(near.ra.deg), float(near.dec.deg)))
    return [(float(ra), float(decl)) for ra, decl in found]


POSITIONS = positions()
SKY = SkyCoord([ra for ra, _ in POSITIONS] * u.deg, [decl for _, decl in POSITIONS] * u.deg)


@pytest.fixture(scope="module")
def asking(sample_house: Sample) -> Any:
    """A transaction with the table `place`, rolled back at the end."""
    connection = psycopg2.connect(sample_house.admin_url)
    with connection.cursor() as cursor:
        cursor.execute(MADE)
        rows = [(k, *position) for k, position in enumerate(POSITIONS)]
        execute_values(cursor, "insert into place values %s", rows, page_size=1000)
        cursor.execute(INDEX)
        cursor.execute("analyze place")
        yield cursor
    connection.rollback()
    connection.close()


@pytest.mark.parametrize("function", ["cone", "q3c_radial_query"])
@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("centre", CENTRES)
def test_a_cone_holds_what_astropy_finds(asking: Any, function: str, centre: tuple[float, float], radius: float) -> None:
    asking.execute(f"select id from place where {function}(ra, decl, %s, %s, %s)", [*centre, radius])
    found = {one for (one,) in asking.fetchall()}
    apart = SKY.separation(SkyCoord(*centre, unit="deg")).deg
    on_the_edge = {k for k, angle in enumerate(apart) if abs(angle - radius) < EDGE_DEG}
    assert found - on_the_edge == {k for k, angle in enumerate(apart) if angle <= radius} - on_the_edge
    assert len(found - on_the_edge) >= 3


def test_the_whole_sky_and_less_than_nothing(asking: Any) -> None:
    for radius, expected in ((180, len(POSITIONS)), (1000, len(POSITIONS)), (-1, 0)):
        asking.execute("select count(*) from place where cone(ra, decl, 12, 34, %s)", [radius])
        assert asking.fetchone() == (expected,)
    asking.execute("select count(*) from place where cone(ra, decl, null, 34, 1)")
    assert asking.fetchone() == (0,)


def test_numbers_of_any_kind_are_degrees(asking: Any) -> None:
    asking.execute("select cone(10::real, 20::numeric, 10, 20::smallint, 1::bigint), q3c_dist(0, 0, 1::real, 0)")
    assert asking.fetchone() == (True, pytest.approx(1, abs=1e-12))


@pytest.mark.parametrize("centre", [*CENTRES, (30.0, -45.0)])
def test_distances_are_astropys(asking: Any, centre: tuple[float, float]) -> None:
    asking.execute("select q3c_dist(ra, decl, %s, %s) from place order by id", centre)
    found = np.array([one for (one,) in asking.fetchall()])
    expected = SKY.separation(SkyCoord(*centre, unit="deg")).deg
    assert np.abs(found - expected).max() < 1e-12


def test_distances_small_and_opposite(asking: Any) -> None:
    asking.execute(
        "select q3c_dist(10, 20, 10, 20), q3c_dist(0, 90, 123, 90), q3c_dist(10, 20, 190, -20), q3c_dist(5, 0, 5, 1e-9)"
    )
    same, pole, opposite, near = asking.fetchone()
    assert (same, pole, opposite) == (0.0, 0.0, 180.0)
    assert near == pytest.approx(1e-9, rel=1e-12)


def test_a_join_is_astropys(asking: Any) -> None:
    asking.execute("select a.id, b.id from place a join place b on q3c_join(a.ra, a.decl, b.ra, b.decl, 0.5)")
    vectors = SKY.cartesian.xyz.value.T
    chord = 2 * np.sin(np.radians(0.5) / 2)
    near = [(np.linalg.norm(vectors - one, axis=1) <= chord).nonzero()[0] for one in vectors]
    assert set(asking.fetchall()) == {(a, int(b)) for a, found in enumerate(near) for b in found}


@pytest.mark.parametrize(
    "sql",
    [
        "select id from place where cone(ra, decl, 10, 20, 0.1)",
        "select id from place where q3c_radial_query(ra, decl, 10, 20, 0.1)",
        "select b.id from (values (10.0, 20.0), (30, 40)) a(ra, decl) join place b on cone(b.ra, b.decl, a.ra, a.decl, 0.1)",
        "select b.id from (values (10.0, 20.0), (30, 40)) a(ra, decl)"
        " join place b on q3c_join(a.ra, a.decl, b.ra, b.decl, 0.1)",
        'select o."diaObjectId" from place a join elasticc_diaobject o on q3c_join(a.ra, a.decl, o.ra, o.decl, 0.1)'
        " where a.id = 1",
    ],
)
def test_the_index_is_used(asking: Any, sql: str) -> None:
    asking.execute("set local enable_seqscan = off")
    asking.execute(f"explain {sql}")
    plan = "\n".join(line for (line,) in asking.fetchall())
    assert "Index Cond: (cube(" in plan
    assert "<@" in plan


def test_the_portals_role_may_call_them(sample_house: Sample) -> None:
    [(found,)] = sample_house.ask("""
        select bool_and(has_function_privilege('elasticc_ro', oid, 'execute'))
        from pg_proc
        where proname in ('cone', 'q3c_radial_query', 'q3c_dist', 'q3c_join')
    """)
    assert found is True
