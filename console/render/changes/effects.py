"""What an action would do or did, in words: the preview before a confirmation, and the result after it."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Final

from console.render.amounts import count, percent, rate
from console.render.cells import Cell
from console.render.changes.differences import difference_lines
from console.render.table import plain
from gateway.wire.actions import EndpointEffectView, EndpointLoadView
from gateway.wire.views import ApplyResult, ConfigErrorView

_LOADS: Final = 8
_NARROWEST: Final = 20
STAYS: Final = "it stays until the content of the file changes, SIGHUP asks for the file, or the gateway starts anew"
"""Of a configuration that did not come from the file."""


def effect_title(effect: EndpointEffectView) -> str:
    """`drain 10.0.0.7:9001 of orders`."""
    return f"{effect.action} {plain(effect.address)} of {plain(effect.upstream)}"


def effect_lines(effect: EndpointEffectView) -> list[list[Cell]]:
    """The server's sentence, and who would carry how much; the endpoint that is acted upon first."""
    lines = [[Cell(plain(effect.summary), "warn" if effect.tier > 1 else "plain")]]
    if effect.outcome == "unchanged":
        return lines
    lines.append(
        [Cell(f"available {effect.available_before} -> {effect.available_after} of {effect.endpoints}", "dim")]
    )
    loads = sorted(effect.loads, key=lambda load: (load.address != effect.address, -load.rate_after))
    lines += [_load_line(load, is_target=load.address == effect.address) for load in loads[:_LOADS]]
    left_out = len(loads) - len(loads[:_LOADS]) + effect.loads_left_out
    if left_out:
        lines.append([Cell(f"  {count(left_out)} more endpoints", "dim")])
    lines.append([Cell("it stands through reloads and ends when the gateway is started anew", "dim")])
    return lines


def _load_line(load: EndpointLoadView, *, is_target: bool) -> list[Cell]:
    return [
        Cell(f"  {plain(load.address):<28}", "strong" if is_target else "plain"),
        Cell(f" weight {load.weight_before} -> {load.weight_after}", "dim"),
        Cell(f"  {percent(load.share_before)} -> {percent(load.share_after)}"),
        Cell(f"  {rate(load.rate_before)}/s -> {rate(load.rate_after)}/s"),
    ]


def apply_lines(result: ApplyResult) -> list[list[Cell]]:
    """What a configuration would change, or that it is what runs."""
    if result.outcome == "unchanged":
        return [[Cell(f"revision {result.revision} runs already", "dim")]]
    lines = [[Cell(f"revision {result.running_revision} -> {result.revision}")]]
    return [*lines, *(difference_lines(result.changes) if result.changes is not None else [])]


def error_lines(errors: list[ConfigErrorView]) -> list[list[Cell]]:
    """`gateway.yaml:3: routes[0].match.path: expected ...`, one for each, as `sightline check` tells them."""
    return [[Cell(_place(error), "crit"), Cell(": ".join(filter(None, _said(error))))] for error in errors]


def _place(error: ConfigErrorView) -> str:
    line = f":{error.line}" if error.line else ""
    return f"{plain(error.file)}{line}: " if error.file else ""


def _said(error: ConfigErrorView) -> tuple[str, str]:
    return plain(error.key), plain(error.message)


def applied_text(result: ApplyResult) -> str:
    """What became of a configuration that was handed in, in one line."""
    if result.outcome == "unchanged":
        return f"revision {result.running_revision} runs already"
    return f"revision {result.running_revision} runs, sequence {result.running_sequence}"


def wrapped(lines: Iterable[Sequence[Cell]], width: int) -> list[tuple[Cell, ...]]:
    """No line wider than that, as far as its last cell can be broken between words; what goes on is indented like it."""
    found = list[tuple[Cell, ...]]()
    for line in lines:
        if sum(len(cell.text) for cell in line) <= width:
            found.append(tuple(line))
            continue
        *before, last = line
        lead = sum(len(cell.text) for cell in before)
        parts = wrap(last.text, max(_NARROWEST, width - lead), drop_whitespace=True) or [""]
        found.append((*before, Cell(parts[0], last.severity)))
        found += [(Cell(" " * lead), Cell(part, last.severity)) for part in parts[1:]]
    return found
