"""What is said where a screen's own figures do not come, while the gateway is heard otherwise."""

from console.render.amounts import age, named
from console.render.band import clock_of
from console.render.cells import Cell
from console.state.health.looking import Unanswered


def refusal_line(found: Unanswered, now_s: float) -> list[Cell]:
    """`figures from 14:02:31, 2m ago; the gateway refuses: 500 it broke (upstreams)`: what matters most is not cut."""
    said = f"the gateway refuses: {found.status}" if found.status else "no answer of the gateway:"
    late = "no figures have come yet"
    if found.figures_at_s:
        late = f"figures from {clock_of(found.figures_at_s)}, {age(now_s - found.figures_at_s)} ago"
    return [Cell(f" {late}; {said} {found.problem} ({named(found.names)})", "crit")]
