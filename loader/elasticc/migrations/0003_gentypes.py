"""Fill elasticc_gentypeofclassid: the taxonomy that brokers classify by, against the simulation's classes."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from collections.abc import Iterator

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CLASSES = (
    (111, "Ia", (10,)),
    (112, "Ib/c", (20, 21, 25, 26, 27)),
    (113, "II", (30, 31, 32, 35, 36, 37)),
    (114, "Iax", (12,)),
    (115, "91bg", (11,)),
    (121, "KN", (50, 51)),
    (122, "M-dwarf Flare", (82,)),
    (123, "Dwarf Nova", (84,)),
    (124, "uLens", (87, 88, 89)),
    (131, "SLSN", (40,)),
    (132, "TDE", (42,)),
    (133, "ILOT", (45,)),
    (134, "CART", (46,)),
    (135, "PISN", (59,)),
)
CATEGORIES = ((11, "SN-like", range(111, 116)), (12, "Fast", range(121, 125)), (13, "Long", range(131, 136)))
EVERYTHING = (1, "Non-Recurring")


def rows() -> Iterator[dict[str, object]]:
    """Every classId with every gentype that it covers."""
    for class_id, description, gentypes in CLASSES:
        yield from _cover(class_id, description, gentypes, exactmatch=True, categorymatch=True)
    for class_id, description, members in CATEGORIES:
        covered = tuple(gentype for member, _, gentypes in CLASSES if member in members for gentype in gentypes)
        yield from _cover(class_id, description, covered, exactmatch=False, categorymatch=True)
    every = tuple(gentype for _, _, gentypes in CLASSES for gentype in gentypes)
    yield from _cover(*EVERYTHING, every, exactmatch=False, categorymatch=False)


def _cover(
    class_id: int, description: str, gentypes: tuple[int, ...], *, exactmatch: bool, categorymatch: bool
) -> Iterator[dict[str, object]]:
    for gentype in gentypes:
        yield {
            "classId": class_id,
            "gentype": gentype,
            "description": description,
            "exactmatch": exactmatch,
            "categorymatch": categorymatch,
        }


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    model = apps.get_model("elasticc", "GentypeOfClassId")
    model.objects.using(schema_editor.connection.alias).bulk_create(model(**row) for row in rows())


def empty(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    model = apps.get_model("elasticc", "GentypeOfClassId")
    model.objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0002_sql_names"),)

    operations = (migrations.RunPython(fill, empty),)
