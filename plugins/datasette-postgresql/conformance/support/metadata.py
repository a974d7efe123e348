"""What the clients' metadata says, where a test doesn't bring its own; the words are those that tests look for."""

import os
import tempfile

# A test writes a secret there.
TEMP_PLUGIN_SECRET_FILE = os.path.join(tempfile.gettempdir(), "plugin-secret")
DEMO = "name-of-plugin"
REPOSITORY = "https://github.com/simonw/datasette"
NEIGHBOURHOODS = """
select _neighborhood, facet_cities.name, state
from facetable
    join facet_cities
        on facetable._city_id = facet_cities.id
where _neighborhood like '%' || :text || '%'
order by _neighborhood;
"""
TABLES = {
    "simple_primary_key": {
        "description_html": "Simple <em>primary</em> key",
        "title": "This <em>HTML</em> is escaped",
        "plugins": {DEMO: {"depth": "table", "special": "this-is-simple_primary_key"}},
    },
    "sortable": {
        "sortable_columns": ["sortable", "sortable_with_nulls", "sortable_with_nulls_2", "text"],
        "plugins": {DEMO: {"depth": "table"}},
    },
    "no_primary_key": {"sortable_columns": [], "hidden": True},
    "units": {"units": {"distance": "m", "frequency": "Hz"}},
    "primary_key_multiple_columns_explicit_label": {"label_column": "content2"},
    "simple_view": {"sortable_columns": ["content"]},
    "searchable_view_configured_by_metadata": {"fts_table": "searchable", "fts_pk": "pk"},
    "roadside_attractions": {
        "columns": {"name": "The name of the attraction", "address": "The street address for the attraction"}
    },
    "attraction_characteristic": {"sort_desc": "pk"},
    "facet_cities": {"sort": "name"},
    "paginated_view": {"size": 25},
}
QUERIES = {
    "\U0001d41c\U0001d422\U0001d42d\U0001d422\U0001d41e\U0001d42c": "select id, name from facet_cities order by id limit 1;",
    "pragma_cache_size": "show work_mem;",
    "magic_parameters": {"sql": "select :_header_user_agent as user_agent, :_now_datetime_utc as datetime"},
    "neighborhood_search": {
        "sql": NEIGHBOURHOODS,
        "title": "Search neighborhoods",
        "description_html": "<b>Demonstrating</b> simple like search",
        "fragment": "fragment-goes-here",
        "hide_sql": True,
    },
}
METADATA = {
    "title": "Datasette Fixtures",
    "description_html": 'An example SQLite database demonstrating Datasette. <a href="/login-as-root">Sign in as root user</a>',
    "license": "Apache License 2.0",
    "license_url": f"{REPOSITORY}/blob/main/LICENSE",
    "source": "tests/fixtures.py",
    "source_url": f"{REPOSITORY}/blob/main/tests/fixtures.py",
    "about": "About Datasette",
    "about_url": REPOSITORY,
    "extra_css_urls": ["/static/extra-css-urls.css"],
    "plugins": {
        DEMO: {"depth": "root"},
        "env-plugin": {"foo": {"$env": "FOO_ENV"}},
        "env-plugin-list": [{"in_a_list": {"$env": "FOO_ENV"}}],
        "file-plugin": {"foo": {"$file": TEMP_PLUGIN_SECRET_FILE}},
    },
    "databases": {
        "fixtures": {
            "description": "Test tables description",
            "plugins": {DEMO: {"depth": "database"}},
            "tables": TABLES,
            "queries": QUERIES,
        }
    },
}
