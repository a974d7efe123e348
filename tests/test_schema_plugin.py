"""The schema browser on a PostgreSQL that has nothing of ours: statistics, links, permissions, search, many tables."""

import html
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import datasette_schema
import psycopg2
import pytest
from bare import Bare, Site, bare_server, site
from datasette_schema import diagram, search, settings, shown, statistics, words
from datasette_schema.structure import Link

TABLES = """
create schema further;
create type mood as enum ('dull', 'bright');
create table star (
  id bigint primary key,
  ra float8 not null,
  "Mag" real,
  band text,
  mood mood,
  digits text,
  seen timestamptz,
  tags text[],
  blank int,
  companion bigint references star
);
comment on table star is 'What shines <b>by itself</b>';
comment on column star.ra is 'Right ascension, degrees (ICRS)';
comment on column star."Mag" is 'Brightness [mag]; 99: none';
insert into star
select k, k * 0.36, case when k % 4 = 0 then 99 when k % 10 = 1 then null else sqrt(k) end,
       case when k % 2 = 0 then 'r' when k % 3 = 0 then 'g' else 'i' end, 'bright', k::text,
       timestamptz '2024-01-01 00:00+00' + k * interval '1 hour', array['a', 'b'], null, null
from generate_series(1, 1000) k;
create table further.visit (
  star_id bigint not null references star,
  night int,
  note text,
  primary key (star_id, night)
);
create index visit_note on further.visit using gin (to_tsvector('english', note));
create index visit_late on further.visit (night) where night > 100;
create table further.plate (star_id bigint, night int, foreign key (star_id, night) references further.visit);
create table secret (id bigint primary key, star_id bigint references star, word text);
insert into secret select k, k, 'xyzzy' || k from generate_series(1, 50) k;
create table shy (id int, hidden_column text);
create table never (id int);
create table by_year (year int, flux float8) partition by range (year);
create table by_year_1 partition of by_year for values from (2000) to (2010);
create table by_year_2 partition of by_year for values from (2010) to (2020);
insert into by_year select 2000 + k % 20, k from generate_series(1, 400) k;
create view bright as select id, ra from star where "Mag" < 10;
create table "odd ""name"".x" ("a/b" int primary key, "<i>" text);
create table granted_not (id int);
analyze star, secret, by_year, further.visit;
grant usage on schema further to reader;
grant select on all tables in schema public, further to reader;
revoke select on granted_not from reader;
"""
METADATA: dict[str, Any] = {
    "plugins": {"datasette-schema": {"databases": {"pg": {"ucds": {"star.ra": "pos.eq.ra;meta.main", "*.ra": "pos.eq.ra"}}}}},
    "databases": {
        "pg": {
            "tables": {
                "secret": {"allow": {"id": "root"}},
                "shy": {"hidden": True},
                "star": {"units": {"blank": "s"}, "title": "Stars"},
            }
        }
    },
}


@pytest.fixture(scope="module")
def bare() -> Iterator[Bare]:
    with bare_server() as bare:
        bare.ask(TABLES)
        yield bare


@pytest.fixture(scope="module")
def pages(bare: Bare) -> Iterator[Site]:
    with site(bare, datasette_schema, metadata=METADATA, schemas=["public", "further"]) as found:
        yield found


def columns(pages: Site, table: str) -> dict[str, Any]:
    return {column["name"]: column for column in pages.json(f"/-/schema/pg/{table}.json")["columns"]}


