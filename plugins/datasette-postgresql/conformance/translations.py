"""What is said differently in PostgreSQL: the text of a test, and what stands for it.

A text is replaced where it is SQLite's SQL or its message, DDL or a type's name, the quotes around names, SQLite's implicit
rowid (here a column of its own, and the key), its full-text tables (here an index), its order of nulls or of what it lists.
"""

from .translations_html import HTML, TABLE_HTML

EVERYWHERE = [
    ("sleep(0.5)", "pg_sleep(0.5)"),
    ("sleep(0.01)", "pg_sleep(0.01)"),
    ("_fts_table=searchable_fts", "_fts_table=searchable"),
]
COLUMNS = "pk, created, planet_int, on_earth, state, _city_id, _neighborhood, tags, complex_array, distinct_some_null, n"
PAGE_SQL = f'"select {COLUMNS} from facetable order by pk limit 51"'
QUOTED_COLUMNS = ", ".join(f'"{name}"' for name in COLUMNS.split(", "))
QUOTED_PAGE_SQL = f"""'select {QUOTED_COLUMNS} from "facetable" order by "pk" limit 51'"""
MEMORY = [
    ("from .fixtures import", "from .postgres import made_database\nfrom .fixtures import"),
    ("Database(ds, memory_name=", "made_database(ds, "),
]


def _keyless(name: str, columns: str) -> tuple[str, str]:
    """As /fixtures.json describes a table without a key."""
    old = f'"name": "{name}",\n            "columns": [{columns}],\n            "primary_keys": [],\n'
    return old, old.replace(f"[{columns}", f'["rowid", {columns}').replace('_keys": []', '_keys": ["rowid"]')


def _column(old: str, new: str, *, key: int = 0) -> tuple[str, str]:
    """As test_table_column_details has it; a key is never null."""
    text = 'type="{}",\n                    notnull={},\n                    default_value=None,\n                    is_pk={},'
    return text.format(old, 0, key), text.format(new, int(key > 0), key)


