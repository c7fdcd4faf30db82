"""What a node comes to, and the sentence about it: the worst first, whoever is silent stays."""

from typing import Any

import pytest

from console.state.inside.nodes import (
    Heard,
    heard_of,
    node_facts,
    standing_of_node,
    standing_of_worker,
    verdict,
    worst_sync,
)
from gateway.wire.views import SyncWord, WorkerView
from tests.support.gateway_views import status, worker

NOW = Heard(0.2, 0.0)
AT_EIGHT_S = 1_769_846_400.0


def test_figures_of_a_node_are_those_of_its_processes_together() -> None:
    node = node_facts(status(), NOW)
    assert (node.name, node.serving, node.workers, node.cores, node.sync) == ("gw-1", 2, 2, 2, "synced")
    assert node.cpu_ratio == pytest.approx(0.52)
    assert node.rss_bytes == (40 + 40 + 92) * 1024 * 1024
    assert (node.fds, node.connections, node.in_flight, node.rate, node.loop_lag_p99_ms) == (171, 62, 4, 424.0, 2.4)


def test_what_an_older_gateway_does_not_tell_is_not_known() -> None:
    bare = status(WorkerView(index=1, pid=1, state="serving", revision="a"), node=None, supervisor=None)
    node = node_facts(bare, NOW)
    assert (node.name, node.cores, node.cpu_ratio, node.rss_bytes, node.fds, node.rate, node.loop_lag_p99_ms) == (
        "orders-gw", 0, None, None, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "worst"),
    [
        (["synced", "synced"], "synced"),
        (["synced", "not_sent"], "not_sent"),
        (["not_sent", "stale"], "stale"),
        (["stale", "rejected", "synced"], "rejected"),
        ([], "not_sent"),
    ],
)
def test_a_node_is_as_far_as_the_worker_that_is_furthest_behind(words: list[SyncWord], worst: SyncWord) -> None:
    assert worst_sync([worker(number, sync=word) for number, word in enumerate(words)]) == worst


def test_the_clock_of_the_node_is_compared_with_ours_when_it_was_heard() -> None:
    assert heard_of(status(), 0.0, AT_EIGHT_S) == Heard(None, None)
    heard = heard_of(status(), AT_EIGHT_S - 10, AT_EIGHT_S + 4)
    assert heard.age_s == 14.0
    assert heard.skew_s == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("changes", "standing", "says"),
    [
        ({}, "ok", "all 2 workers run revision 3f2a9c0d81be (sequence 3)"),
        (
            {"sync": "rejected", "sync_detail": "no memory"},
            "crit",
            "worker 2 rejected revision 3f2a9c0d81be: no memory",
        ),
        ({"state": "backing_off", "restarts": 6, "pid": 0}, "crit", "worker 2 keeps dying"),
        ({"last_seen_s": 33.9}, "crit", "worker 2 is lost: it said nothing for 34 s, and holds 2 exchanges"),
        ({"state": "starting", "sync": "not_sent"}, "warn", "worker 2 starts"),
        ({"sync": "stale", "revision": "9c41"}, "warn", "worker 2 is stale: it serves 9c41 and not 3f2a9c0d81be"),
        ({"sync": "not_sent"}, "warn", "worker 2 has not been sent the configuration"),
    ],
)
def test_a_sentence_says_what_is_wrong(changes: dict[str, Any], standing: str, says: str) -> None:
    told = status(worker(1), worker(2, **changes))
    found, sentence = verdict(told, NOW)
    assert (found, sentence[: len(says)]) == (standing, says)
    assert standing_of_worker(told.workers[1], NOW.age_s) == standing


def test_of_several_the_first_is_told_and_the_worst_gives_the_colour() -> None:
    told = status(worker(1, sync="stale"), worker(2, last_seen_s=20.0), worker(3))
    assert verdict(told, NOW)[0] == "crit"
    assert verdict(told, NOW)[1].endswith("; 1 more")


def test_a_silent_node_is_lost_and_one_that_drains_is_not() -> None:
    standing, sentence = verdict(status(), Heard(34.2, 0.0))
    assert (standing, sentence.split(";")[0]) == ("crit", "gw-1 is lost: nothing was heard of it for 34 s")
    draining = status(worker(1, state="draining"), draining=True)
    assert verdict(draining, NOW) == ("draining", "gw-1 drains: it finishes 2 exchanges and takes no new connections")
    assert standing_of_node(node_facts(status(), Heard())) == "unknown"
    assert standing_of_node(node_facts(status(worker(1, state="starting")), NOW)) == "crit"
    one_lost = node_facts(status(worker(1), worker(2, last_seen_s=20.0)), NOW)
    assert (one_lost.serving, standing_of_node(one_lost)) == (1, "warn")
    assert "the file differs" in verdict(status(source_differs=True), NOW)[1]