def test_what_is_told_of_values_is_pg_stats(bare: Bare, pages: Site) -> None:
    told = columns(pages, "star")
    for name, null_fraction, distinct, values, shares, bounds in bare.ask("""
        select attname, null_frac, n_distinct, most_common_vals::text::text[], most_common_freqs,
               histogram_bounds::text::text[]
        from pg_stats
        where tablename = 'star'
    """):
        found = told[name]["statistics"]
        assert found["null_fraction"] == pytest.approx(null_fraction)
        assert found["distinct"] == round(distinct if distinct >= 0 else -distinct * 1000)
        common = list(zip(values or [], shares or [], strict=True))[: statistics.MOST_COMMON]
        assert [one["value"] for one in found["common"]] == [value for value, _ in common]
        assert [one["share"] for one in found["common"]] == pytest.approx([share for _, share in common])
        if found["histogram"]:
            assert (found["histogram"]["low"], found["histogram"]["high"]) == (bounds[0], bounds[-1])
    assert {name for name, column in told.items() if column["statistics"]["histogram"]} == {"id", "ra", "Mag", "seen"}


def test_the_histogram_is_the_tables_own(bare: Bare, pages: Site) -> None:
    """All 1,000 rows are the sample; 99 is common, and outside of the bounds."""
    found = columns(pages, "star")["Mag"]["statistics"]
    low, high = float(found["histogram"]["low"]), float(found["histogram"]["high"])
    counted = dict(
        bare.ask(
            'select least(23, floor(("Mag" - %s) / %s)::int), count(*) from star where "Mag" < 99 group by 1',
            (low, (high - low) / 24),
        )
    )
    shares = found["histogram"]["shares"]
    assert shares == pytest.approx([counted.get(k, 0) / 1000 for k in range(24)], abs=0.006)
    assert found["null_fraction"] + found["common"][0]["share"] + sum(shares) == pytest.approx(1, abs=1e-3)
    assert (found["low"], found["high"]) == (found["histogram"]["low"], "99")


def test_units_ucds_and_meanings(pages: Site) -> None:
    told = columns(pages, "star")
    assert (told["ra"]["unit"], told["ra"]["ucd"]) == ("deg", "pos.eq.ra;meta.main")
    assert (told["Mag"]["unit"], told["Mag"]["meaning"]) == ("mag", "Brightness [mag]; 99: none")
    assert told["blank"]["unit"] == "s"  # of Datasette's own metadata
    assert told["mood"]["values"] == ["dull", "bright"]
    assert told["companion"]["refers_to"] == [{"table": "star", "column": "id"}]
    assert columns(pages, "bright")["ra"]["ucd"] == "pos.eq.ra"
    page = pages.get("/-/schema/pg/star").text
    assert "<b>r</b> 50 %" in page  # half of the bands
    assert "<b>2000</b> 5.0 %" in pages.get("/-/schema/pg/by_year").text
    assert "<span>and 14 others</span>" in pages.get("/-/schema/pg/by_year").text
    assert "What shines &lt;b&gt;by itself&lt;/b&gt;" in page
    assert "<b>1,000</b> rows" in page


def test_links_and_indexes(pages: Site) -> None:
    told = pages.json("/-/schema/pg/further~2Evisit.json")
    [link] = told["foreign_keys"]
    assert (link["columns"], link["other_table"], link["other_columns"]) == (["star_id"], "star", ["id"])
    [back] = told["referenced_by"]
    assert (back["table"], back["columns"], back["other_columns"]) == (
        "further.plate",
        ["star_id", "night"],
        ["star_id", "night"],
    )
    assert told["indexes"][0]["is_primary"]
    assert {index["name"]: index["serves"] for index in told["indexes"]} == {
        "visit_pkey": "primary key: finds the row by star_id and night; by star_id alone, too",
        "visit_note": "finds rows by what is within to_tsvector('english'::regconfig, note): words, parts of a list or of JSON",
        "visit_late": "finds and sorts rows by night; only rows where night > 100",
    }
    page = pages.get("/-/schema/pg/further~2Evisit").text
    drawn = re.findall(r'data-from="([^"]+)" data-to="([^"]+)"', page)
    assert sorted(drawn) == [("further.plate", "further.visit"), ("further.visit", "star")]
    assert 'href="/-/schema/pg/star"' in page


