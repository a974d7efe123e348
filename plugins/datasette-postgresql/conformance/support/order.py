"""For lists whose order SQLite and PostgreSQL give differently, where no test is about the order."""


def in_order(found):
    """Tables with their foreign keys, or foreign keys, in one order."""
    keyed = [_sorted_keys(entry) if "foreign_keys" in entry else entry for entry in found]
    return sorted(keyed, key=lambda entry: [str(entry.get(name)) for name in ("hidden", "name", "other_table", "other_column")])


def _sorted_keys(table):
    return {**table, "foreign_keys": {kind: in_order(keys) for kind, keys in table["foreign_keys"].items()}}


def without_fts(tables):
    """Without the tables in which SQLite keeps its full-text index."""
    return [table for table in tables if not table["name"].startswith("searchable_fts")]
