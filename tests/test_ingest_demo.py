"""The demo sample: the same for a seed, sources where the signal passes 5 sigma, and ids of its own."""

import hashlib

from scratch import LOADED, Scratch, scratch, scratch_server

__all__ = ["scratch", "scratch_server"]

KEYS = {
    "elasticc_diaobject": "diaObjectId", "elasticc_diasource": "diaSourceId",
    "elasticc_diaforcedsource": "diaForcedSourceId", "elasticc_diaalert": "alertId", "elasticc_diatruth": "diaSourceId",
    "elasticc_diaobjecttruth": "diaObjectId", "elasticc_brokermessage": "dbMessageIndex",
    "elasticc_brokerclassifier": "dbClassifierIndex", "elasticc_brokerclassification": "dbClassificationIndex",
}  # fmt: skip


def digest(scratch: Scratch, *, below: int | None = None) -> dict[str, str]:
    """Of every column of every row; of objects with a number below `below` only, where it is given."""
    digests = {}
    for table in LOADED:
        owner = f'"{KEYS[table]}"'
        limit = f"where {owner} / %s < %s" if below is not None else ""
        scale = {"elasticc_diaobject": 1, "elasticc_diaobjecttruth": 1, "elasticc_brokerclassifier": 1,
                 "elasticc_brokermessage": 200_000, "elasticc_brokerclassification": 5_000_000}.get(table, 100_000)  # fmt: skip
        rows = scratch.rows(f"select * from {table} {limit} order by {owner}", [scale, below] if below is not None else None)
        digests[table] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return digests


def test_the_same_seed_gives_the_same_bytes(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "30", "--seed", "7").returncode == 0
    first = digest(scratch)
    scratch.rows(f"truncate {', '.join(LOADED)} cascade")
    assert scratch.loader("load", "demo", "--objects", "30", "--seed", "7").returncode == 0
    assert digest(scratch) == first
    scratch.rows(f"truncate {', '.join(LOADED)} cascade")
    assert scratch.loader("load", "demo", "--objects", "600", "--seed", "7").returncode == 0
    assert digest(scratch, below=10**12 + 7 * 10**7 + 30) == first


def test_loading_again_changes_nothing_and_says_so(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "20", "--seed", "3").returncode == 0
    before = digest(scratch)
    again = scratch.loader("load", "demo", "--objects", "20", "--seed", "3")
    assert again.returncode == 0
    assert "Nothing new." in again.stdout
    assert digest(scratch) == before
    assert scratch.loader("load", "demo", "--objects", "20", "--seed", "4").returncode == 0
    assert scratch.counts()["elasticc_diaobject"] == 40


def test_detections_are_the_points_above_5_sigma(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "100").returncode == 0
    bright = scratch.rows(
        'select "diaForcedSourceId", "psFlux" / "psFluxErr" from elasticc_diaforcedsource '
        'where "psFlux" / "psFluxErr" > 5 order by 1'
    )
    assert len(bright) > 500
    assert scratch.rows('select "diaSourceId", snr from elasticc_diasource order by 1') == bright
    ids = [row[0] for row in bright]
    alerts = scratch.rows('select "alertId", "alertSentTimestamp" is not null from elasticc_diaalert order by 1')
    assert alerts == [(one, True) for one in ids]
    seen = scratch.rows('select "diaSourceId" from elasticc_diatruth where detect order by 1')
    assert [row[0] for row in seen] == ids


def test_the_sample_has_bands_years_classes_and_sums_of_probability(scratch: Scratch) -> None:
    assert scratch.loader("load", "demo", "--objects", "300").returncode == 0
    assert scratch.rows(
        'select max("midPointTai") - min("midPointTai") between 900 and 1500, min("diaObject_id") >= 10^12 '
        "from elasticc_diaforcedsource"
    ) == [(True, True)]
    bands = scratch.rows('select distinct "filterName" from elasticc_diaforcedsource')
    assert sorted(row[0] for row in bands) == sorted("ugrizY")
    unmapped = scratch.rows(
        "select gentype from elasticc_diaobjecttruth where gentype not in "
        "(select gentype from elasticc_gentypeofclassid where exactmatch)"
    )
    assert unmapped == []
    classes = scratch.rows(
        'select count(distinct "classId") from elasticc_diaobjecttruth join elasticc_gentypeofclassid using (gentype) '
        "where exactmatch"
    )
    assert classes[0][0] >= 10
    assert scratch.rows(
        "select count(*) from (select sum(probability) as total from elasticc_brokerclassification "
        'group by "dbMessage_id") one where abs(total - 1) > 1e-4'
    ) == [(0,)]
    best = scratch.rows(
        'select avg(("classId" = right_class)::int) from (select distinct on ("dbMessage_id") "classId", g.right_class '
        'from elasticc_brokerclassification c join elasticc_brokermessage m on m."dbMessageIndex" = c."dbMessage_id" '
        'join elasticc_diaalert a on a."alertId" = m."alertId" join elasticc_diaobjecttruth t '
        'on t."diaObjectId" = a."diaObject_id" join (select gentype, "classId" as right_class '
        "from elasticc_gentypeofclassid where exactmatch) g using (gentype) "
        'where "classId" > 100 order by "dbMessage_id", probability desc) one'
    )
    assert 0.3 < best[0][0] < 0.95


def test_the_sample_goes_out_and_leaves_the_rest(scratch: Scratch) -> None:
    scratch.rows('insert into elasticc_diaobject ("diaObjectId", ra, decl) values (42, 10.0, -20.0)')
    before = scratch.counts()
    assert scratch.loader("load", "demo", "--objects", "30", "--unless-others").stdout.startswith("There are objects of other")
    assert scratch.counts() == before
    assert scratch.loader("load", "demo", "--objects", "30").returncode == 0
    assert min(scratch.counts().values()) > 0
    assert scratch.loader("unload-demo").returncode == 0
    assert scratch.counts() == before
    assert scratch.loader("unload-demo").stdout == "No sample was loaded.\n"