def test_who_may_not_view_a_table_is_told_nothing_of_it(pages: Site) -> None:
    paths = ["", ".json", "?q=secret", "?q=xyzzy&_part=found", ".json?q=word", ".json?_statistics=on", "/star", "/star.json"]
    for path in paths:
        answer = pages.get(f"/-/schema/pg{path}")
        assert answer.status_code == 200, path
        assert "secret" not in answer.text.replace("q=secret", "").replace('value="secret"', ""), path
        assert "xyzzy1" not in answer.text, path
    for path in ("/secret", "/secret.json"):
        assert pages.get(f"/-/schema/pg{path}").status_code == 403
    assert 'data-from="secret" data-to="star"' in pages.get("/-/schema/pg", "root").text
    assert "secret" in [one["table"] for one in pages.json("/-/schema/pg/star.json", "root")["referenced_by"]]
    assert pages.json("/-/schema/pg.json", "root", q="word")["tables"][0]["name"] == "secret"


def test_what_the_role_may_not_read_is_not_there(pages: Site) -> None:
    assert "granted_not" not in pages.get("/-/schema/pg", _show_hidden="1").text
    assert pages.get("/-/schema/pg/granted_not").status_code == 404


def test_tables_stand_in_the_metadatas_order(pages: Site) -> None:
    names = [table["name"] for table in pages.json("/-/schema/pg.json", "root")["tables"]]
    assert names[:3] == ["secret", "star", "by_year"]
    assert names[-1] == "bright"  # a view


def test_hidden_tables_are_hidden_as_datasette_does(pages: Site) -> None:
    page = pages.get("/-/schema/pg").text
    assert "/-/schema/pg/shy" not in page
    assert ">3 hidden</a>" in page  # and two partitions
    assert pages.json("/-/schema/pg.json", q="hidden_column")["tables"] == []
    assert "/-/schema/pg/shy" in pages.get("/-/schema/pg", _show_hidden="1").text
    assert pages.json("/-/schema/pg/shy.json")["is_hidden"] is True


def test_tables_without_statistics_say_so(pages: Site) -> None:
    assert "was never analyzed" in pages.get("/-/schema/pg/never").text
    assert "A view has no statistics of its own" in pages.get("/-/schema/pg/bright").text
    assert columns(pages, "never")["id"]["statistics"] is None
    assert "it was empty then" in pages.get("/-/schema/pg/further~2Evisit").text


def test_a_partitioned_table_has_its_partitions_statistics_and_size(bare: Bare, pages: Site) -> None:
    told = pages.json("/-/schema/pg/by_year.json")
    [(size,)] = bare.ask("select pg_total_relation_size('by_year_1') + pg_total_relation_size('by_year_2')")
    assert (told["kind"], told["rows"], told["bytes"]) == ("partitioned table", 400, size)
    assert {column["name"]: column["statistics"]["distinct"] for column in told["columns"]} == {"year": 20, "flux": 400}


def test_odd_names_stay_text(pages: Site) -> None:
    address = next(one["url"] for one in pages.json("/-/schema/pg.json")["tables"] if one["name"].startswith("odd"))
    page = pages.get(address).text
    assert "&lt;i&gt;" in page and "<i>" not in page
    assert 'odd "name".x' in html.unescape(page)
    page = pages.get("/-/schema/pg", q='<I> "name"').text
    assert "<mark>&lt;i&gt;</mark>" in page and "<mark>&#34;name&#34;</mark>" in page
    assert 'value="&lt;I&gt; &#34;name&#34;"' in page
    assert pages.get("/-/schema/pg", q="%").status_code == 200
    assert pages.get("/-/schema/pg", q="x" * 5000).status_code == 200


def test_what_is_not_there_is_404(pages: Site) -> None:
    for path in ("/-/schema/nothing", "/-/schema/_memory", "/-/schema/pg/nothing", "/-/schema/pg/nothing.json"):
        assert pages.get(path).status_code == 404, path


