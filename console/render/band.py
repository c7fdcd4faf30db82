"""The two lines at the top of every screen: which gateway this is and how well it is heard, and the screens there are."""

from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from console.render.amounts import age, clock
from console.render.cells import Cell, Severity
from console.render.palette import PaletteName
from console.state import reading
from console.state.link import Freshness
from console.state.model import Model

Ends: TypeAlias = tuple[list[Cell], list[Cell]]
"""What stands at the left and at the right edge."""

SCREENS: Final = (
    ("1", "Over", "overview"), ("2", "Routes", "routes"), ("3", "Ups", "upstreams"), ("4", "Live", "live"),
    ("5", "Trace", "traces"), ("6", "Alert", "alerts"), ("7", "Chg", "changes"), ("8", "Node", "nodes"), ("9", "Log", "logs"),
)  # fmt: skip
"""Key, title and name."""

_WIDE: Final = 100
"""Cells from which on words stand before values."""
_UP_TO_REVISION: Final = 4
"""Cells of the band before what is said of the revision."""
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
    def write_left_s(self) -> float | None:
        """How long what is read-only to begin with may be written to; None where nobody asked for that."""
        ...

    @property
    def is_unfocused(self) -> bool:
        """Whether the operator looks elsewhere."""
        ...

    @property
    def is_faded(self) -> bool:
        """Whether what is shown is too old to be trusted."""
        ...

    @property
    def palette_name(self) -> PaletteName: ...

    @property
    def ascii_only(self) -> bool: ...


def band(surroundings: Surroundings, width: int = 0) -> Ends:
    """Name of the environment first: nobody shall act on the wrong one. The objectives where there is room."""
    status = surroundings.live_model.status
    left = [Cell(f" {surroundings.context_name} ", "alarm" if surroundings.is_production else "accent")]
    if status is not None:
        serving = sum(worker.state == "serving" for worker in status.workers)
        left += [
            Cell(f" {status.service_name}  "),
            Cell(f"workers {serving}/{len(status.workers)}  ", "plain" if serving == len(status.workers) else "crit"),
            Cell(f"rev {status.revision[:6]} #{status.sequence}"),
        ]
        if status.source_differs:
            left.append(Cell("  file differs", "warn"))
        if status.draining:
            left.append(Cell("  draining", "draining"))
    right = [*link_state(surroundings), *_right_to_act(surroundings)]
    room = width - sum(len(cell.text) for cell in (*left, *right))
    if status is not None and status.last_change is not None:
        changed = Cell(f" ({age(status.last_change.age_s)} ago)", "dim")
        # What matters less than that the file differs gives way first, and nothing runs into what stands at the right.
        if len(changed.text) < room or not width:
            left.insert(_UP_TO_REVISION, changed)
            room -= len(changed.text)
    return [*left, *_objectives(surroundings.live_model, room)], right


def _objectives(model: Model, room: int) -> list[Cell]:
    """`SLO ok 7 burn 1`; what burns alone where there is no room for more."""
    view = model.view(reading.OBJECTIVES)
    if view is None or not view.objectives:
        return []
    burning = [each.state for each in view.objectives if each.state != "ok"]
    severity: Severity = "crit" if "page" in burning else "warn"
    burn = [Cell(f" burn {len(burning)}", severity)] if burning else []
    whole = [Cell(f"  SLO ok {len(view.objectives) - len(burning)}", "dim"), *burn]
    short = [Cell("  SLO", "dim"), *burn] if burn else []
    return next((cells for cells in (whole, short) if sum(len(cell.text) for cell in cells) < room), [])


def link_state(surroundings: Surroundings) -> list[Cell]:
    """`live 0.8s`, `STALE 14s`, `DISCONNECTED, retry 4s, last data 14:02:31`, `FROZEN 14:02:31`, `AT 14:05:00`."""
    cells = []
    if surroundings.frozen_at_s is not None:
        cells.append(Cell(f"FROZEN {clock_of(surroundings.frozen_at_s)}  ", "accent"))
    if surroundings.model.at_s is not None:
        cells.append(Cell(f"AT {clock_of(surroundings.model.at_s)}  ", "accent"))
    if surroundings.is_unfocused:
        cells.append(Cell("unfocused 0.2 Hz  ", "dim"))
    return [*cells, *_heard(surroundings.live_model)]


def _heard(model: Model) -> list[Cell]:
    freshness = model.link.freshness(model.now_s)
    severity, told = _SEVERITIES[freshness], model.link.age_s(model.now_s)
    if model.denied and freshness != "live":
        return [Cell(f"DENIED {model.denied} ", "crit")]
    if freshness == "disconnected":
        retry = max(0.0, model.link.retry_at_s - model.now_s)
        since = f", last data {clock_of(model.link.heard_at_s)}" if model.link.heard_at_s else ""
        return [Cell(f"DISCONNECTED, retry {retry:.0f}s{since} ", severity)]
    if freshness == "denied":
        return [Cell(f"DENIED {model.link.problem} ", severity)]
    if freshness == "stale":
        return [Cell(f"STALE {age(told)} ", severity)]
    if freshness == "live" and model.status is not None and model.status.workers:
        serving = sum(worker.state == "serving" for worker in model.status.workers)
        if serving < len(model.status.workers):
            return [Cell(f"PARTIAL {serving}/{len(model.status.workers)} workers ", "warn")]
    return [Cell(f"{freshness} {told:.1f}s " if told is not None else f"{freshness} ", severity)]


def _right_to_act(surroundings: Surroundings) -> list[Cell]:
    left_s = surroundings.write_left_s
    if left_s is not None and not surroundings.is_read_only:
        return [Cell(f" WRITE {age(max(left_s, 1.0))} ", "alarm")]
    return [Cell(" RO " if surroundings.is_read_only else " RW ", "dim" if surroundings.is_read_only else "strong")]


def clock_of(at_s: float) -> str:
    """Unix seconds as the local time of day."""
    return clock(datetime.fromtimestamp(at_s, UTC).isoformat())


def screen_row(surroundings: Surroundings, current: str, filter_text: str, sort: str = "", width: int = 120) -> Ends:
    """`1Over 2Routes ...` with the one in front marked, and at the right the window, the order and the filter."""
    left = [Cell(" ")]
    for key, title, name in SCREENS:
        left += [Cell(key, "dim"), Cell(f"{title} ", "strong" if name == current else "plain")]
    window = age(surroundings.model.window_s)
    if width < _WIDE:
        marked = f"/{filter_text} " if filter_text else ""
        return left, [Cell(f"{window} {sort} ".replace("  ", " "), "dim"), Cell(marked, "accent")]
    order = f"sort {sort}  " if sort else ""
    filtered = Cell(f"filter: {filter_text or '-'} ", "accent" if filter_text else "dim")
    return left, [Cell(f"win {window}  {order}", "dim"), filtered]
