"""The translations of the two files that look at HTML."""

HTML = [
    ("2 rows in 1 table, 5 rows in 4 hidden tables, 1 view", "2 rows in 1 table, 1 view"),
    ('"/fixtures?sql=select+*+from+binary_data"', '"/fixtures?sql=select+data+from+binary_data"'),
    ("sql=select+*+from+binary_data&", "sql=select+data+from+binary_data&"),
    ("sql=select+*+from+[123_starts_with_digits]", "sql=select+*+from+%22123_starts_with_digits%22"),
    ("'<p class=\"message-error\">no such table: notatable</p>'", "'relation &#34;notatable&#34; does not exist'"),
    # What comes below an h1 is an h2: no level is left out for whoever goes from heading to heading.
    ('"Custom SQL query returning" in soup.find("h3").text', '"Custom SQL query returning" in soup.find("h2").text'),
    ('("/fixtures/pragma_cache_size", None)', '("/fixtures/pragma_cache_size", "/fixtures?sql=show+work_mem%3B")'),
]
DEFINITIONS = [
    (
        "CREATE TABLE facet_cities (\n    id integer primary key,\n    name text\n);",
        'create table "facet_cities" (\n  "id" integer not null,\n  "name" text,\n'
        '  constraint "facet_cities_pkey" PRIMARY KEY (id)\n);',
    ),
    (
        "CREATE TABLE compound_three_primary_keys (\n  pk1 varchar(30),\n  pk2 varchar(30),\n  pk3 varchar(30),\n"
        "  content text,\n  PRIMARY KEY (pk1, pk2, pk3)\n);\n"
        "CREATE INDEX idx_compound_three_primary_keys_content ON compound_three_primary_keys(content);",
        'create table "compound_three_primary_keys" (\n  "pk1" character varying(30) not null,\n'
        '  "pk2" character varying(30) not null,\n  "pk3" character varying(30) not null,\n  "content" text,\n'
        '  constraint "compound_three_primary_keys_pkey" PRIMARY KEY (pk1, pk2, pk3)\n);\n'
        "CREATE INDEX idx_compound_three_primary_keys_content ON fixtures.compound_three_primary_keys USING btree (content);",
    ),
]
KEY = '"data-column-type": "{}",\n                "data-column-not-null": "{}",\n                "data-is-pk": "1"'
TYPES = [
    (KEY.format("varchar(30)", 0), KEY.format("character varying(30)", 1)),
    ('"data-column-type": "real"', '"data-column-type": "double precision"'),
]
# A key of one column is the link itself, so there is no column of links before it.
ROWID = [
    (
        '["content", "a", "b", "c"] == [\n        th.string.strip() for th in table.select("thead th")[2:]',
        '["content", "a", "b", "c"] == [\n        th.string.strip() for th in table.select("thead th")[1:]',
    ),
    (
        '<td class="col-Link type-pk"><a href="/fixtures/no_primary_key/',
        '<td class="col-rowid type-pk"><a href="/fixtures/no_primary_key/',
    ),
    ("            f'<td class=\"col-rowid type-int\">{i}</td>',\n", ""),
    (
        '<td class="col-Link type-pk"><a href="/fixtures/binary_data/',
        '<td class="col-rowid type-pk"><a href="/fixtures/binary_data/',
    ),
    *((f"            '<td class=\"col-rowid type-int\">{number}</td>',\n", "") for number in (1, 2, 3)),
    # The metadata of no_primary_key has no column to sort by, not even the key.
    (
        'def test_rowid_sortable_no_primary_key(app_client):\n    response = app_client.get("/fixtures/no_primary_key")',
        'def test_rowid_sortable_no_primary_key(app_client):\n    response = app_client.get("/fixtures/binary_data")',
    ),
    (
        '== ths[1].find("a").string.strip()\n\n\ndef test_table_html_compound',
        '== ths[0].find("a").string.strip()\n\n\ndef test_table_html_compound',
    ),
    ('("/fixtures/no_primary_key", False, True, False)', '("/fixtures/no_primary_key", True, True, False)'),
]
TABLE_HTML = [
    *DEFINITIONS,
    *TYPES,
    *ROWID,
    ('("_fts_table", "searchable_fts")', '("_fts_table", "searchable")'),
    ('_sort=text2&_where=1", [("_where", "1")]', '_sort=text2&_where=true", [("_where", "true")]'),
    ('"select zeroblob({}) as blob"', "\"select decode(repeat('00', {}), 'hex') as blob\""),
    ("ds.add_memory_database(db_name)", "ds.add_database(made_database(ds, db_name))"),
    (
        '"create table blobs as {}"',
        '"create table blobs as {}; alter table blobs add rowid int generated always as identity primary key"',
    ),
    ("from .fixtures import", "from .postgres import made_database\nfrom .fixtures import"),
]
