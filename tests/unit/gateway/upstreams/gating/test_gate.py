"""The gate of an upstream: who is let in, what those who are not are told, and that whoever was let in is seen out."""

import weakref
from typing import Any, Final

import pytest

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState, ConcurrencySettings, UpstreamLimits
from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.model.upstream import Upstream
from gateway.upstreams.gating.breaker import Transition
from gateway.upstreams.gating.gate import Gate, Refusal, needs_gate

AT_NS: Final = 1_700_000_000 * SECOND_NS
BREAKER: Final = BreakerSettings(min_requests=2, half_open_requests=1)
ENDPOINT: Final[Any] = None
"""Of no interest to a gate: an upstream's circuit is of all its endpoints."""


class Told:
    def __init__(self) -> None:
        self.rejected: list[tuple[str, Reason]] = []
        self.states: list[CircuitState] = []

    def upstream_rejected(self, upstream: str, reason: Reason) -> None:
        self.rejected.append((upstream, reason))

    def circuit_changed(self, _upstream: str, transition: Transition) -> None:
        self.states.append(transition.to)


class Scene:
    def __init__(self, **settings: Any) -> None:
        self.told = Told()
        self.gate = Gate(Upstream("orders", (), **settings), self.told, lambda: AT_NS)
        self.now_ns = 1_000 * SECOND_NS

    def enter(self) -> Attempt:
        attempt = Attempt("orders", "a:1", self.now_ns)
        assert self.gate.enter(attempt, self.now_ns) is None
        return attempt

    def refusal(self) -> Refusal:
        refusal = self.gate.enter(Attempt("orders", "a:1", self.now_ns), self.now_ns)
        assert refusal is not None
        return refusal

    def end(self, attempt: Attempt, reason: Reason = Reason.NONE, status: int = 200) -> None:
        attempt.reason, attempt.status, attempt.ended_ns = reason, status, self.now_ns
        self.gate.attempt_ended(ENDPOINT, attempt)

    def open(self) -> None:
        for _ in range(2):
            self.end(self.enter(), Reason.CONNECT_REFUSED, 0)

    def half_open(self) -> None:
        self.open()
        self.now_ns += 5 * SECOND_NS
        self.gate.look(self.now_ns)


@pytest.mark.parametrize(
    ("upstream", "needs"),
    [
        (Upstream("orders", ()), False),
        (Upstream("orders", (), limits=UpstreamLimits(connections=3, pending=3)), False),
        (Upstream("orders", (), limits=UpstreamLimits(requests=3)), True),
        (Upstream("orders", (), limits=UpstreamLimits(retries=3)), True),
        (Upstream("orders", (), breaker=BreakerSettings()), True),
        (Upstream("orders", (), concurrency=ConcurrencySettings()), True),
    ],
)
def test_only_what_has_a_breaker_or_counts_requests_needs_a_gate(upstream: Upstream, *, needs: bool) -> None:
    assert needs_gate(upstream) == needs


def test_an_open_circuit_refuses_says_since_when_and_why_and_when_to_come_again() -> None:
    scene = Scene(breaker=BREAKER)
    scene.open()
    scene.now_ns += 1_500_000_000
    assert scene.refusal() == Refusal(
        Reason.CIRCUIT_OPEN, "orders: circuit open since 22:13:20Z: 100% of 2 requests failed", 4
    )
    assert scene.told.rejected == [("orders", Reason.CIRCUIT_OPEN)]
    assert scene.gate.in_flight == 0


def test_half_open_the_places_of_probes_are_bounded_and_a_client_that_leaves_gives_its_own_back() -> None:
    scene = Scene(breaker=BREAKER)
    scene.half_open()
    probe = scene.enter()
    assert scene.refusal().reason is Reason.CIRCUIT_OPEN
    scene.end(probe, Reason.CLIENT_DISCONNECT, 0)
    scene.end(scene.enter())
    assert scene.told.states == [CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED]
    assert scene.gate.in_flight == 0


@pytest.mark.parametrize("looks", [False, True])
def test_a_probe_whose_answer_goes_on_for_long_has_passed_when_that_is_noticed(*, looks: bool) -> None:
    scene = Scene(breaker=BREAKER)
    scene.half_open()
    probe = scene.enter()
    probe.first_byte_ns, probe.status = scene.now_ns, 200
    other = None
    if looks:
        scene.gate.look(scene.now_ns)
    else:
        other = scene.enter()
    assert scene.told.states[-1] is CircuitState.CLOSED
    scene.end(probe, Reason.UPSTREAM_RESET)
    assert scene.gate.in_flight == (0 if other is None else 1)


