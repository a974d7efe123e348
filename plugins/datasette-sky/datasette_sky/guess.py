"""Which columns are a position by their names, for databases that the metadata say nothing of, and for results of SQL."""

from collections import Counter
from collections.abc import Iterable, Mapping

from datasette_postgresql import Catalogue, Table

from .settings import Objects, Positions, Sky

# Names of right ascension and declination as surveys and archives write them, in lower case without underscores.
PAIRS: Mapping[str, tuple[str, ...]] = {
    "ra": ("decl", "dec", "de"),
    "raj2000": ("dej2000", "decj2000", "declj2000"),
    "raicrs": ("deicrs", "decicrs"),
    "radeg": ("decdeg", "decldeg", "dedeg"),
    "radegrees": ("decdegrees",),
    "ramean": ("decmean", "declmean"),
    "meanra": ("meandec", "meandecl"),
    "rightascension": ("declination",),
}
PLAIN_IDS = ("id", "key", "pk", "rowid")  # that say nothing of whose they are


def pair(columns: Iterable[str]) -> tuple[str, str] | None:
    """The columns of right ascension and declination."""
    by_name = {plain(name): name for name in reversed(list(columns))}
    for ra, declinations in PAIRS.items():
        if ra in by_name:
            for decl in declinations:
                if decl in by_name:
                    return by_name[ra], by_name[decl]
    return None


def plain(name: str) -> str:
    return name.lower().replace("_", "")


def sky(database: str, catalogue: Catalogue) -> Sky | None:
    """The objects are the table that the most others refer to, of those with a position and a key of one column."""
    relations = {name: table for name, table in {**catalogue.tables, **catalogue.views}.items() if not table.is_hidden}
    placed = {name: found for name, table in relations.items() if (found := pair(_numbers(table)))}
    if not placed:
        return None
    referred = Counter(key.table for table in relations.values() for key in table.foreign_keys)
    best = max(sorted(placed), key=lambda name: (len(relations[name].row_key) == 1, referred[name]))
    key = relations[best].row_key
    objects = Objects(best, key[0] if len(key) == 1 else None, *placed[best])
    tables: dict[str, Positions] = {}
    for name, table in relations.items():
        own, link = placed.get(name), _link(table, objects)
        if name != best and (own or link):
            ra, decl = own or (None, None)
            tables[name] = Positions(ra, decl, link)
    ids = [objects.id, *(found.object for found in tables.values())]
    named = tuple(dict.fromkeys(name for name in ids if name and plain(name) not in PLAIN_IDS))
    return Sky(database, objects, tables, id_columns=named)


def _numbers(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.category == "N"]


def _link(table: Table, objects: Objects) -> str | None:
    """The column by which a table's rows belong to an object."""
    for key in table.foreign_keys:
        if key.table == objects.table and key.referenced == (objects.id,):
            return key.columns[0]
    return None
