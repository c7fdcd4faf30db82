"""The figures at the top of the Overview, each with its course."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from console.render.amounts import age, milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph, spark
from console.state.health.overview import Tile, TileName

_BAD: Final = 0.01
_ALIKE: Final = (0.9, 1.1)
_LABELS: Final[dict[TileName, str]] = {"rps": "rps", "err": "err", "p99": "p99", "budget": "budget"}
_LEAST_SPARK: Final = 4


def tile_lines(tiles: Sequence[Tile], width: int, *, has_room: bool, ascii_only: bool) -> list[list[Cell]]:
    """One line, or two where there is room: then the courses stand below their figures."""
    if not tiles:
        return [[]]
    each = max(1, width // len(tiles))
    if has_room:
        return [
            [cell for tile in tiles for cell in _above(tile, each, ascii_only=ascii_only)],
            [cell for tile in tiles for cell in _below(tile, each, ascii_only=ascii_only)],
        ]
    return [[cell for tile in tiles for cell in _beside(tile, each, ascii_only=ascii_only)]]


def severity_of(tile: Tile) -> Severity:
    """Of the value as such."""
    if tile.name == "err" and tile.value is not None:
        return "crit" if tile.value >= _BAD else "warn" if tile.value > 0 else "plain"
    if tile.name == "budget" and tile.value is not None:
        return "crit" if tile.value <= 0 else "warn" if tile.value < 0.25 else "plain"
    return "plain"


def value_of(tile: Tile) -> str:
    if tile.name == "rps":
        return rate(tile.value)
    if tile.name == "p99":
        return milliseconds(tile.value)
    return percent(max(0.0, tile.value)) if tile.name == "budget" and tile.value is not None else percent(tile.value)


def _head(tile: Tile, *, ascii_only: bool) -> list[Cell]:
    severity = severity_of(tile)
    cells = [
        Cell(f" {_LABELS[tile.name]} ", "dim"),
        Cell(value_of(tile), "strong" if severity == "plain" else severity),
    ]
    if severity != "plain":
        cells.append(Cell(f" {glyph(severity, ascii_only=ascii_only).text}", severity))
    return cells


def note_of(tile: Tile) -> str:
    """`9d4h left of orders` for a budget; `x1.2` against the window before, where it is another."""
    if tile.name == "budget":
        is_spent = tile.value is not None and tile.value <= 0
        lasting = "spent" if is_spent else f"{age(tile.left_s)} left" if tile.left_s is not None else "left"
        return f"{lasting}, {tile.about}"
    if tile.value is None or not tile.before:
        return ""
    times = tile.value / tile.before
    return f"x{times:.1f}" if not _ALIKE[0] < times < _ALIKE[1] else ""


def _above(tile: Tile, width: int, *, ascii_only: bool) -> list[Cell]:
    cells, note = _head(tile, ascii_only=ascii_only), note_of(tile)
    return _fill([*cells, Cell(f" {note}", "dim")] if note and tile.course else cells, width)


def _course(tile: Tile, width: int, *, ascii_only: bool) -> str:
    values = squeezed([value or 0.0 for value in tile.course], width)
    return spark(values, len(values), ascii_only=ascii_only)


def squeezed(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values: the highest of each few, so that no peak is lost."""
    if len(values) <= width:
        return list(values)
    edges = [round(position * len(values) / width) for position in range(width + 1)]
    return [max(values[start:end]) for start, end in pairwise(edges)]


def _below(tile: Tile, width: int, *, ascii_only: bool) -> list[Cell]:
    room = min(width - 2, 60)
    if not tile.course:
        return _fill([Cell(f" {note_of(tile)}"[:width], "dim")], width)
    return _fill([Cell(" "), Cell(_course(tile, room, ascii_only=ascii_only), "accent")], width)


def _beside(tile: Tile, width: int, *, ascii_only: bool) -> list[Cell]:
    head = _head(tile, ascii_only=ascii_only)
    room = width - sum(len(cell.text) for cell in head) - 2
    note = note_of(tile)
    if note and not tile.course:
        head.append(Cell(f" {note}"[: room + 1], "dim"))
    if room >= _LEAST_SPARK and tile.course:
        head += [Cell(" "), Cell(_course(tile, room, ascii_only=ascii_only), "accent")]
    return _fill(head, width)


def _fill(cells: list[Cell], width: int) -> list[Cell]:
    return [*cells, Cell(" " * max(0, width - sum(len(cell.text) for cell in cells)))]
