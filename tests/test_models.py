"""The tables as SQL sees them: names, types, comments, indexes, both eras; and the models say the same as the migrations."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest
from house import PROJECT, House
from psycopg2.extensions import cursor as Cursor

BANDS = "ugrizY"
INTEGERS = {"bigint", "integer"}


def host(prefix: str) -> list[str]:
    """SCHEMA's words: _p50 for `hostgal` only."""
    names = ["ellipticity", "sqradius", "zspec", "zspec_err", "zphot", "zphot_err"]
    names += [f"zphot_q{percent:03d}" for percent in range(0, 101, 10)]
    names += ["zphot_p50"] if prefix == "hostgal" else []
    names += [f"mag_{band}" for band in BANDS] + ["ra", "dec", "snsep"] + [f"magerr_{band}" for band in BANDS]
    return [f"{prefix}_{name} f8?" for name in names]


# In the order of lists and details: primary key, plain fields, foreign keys.
TABLES = {
    "diaobject": [
        "diaObjectId bigint", "simVersion text?", "ra f8", "decl f8", "mwebv f8?", "mwebv_err f8?", "z_final f8?",
        "z_final_err f8?", *host("hostgal"), *host("hostgal2"),
    ],
    "diasource": [
        "diaSourceId bigint", "ccdVisitId bigint?", "parentDiaSourceId bigint?", "midPointTai f8", "filterName text",
        "ra f8", "decl f8", "psFlux f8", "psFluxErr f8", "snr f8", "nobs f8?", "diaObject_id bigint?",
    ],
    "diaforcedsource": [
        "diaForcedSourceId bigint", "ccdVisitId bigint?", "midPointTai f8", "filterName text", "psFlux f8", "psFluxErr f8",
        "totFlux f8?", "totFluxErr f8?", "diaObject_id bigint",
    ],
    "diaalert": ["alertId bigint", "alertSentTimestamp timestamptz?", "diaSource_id bigint?", "diaObject_id bigint?"],
    "diaalertprvsource": ["id bigint", "diaAlert_id bigint", "diaSource_id bigint"],
    "diaalertprvforcedsource": ["id bigint", "diaAlert_id bigint", "diaForcedSource_id bigint"],
    "diatruth": [
        "diaSourceId bigint", "diaObjectId bigint?", "mjd f8?", "detect bool?", "true_gentype int?", "true_genmag f8?",
    ],
    "diaobjecttruth": [
        "diaObjectId bigint", "libid int", "sim_searcheff_mask int", "gentype int", "sim_template_index int", "zcmb f8",
        "zhelio f8", "zcmb_smear f8", "ra f8", "dec f8", "mwebv f8", "galid bigint", "galzphot f8", "galzphoterr f8",
        "galsnsep f8", "galsnddlr f8", "rv f8", "av f8", "mu f8", "lensdmu f8", "peakmjd f8", "mjd_detect_first f8",
        "mjd_detect_last f8", "dtseason_peak f8", *(f"peakmag_{band} f8" for band in BANDS), "snrmax f8", "snrmax2 f8",
        "snrmax3 f8", "nobs int", "nobs_saturate int",
    ],
    "brokermessage": [
        "dbMessageIndex bigint", "streamMessageId bigint?", "topicName varchar(200)?", "alertId bigint", "diaSourceId bigint",
        "msgHdrTimestamp timestamptz?", "descIngestTimestamp timestamptz", "elasticcPublishTimestamp timestamptz?",
        "brokerIngestTimestamp timestamptz?", "modified timestamptz",
    ],
    "brokerclassifier": [
        "dbClassifierIndex bigint", "brokerName varchar(100)", "brokerVersion text?", "classifierName varchar(200)",
        "classifierParams text?", "modified timestamptz",
    ],
    "brokerclassification": [
        "dbClassificationIndex bigint", "classId int", "probability f8", "modified timestamptz", "dbMessage_id bigint",
        "dbClassifier_id bigint",
    ],
    "gentypeofclassid": ["classId int", "gentype int", "description text", "exactmatch bool", "categorymatch bool"],
}  # fmt: skip