def test_of_several_probes_whose_answers_go_on_one_may_close_the_circuit() -> None:
    scene = Scene(breaker=BreakerSettings(min_requests=2, half_open_requests=2))
    scene.half_open()
    scene.end(scene.enter())
    probes = [scene.enter(), scene.enter()]
    for probe in probes:
        probe.first_byte_ns, probe.status = scene.now_ns, 200
    scene.gate.look(scene.now_ns)
    assert scene.told.states[-1] is CircuitState.CLOSED
    for probe in probes:
        scene.end(probe)
    assert scene.gate.in_flight == 0


def test_a_probe_that_is_answered_badly_has_not_passed_before_its_end() -> None:
    scene = Scene(breaker=BREAKER)
    scene.half_open()
    probe = scene.enter()
    probe.first_byte_ns, probe.status = scene.now_ns, 503
    scene.gate.look(scene.now_ns)
    assert scene.refusal().reason is Reason.CIRCUIT_OPEN
    scene.end(probe, Reason.UPSTREAM_STATUS, 503)
    assert scene.told.states[-1] is CircuitState.OPEN


def test_a_breaker_that_is_taken_away_leaves_no_probe_behind() -> None:
    scene = Scene(breaker=BREAKER)
    scene.half_open()
    probe = scene.enter()
    scene.gate.configure(Upstream("orders", (), limits=UpstreamLimits(requests=9)))
    gone = weakref.ref(probe)
    scene.end(probe)
    del probe
    assert gone() is None


def test_what_the_gateway_or_the_client_did_does_not_open_it() -> None:
    scene = Scene(breaker=BREAKER)
    for reason in (Reason.CLIENT_DISCONNECT, Reason.POOL_EXHAUSTED, Reason.SHUTTING_DOWN) * 5:
        scene.end(scene.enter(), reason, 0)
    assert scene.told.states == []


def test_a_limit_on_requests_refuses_what_is_beyond_it_until_one_ends() -> None:
    scene = Scene(limits=UpstreamLimits(requests=2))
    first = [scene.enter(), scene.enter()]
    assert scene.refusal() == Refusal(
        Reason.CONCURRENCY_LIMITED, "orders: 2 requests in flight, its limit in this worker is 2", 1
    )
    scene.end(first[0])
    scene.enter()


def test_so_many_retries_may_be_under_way_and_no_more() -> None:
    scene = Scene(limits=UpstreamLimits(retries=1))
    scene.enter()
    retry = Attempt("orders", "a:1", scene.now_ns)
    assert scene.gate.may_retry(scene.now_ns)
    assert scene.gate.enter(retry, scene.now_ns, is_retry=True) is None
    assert not scene.gate.may_retry(scene.now_ns)
    refusal = scene.gate.enter(Attempt("orders", "a:1", 0), scene.now_ns, is_retry=True)
    assert refusal == Refusal(
        Reason.CONCURRENCY_LIMITED, "orders: 1 retries under way, its limit in this worker is 1", 1
    )
    scene.enter()
    scene.end(retry)
    assert scene.gate.may_retry(scene.now_ns)


def test_what_would_be_refused_is_not_tried_again() -> None:
    scene = Scene(breaker=BREAKER, limits=UpstreamLimits(requests=1))
    scene.open()
    assert not scene.gate.may_retry(scene.now_ns)
    scene.now_ns += 5 * SECOND_NS
    assert scene.gate.may_retry(scene.now_ns)
    probe = scene.enter()
    assert not scene.gate.may_retry(scene.now_ns)
    scene.end(probe)
    assert scene.gate.may_retry(scene.now_ns)


def test_who_failed_leaves_its_place_to_its_own_next_try_and_to_nobody_elses() -> None:
    scene = Scene(limits=UpstreamLimits(requests=1, retries=1))
    for failing in (Attempt("orders", "a:1", scene.now_ns), Attempt("orders", "a:2", scene.now_ns)):
        assert scene.gate.enter(failing, scene.now_ns, is_retry=True) is None
        assert scene.gate.may_retry(scene.now_ns, failing)
        assert not scene.gate.may_retry(scene.now_ns, Attempt("orders", "a:1", scene.now_ns))
        scene.end(failing, Reason.UPSTREAM_RESET, 0)
        other = scene.enter()
        assert not scene.gate.may_retry(scene.now_ns, failing)
        scene.end(other)


