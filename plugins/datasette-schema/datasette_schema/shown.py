"""Numbers and words as the pages write them."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from .indexes import serves
from .statistics import Histogram
from .structure import Column

__all__ = ["bars", "marked", "number", "serves", "share", "size", "value"]

_FRACTION = re.compile(r"(?<=\d\d:\d\d:\d\d)\.\d+")
BAR_WIDTH, HEIGHT = 5, 30
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def share(part: float) -> str:
    """As a percentage; what is there but small isn't nothing, and what is nearly all isn't all."""
    if part <= 0 or part >= 1:
        return "0 %" if part <= 0 else "100 %"
    if part < 0.001 or part > 0.999:
        return "< 0.1 %" if part < 0.001 else "> 99.9 %"
    return f"{100 * part:.1f} %" if part < 0.1 or part > 0.99 else f"{100 * part:.0f} %"


def number(text: str | None) -> str:
    """A value of PostgreSQL's: a long fraction is cut, seconds have none, a minus is one."""
    if text is None:
        return ""
    try:
        amount = float(text)
    except ValueError:
        return _FRACTION.sub("", text)
    short = text if text.lstrip("-").isdigit() or not text.strip() else f"{amount:.6g}"
    return short.replace("-", "\u2212")


def value(text: str, column: Column) -> str:
    """One of a column's common values."""
    if column.is_ordered:
        return number(text)
    if column.type == "boolean":
        return {"t": "true", "f": "false"}.get(text, text)
    return text if text.strip() else f"“{text}”"


def size(count: int | None) -> str:
    """Of bytes, in powers of 1,000."""
    if count is None:
        return ""
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {UNITS[unit]}" if unit == 0 or amount >= 9.95 else f"{amount:.1f} {UNITS[unit]}"


def bars(histogram: Histogram) -> str:
    """An SVG path of few letters: from the left, a bar a bin, as high as its share."""
    most = max(histogram.shares) or 1
    heights = [max(1, round(one / most * HEIGHT)) if one > 0 else 0 for one in histogram.shares]
    bar = f"v-{{0}}h{BAR_WIDTH - 1}v{{0}}h1"
    return f"M0 {HEIGHT}" + "".join(bar.format(height) if height else f"h{BAR_WIDTH}" for height in heights)


def marked(text: str | None, words: Sequence[str]) -> Markup:
    """With the words that were looked for marked, wherever they occur."""
    rest, out = text or "", Markup("")
    while rest:
        places = [(at, -len(word)) for word in words if (at := rest.lower().find(word)) >= 0]
        if not places:
            return out + rest
        at, length = min(places)
        out += rest[:at] + Markup("<mark>{}</mark>").format(rest[at : at - length])
        rest = rest[at - length :]
    return out