API = [
    ("from .fixtures import (  # noqa", "from .order import in_order, without_fts\nfrom .fixtures import (  # noqa"),
    ('d["hidden_tables_count"] == 6', 'd["hidden_tables_count"] == 1'),
    ('d["hidden_table_rows_sum"] == 207', 'd["hidden_table_rows_sum"] == 201'),
    _keyless("123_starts_with_digits", '"content"'),
    _keyless("binary_data", '"data"'),
    _keyless("infinity", '"value"'),
    _keyless("roadside_attraction_characteristics", '"attraction_id", "characteristic_id"'),
    _keyless("select", '"group", "having", "and", "json"'),
    _keyless("no_primary_key", '"content", "a", "b", "c"'),
    ('"fts_table": "searchable_fts",\n            "foreign', '"fts_table": "searchable",\n            "foreign'),
    ('assert data["tables"] == [\n', 'assert in_order(data["tables"]) == in_order(without_fts([\n'),
    ("    ]\n\n\ndef test_no_files_uses_memory_database", "    ]))\n\n\ndef test_no_files_uses_memory_database"),
    ('response.json["foreign_key_tables"] == [\n', 'in_order(response.json["foreign_key_tables"]) == in_order([\n'),
    ("    ]\n\n\ndef test_databases_json", "    ])\n\n\ndef test_databases_json"),
    ('assert fixtures_database["hash"] is not None', 'assert fixtures_database["hash"] is None'),
    ('assert False == fixtures_database["is_mutable"]', 'assert True == fixtures_database["is_mutable"]'),
    ('"s" as strval, 0.5 as floatval', "'s' as strval, 0.5::float8 as floatval"),
]
# The read of each magic parameter is tested; the write that follows is refused.
CANNED = [
    (
        '    assert response.json == {\n        "ok": True,\n        "message": "Query executed, 1 row affected",\n'
        '        "redirect": None,\n    }\n    post_actual = magic_parameters_client.get(\n'
        '        "/data/logs.json?_sort_desc=rowid&_shape=array"\n    ).json[0]["line"]\n'
        "    assert re.match(expected_re, post_actual)\n",
        '    assert response.json["ok"] is False\n    assert "read-only" in response.json["message"]\n',
    ),
]
CSV = [
    (
        "select group_concat('ab', '')\n            from json_each(json_array({lots})),",
        "select repeat('ab', 1000000) -- {lots}",
    ),
    ("\n                json_each(json_array({lots})),\n                json_each(json_array({lots}))\n", "\n"),
    (
        '"select id, content from simple_primary_key"',
        """r'select \\"id\\", \\"content\\" from \\"simple_primary_key\\"'""",
    ),
    ('"select content, count(*) as n" not in', '"count(*) as count" not in'),
    ("from .fixtures import", "from .postgres import made_database\nfrom .fixtures import"),
    ('ds.add_memory_database("db_2214")', 'ds.add_database(made_database(ds, "db_2214"))'),
    # Rows that refer to nothing
    ('"""\n        create table t1', '"""\n        set session_replication_role = replica;\n        create table t1'),
]
FACETS = [("from datasette.facets import", "from .facets import"), *MEMORY]
FILTERS = [
    (
        "from datasette.filters import Filters, through_filters, where_filters, search_filters",
        "from .filters import Filters, through_filters, where_filters, search_filters",
    ),
    ('"name_english" like :p0', '"name_english"::text ilike :p0'),
    ('"bar" like :p0', '"bar"::text ilike :p0'),
    ('"foo" like :p', '"foo"::text ilike :p'),
    ('"foo" not like :p0', '"foo"::text not ilike :p0'),
    ('\'"zax" glob :p1\'],\n            ["2%2", "3*"]', '\'"zax"::text ~ :p1\'],\n            ["2%2", "^3.*$"]'),
    ("[2, 4, 3, 1]", '["2", "4", "3", "1"]'),
    ("[10]", '["10"]'),
    ("[1, 2, 3]", '["1", "2", "3"]'),
    ('"foo in (', '\'"foo" in ('),
    ('"foo not in (', '\'"foo" not in ('),
    (':p0, :p1, :p2)"]', ":p0, :p1, :p2)']"),
    (':p0, :p1)"]', ":p0, :p1)']"),
    (
        "'date(\"foo\") = :p0'",
        """'''case when "foo"::text ~ '^\\\\d\\\\d\\\\d\\\\d-\\\\d\\\\d-\\\\d\\\\d' then left("foo"::text, 10) end = :p0'''""",
    ),
    # A column of no known type holds no list.
    ('":p0 in (select value from json_each([table].[Availability+Info]))"],\n            ["yes"]', '"false"], []'),
    ('":p0 not in (select value from json_each([table].[Availability+Info]))"],\n            ["yes"]', '"not false"], []'),
    ("'[has\"quote] = :p0'", '\'"has""quote" = :p0\''),
    ("'[has\"quote] is null'", '\'"has""quote" is null\''),
    ("':p0 in (select value from json_each([table].\"has]bracket\"))'", "'false'"),
    ('[\':p0 in (select value from json_each("items]bracket"."tags"))\']', "['false']"),
    (
        '"pk in (select attraction_id from roadside_attraction_characteristics where characteristic_id = :p0)"',
        '\'"pk" in (select "attraction_id" from "roadside_attraction_characteristics"'
        ' where "characteristic_id" = :through_0)\'',
    ),
    ('filter_args.params == {"p0": "1"}', 'filter_args.params == {"through_0": "1"}'),
    ('filter_args.where_clauses == ["pk > 3"]', 'filter_args.where_clauses == ["(pk > 3)"]'),
    (
        '"rowid in (select rowid from searchable_fts where searchable_fts match escape_fts(:search))"',
        """'(to_tsvector(\\'simple\\'::regconfig, ((((text1 || \\' \\'::text) || text2) || \\' \\'::text)'"""
        """' || "name with . and spaces")) @@ websearch_to_tsquery(\\'simple\\'::regconfig, :search))'""",
    ),
]
INTERNALS = [
    ("isinstance(row, sqlite3.Row)", 'row["pk"] == row[0] == 1 and dict(row)["state"] == "CA"'),
    (
        'return conn.execute("select 1 + 1").fetchall()[0][0]',
        'cursor = conn.cursor()\n        cursor.execute("select 1 + 1")\n        return cursor.fetchall()[0][0]',
    ),
    _column("integer", "integer", key=1),
    _column("varchar(30)", "character varying(30)", key=1),
    _column("varchar(30)", "character varying(30)", key=2),
    _column("real", "double precision"),
    _column("", "text"),
    ("    assert table_names == [\n", "    assert table_names == sorted(name for name in [\n"),
    (
        '        "roadside_attraction_characteristics",\n    ]\n',
        '        "roadside_attraction_characteristics",\n    ] if not name.startswith("searchable_fts"))\n',
    ),
]
PLUGINS = [
    (
        'sqlite3.connect(":memory:").execute("select sqlite_version()").fetchone()[0]',
        'importlib.import_module(".postgres", __package__).server_version()',
    ),
    (
        '    db_path = str(tmpdir / "fixtures.db")\n    conn = sqlite3.connect(db_path)\n    conn.executescript(TABLES)\n'
        "    return _TestClient(\n        Datasette([db_path], template_dir=str(templates), plugins_dir=str(plugins))\n    )\n",
        "    with make_app_client(template_dir=str(templates), plugins_dir=str(plugins)) as client:\n        yield client\n",
    ),
    ("    assert json.loads(body) == {\n", "    found = json.loads(body)\n    assert found == {\n"),
    (
        '        "rows": [\n' + '            "<sqlite3.Row object at 0xXXX>",\n' * 15 + "        ],\n",
        '        "rows": [row for row in found["rows"] if len(row) == 11 and row[1].startswith("2019-01-")],\n',
    ),
    (PAGE_SQL, QUOTED_PAGE_SQL),
    ('[{"1": 1,', '[{"?column?": 1,'),
    ('[{"2": 2}]', '[{"?column?": 2}]'),
]
TABLE_API = [
    (
        '"select id, content from simple_primary_key order by id limit 51"',
        '\'select "id", "content" from "simple_primary_key" order by "id" limit 51\'',
    ),
    # Nulls are the greatest.
    ('1 if row["sortable_with_nulls"] is not None else 0,', '1 if row["sortable_with_nulls"] is None else 0,'),
    (
        '                1 if row["sortable_with_nulls"] is None else 0,\n                (',
        '                0 if row["sortable_with_nulls"] is None else 1,\n                (',
    ),
    ("body TEXT,", "rowid int generated always as identity primary key, body text,"),
    (
        "id INT GENERATED ALWAYS AS (json_extract(body, '$.number')) STORED",
        "id int generated always as ((body::jsonb ->> 'number')::int) stored",
    ),
    (
        "consideration INT GENERATED ALWAYS AS (json_extract(body, '$.string')) STORED",
        "consideration text generated always as (body::jsonb ->> 'string') stored",
    ),
]
ROUTES = [
    ("import pytest\n", "from .postgres import made_database\nimport pytest\n"),
    ('Database(ds, is_memory=True, memory_name="route-name-db")', 'made_database(ds, "route-name-db")'),
    ("insert or replace into t", "insert into t"),
    ('"size": 0,', '"size": response.json()[0]["size"],'),
    ('"is_memory": True', '"is_memory": False'),
]
IN_FILE: dict[str, list[tuple[str, str]]] = {
    "test_api.py": API,
    "test_canned_queries.py": CANNED,
    "test_csv.py": CSV,
    "test_facets.py": FACETS,
    "test_filters.py": FILTERS,
    "test_html.py": HTML,
    "test_internals_database.py": INTERNALS,
    "test_plugins.py": PLUGINS,
    "test_routes.py": ROUTES,
    "test_table_api.py": TABLE_API,
    "test_table_html.py": TABLE_HTML,
}
