"""JSON that says what an Avro packet says, checked against the packet's schema. Numbers keep their double precision.

Refuses what lacks a field that may not be null, and values of another type; fields that nobody knows are left out.
"""

import math
from typing import Any, NoReturn

from loader.ingest.errors import BadRow
from loader.ingest.schemas import PLAIN, Kind, Version

INTEGER_BITS = {"long": 64, "int": 32}


def to_record(value: Any, kind: Kind, number: int) -> tuple[dict[str, Any], Version]:
    """`number` is its place in the request, from 1. The version is that which its fields are of."""
    version = _version(value, kind)
    record = _Reader(number).read(value, PLAIN[kind, version], kind)
    assert isinstance(record, dict)  # the schemas are records
    return record, version


def _version(value: Any, kind: Kind) -> Version:
    holder = value.get("diaSource") if kind == "alert" and isinstance(value, dict) else value
    newer = "ccdVisitId" not in holder if kind == "alert" and isinstance(holder, dict) else False
    if kind == "broker" and isinstance(value, dict):
        newer = "classifierName" in value
    return "v0_9_1" if newer else "v0_9"


class _Reader:
    def __init__(self, number: int) -> None:
        self._number = number
        self._named: dict[str, Any] = {}

    def read(self, value: Any, schema: Any, path: str) -> Any:
        if isinstance(schema, list):  # always null or something
            return None if value is None else self.read(value, schema[1], path)
        if isinstance(schema, dict):
            return self._record(value, schema, path) if schema["type"] == "record" else self._array(value, schema, path)
        if schema in self._named:
            return self._record(value, self._named[schema], path)
        return self._plain(value, schema, path)

    def _record(self, value: Any, schema: Any, path: str) -> dict[str, Any]:
        self._named[schema["name"]] = schema
        if not isinstance(value, dict):
            self._refuse(path, value, "an object")
        for field in schema["fields"]:  # a record that is named later must be known even where this one's is null
            self._learn(field["type"])
        return {field["name"]: self.read(value.get(field["name"]), field["type"], f"{path}.{field['name']}")
                for field in schema["fields"]}  # fmt: skip

    def _learn(self, schema: Any) -> None:
        for branch in schema if isinstance(schema, list) else [schema]:
            if isinstance(branch, dict):
                self._learn(branch["items"]) if branch["type"] == "array" else self._named.setdefault(branch["name"], branch)

    def _array(self, value: Any, schema: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            self._refuse(path, value, "a list")
        return [self.read(each, schema["items"], f"{path}[{at}]") for at, each in enumerate(value)]

    def _plain(self, value: Any, kind: str, path: str) -> Any:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind in INTEGER_BITS:
            if not isinstance(value, int) or isinstance(value, bool):
                self._refuse(path, value, "a whole number")
            if not -(2 ** (INTEGER_BITS[kind] - 1)) <= value < 2 ** (INTEGER_BITS[kind] - 1):
                self._refuse(path, value, f"a number of {INTEGER_BITS[kind]} bits")
            return value
        if kind in ("float", "double"):
            if not is_number or (isinstance(value, float) and not math.isfinite(value)) or abs(value) > 1e300:
                self._refuse(path, value, "a number")
            return float(value)
        if kind == "string" and isinstance(value, str):
            return value
        if kind == "bytes":  # cutouts: kept nowhere
            return None
        self._refuse(path, value, "a text")

    def _refuse(self, path: str, value: Any, wanted: str) -> NoReturn:
        shown = "missing" if value is None else repr(value)[:60]
        raise BadRow(f"{path} is {shown}; {wanted} is expected", file="the request", row=self._number)