SHORT = {
    "double precision": "f8", "integer": "int", "boolean": "bool", "timestamp with time zone": "timestamptz",
    "character varying(100)": "varchar(100)", "character varying(200)": "varchar(200)",
}  # fmt: skip

SECOND_NAMES = [
    ("diasource", "diaObjectId", "diaObject_id"),
    ("diaforcedsource", "diaObjectId", "diaObject_id"),
    ("diaalert", "diaObjectId", "diaObject_id"),
    ("diaalert", "diaSourceId", "diaSource_id"),
    ("brokermessage", "brokerMessageId", "dbMessageIndex"),
    ("brokerclassifier", "classifierId", "dbClassifierIndex"),
    ("brokerclassification", "classificationId", "dbClassificationIndex"),
    ("brokerclassification", "brokerMessageId", "dbMessage_id"),
    ("brokerclassification", "classifierId", "dbClassifier_id"),
]

COLUMNS = """
select attname, format_type(atttypid, atttypmod), attnotnull
from pg_attribute
where attrelid = %s::regclass
  and attnum > 0
  and not attisdropped
  and attgenerated = ''
order by attnum
"""

WITHOUT_COMMENT = r"""
select c.relname, a.attname
from pg_class c
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relname like 'elasticc\_%'
  and c.relkind in ('r', 'v')
  and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)
"""

KEYS_WITHOUT_INDEX = r"""
select conrelid::regclass, conname
from pg_constraint k
where contype = 'f'
  and conrelid::regclass::text like 'elasticc\_%'
  and not exists (select from pg_index i where i.indrelid = k.conrelid and i.indkey[0] = k.conkey[1])
"""

INDEXED = """
select array_agg(a.attname order by o)
from pg_index i
cross join unnest(i.indkey) with ordinality as u(attnum, o)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
where i.indrelid = %s::regclass
group by i.indexrelid
"""


@pytest.fixture
def cursor(house: House) -> Iterator[Cursor]:
    """An astronomer's view, through the portal's own role."""
    connection = psycopg2.connect(house.ro_url)
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


@pytest.fixture
def admin(house: House) -> Iterator[Cursor]:
    """An administrator's transaction, always rolled back."""
    connection = psycopg2.connect(house.admin_url)
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()
    connection.close()


def test_models_and_migrations_agree(house: House) -> None:
    command = [sys.executable, "-m", "loader", "manage", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=PROJECT, env=house.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No changes detected"), done.stderr


@pytest.mark.parametrize("table", TABLES)
def test_physical_columns(cursor: Cursor, table: str) -> None:
    cursor.execute(COLUMNS, [f"elasticc_{table}"])
    found = [f"{name} {SHORT.get(kind, kind)}{'' if needed else '?'}" for name, kind, needed in cursor.fetchall()]
    assert found == TABLES[table]


def test_no_other_table_is_published(cursor: Cursor) -> None:
    cursor.execute(r"select relname from pg_class where relname like 'elasticc\_%' and relkind = 'r'")
    assert {name for (name,) in cursor.fetchall()} == {f"elasticc_{table}" for table in TABLES}


def test_diaobject_has_73_columns() -> None:
    assert len(TABLES["diaobject"]) == 73


def test_every_table_and_column_is_described(cursor: Cursor) -> None:
    cursor.execute(WITHOUT_COMMENT)
    assert cursor.fetchall() == []


def test_comments_say_unit_and_mark_for_none(cursor: Cursor) -> None:
    cursor.execute("""
        select col_description('elasticc_diasource'::regclass, attnum)
        from pg_attribute where attrelid = 'elasticc_diasource'::regclass and attname = 'psFlux'
        union all
        select col_description('elasticc_diaobject'::regclass, attnum)
        from pg_attribute where attrelid = 'elasticc_diaobject'::regclass and attname = 'hostgal_mag_g'
    """)
    flux, magnitude = (text for (text,) in cursor.fetchall())
    assert "nJy" in flux and "31.4" in flux
    assert "999: none" in magnitude


def test_every_foreign_key_has_an_index(cursor: Cursor) -> None:
    cursor.execute(KEYS_WITHOUT_INDEX)
    assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("brokermessage", ["alertId"]),
        ("brokermessage", ["diaSourceId"]),
        ("brokermessage", ["topicName", "streamMessageId"]),
        ("diatruth", ["diaObjectId"]),
        ("diaobject", ["ra", "decl"]),
        ("diaalertprvsource", ["diaAlert_id", "diaSource_id"]),
        ("diaalertprvforcedsource", ["diaAlert_id", "diaForcedSource_id"]),
    ],
)
def test_other_indexes(cursor: Cursor, table: str, columns: list[str]) -> None:
    cursor.execute(INDEXED, [f"elasticc_{table}"])
    assert columns in [found for (found,) in cursor.fetchall()]