def test_a_probe_that_is_answered_well_leaves_room_for_a_retry_while_its_answer_goes_on() -> None:
    scene = Scene(breaker=BreakerSettings(min_requests=2, half_open_requests=2))
    scene.half_open()
    probes = [scene.enter(), scene.enter()]
    assert not scene.gate.may_retry(scene.now_ns)
    probes[0].first_byte_ns, probes[0].status = scene.now_ns, 200
    assert scene.gate.may_retry(scene.now_ns)
    for probe in probes:
        scene.end(probe)


def test_an_adaptive_limit_refuses_too_and_says_that_it_is_one() -> None:
    scene = Scene(concurrency=ConcurrencySettings(min=1, max=1), limits=UpstreamLimits(requests=9))
    scene.enter()
    assert scene.refusal().detail == "orders: 1 requests in flight, its adaptive limit in this worker is 1"
    assert scene.gate.concurrency_limit == 1


def test_the_adaptive_limit_learns_from_answers_and_from_those_that_came_too_late() -> None:
    scene = Scene(concurrency=ConcurrencySettings(min=1, max=1000))
    limits: list[int] = []
    for reason, latency_ns in ((Reason.NONE, SECOND_NS // 10), (Reason.UPSTREAM_TIMEOUT_FIRST_BYTE, SECOND_NS)):
        for _ in range(20):
            attempts = [scene.enter() for _ in range(scene.gate.concurrency_limit or 0)]
            scene.now_ns += latency_ns
            for attempt in attempts:
                scene.end(attempt, reason)
        limits.append(scene.gate.concurrency_limit or 0)
    assert limits[0] > 20 > limits[1]


def test_a_tunnel_is_no_request_any_more_and_its_end_says_nothing() -> None:
    scene = Scene(breaker=BREAKER, limits=UpstreamLimits(requests=1))
    tunnel = scene.enter()
    scene.gate.became_tunnel(tunnel, scene.now_ns)
    scene.enter()
    scene.end(tunnel, Reason.UPSTREAM_RESET)
    assert scene.gate.in_flight == 1


def test_what_began_before_there_was_a_gate_is_not_seen_out_of_it() -> None:
    scene = Scene(breaker=BREAKER)
    for _ in range(5):
        scene.end(Attempt("orders", "a:1", 0), Reason.CONNECT_REFUSED, 0)
    assert (scene.gate.in_flight, scene.told.states) == (0, [])


def test_new_settings_keep_the_state_and_what_is_taken_away_is_gone() -> None:
    scene = Scene(breaker=BREAKER)
    scene.open()
    scene.gate.configure(Upstream("orders", (), breaker=BreakerSettings(open_for_ns=60 * SECOND_NS)))
    scene.now_ns += 5 * SECOND_NS
    assert scene.refusal().retry_after_s == 55
    scene.gate.configure(Upstream("orders", (), limits=UpstreamLimits(requests=1)))
    scene.enter()
    assert scene.refusal().reason is Reason.CONCURRENCY_LIMITED
    scene.gate.configure(Upstream("orders", (), breaker=BREAKER, concurrency=ConcurrencySettings(max=7)))
    assert (scene.gate.concurrency_limit, scene.gate.breaker and scene.gate.breaker.state) == (7, CircuitState.CLOSED)
    scene.gate.configure(Upstream("orders", (), concurrency=ConcurrencySettings(max=6)))
    assert (scene.gate.concurrency_limit, scene.gate.breaker) == (6, None)


def test_a_circuit_that_was_opened_in_another_worker_refuses_and_says_since_when_it_did_there() -> None:
    scene = Scene(breaker=BREAKER)
    opened = Transition(CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 4, 3)
    scene.gate.resume(opened, scene.now_ns - 2 * SECOND_NS, scene.now_ns)
    detail = "orders: circuit open since 22:13:18Z: 75% of 4 requests failed"
    assert scene.refusal() == Refusal(Reason.CIRCUIT_OPEN, detail, 3)
    assert scene.told.states == []
    scene.now_ns += 3 * SECOND_NS
    scene.end(scene.enter())
    assert scene.told.states == [CircuitState.HALF_OPEN, CircuitState.CLOSED]


def test_without_a_breaker_there_is_no_circuit_to_go_on_with() -> None:
    scene = Scene(limits=UpstreamLimits(requests=1))
    scene.gate.resume(Transition(CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 4, 3), 0, scene.now_ns)
    scene.end(scene.enter())
