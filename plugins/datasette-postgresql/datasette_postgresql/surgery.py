"""Makes another version of one of the core's functions: some of its source replaced, some of its names meaning ours.

The original stays as it is. Each replacement must be found exactly once, so that a Datasette this plugin doesn't know stops
the start instead of showing wrong pages.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import datasette

from .errors import ConfigurationError

Replacement = tuple[str, str]


def rewritten(
    function: Callable[..., Any],
    replacements: Sequence[Replacement],
    names: Mapping[str, Any],
    *,
    cuts: Sequence[tuple[str, str, str]] = (),
) -> Any:
    """`cuts`: (first line, line after the last, what stands there instead). Raises ConfigurationError."""
    source = textwrap.dedent(inspect.getsource(function))
    for start, end, new in cuts:
        _once(function, source, start)
        _once(function, source, end)
        source = source[: source.index(start)] + new + source[source.index(end) :]
    for old, new in replacements:
        _once(function, source, old)
        source = source.replace(old, new)
    namespace = {**function.__globals__, **names}
    exec(compile(source, inspect.getfile(function), "exec"), namespace)
    made = namespace[function.__name__]
    made.__qualname__ = function.__qualname__
    return made


def _once(function: Callable[..., Any], source: str, text: str) -> None:
    count = source.count(text)
    if count != 1:
        raise ConfigurationError(
            f"datasette-postgresql doesn't know Datasette {datasette.__version__}: "
            f"{function.__module__}.{function.__qualname__} has {text.strip()!r} {count} times."
        )