def test_a_wrong_reference_is_refused_at_its_row(admin: Cursor) -> None:
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="is not present in table"):
        admin.execute('insert into elasticc_diaalert ("alertId", "diaObject_id") values (-1, -1)')


@pytest.mark.parametrize(("table", "second", "physical"), SECOND_NAMES)
def test_second_names_answer(cursor: Cursor, table: str, second: str, physical: str) -> None:
    cursor.execute(f'select count(*), count(*) filter (where "{second}" is distinct from "{physical}") from elasticc_{table}')
    rows, different = cursor.fetchone() or (0, 0)
    assert different == 0
    if table.startswith("dia"):
        assert rows > 0


@pytest.mark.parametrize(("table", "second", "physical"), SECOND_NAMES)
def test_second_names_use_the_index(cursor: Cursor, table: str, second: str, physical: str) -> None:
    cursor.execute("set local enable_seqscan = off")  # small tables are scanned; this asks whether an index could serve
    cursor.execute(f'explain select * from elasticc_{table} where "{second}" = 42')
    plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index" in plan and f'Cond: ("{physical}" = ' in plan, plan


def test_gentypes(cursor: Cursor) -> None:
    cursor.execute("""
        select "classId", description, exactmatch, categorymatch, array_agg(gentype order by gentype)
        from elasticc_gentypeofclassid
        group by 1, 2, 3, 4
        order by 1
    """)
    sn = [10, 11, 12, 20, 21, 25, 26, 27, 30, 31, 32, 35, 36, 37]
    fast, long = [50, 51, 82, 84, 87, 88, 89], [40, 42, 45, 46, 59]
    assert cursor.fetchall() == [
        (1, "Non-Recurring", False, False, sorted(sn + fast + long)),
        (11, "SN-like", False, True, sn),
        (12, "Fast", False, True, fast),
        (13, "Long", False, True, long),
        (111, "Ia", True, True, [10]),
        (112, "Ib/c", True, True, [20, 21, 25, 26, 27]),
        (113, "II", True, True, [30, 31, 32, 35, 36, 37]),
        (114, "Iax", True, True, [12]),
        (115, "91bg", True, True, [11]),
        (121, "KN", True, True, [50, 51]),
        (122, "M-dwarf Flare", True, True, [82]),
        (123, "Dwarf Nova", True, True, [84]),
        (124, "uLens", True, True, [87, 88, 89]),
        (131, "SLSN", True, True, [40]),
        (132, "TDE", True, True, [42]),
        (133, "ILOT", True, True, [45]),
        (134, "CART", True, True, [46]),
        (135, "PISN", True, True, [59]),
    ]


VIEW = [
    "brokerName", "brokerVersion", "classifierName", "classifierParams", "classifierId", "classId", "probability",
    "diaSourceId", "diaObjectId", "alertId", "gentype", "trueClassId", "alertSentTimestamp", "elasticcPublishTimestamp",
    "brokerIngestTimestamp", "msgHdrTimestamp", "descIngestTimestamp",
]  # fmt: skip