def test_search(pages: Site) -> None:
    def found(asked: str) -> dict[str, list[str]]:
        told = pages.json("/-/schema/pg.json", q=asked)["tables"]
        return {table["name"]: [column["name"] for column in table["columns"]] for table in told}

    assert found("ICRS") == {"star": ["ra"]}
    assert found("mag BRIGHT") == {"star": ["Mag"]}
    assert found("pos.eq.ra") == {"star": ["ra"], "bright": ["ra"]}
    assert next(iter(found("star"))) == "star"  # the very name comes first
    assert found("further.visit note") == {"further.visit": ["note"]}
    assert found("nothing-is-called-so") == {}
    page = pages.get("/-/schema/pg", q="icrs").text
    assert "1 column in 1 table." in page
    assert "(<mark>ICRS</mark>)" in page
    assert 'href="/-/schema/pg/star#column-ra"' in page
    part = pages.get("/-/schema/pg", q="icrs", _part="found").text
    assert "<html" not in part and "<mark>ICRS</mark>" in part


def test_links_lead_here(pages: Site) -> None:
    for path in ("/pg", "/pg?sql=select+1", "/pg/star"):
        page = pages.get(path).text
        assert 'href="/-/schema/pg"' in page, path
    assert 'href="/-/schema/pg/star"' in pages.get("/pg/star").text
    assert "sql_link.js" in pages.get("/pg?sql=select+1").text
    assert "sql_link.js" not in pages.get("/_memory").text


def test_below_another_address(bare: Bare) -> None:
    with site(bare, datasette_schema, options={"base_url": "/below/"}) as pages:
        for path in ("/-/schema/pg", "/-/schema/pg/star", "/pg/star"):
            page = pages.get(path).text
            assert '"/-/schema' not in page and '"/below/-/schema/pg' in page, path
        assert '"/below/-/static-plugins/datasette-schema/schema.js"' in pages.get("/-/schema/pg").text
        assert pages.json("/-/schema/pg/star.json")["url"] == "/below/-/schema/pg/star"


