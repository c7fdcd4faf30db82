"""A gateway at a glance, in words."""

from console.render.amounts import age, clock, count, counted, milliseconds, named, percent, rate, window
from console.render.changes.effects import STAYS
from console.render.table import Column, render_table
from gateway.wire.views import ListenerView, ReloadView, StatusView, WorkerView

_WORKERS = (
    Column[WorkerView]("WORKER", lambda worker: str(worker.index), is_number=True),
    Column[WorkerView]("PID", lambda worker: str(worker.pid) if worker.pid else "-", is_number=True),
    Column[WorkerView]("STATE", lambda worker: worker.state.replace("_", " ")),
    Column[WorkerView]("REVISION", lambda worker: worker.revision or "-"),
    Column[WorkerView]("CONNECTIONS", lambda worker: count(worker.connections), is_number=True),
    Column[WorkerView]("IN FLIGHT", lambda worker: count(worker.in_flight), is_number=True),
    Column[WorkerView]("RESTARTS", lambda worker: count(worker.restarts), is_number=True),
)
_LISTENERS = (
    Column[ListenerView]("LISTENER", lambda listener: listener.name),
    Column[ListenerView]("ADDRESS", lambda listener: listener.address),
    Column[ListenerView]("CONNECTIONS", lambda listener: count(listener.connections), is_number=True),
    Column[ListenerView]("LIMIT PER WORKER", lambda listener: count(listener.connection_limit), is_number=True),
)


def render_status(status: StatusView) -> str:
    """What it is, whether it is ready and why not, what it runs since when, how it does, its workers and listeners."""
    lines = [
        f"{status.service_name} {status.version}, pid {status.pid}, up {age(status.uptime_s)}",
        _readiness(status),
        f"revision {status.revision} (number {status.sequence}) from {status.source}",
        f"{counted(status.routes, 'route')}, {counted(status.upstreams, 'upstream')}",
    ]
    lines += _change(status)
    if status.last_reload is not None:
        lines += _reload(status.last_reload, status.revision)
    lines += ["", _recent(status), *_incidents(status.incidents_last_hour)]
    return "\n".join(
        [*lines, "", render_table(_WORKERS, status.workers), "", render_table(_LISTENERS, status.listeners)]
    )


def _readiness(status: StatusView) -> str:
    if status.draining:
        return "DRAINING: no new connections"
    return "ready" if status.ready else f"NOT READY: {named(status.not_ready_because)}"


def _change(status: StatusView) -> list[str]:
    change, lines = status.last_change, []
    if change is not None:
        lines.append(f"applied {age(change.age_s)} ago by {change.actor or change.trigger}")
    if status.source_differs:
        lines.append("THE FILE DIFFERS from what runs: a start from it would not give this revision")
        if status.source == "api":
            lines.append(f"handed in: {STAYS} (kill -HUP {status.pid})")
    return lines


def _recent(status: StatusView) -> str:
    recent = status.recent
    figures = f"p50 {milliseconds(recent.p50_ms)}, p99 {milliseconds(recent.p99_ms)}"
    own = f"of which p99 of the gateway's own part {milliseconds(recent.overhead_p99_ms)}"
    return f"{window(min(recent.seconds, status.window_s) if status.window_s <= 60 else status.window_s, status.at)}: {rate(recent.rate)}/s, {percent(recent.error_ratio)} errors, {figures}, {own}"


def _incidents(counts: dict[str, int]) -> list[str]:
    told = [f"{count(number)} {kind.replace('_', ' ')}" for kind, number in sorted(counts.items())]
    return [f"last hour: {named(told, len(told))}"] if told else []


def _reload(reload: ReloadView, running: str) -> list[str]:
    if reload.result != "rejected":
        return []
    found = [f"  {error.file}:{error.line}: {error.key}: {error.message}" for error in reload.errors]
    return [f"CONFIGURATION REJECTED at {clock(reload.at)} ({reload.trigger}); {running} keeps running", *found]
