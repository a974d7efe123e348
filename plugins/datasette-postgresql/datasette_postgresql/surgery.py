"""Makes another version of one of the core's functions: some of its source replaced, some of its names meaning ours.

The original stays as it is. Each replacement must be found exactly once, so that a Datasette this plugin doesn't know stops
the start instead of showing wrong pages.
"""

import hashlib
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datasette

from .errors import ConfigurationError

Replacement = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """From the text `start` up to the text `end` stands `new`; `sha256` is of what was there."""

    start: str
    end: str
    sha256: str
    new: str


def rewritten(
    function: Callable[..., Any], replacements: Sequence[Replacement], names: Mapping[str, Any], *, cut: Cut | None = None
) -> Any:
    """Raises ConfigurationError."""
    source = textwrap.dedent(inspect.getsource(function))
    if cut is not None:
        source = _without(function, source, cut)
    for old, new in replacements:
        _once(function, source, old)
        source = source.replace(old, new)
    file = f"<{function.__module__}.{function.__qualname__} for PostgreSQL>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for tracebacks
    namespace = {**function.__globals__, **names}
    exec(compile(source, file, "exec"), namespace)
    made = namespace[function.__name__]
    made.__qualname__ = function.__qualname__
    return made


def _without(function: Callable[..., Any], source: str, cut: Cut) -> str:
    _once(function, source, cut.start)
    _once(function, source, cut.end)
    start, end = source.index(cut.start), source.index(cut.end)
    if hashlib.sha256(source[start:end].encode()).hexdigest() != cut.sha256:
        raise ConfigurationError(
            f"datasette-postgresql doesn't know Datasette {datasette.__version__}: "
            f"{function.__module__}.{function.__qualname__} has changed after {cut.start.strip()!r}."
        )
    return source[:start] + cut.new + source[end:]


def _once(function: Callable[..., Any], source: str, text: str) -> None:
    count = source.count(text)
    if count != 1:
        raise ConfigurationError(
            f"datasette-postgresql doesn't know Datasette {datasette.__version__}: "
            f"{function.__module__}.{function.__qualname__} has {text.strip()!r} {count} times."
        )