def test_view_joins_a_classification_with_its_truth(admin: Cursor) -> None:
    admin.execute("""
        select t."diaObjectId", s."diaSourceId", a."alertId", t.gentype
        from elasticc_diaobjecttruth t
        join elasticc_diasource s using ("diaObjectId")
        join elasticc_diaalert a using ("diaSourceId")
        join elasticc_gentypeofclassid g on g.gentype = t.gentype and g.exactmatch
        order by 2
        limit 1
    """)
    dia_object, source, alert, gentype = admin.fetchone() or (None,) * 4
    admin.execute("""
        insert into elasticc_brokerclassifier ("brokerName", "classifierName") values ('a test', 'coin')
        returning "classifierId"
    """)
    (classifier,) = admin.fetchone() or (None,)
    admin.execute(
        'insert into elasticc_brokermessage ("alertId", "diaSourceId") values (%s, %s) returning "brokerMessageId"',
        [alert, source],
    )
    (message,) = admin.fetchone() or (None,)
    admin.execute(
        """
        insert into elasticc_brokerclassification ("dbMessage_id", "dbClassifier_id", "classId", probability)
        values (%s, %s, 111, 0.25)
        """,
        [message, classifier],
    )
    admin.execute("select * from elasticc_view_sourceclassifications where \"brokerName\" = 'a test'")
    assert [column.name for column in admin.description or ()] == VIEW
    (row,) = admin.fetchall()
    assert row[:11] == ("a test", None, "coin", None, classifier, 111, 0.25, source, dia_object, alert, gentype)
    admin.execute('select "classId" from elasticc_gentypeofclassid where exactmatch and gentype = %s', [gentype])
    assert (row[11],) == admin.fetchone()
    assert row[VIEW.index("descIngestTimestamp")] is not None


CONES = [(0.0, 90.0, 0.5), (0.0, -90.0, 0.5), (0.0, 0.0, 0.5), (359.9, 10.0, 3.0), (120.0, -30.0, 2.0), (1.0, 1.0, 180.0)]

# Vincenty's formula: exact at every distance, and another way than the function's.
WITHIN = """
select count(*)
from elasticc_diaobject
where degrees(atan2(
    sqrt(
        power(cosd(decl) * sind(ra - %(ra)s), 2)
        + power(cosd(%(dec)s) * sind(decl) - sind(%(dec)s) * cosd(decl) * cosd(ra - %(ra)s), 2)
    ),
    sind(%(dec)s) * sind(decl) + cosd(%(dec)s) * cosd(decl) * cosd(ra - %(ra)s)
)) <= %(radius)s
"""

IN_CONE = "select count(*) from elasticc_diaobject where q3c_radial_query(ra, decl, %(ra)s, %(dec)s, %(radius)s)"


def test_cones_are_exact_and_indexed(admin: Cursor) -> None:
    admin.execute("select setseed(0.25)")  # a small cone may be empty otherwise
    admin.execute("set local role elasticc_owner")
    admin.execute("""
        insert into elasticc_diaobject ("diaObjectId", ra, decl)
        select -i, 360 * random(), degrees(asin(2 * random() - 1)) from generate_series(1, 20000) i
        union all
        select -20000 - i, 360 * random(), 89 + random() from generate_series(1, 1000) i
        union all
        select -30000 - i, 360 * random(), -89 - random() from generate_series(1, 1000) i
        union all
        select -40000 - i, (360 + random() - 0.5)::numeric % 360, random() - 0.5 from generate_series(1, 1000) i
    """)
    admin.execute("analyze elasticc_diaobject")
    for ra, dec, radius in CONES:
        cone = {"ra": ra, "dec": dec, "radius": radius}
        admin.execute(IN_CONE, cone)
        found = admin.fetchone()
        admin.execute(WITHIN, cone)
        assert found == admin.fetchone(), cone
        assert found and found[0] > 0
    admin.execute("explain " + IN_CONE, {"ra": 0, "dec": 90, "radius": 0.1})
    plan = "\n".join(line for (line,) in admin.fetchall())
    assert "Index" in plan and "Seq Scan" not in plan, plan