def test_statistics_of_one_page_are_one_question(pages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    db = pages.datasette.get_database("pg")
    asked: list[str] = []
    fetch = db.fetch

    async def counting(query: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(query)
        return await fetch(query, *args, **kwargs)

    monkeypatch.setattr(db, "fetch", counting)
    pages.json("/-/schema/pg.json", _statistics="on")
    pages.get("/-/schema/pg/star")
    assert len([query for query in asked if "pg_stats" in query]) == 2
    assert len(asked) <= 4


def test_many_tables_are_a_few_questions(bare: Bare) -> None:
    """Of 600 tables not one is asked by itself, and their keys aren't drawn at once."""
    bare.ask("create schema many; grant usage on schema many to reader")
    for start in range(0, 600, 100):
        bare.ask(
            ";".join(
                f"create table many.t{k} (id int primary key, up int {f'references many.t{k // 2}' if k else ''})"
                for k in range(start, start + 100)
            )
        )
    bare.ask("grant select on all tables in schema many to reader")
    [(before,)] = bare.ask("select sum(xact_commit + xact_rollback) from pg_stat_database")
    with site(bare, datasette_schema, schemas=["many"]) as pages:
        pages.get("/-/schema/pg")
        page = pages.get("/-/schema/pg").text
        assert "600 tables refer to each other: too many for one drawing" in page
        assert page.count('<th scope="row"><a href="/-/schema/pg/t') == 600
        assert "4 rows" not in page and pages.get("/-/schema/pg", q="t599", _part="found").text.count("<section") == 1
        near = set(re.findall(r'data-table="(\w+)"', pages.get("/-/schema/pg/t7").text))
        assert near == {"t3", "t7", "t14", "t15"}
        answer = pages.get("/-/schema/pg.json", _statistics="on")
        assert (answer.status_code, "200 at most." in answer.json()["error"]) == (400, True)
    [(after,)] = bare.ask("select sum(xact_commit + xact_rollback) from pg_stat_database")
    assert after - before < 100


def test_a_lock_on_a_table_costs_the_page_its_sizes_alone(bare: Bare) -> None:
    holder = psycopg2.connect(bare.admin_url)
    try:
        with site(bare, datasette_schema) as pages, holder.cursor() as cursor:
            pages.get("/pg")
            cursor.execute("lock table never")
            tables = {table["name"]: table for table in pages.json("/-/schema/pg.json")["tables"]}
            assert tables["star"]["bytes"] is None
            assert tables["star"]["analyzed"].endswith("Z")
    finally:
        holder.close()


def fake(name: str, *links: tuple[str, str]) -> Any:
    """A table as the drawing needs it: `links` are a column and the table that it refers to."""
    own = tuple(Link(name, (column,), other, ("id",)) for column, other in links)
    found = [SimpleNamespace(name=one, is_key=one == "id") for one in ("id", *(column for column, _ in links), "more")]
    return SimpleNamespace(name=name, links=own, columns=tuple(found))


@pytest.mark.parametrize(
    "tables",
    [
        [fake("a"), fake("b", ("a", "a")), fake("c", ("b", "b"), ("a", "a"))],
        [fake("a", ("b", "b")), fake("b", ("a", "a"))],
        [fake("a", ("b", "b")), fake("b", ("c", "c")), fake("c", ("a", "a"), ("self", "c"))],
        [fake(f"t{k}", *((f"c{j}", f"t{j}") for j in range(k % 3, k, 3))) for k in range(20)],
    ],
)
def test_a_drawing(tables: list[Any]) -> None:
    """Whatever refers to whatever: no box lies on another, all is within the frame, each link has its line."""
    drawing = diagram.lay_out(tables)
    assert drawing is not None
    assert {box.key for box in drawing.boxes} == {table.name for table in tables}
    assert len(drawing.paths) == sum(len(table.links) for table in tables)
    for box in drawing.boxes:
        assert box.x >= 0 and box.x + box.width <= drawing.width
        assert box.y >= 0 and box.y + box.height <= drawing.height
        assert "more" not in box.lines
        for other in drawing.boxes:
            is_beside = box.x + box.width < other.x or other.x + other.width < box.x
            assert other is box or is_beside or box.y + box.height < other.y or other.y + other.height < box.y
    for path, _ in drawing.paths:
        for x, y in re.findall(r"[MC ](\d+) (-?[\d.]+)(?= |C|H|$)", path):
            assert 0 <= float(x) <= drawing.width and 0 <= float(y) <= drawing.height


def test_nothing_to_draw() -> None:
    assert diagram.lay_out([fake("a"), fake("b", ("x", "elsewhere"))]) is None


@pytest.mark.parametrize(
    ("meaning", "unit"),
    [
        ("Right ascension, degrees (ICRS)", "deg"),
        ("Middle of the exposure, MJD (TAI), days", "d"),
        ("Separation of the host galaxy from the object, arcsec; -9: none", "arcsec"),
        ("Point-source flux in the difference image, nJy (AB zero point 31.4)", "nJy"),
        ("u-band AB magnitude of the host galaxy; 999: none", "mag"),
        ("Speed [km/s]", "km.s-1"),
        ("When it ended, days after the others", None),
        ("Band: u, g, r, i, z or Y", None),
        ("Identifier", None),
        (None, None),
    ],
)
def test_a_unit_among_words(meaning: str | None, unit: str | None) -> None:
    assert words.unit(meaning) == unit


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (0.0004, "< 0.1 %"), (0.034, "3.4 %"), (0.5, "50 %"), (0.995, "99.5 %"), (0.9996, "> 99.9 %"), (1, "100 %")],
)
def test_shares(value: float, text: str) -> None:
    assert shown.share(value) == text


