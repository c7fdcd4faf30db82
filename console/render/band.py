"""The two lines at the top of every screen: which gateway this is and how well it is heard, and the screens there are."""

from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from console.render.amounts import age, clock
from console.render.cells import Cell, Severity
from console.state.link import Freshness
from console.state.model import Model

Ends: TypeAlias = tuple[list[Cell], list[Cell]]
"""What stands at the left and at the right edge."""

SCREENS: Final = (
    ("1", "Over", "overview"), ("2", "Routes", "routes"), ("3", "Ups", "upstreams"), ("4", "Live", "live"),
    ("5", "Trace", "traces"), ("6", "Alert", "alerts"), ("7", "Chg", "changes"), ("8", "Node", "nodes"), ("9", "Log", "logs"),
)  # fmt: skip
"""Key, title and name."""

_SEVERITIES: Final[dict[Freshness, Severity]] = {
    "connecting": "dim", "live": "ok", "slow": "warn", "stale": "warn", "disconnected": "crit",
    "denied": "crit", "ended": "dim",
}  # fmt: skip


class Surroundings(Protocol):
    """What the frame shows of the app besides the model."""

    @property
    def model(self) -> Model:
        """What is shown."""
        ...

    @property
    def live_model(self) -> Model:
        """What is known: more than is shown, while frozen."""
        ...

    @property
    def context_name(self) -> str: ...

    @property
    def is_production(self) -> bool: ...

    @property
    def is_read_only(self) -> bool: ...

    @property
    def frozen_at_s(self) -> float | None: ...

    @property
    def ascii_only(self) -> bool: ...


def band(surroundings: Surroundings) -> Ends:
    """Name of the environment first: nobody shall act on the wrong one."""
    status = surroundings.model.status
    name: Severity = "crit" if surroundings.is_production else "accent"
    left = [Cell(f" {surroundings.context_name} ", name)]
    if status is not None:
        serving = sum(worker.state == "serving" for worker in status.workers)
        left += [
            Cell(f" {status.service_name}  "),
            Cell(f"workers {serving}/{len(status.workers)}  ", "plain" if serving == len(status.workers) else "crit"),
            Cell(f"rev {status.revision[:6]} #{status.sequence}"),
        ]
        if status.last_change is not None:
            left.append(Cell(f" ({age(status.last_change.age_s)} ago)", "dim"))
        if status.source_differs:
            left.append(Cell("  file differs", "warn"))
    return left, [*link_state(surroundings), Cell(" RO " if surroundings.is_read_only else " RW ", "dim")]


def link_state(surroundings: Surroundings) -> list[Cell]:
    """`live 0.8s`, `STALE 14s`, `DISCONNECTED, retry 4s, last data 14:02:31`, `FROZEN 14:02:31`."""
    model = surroundings.live_model
    if surroundings.frozen_at_s is not None:
        return [Cell(f"FROZEN {clock_of(surroundings.frozen_at_s)} ", "accent")]
    freshness = model.link.freshness(model.now_s)
    severity, told = _SEVERITIES[freshness], model.link.age_s(model.now_s)
    if freshness == "disconnected":
        retry = max(0.0, model.link.retry_at_s - model.now_s)
        since = f", last data {clock_of(model.link.heard_at_s)}" if model.link.heard_at_s else ""
        return [Cell(f"DISCONNECTED, retry {retry:.0f}s{since} ", severity)]
    if freshness == "denied":
        return [Cell(f"DENIED {model.link.problem} ", severity)]
    if freshness == "stale":
        return [Cell(f"STALE {age(told)} ", severity)]
    return [Cell(f"{freshness} {told:.1f}s " if told is not None else f"{freshness} ", severity)]


def clock_of(at_s: float) -> str:
    """Unix seconds as the local time of day."""
    return clock(datetime.fromtimestamp(at_s, UTC).isoformat())


def screen_row(surroundings: Surroundings, current: str, filter_text: str, sort: str = "") -> Ends:
    """`1Over 2Routes ...` with the one in front marked, and at the right the window, the order and the filter."""
    left = [Cell(" ")]
    for key, title, name in SCREENS:
        left += [Cell(key, "dim"), Cell(f"{title} ", "strong" if name == current else "plain")]
    window = age(surroundings.model.window_s)
    order = f"sort {sort}  " if sort else ""
    return left, [
        Cell(f"win {window}  {order}", "dim"),
        Cell(f"filter: {filter_text or '-'} ", "accent" if filter_text else "dim"),
    ]
