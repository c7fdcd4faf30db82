"""The Overview as text, for whoever has no screen."""

from collections.abc import Sequence

from console.render.amounts import window
from console.render.grid_text import grid_text
from console.render.health.overview_grids import all_well, attention_grid, changes_grid, worst_grid
from console.render.health.sentences import since, subject, what, why
from console.render.health.tiles import note_of, value_of
from console.state.health.attention import attention
from console.state.health.overview import tiles
from console.state.health.words import Attention
from console.state.model import Model

_WIDE = 10_000


def overview_text(model: Model) -> str:
    """The four figures, what needs attention, the slowest routes, the last changes."""
    found = attention(model)
    told = ", ".join(
        f"{tile.name} {value_of(tile)}{f' ({note_of(tile)})' if note_of(tile) else ''}" for tile in tiles(model)
    )
    grid = attention_grid(model, found, _WIDE, ascii_only=False)
    needs = grid_text(grid) if found else all_well(model)
    return "\n\n".join(
        [f"{told}; {window(model.window_s, None)}", needs, grid_text(worst_grid(model)), grid_text(changes_grid(model))]
    )


def told(found: Sequence[Attention], now_s: float) -> list[dict[str, object]]:
    """The same as values: each with the sentences the screen has for it."""
    return [
        {
            "severity": each.severity, "kind": each.kind, "subject": each.subject, "also": list(each.also), "what": what(each),
            "cause": why(each), "since": each.since_s, "since_told": since(each, now_s), "score": round(each.score, 3),
            "error_ratio": each.error_ratio, "p99_ms": each.p99_ms, "burn": round(each.burn, 3), "rate": each.rate,
            "title": subject(each), "leads_to": each.leads_to.screen, "about": each.leads_to.subject,
        }
        for each in found
    ]  # fmt: skip
