"""Tests that say nothing about a PostgreSQL database, each with its reason: a test's id, or its name for all its cases."""

WRITES = "writes, which the plugin refuses"
FILE = "is about a database as a file: its path, its download, its being immutable, datasette inspect"
SQLITE = "is about a function, a pragma or a setting that only SQLite has"
OWN_HOOK = "asks that Datasette's own file test each hook, this plugin's among them"

REASONS: dict[str, str] = {
    "test_api.py::test_config_cache_size": SQLITE,
    "test_api.py::test_cors[/fixtures.db-200]": FILE,
    "test_api.py::test_db_path": FILE,
    "test_api.py::test_inspect_file_used_for_count": FILE,
    "test_canned_queries.py::test_canned_write_query_disabled_for_immutable_database": FILE,
    "test_canned_queries.py::test_custom_success_message": WRITES,
    "test_canned_queries.py::test_insert": WRITES,
    "test_canned_queries.py::test_insert_error": WRITES,
    "test_canned_queries.py::test_insert_no_cookies_no_csrf": WRITES,
    "test_canned_queries.py::test_json_post_body": WRITES,
    "test_canned_queries.py::test_json_response": WRITES,
    "test_canned_queries.py::test_magic_parameters_csrf_json": WRITES,
    "test_html.py::test_database_download_for_immutable": FILE,
    "test_html.py::test_disallowed_custom_sql_pragma": SQLITE,
    "test_internals_database.py::test_attached_databases": FILE,
    "test_internals_database.py::test_execute_write_block_false": WRITES,
    "test_internals_database.py::test_execute_write_block_true": WRITES,
    "test_internals_database.py::test_execute_write_fn_block_false": WRITES,
    "test_internals_database.py::test_execute_write_fn_block_true": WRITES,
    "test_internals_database.py::test_execute_write_fn_exception": WRITES,
    "test_internals_database.py::test_execute_write_has_correctly_prepared_connection": WRITES,
    "test_internals_database.py::test_execute_write_many": WRITES,
    "test_internals_database.py::test_execute_write_script": WRITES,
    "test_internals_database.py::test_mtime_ns": FILE,
    "test_permissions.py::test_permissions_cascade[/fixtures.db-permissions25-200]": FILE,
    "test_permissions.py::test_permissions_cascade[/fixtures.db-permissions26-200]": FILE,
    "test_plugins.py::test_hook_plugin_prepare_connection_arguments": SQLITE,
    "test_plugins.py::test_hook_plugins_dir_plugin_prepare_connection": SQLITE,
    "test_plugins.py::test_hook_register_magic_parameters": WRITES,
    "test_plugins.py::test_plugin_hooks_have_tests[postgresql_table_count]": OWN_HOOK,
}


def reason(test: str) -> str | None:
    """`test` is a pytest id without its folder: `test_api.py::test_row[case]`."""
    return REASONS.get(test) or REASONS.get(test.partition("[")[0])
