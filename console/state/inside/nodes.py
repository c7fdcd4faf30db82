"""Nodes and workers: what a node comes to, whether it runs what it should, and in a sentence what is wrong with it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from gateway.wire.views import StatusView, SyncWord, WorkerView

Standing: TypeAlias = Literal["ok", "warn", "crit", "draining", "unknown"]

LOST_S: Final = 3.0
"""A worker says something five times a second, a gateway once: who is silent for longer is lost."""
SKEW_S: Final = 2.0
"""Clocks that are less apart cannot be told apart from the way of an answer."""
_BEHIND: Final[tuple[SyncWord, ...]] = ("rejected", "stale", "not_sent")
"""The worst first."""


class Heard(NamedTuple):
    """How a status came: its age in seconds, and by how many seconds the node's clock is before ours; None where not known."""

    age_s: float | None = None
    skew_s: float | None = None


class NodeFacts(NamedTuple):
    """A node as one row. Sums are over its processes; a figure that no process has is None. Who is lost does not count as serving."""

    name: str
    version: str
    revision: str
    sequence: int
    sync: SyncWord
    serving: int
    workers: int
    cores: int
    cpu_ratio: float | None
    rss_bytes: int | None
    memory_limit_bytes: int
    fds: int | None
    loop_lag_p99_ms: float | None
    connections: int
    in_flight: int
    rate: float | None
    restarts: int
    uptime_s: float
    is_draining: bool
    heard: Heard


def heard_of(status: StatusView, heard_at_s: float, now_s: float) -> Heard:
    """Both times in Unix seconds of this machine; heard_at_s: when the gateway was heard last, 0 for never."""
    if not heard_at_s:
        return Heard()
    said_at_s = datetime.fromisoformat(status.started_at).timestamp() + status.uptime_s
    return Heard(max(0.0, now_s - heard_at_s), said_at_s - heard_at_s)


def node_facts(status: StatusView, heard: Heard) -> NodeFacts:
    """All that one gateway says of itself, added up."""
    workers, supervisor, node = status.workers, status.supervisor, status.node
    own_cpu, own_rss, own_fds = (
        (supervisor.cpu_ratio, supervisor.rss_bytes, supervisor.fds) if supervisor is not None else (None, None, None)
    )
    return NodeFacts(
        name=node.name if node is not None else status.service_name,
        version=status.version,
        revision=status.revision,
        sequence=status.sequence,
        sync=worst_sync(workers),
        serving=sum(worker.state == "serving" and not is_lost(silent_s(worker, heard.age_s)) for worker in workers),
        workers=len(workers),
        cores=node.cores if node is not None else 0,
        cpu_ratio=_sum([own_cpu, *(worker.cpu_ratio for worker in workers)]),
        rss_bytes=_whole(_sum([own_rss, *(worker.rss_bytes for worker in workers)])),
        memory_limit_bytes=node.memory_limit_bytes if node is not None else 0,
        fds=_whole(_sum([own_fds, *(worker.fds for worker in workers)])),
        loop_lag_p99_ms=max((lag for worker in workers if (lag := worker.loop_lag_p99_ms) is not None), default=None),
        connections=sum(worker.connections for worker in workers),
        in_flight=sum(worker.in_flight for worker in workers),
        rate=_sum(worker.rate for worker in workers),
        restarts=sum(worker.restarts for worker in workers),
        uptime_s=status.uptime_s,
        is_draining=status.draining,
        heard=heard,
    )


def worst_sync(workers: Sequence[WorkerView]) -> SyncWord:
    """Of a node: that of the worker which is furthest from serving what it should."""
    words = {worker.sync for worker in workers}
    return next((word for word in _BEHIND if word in words), "synced" if words else "not_sent")


def silent_s(worker: WorkerView, age_s: float | None) -> float | None:
    """How long a worker has said nothing, as it is now; None if it never said anything. age_s: of the status."""
    return None if worker.last_seen_s is None else worker.last_seen_s + (age_s or 0.0)


def is_lost(silence_s: float | None) -> bool:
    """Whether it is so silent that it must be taken for gone."""
    return silence_s is not None and silence_s > LOST_S


def standing_of_worker(worker: WorkerView, age_s: float | None) -> Standing:
    """How it is, in one word: colour and glyph say the same."""
    if worker.state in {"draining", "stopped"}:
        return "draining"
    if worker.sync == "rejected" or worker.state == "backing_off" or is_lost(silent_s(worker, age_s)):
        return "crit"
    return "ok" if worker.state == "serving" and worker.sync == "synced" else "warn"


def standing_of_node(node: NodeFacts) -> Standing:
    """A node that serves with none of its workers, or is not heard, is the worst there is."""
    if node.heard.age_s is None:
        return "unknown"
    if is_lost(node.heard.age_s) or node.sync == "rejected" or not node.serving:
        return "draining" if node.is_draining and not is_lost(node.heard.age_s) else "crit"
    if node.is_draining:
        return "draining"
    return "ok" if node.sync == "synced" and node.serving == node.workers else "warn"


def verdict(status: StatusView, heard: Heard) -> tuple[Standing, str]:
    """Whether everything runs the same thing and is well, in a sentence; the worst that is the case where it is not."""
    node = node_facts(status, heard)
    standing = standing_of_node(node)
    if is_lost(heard.age_s):
        return (
            standing,
            f"{node.name} is lost: nothing was heard of it for {heard.age_s:.0f} s; what is shown is its last word",
        )
    if status.draining:
        return standing, f"{node.name} drains: it finishes {node.in_flight} exchanges and takes no new connections"
    troubled = [(worker, trouble) for worker in status.workers if (trouble := trouble_of(worker, status, heard.age_s))]
    if troubled:
        worst = max((standing_of_worker(worker, heard.age_s) for worker, _ in troubled), key=_RANK.index)
        more = f"; {len(troubled) - 1} more" if len(troubled) > 1 else ""
        return worst, f"worker {troubled[0][0].index} {troubled[0][1]}{more}"
    differs = "; the file differs from it" if status.source_differs else ""
    every = "the worker runs" if node.workers == 1 else f"all {node.workers} workers run"
    return standing, f"{every} revision {node.revision} (sequence {node.sequence}){differs}"


def trouble_of(worker: WorkerView, status: StatusView, age_s: float | None) -> str:
    """What is wrong with a worker, in words that follow its name; empty if nothing is."""
    silence_s = silent_s(worker, age_s)
    if worker.sync == "rejected":
        return f"rejected revision {status.revision}: {worker.sync_detail}"
    if worker.state == "backing_off":
        return f"keeps dying: it is started again in a moment, for the {worker.restarts}. time"
    if silence_s is not None and is_lost(silence_s):
        return f"is lost: it said nothing for {silence_s:.0f} s, and holds {worker.in_flight} exchanges"
    if worker.state == "starting":
        return "starts"
    if worker.sync == "stale":
        return f"is stale: it serves {worker.revision or 'nothing yet'} and not {status.revision}"
    return "has not been sent the configuration" if worker.sync == "not_sent" else ""


_RANK: Final[tuple[Standing, ...]] = ("ok", "unknown", "draining", "warn", "crit")


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
