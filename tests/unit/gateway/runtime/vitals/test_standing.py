"""Workers as somebody who looks is told of them: the word of their sync, whether they are heard, what they take."""

import os
import time

import pytest

from gateway.model.snapshot import Snapshot
from gateway.runtime.fleet.package import build_package
from gateway.runtime.fleet.seat import Delivery, Seat
from gateway.runtime.vitals.processes import ProcessTable
from gateway.runtime.vitals.standing import Standing, sync_of
from gateway.wire.views import SyncWord


class Here:
    """A process: this one."""

    pid = os.getpid()


def seat(sequence: int = 0, refused: tuple[int, str] = (0, ""), *, is_on_its_way: bool = False) -> Seat:
    made = Seat(1)
    made.sequence, made.refused = sequence, refused
    if is_on_its_way:
        made.delivery = Delivery(build_package(Snapshot("revision", 3, (), (), ()), (), {}))
    return made


@pytest.mark.parametrize(
    ("of", "word", "detail"),
    [
        pytest.param(seat(3), "synced", "", id="serves it"),
        pytest.param(seat(2), "stale", "", id="serves an older one"),
        pytest.param(seat(is_on_its_way=True), "stale", "", id="has not answered"),
        pytest.param(seat(), "not_sent", "", id="has nothing"),
        pytest.param(seat(refused=(3, "no memory")), "rejected", "no memory", id="refused it"),
        pytest.param(seat(2, (1, "no memory")), "stale", "", id="refused another"),
    ],
)
def test_a_word_says_whether_a_worker_runs_what_the_gateway_runs(of: Seat, word: SyncWord, detail: str) -> None:
    assert sync_of(of, 3) == (word, detail)


def test_a_worker_that_serves_again_has_refused_nothing() -> None:
    again = seat(refused=(3, "no memory"))
    again.serves(3, "revision")
    assert sync_of(again, 4) == ("stale", "")
    assert again.refused == (0, "")


def test_a_worker_is_told_with_what_it_takes_and_when_it_was_heard() -> None:
    one, never = seat(3), Seat(2)
    one.process = Here()  # type: ignore[assignment]
    one.started_at_s, one.heard_s = time.time() - 30, time.monotonic() - 5
    standing = Standing(
        lambda: [one, never], {}, ProcessTable(lambda: {"worker-1": os.getpid(), "supervisor": os.getpid()})
    )
    told, empty = standing.workers(3)
    assert (told.pid, told.sync) == (os.getpid(), "synced")
    assert told.uptime_s == pytest.approx(30, abs=2)
    assert told.last_seen_s == pytest.approx(5, abs=2)
    assert told.rss_bytes is not None
    assert told.rss_bytes > 1_000_000
    assert told.fds is not None
    assert (told.rate, told.cpu_ratio, told.loop_lag_p99_ms) == (None, None, None)
    assert (empty.pid, empty.started_at, empty.uptime_s, empty.last_seen_s, empty.rss_bytes) == (
        0,
        "",
        None,
        None,
        None,
    )
    assert standing.supervisor().pid == os.getpid()
    assert standing.supervisor().rss_bytes == pytest.approx(told.rss_bytes, rel=0.2)


def test_the_machine_is_told_as_far_as_it_may_be_used() -> None:
    node = Standing(list, {}, ProcessTable(dict)).node
    assert node.name == node.host != ""
    assert 1 <= node.cores <= (os.cpu_count() or 1)
    assert node.memory_limit_bytes > 0
