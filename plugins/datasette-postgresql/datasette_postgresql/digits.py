"""How a number stands in a page's cell: float32's own digits where a float64 column holds what was a float32.

0.30000001192092896 is what 0.3 becomes on its way through a float32; the eight digits too many say nothing. PostgreSQL itself
writes a `real` so. JSON, CSV and SQL keep all digits, for the column's value is the long one.
"""

import struct
from typing import Any

FLOAT32 = struct.Struct("f")
NOISE = 14  # characters from which on a text may be a float32's: 60550.12109375. A shorter one stays as it is
ENOUGH = 9  # significant digits tell all float32 apart


def shown(value: Any) -> str:
    """Text for people; of a float the shortest that reads back as the same float32, if it is one, else as the same float64."""
    text = str(value)
    return _short(value, text) if type(value) is float and len(text) >= NOISE else text


def _short(value: float, text: str) -> str:
    try:
        single = FLOAT32.pack(value)
    except OverflowError:  # beyond float32
        return text
    if FLOAT32.unpack(single)[0] != value:
        return text
    for digits in range(6, ENOUGH):
        short = f"{value:.{digits}g}"
        if FLOAT32.pack(float(short)) == single:
            return str(float(short))
    return str(float(f"{value:.{ENOUGH}g}"))
