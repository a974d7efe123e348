"""The tables that refer to each other, laid out for a drawing: what is referred to stands left of what refers to it.

Layers by the longest way, as in Sugiyama's method: a link over several layers gets a place in each, so that it runs
between the boxes; the order within a layer is that of the mean place of the neighbours.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .structure import Link, Table

LINE, HEAD, PAD = 20.0, 30.0, 8.0
GAP_X, GAP_Y = 76.0, 22.0
NAME_PX, COLUMN_PX = 7.4, 6.9  # a character's width, on the safe side
BULGE, ARROW = 40.0, 7.0  # how far a link beside its own layer goes out; an arrow's length
ROUNDS = 12


@dataclass
class Box:
    """A table, or the passage of a link through a layer (then `table` is None). Places are its upper left corner's."""

    key: str
    table: Table | None
    lines: list[str]
    layer: int
    width: float = 0
    height: float = 0
    x: float = 0
    y: float = 0

    def line_y(self, columns: Sequence[str]) -> float:
        places = [self.lines.index(column) for column in columns if column in self.lines]
        line = sum(places) / len(places) if places else 0
        return self.y + HEAD + PAD / 2 + (line + 0.5) * LINE if places else self.y + self.height / 2


@dataclass(frozen=True)
class Diagram:
    width: float
    height: float
    boxes: list[Box]
    paths: list[tuple[str, Link]]
    only: str | None


def lay_out(tables: Sequence[Table], only: str | None = None) -> Diagram | None:
    """Of the links between `tables`, or those that begin or end at `only`; None where there are none."""
    names = {table.name for table in tables}
    links = [link for table in tables for link in table.links if link.other in names]
    links = [link for link in links if only in (None, link.table, link.other)]
    if not links:
        return None
    linked = {name for link in links for name in (link.table, link.other)}
    layers = _layers(linked, links)
    boxes = {table.name: _box(table, layers[table.name], links) for table in tables if table.name in linked}
    chains = [_chain(boxes, link, number) for number, link in enumerate(links) if link.table != link.other]
    width, height = _place(_ordered(boxes, chains))
    paths = [(_path(chain, link), link) for chain, link in chains]
    loops = [link for link in links if link.table == link.other]
    paths += [(_path([boxes[link.table]] * 2, link), link) for link in loops]
    drawn = [box for box in boxes.values() if box.table]
    return Diagram(width, height, drawn, paths, only)


def _layers(names: Iterable[str], links: Sequence[Link]) -> dict[str, int]:
    """The longest way to a table that refers to nothing; a circle is cut where it closes."""
    to = defaultdict(set)
    for link in links:
        to[link.table].add(link.other)
    found: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in found:
            below = [depth(other, above | {name}) for other in sorted(to[name] - above - {name})]
            found[name] = 1 + max(below, default=-1)
        return found[name]

    for name in sorted(names):
        depth(name, frozenset())
    return found


def _box(table: Table, layer: int, links: Sequence[Link]) -> Box:
    involved = {column for link in links if link.table == table.name for column in link.columns}
    involved |= {column for link in links if link.other == table.name for column in link.referenced}
    lines = [column.name for column in table.columns if column.is_key or column.name in involved]
    width = max([len(table.name) * NAME_PX, *(len(line) * COLUMN_PX + 26 for line in lines)]) + 24
    return Box(table.name, table, lines, layer, round(width), HEAD + PAD + len(lines) * LINE)


def _chain(boxes: dict[str, Box], link: Link, number: int) -> tuple[list[Box], Link]:
    """From what refers to what is referred to, with a passage for each layer between; in a circle one link goes right."""
    start, end = boxes[link.table], boxes[link.other]
    step = -1 if start.layer > end.layer else 1
    layers = range(start.layer + step, end.layer, step)
    passages = [Box(f"\0{number} {layer}", None, [], layer, 0, 4) for layer in layers]
    for passage in passages:
        boxes[passage.key] = passage
    return [start, *passages, end], link


def _ordered(boxes: dict[str, Box], chains: Sequence[tuple[list[Box], Link]]) -> list[list[Box]]:
    rows: list[list[Box]] = [[] for _ in range(1 + max(box.layer for box in boxes.values()))]
    for box in sorted(boxes.values(), key=lambda one: one.key.lstrip("\0")):
        rows[box.layer].append(box)
    neighbours = defaultdict(list)
    for chain, _ in chains:
        for one, other in pairwise(chain):
            neighbours[one.key].append(other.key)
            neighbours[other.key].append(one.key)
    for turn in range(ROUNDS):
        for row in rows if turn % 2 else reversed(rows):
            place = {box.key: (k + 0.5) / len(layer) for layer in rows for k, box in enumerate(layer)}
            mean = {
                box.key: sum(place[n] for n in neighbours[box.key]) / len(neighbours[box.key])
                for box in row
                if neighbours[box.key]
            }
            row.sort(key=lambda box, mean=mean, place=place: mean.get(box.key, place[box.key]))  # type: ignore[misc]
    return rows


def _place(rows: Sequence[Sequence[Box]]) -> tuple[float, float]:
    """Each layer in a column of its own, in the middle of the height; beside the last one is room for a loop."""
    heights = [sum(box.height + GAP_Y for box in row) - GAP_Y for row in rows]
    most = max(heights)
    x = 1.0
    for row, height in zip(rows, heights, strict=True):
        width = max((box.width for box in row), default=0)
        y = 1 + (most - height) / 2
        for box in row:
            box.x, box.y = x, y
            box.width = box.width if box.table else width
            y += box.height + GAP_Y
        x += width + GAP_X
    return x - GAP_X + BULGE, most + 2


def _path(chain: Sequence[Box], link: Link) -> str:
    """Curves from the referring column's line, through the passages, to the arrow at the column that is referred to."""
    start, end = chain[0], chain[-1]
    y0, y1 = start.line_y(link.columns), end.line_y(link.referenced)
    if start.layer == end.layer:
        x0, x1 = start.x + start.width, end.x + end.width + ARROW
        out = max(x0, x1) + BULGE
        return f"M{x0:.0f} {y0:.1f}C{out:.0f} {y0:.1f} {out:.0f} {y1:.1f} {x1:.0f} {y1:.1f}"
    is_leftward = start.layer > end.layer
    x, y = start.x if is_leftward else start.x + start.width, y0
    parts = [f"M{x:.0f} {y:.1f}"]
    for passage in chain[1:-1]:
        near, far = passage.x + passage.width, passage.x
        near, far = (near, far) if is_leftward else (far, near)
        parts.append(_curve(x, y, near, passage.y + 2) + f"H{far:.0f}")
        x, y = far, passage.y + 2
    parts.append(_curve(x, y, end.x + end.width + ARROW if is_leftward else end.x - ARROW, y1))
    return "".join(parts)


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    middle = (x0 + x1) / 2
    return f"C{middle:.0f} {y0:.1f} {middle:.0f} {y1:.1f} {x1:.0f} {y1:.1f}"