@pytest.mark.parametrize(
    ("type_", "is_ordered", "text", "written"),
    [
        ("real", True, "-9", "\u22129"),
        ("boolean", False, "f", "false"),
        ("text", False, "", "“”"),
        ("text", False, "1_000", "1_000"),
    ],
)
def test_common_values(type_: str, is_ordered: bool, text: str, written: str) -> None:
    column: Any = SimpleNamespace(type=type_, is_ordered=is_ordered)
    assert shown.value(text, column) == written


def test_bars() -> None:
    """What is there, but little, has a bar; what isn't has none."""
    assert shown.bars(statistics.Histogram("0", "1", (0.5, 0.0, 0.0001))) == "M0 30v-30h4v30h1h5v-1h4v1h1"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0, "0 bytes"), (8192, "8.2 kB"), (999_900, "1.0 MB"), (48_300_000_000, "48 GB")]
)
def test_sizes(value: int | None, text: str) -> None:
    assert shown.size(value) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("-12.3456789", "\u221212.3457"),
        ("123456789012345678", "123456789012345678"),
        ("2024-01-01 01:02:03.456789+05:30", "2024-01-01 01:02:03+05:30"),
        ("2024-01-01", "2024-01-01"),
        (None, ""),
    ],
)
def test_values_as_they_are_written(text: str | None, short: str) -> None:
    assert shown.number(text) == short


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970-01-01 01:00:00+01", 0),
        ("1970-01-01 00:00:00.5", 0.5),
        ("-3.5", -3.5),
        ("NaN", None),
        ("infinity", None),
        ("0044-03-15 BC", None),
    ],
)
def test_places_on_a_line(text: str, seconds: float | None) -> None:
    assert statistics.number_of(text) == seconds


def test_bounds_that_are_many_are_thinned_to_as_many_rows_each() -> None:
    edges = statistics._thinned([str(k) for k in range(1001)])
    assert len(edges) == statistics.MOST_BOUNDS
    assert [edges[0], edges[100], edges[-1]] == [(0, "0"), (0.5, "500"), (1, "1000")]
    assert statistics._thinned(["1"]) == []


def test_of_many_columns_the_first_are_listed_and_all_counted() -> None:
    about = {"title": None, "description": None, "kind": "table"}
    column = SimpleNamespace(name="flux", type="real", unit=None, ucd=None, meaning=None)
    tables: Any = [SimpleNamespace(name=f"t{k}", columns=(column,) * 100, **about) for k in range(9)]
    matches = search.search(tables, "flux")
    assert (len(matches.found), matches.tables, matches.columns) == (3, 9, 900)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ([], "the configuration must be a mapping with the one key 'databases'."),
        ({"databases": {"pg": {"units": {}}}}, "unknown setting 'units' of the database 'pg'; known is ucds."),
        ({"databases": {"pg": {"ucds": ["pos.eq"]}}}, "'ucds' of the database 'pg' must say table.column: UCD."),
        ({"databases": {"pg": {"ucds": {"a.b": "Right ascension"}}}}, "is no UCD as pos.eq.ra;meta.main."),
        ({"databases": {"pg": []}}, "the settings of the database 'pg' must be a mapping."),
        ({"databases": {"pg": {"ucds": {"star.dec": "pos.eq.dec"}}}}, "'star.dec', in 'ucds' of the database 'pg', is no"),
        ({"databases": {"other": {}}}, "there is no PostgreSQL database 'other'."),
    ],
)
def test_a_wrong_setting_stops_the_start(bare: Bare, config: object, sentence: str) -> None:
    with site(bare, datasette_schema, metadata={"plugins": {"datasette-schema": config}}) as pages:
        with pytest.raises(settings.ConfigurationError, match=r"^datasette-schema: ") as refused:
            pages.get("/")
        assert sentence in str(refused.value)
