"""The Avro schemas of alerts and of brokers' classifications, versions 0.9 and 0.9.1, as fastavro takes them.

A container file brings its own schema, which must be one of these but for names and documentation; a single packet
brings none. Timestamps are left as the integers that they are: `TICKS_US` says how long theirs are.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import fastavro

Version: TypeAlias = Literal["v0_9", "v0_9_1"]
Kind: TypeAlias = Literal["alert", "broker"]
VERSIONS: tuple[Version, ...] = ("v0_9", "v0_9_1")
TICKS_US: Mapping[Version, int] = {"v0_9": 1, "v0_9_1": 1000}

QUANTILES = tuple(f"zphot_q{percent:03d}" for percent in range(0, 101, 10))
BANDED = tuple(f"mag_{band}" for band in "ugrizY")
BANDED_ERRORS = tuple(f"magerr_{band}" for band in "ugrizY")
HOST = ("ellipticity", "sqradius", "zspec", "zspec_err", "zphot", "zphot_err", *QUANTILES)
PLACE = ("ra", "dec", "snsep")
OBJECT = (
    "mwebv", "mwebv_err", "z_final", "z_final_err",
    *(f"hostgal_{name}" for name in (*HOST, "zphot_p50", *BANDED, *PLACE, *BANDED_ERRORS)),
    *(f"hostgal2_{name}" for name in (*HOST, *BANDED, *PLACE, *BANDED_ERRORS)),
)  # fmt: skip

MAYBE_LONG, MAYBE_FLOAT, MAYBE_STRING, MAYBE_BYTES = (["null", kind] for kind in ("long", "float", "string", "bytes"))


def _record(version: Version, name: str, fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": f"elasticc.{version}.{name}",
        "fields": [{"name": each, "type": kind} for each, kind in fields],
    }


def _source(version: Version) -> dict[str, Any]:
    is_first = version == "v0_9"
    return _record(version, "diaSource", [
        ("diaSourceId", "long"),
        *([("ccdVisitId", "long")] if is_first else []),
        ("diaObjectId", MAYBE_LONG),
        *([("parentDiaSourceId", MAYBE_LONG)] if is_first else []),
        ("midPointTai", "double"), ("filterName", "string"), ("ra", "double"), ("decl", "double"),
        ("psFlux", "float"), ("psFluxErr", "float"), ("snr", "float"),
        *([("nobs", MAYBE_FLOAT)] if is_first else []),
    ])  # fmt: skip


def _forced_source(version: Version) -> dict[str, Any]:
    is_first = version == "v0_9"
    return _record(version, "diaForcedSource", [
        ("diaForcedSourceId", "long"),
        *([("ccdVisitId", "long")] if is_first else []),
        ("diaObjectId", "long"), ("midPointTai", "double"), ("filterName", "string"),
        ("psFlux", "float"), ("psFluxErr", "float"),
        *([("totFlux", "float"), ("totFluxErr", "float")] if is_first else []),
    ])  # fmt: skip


def _limit(version: Version) -> dict[str, Any]:
    fields = [("ccdVisitId", "long"), ("midPointTai", "double"), ("filterName", "string"), ("diaNoise", "float")]
    return _record(version, "diaNondetectionLimit", fields)


def _object(version: Version) -> dict[str, Any]:
    fields = [("diaObjectId", "long"), ("simVersion", MAYBE_STRING), ("ra", "double"), ("decl", "double")]
    return _record(version, "diaObject", [*fields, *((name, MAYBE_FLOAT) for name in OBJECT)])


def _alert(version: Version) -> dict[str, Any]:
    def some(items: Any) -> list[Any]:
        return ["null", {"type": "array", "items": items}]

    is_first = version == "v0_9"
    return _record(version, "alert", [
        ("alertId", "long"),
        ("diaSource", _source(version)),
        ("prvDiaSources", some(f"elasticc.{version}.diaSource")),
        ("prvDiaForcedSources", some(_forced_source(version))),
        *([("prvDiaNondetectionLimits", some(_limit(version)))] if is_first else []),
        ("diaObject", ["null", _object(version)]),
        *([("cutoutDifference", MAYBE_BYTES), ("cutoutTemplate", MAYBE_BYTES)] if is_first else []),
    ])  # fmt: skip


def _broker(version: Version) -> dict[str, Any]:
    classifier = [("classifierName", "string"), ("classifierParams", "string")]
    is_first = version == "v0_9"
    classification = [*(classifier if is_first else []), ("classId", "int"), ("probability", "float")]
    return _record(version, "brokerClassfication", [
        ("alertId", "long"), ("diaSourceId", "long"),
        ("elasticcPublishTimestamp", "long"), ("brokerIngestTimestamp", MAYBE_LONG),
        ("brokerName", "string"), ("brokerVersion", "string"),
        *([] if is_first else classifier),
        ("classifications", {"type": "array", "items": _record(version, "classificationDict", classification)}),
    ])  # fmt: skip


PLAIN: Mapping[tuple[Kind, Version], Any] = {
    **{("alert", version): _alert(version) for version in VERSIONS},
    **{("broker", version): _broker(version) for version in VERSIONS},
}
PARSED: Mapping[tuple[Kind, Version], Any] = {key: fastavro.parse_schema(schema) for key, schema in PLAIN.items()}


def shape(schema: Any, named: dict[str, Any] | None = None, namespace: str = "") -> Any:
    """A schema without names of types, documentation, defaults and logical types: what its bytes look like.

    A record that contains itself would have no end; it is given its name instead, and so equals none of ours.
    """
    named = {} if named is None else named
    if isinstance(schema, list):
        return ("union", *(shape(branch, named, namespace) for branch in schema))
    if isinstance(schema, str):
        return named.get(schema, named.get(f"{namespace}.{schema}", schema))
    kind = schema.get("type")
    if kind == "record":
        name = str(schema.get("name", ""))
        space = name.rpartition(".")[0] or str(schema.get("namespace", namespace))
        full = name if "." in name or not space else f"{space}.{name}"
        fields = tuple((field["name"], shape(field["type"], named, space)) for field in schema["fields"])
        named[full] = ("record", *fields)
        return named[full]
    if kind == "array":
        return ("array", shape(schema["items"], named, namespace))
    return shape(kind, named, namespace) if isinstance(kind, (str, list, dict)) else kind


SHAPES: Mapping[tuple[Kind, Version], Any] = {key: shape(schema) for key, schema in PLAIN.items()}


def version_of(kind: Kind, schema: Any) -> Version | None:
    """Which of ours a file's schema is, or None."""
    its_shape = shape(schema)
    return next((version for version in VERSIONS if SHAPES[kind, version] == its_shape), None)


def first_difference(kind: Kind, schema: Any) -> str:
    """The first field, by name, where a file's schema leaves ours of 0.9."""
    theirs = shape(schema)
    if not (isinstance(theirs, tuple) and theirs[0] == "record"):
        return "it is no record"
    ours = SHAPES[kind, "v0_9"][1:]
    for mine, other in zip(ours, (*theirs[1:], *[None] * len(ours)), strict=False):
        if mine != other:
            return f"where {mine[0]} is expected it has {other[0] if other else 'nothing'}" + (
                " of another type" if other and other[0] == mine[0] else ""
            )
    return f"it has a field {theirs[len(ours) + 1][0]} more"
