"""The three kept histograms against a recount, whatever is done to the tables they are of."""

import pytest
from scratch import Scratch, scratch, scratch_server

__all__ = ["scratch", "scratch_server"]

RECOUNTS = {
    "nights": (
        "select mjd, detections from elasticc_view_nights",
        'select floor("midPointTai" - 0.5)::bigint, count(*) from elasticc_diasource group by 1',
    ),
    "classes": (
        "select class, objects from elasticc_view_classes",
        """
        select coalesce(c.description, 'gentype ' || t.gentype), count(*)
        from elasticc_diaobjecttruth t
        left join elasticc_gentypeofclassid c on c.gentype = t.gentype and c.exactmatch
        group by 1
        """,
    ),
    "sky": (
        "select ra_min, ra_max, decl_min, decl_max, objects from elasticc_view_sky",
        """
        select ra_min, ra_max, decl_min, decl_max, count(*)
        from elasticc_diaobject o
        join elasticc_view_sky s
            on o.ra - 360 * floor(o.ra / 360) >= ra_min - 1e-9 and o.ra - 360 * floor(o.ra / 360) < ra_max - 1e-9
            and o.decl >= decl_min and (o.decl < decl_max or decl_max = 90)
        group by 1, 2, 3, 4
        """,
    ),
}


def assert_true(scratch: Scratch) -> None:
    for name, (kept, recount) in RECOUNTS.items():
        assert sorted(scratch.rows(kept)) == sorted(scratch.rows(recount)), name
    [(objects,)] = scratch.rows("select coalesce(sum(objects), 0)::int from elasticc_view_sky")
    assert [(objects,)] == scratch.rows("select count(*) from elasticc_diaobject")


def test_true_after_loads_of_any_kind(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "40").returncode == 0
    assert_true(scratch)
    assert scratch.loader("load", "demo", "--objects", "60").returncode == 0
    assert_true(scratch)
    scratch.rows("update elasticc_diaobject set ra = 359.999, decl = 90")
    scratch.rows('update elasticc_diasource set "midPointTai" = "midPointTai" + 100 where "filterName" = \'r\'')
    scratch.rows("update elasticc_diaobjecttruth set gentype = 4321 where gentype = 10")
    assert_true(scratch)
    assert scratch.loader("unload-demo").returncode == 0
    assert_true(scratch)
    assert [scratch.rows(kept) for kept, _ in RECOUNTS.values()] == [[], [], []]


def test_true_after_a_roll_back_and_a_truncate(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "20").returncode == 0
    with pytest.raises(Exception, match="division by zero"):
        scratch.rows("delete from elasticc_diaobjecttruth; select 1 / 0")
    assert_true(scratch)
    scratch.rows("truncate elasticc_diaobjecttruth")
    assert_true(scratch)


def test_many_small_loads_are_folded(scratch: Scratch) -> None:
    """Each adds rows; once there are many, the next writer replaces them by their sums."""
    assert scratch.loader("load", "demo", "--objects", "20").returncode == 0
    scratch.rows("insert into tally.bin select 'classes', 10, g % 3 - 1 from generate_series(1, 10002) g")
    assert_true(scratch)
    [(one,)] = scratch.rows('select "diaObjectId" from elasticc_diaobjecttruth limit 1')
    scratch.rows('delete from elasticc_diaobjecttruth where "diaObjectId" = %s', [one])
    [(rows,)] = scratch.rows("select count(*) from tally.bin where histogram = 'classes'")
    assert rows < 50
    assert_true(scratch)


def test_pieces_of_sky_are_alike_and_cover_it(scratch: Scratch) -> None:
    """A grid finer than the pieces hits each; together they are the whole sphere."""
    scratch.rows("""
        insert into elasticc_diaobject ("diaObjectId", ra, decl)
        select row_number() over (), ra, decl
        from generate_series(0, 359) ra, generate_series(-90, 90) decl
    """)
    pieces = scratch.rows("""
        select radians(ra_max - ra_min) * (sind(decl_max) - sind(decl_min)) * (180 / pi()) ^ 2
        from elasticc_view_sky
    """)
    assert len(pieces) == 732
    assert sum(area for (area,) in pieces) == pytest.approx(41252.96, abs=0.1)
    assert max(area for (area,) in pieces) < 1.3 * min(area for (area,) in pieces)
    assert_true(scratch)


def test_check_finds_and_mends_what_got_past_the_triggers(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "20").returncode == 0
    assert scratch.loader("check", "counts").stdout == "All counts are right.\n"
    scratch.rows(
        "insert into tally.bin values "
        "('classes', 10, 3), ('classes', 11, 0), ('nights', 1, 1), ('nights', 2, -1), ('old', 1, 1)"
    )
    scratch.rows("delete from tally.bin where histogram = 'sky'")
    found = scratch.loader("check", "counts")
    assert found.returncode == 1
    said = found.stderr.splitlines()
    assert "The histogram nights of elasticc_diasource is wrong in 2 bins." in said
    assert "The histogram classes of elasticc_diaobjecttruth is wrong in 1 bins." in said
    assert "The histogram old is kept by no trigger." in said
    assert any(line.startswith("The histogram sky of elasticc_diaobject is wrong in") for line in said)
    assert scratch.loader("check", "counts", "--fix").returncode == 0
    assert_true(scratch)
    assert scratch.loader("check", "counts").stdout == "All counts are right.\n"
