"""An upstream as a whole under random events: the real directory, balancers, gate with breaker, limits and adaptive limit,
and the retry budget, in the hands of a proxy and of operators who do anything in any order. Time is the test's.

What must hold after every event, whatever came before it:

- An endpoint that is drained, or of weight 0, is never chosen; one that is not fit is chosen only in panic, and in panic
  all that are not drained may be. Where there is one that may be chosen, one is chosen.
- A pick that has another choice never gives the endpoint it is to avoid.
- Attempts in flight are never negative, at the endpoint and at the gate; they are as many as were let in and have not
  ended; and when the last has ended they are 0, over any number of reloads.
- No more requests, and no more retries, are under way than the limits say; with the adaptive limit no more than that, and
  it stays within its bounds.
- An open circuit lets nobody in before its time; half-open, never more than the configured number are in flight that have
  not been answered well. It opens only if what ended within its window says so, and does not stay closed when all of
  more than enough requests failed in nine tenths of the window.
- A probe whose client has left gives its place back.
- A reload keeps circuit and counts; other settings are in force at once.
- Over any 10 seconds retries are at most the budget's share of the first tries and its floor.
- In the long run every endpoint that may be chosen and has a weight is.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.model.breaker import BreakerSettings, CircuitState, ConcurrencySettings, UpstreamLimits
from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.exchange import Attempt
from gateway.model.health import Health, PassiveCheck
from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.model.retry import BUDGET_FLOOR_PER_S, BUDGET_WINDOW_NS
from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.net.deadlines import Deadlines
from gateway.upstreams.directory import Directory
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.gating.breaker import Breaker, Transition
from gateway.upstreams.gating.gate import Gate
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.retry_budget import RetryBudget
from gateway.wire.control import EndpointOverride, EndpointStanding
from tests.support.scripted import Clock, ScriptedLoop

ADDRESSES: Final = tuple(f"127.0.0.{number}:9001" for number in range(1, 6))
ENDS: Final = (
    Reason.NONE,
    Reason.NONE,
    Reason.UPSTREAM_STATUS,
    Reason.CONNECT_REFUSED,
    Reason.UPSTREAM_TIMEOUT_FIRST_BYTE,
    Reason.CLIENT_DISCONNECT,
    Reason.POOL_EXHAUSTED,
)
RATIO: Final = 0.2
FLOOR: Final = BUDGET_FLOOR_PER_S * BUDGET_WINDOW_NS / SECOND_NS

breakers: Final = st.none() | st.builds(
    BreakerSettings,
    failure_ratio=st.sampled_from((0.2, 0.5, 1.0)),
    min_requests=st.integers(1, 6),
    window_ns=st.sampled_from((SECOND_NS, 10 * SECOND_NS)),
    open_for_ns=st.sampled_from((SECOND_NS, 5 * SECOND_NS)),
    half_open_requests=st.integers(1, 3),
)
concurrencies: Final = st.none() | st.builds(ConcurrencySettings, min=st.integers(1, 4), max=st.integers(4, 30))
some_limits: Final = st.builds(
    UpstreamLimits, requests=st.none() | st.integers(1, 8), retries=st.none() | st.integers(1, 3)
)
endpoint_lists: Final = st.lists(
    st.tuples(st.sampled_from(ADDRESSES), st.integers(1, 4)), min_size=1, max_size=5, unique_by=lambda each: each[0]
)
upstreams: Final = st.builds(
    Upstream,
    name=st.just("orders"),
    endpoints=endpoint_lists.map(
        lambda found: tuple(Endpoint(address, address[:-5], 9001, weight=weight) for address, weight in found)
    ),
    balance=st.sampled_from(Balance),
    limits=some_limits,
    breaker=breakers,
    concurrency=concurrencies,
    health=st.sampled_from(
        (Health(), Health(passive=PassiveCheck()), Health(passive=PassiveCheck(), panic_below_ratio=0.0))
    ),
)


class Observer:
    def upstream_connection_opened(self, _upstream: str, _result: Reason) -> None:
        """Nothing is opened."""

    def upstream_connection_closed(self, _upstream: str, _reason: str) -> None:
        """Nor closed."""

    def upstream_rejected(self, _upstream: str, reason: Reason) -> None:
        assert reason in {Reason.CIRCUIT_OPEN, Reason.CONCURRENCY_LIMITED}


@dataclass(eq=False)
class Running:
    """An attempt under way. breaker, state: what let it in, and its state with since when."""

    attempt: Attempt
    endpoint: LiveEndpoint
    gate: Gate | None
    is_retry: bool
    breaker: Breaker | None
    state: tuple[CircuitState, int] | None


class Upstreams(RuleBasedStateMachine):
    """The proxy, the operators, the supervisor and the clock of one worker with one upstream."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.installed = self.clock.installed()
        self.installed.__enter__()
        self.loop = ScriptedLoop(self.clock)
        self.directory = Directory(self.loop, Deadlines(self.loop), Observer())
        self.directory.on_circuit = self.circuit_changed
        self.running: list[Running] = []
        self.steps = 0
        self.overrides: dict[str, EndpointOverride] = {}
        self.unfit: set[str] = set()
        self.budget = RetryBudget(RATIO, FLOOR)
        self.firsts: deque[int] = deque()
        self.retries: deque[int] = deque()
        self.ends: list[tuple[int, bool]] = []
        """What said something while the circuit was closed: when, and whether it failed."""

    # What happens.

    @initialize(upstream=upstreams)
    def start(self, upstream: Upstream) -> None:
        self.activate(upstream)

    @precondition(lambda self: self.steps % 8 == 0)
    @rule(upstream=upstreams)
    def reload(self, upstream: Upstream) -> None:
        before = self.state()
        had_same_window = (
            self.live.upstream.breaker is not None
            and upstream.breaker is not None
            and self.live.upstream.breaker.window_ns == upstream.breaker.window_ns
        )
        self.activate(upstream)
        if not had_same_window:
            self.ends.clear()
        if self.breaker is not None and before is not None:
            assert self.state() == before

    @rule(milliseconds=st.sampled_from((1, 10, 100, 300, 1000, 5000, 11_000)))
    def time_passes(self, milliseconds: int) -> None:
        self.clock.now_ns += milliseconds * MILLISECOND_NS

    @rule()
    def a_report_is_taken(self) -> None:
        for gate in self.directory.gates():
            gate.look(self.clock.now_ns)

    @rule(data=st.data(), key=st.binary(min_size=1, max_size=3))
    def a_request_comes(self, data: st.DataObject, key: bytes) -> None:
        self.try_one(key, None)

    @rule(count=st.integers(2, 12), key=st.binary(min_size=1, max_size=3))
    def many_come(self, count: int, key: bytes) -> None:
        for number in range(count):
            self.try_one(key + bytes([number]), None)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), reason=st.sampled_from(ENDS), has_begun=st.booleans())
    def one_ends(self, data: st.DataObject, reason: Reason, has_begun: bool) -> None:
        ended = data.draw(st.sampled_from(self.running))
        self.end(ended, reason, has_begun=has_begun)

    @precondition(lambda self: self.running)
    @rule(reason=st.sampled_from(ENDS))
    def all_end(self, reason: Reason) -> None:
        for ended in list(self.running):
            self.end(ended, reason, has_begun=False)

    @rule(count=st.integers(1, 8), waits=st.booleans())
    def all_fail_for_a_while(self, count: int, waits: bool) -> None:
        for _ in range(count):
            self.try_one(b"ill", None)
            for each in list(self.running):
                self.end(each, Reason.CONNECT_REFUSED, has_begun=False)
        if waits:
            self.clock.now_ns += 5 * SECOND_NS

    @rule(count=st.integers(1, 4))
    def some_come_and_leave(self, count: int) -> None:
        for _ in range(count):
            self.try_one(b"leaves", None)
        for each in list(self.running):
            self.end(each, Reason.CLIENT_DISCONNECT, has_begun=False)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def one_fails_and_is_tried_again_elsewhere(self, data: st.DataObject) -> None:
        failed = data.draw(st.sampled_from(self.running))
        may_retry = self.live.may_retry(self.clock.now_ns, failed.attempt)
        self.end(failed, Reason.UPSTREAM_RESET, has_begun=False)
        if may_retry and self.take_budget():
            self.try_one(b"again", failed.endpoint)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), status=st.sampled_from((200, 503)))
    def one_is_answered_and_goes_on(self, data: st.DataObject, status: int) -> None:
        answered = data.draw(st.sampled_from(self.running))
        if not answered.attempt.first_byte_ns:
            answered.attempt.first_byte_ns, answered.attempt.status = self.clock.now_ns, status

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def one_becomes_a_tunnel(self, data: st.DataObject) -> None:
        tunnel = data.draw(st.sampled_from(self.running))
        if tunnel.gate is not None:
            self.note_end(tunnel, Reason.NONE)
            tunnel.gate.became_tunnel(tunnel.attempt, self.clock.now_ns)
            tunnel.gate = None
            tunnel.breaker = None

    @rule(firsts=st.integers(0, 80), retries=st.integers(0, 80))
    def the_budget_is_asked_for(self, firsts: int, retries: int) -> None:
        for _ in range(firsts):
            self.budget.tried(self.clock.now_ns)
            self.firsts.append(self.clock.now_ns)
        for _ in range(retries):
            self.take_budget()

    @rule(address=st.sampled_from(ADDRESSES), drained=st.booleans(), weight=st.none() | st.integers(0, 5))
    def an_operator_decides(self, address: str, drained: bool, weight: int | None) -> None:
        self.overrides[address] = EndpointOverride("orders", address, drained, weight)
        self.directory.set_overrides(self.overrides.values())

    @rule(unfit=st.sets(st.sampled_from(ADDRESSES)), ramps=st.booleans())
    def the_supervisor_judges(self, unfit: set[str], ramps: bool) -> None:
        self.unfit = unfit
        told = [EndpointStanding(address, "ejected", "passive x5") for address in sorted(unfit)]
        if ramps:
            told += [
                EndpointStanding(each, "healthy", "", 10 * SECOND_NS, SECOND_NS)
                for each in ADDRESSES
                if each not in unfit
            ]
        self.directory.set_standings({"orders": told})

    # What must hold.

    @invariant()
    def a_step_is_made(self) -> None:
        self.steps += 1

    @invariant()
    def what_is_in_flight_is_what_was_let_in_and_has_not_ended(self) -> None:
        for endpoint in {*self.directory.endpoints(), *(each.endpoint for each in self.running)}:
            assert endpoint.in_flight == sum(each.endpoint is endpoint for each in self.running)
        for gate in self.directory.gates():
            inside = [each for each in self.running if each.gate is gate]
            assert gate.in_flight == len(inside)
            assert gate.retries == sum(each.is_retry for each in inside)

    @invariant()
    def the_adaptive_limit_is_within_its_bounds(self) -> None:
        for gate in self.directory.gates():
            bounds = gate.upstream.concurrency
            if bounds is not None:
                assert gate.concurrency_limit is not None
                assert bounds.min <= gate.concurrency_limit <= bounds.max

    def teardown(self) -> None:
        try:
            if hasattr(self, "live"):
                for each in list(self.running):
                    self.end(each, Reason.NONE, has_begun=True)
                self.what_is_in_flight_is_what_was_let_in_and_has_not_ended()
                self.everybody_is_chosen_in_the_long_run()
        finally:
            self.loop.end()
            self.installed.__exit__(None, None, None)

    def everybody_is_chosen_in_the_long_run(self) -> None:
        may = {each.address for each in self.choosable()}
        found = set()
        for number in range(600):
            picked = self.live.balancer.pick(number.to_bytes(2, "big"), None)
            if picked is not None:
                found.add(picked.address)
                # As they do not end, those that are chosen by load take turns. So many at once, since one that took
                # minutes is expected to take 100,000 times as long as one that took a millisecond.
                picked.in_flight += 1000
        for endpoint in self.live.endpoints:
            endpoint.in_flight = 0
        assert found == may

    # How it is done.

    def activate(self, upstream: Upstream) -> None:
        self.live: LiveUpstream = self.directory.build(upstream)
        self.directory.activate([self.live])

    @property
    def breaker(self) -> Breaker | None:
        return None if self.live.gate is None else self.live.gate.breaker

    def state(self) -> tuple[CircuitState, int] | None:
        breaker = self.breaker
        return None if breaker is None else (breaker.state, breaker.since_ns)

    def choosable(self) -> list[LiveEndpoint]:
        """By what the operators and the supervisor said, worked out anew."""
        wanted = [each for each in self.live.endpoints if not self.is_drained(each)]
        fit = [each for each in wanted if each.address not in self.unfit]
        health = self.live.upstream.health
        in_panic = health.is_checked and len(fit) < len(wanted) * health.panic_below_ratio
        return [each for each in (wanted if in_panic else fit) if self.weight_of(each) > 0]

    def is_drained(self, endpoint: LiveEndpoint) -> bool:
        override = self.overrides.get(endpoint.address)
        return override is not None and override.is_drained

    def weight_of(self, endpoint: LiveEndpoint) -> int:
        override = self.overrides.get(endpoint.address)
        weight = None if override is None else override.weight
        return endpoint.endpoint.weight if weight is None else weight

    def try_one(self, key: bytes, failed: LiveEndpoint | None) -> None:
        """As the proxy does: choose, ask the gate, and go. failed: where it was tried before."""
        may = self.choosable()
        endpoint = self.live.balancer.pick(key, failed)
        if endpoint is None:
            assert may == []
            return
        assert endpoint in may
        assert endpoint is not failed or may == [failed]
        is_retry = failed is not None
        now_ns, gate = self.clock.now_ns, self.live.gate
        attempt = Attempt("orders", endpoint.address, now_ns)
        if gate is not None and not self.enters(gate, attempt, is_retry=is_retry):
            return
        endpoint.in_flight += 1
        breaker = self.breaker
        if breaker is not None and breaker.state is CircuitState.HALF_OPEN:
            assert self.probing(breaker) < breaker.settings.half_open_requests
        self.running.append(Running(attempt, endpoint, gate, is_retry, breaker, self.state()))

    def probing(self, breaker: Breaker) -> int:
        """Those that were let through to probe it, and have not been answered well."""
        return sum(
            each.breaker is breaker
            and each.state == (breaker.state, breaker.since_ns)
            and not (each.attempt.first_byte_ns and each.attempt.status < 500)
            for each in self.running
        )

    def enters(self, gate: Gate, attempt: Attempt, *, is_retry: bool) -> bool:
        now_ns, breaker, limits = self.clock.now_ns, gate.breaker, gate.upstream.limits
        is_shut = (
            breaker is not None
            and breaker.state is CircuitState.OPEN
            and now_ns - breaker.since_ns < breaker.settings.open_for_ns
        )
        is_full = limits.requests is not None and gate.in_flight >= limits.requests
        is_full = is_full or (gate.concurrency_limit is not None and gate.in_flight >= gate.concurrency_limit)
        is_full = is_full or (is_retry and limits.retries is not None and gate.retries >= limits.retries)
        has_place = (
            breaker is not None
            and breaker.state is CircuitState.HALF_OPEN
            and self.probing(breaker) < breaker.settings.half_open_requests
        )
        refusal = gate.enter(attempt, now_ns, is_retry=is_retry)
        if is_shut or is_full:
            assert refusal is not None
        elif breaker is None or breaker.state is CircuitState.CLOSED or has_place:
            assert refusal is None
        if refusal is not None:
            assert refusal.retry_after_s >= 1
            assert attempt.admission is None
        return refusal is None

    def end(self, running: Running, reason: Reason, *, has_begun: bool) -> None:
        attempt = running.attempt
        attempt.reason, attempt.ended_ns = reason, self.clock.now_ns
        if has_begun and not attempt.first_byte_ns:
            attempt.first_byte_ns = self.clock.now_ns
        self.running.remove(running)
        is_counted = self.note_end(running, reason)
        running.endpoint.attempt_ended(attempt)
        if is_counted:  # Where a reload has lowered the number, the next one that counts is what opens it.
            self.is_not_closed_after_failures_alone()

    def note_end(self, running: Running, reason: Reason) -> bool:
        """Whether it speaks for or against the circuit as it is now."""
        breaker = running.breaker
        counts = breaker is not None and breaker is self.breaker and running.state == self.state()
        counts = counts and (reason is Reason.NONE or is_endpoint_failure(reason))
        if counts:
            self.ends.append((self.clock.now_ns, reason is not Reason.NONE))
        return counts

    def circuit_changed(self, _upstream: str, change: Transition) -> None:
        if change.to is CircuitState.OPEN and change.cause.value == "failure_ratio":
            breaker = self.breaker
            assert breaker is not None
            recent = [failed for at, failed in self.ends if self.clock.now_ns - at <= breaker.settings.window_ns]
            assert len(recent) >= breaker.settings.min_requests
            assert sum(recent) >= breaker.settings.failure_ratio * breaker.settings.min_requests
        self.ends.clear()

    def is_not_closed_after_failures_alone(self) -> None:
        breaker = self.breaker
        if breaker is None or breaker.state is not CircuitState.CLOSED:
            return
        now_ns, window_ns = self.clock.now_ns, breaker.settings.window_ns
        recent = [(at, failed) for at, failed in self.ends if at > now_ns - window_ns]
        newest = sum(at > now_ns - window_ns * 9 // 10 for at, _ in recent)
        assert newest <= breaker.settings.min_requests or not all(failed for _, failed in recent)

    def take_budget(self) -> bool:
        now_ns = self.clock.now_ns
        if not self.budget.take(now_ns):
            return False
        self.retries.append(now_ns)
        window = [now_ns - BUDGET_WINDOW_NS < at for at in self.retries]
        firsts = sum(now_ns - BUDGET_WINDOW_NS < at for at in self.firsts)
        assert sum(window) <= RATIO * firsts + FLOOR
        return True


Upstreams.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_an_upstream_keeps_its_promises_whatever_happens = Upstreams.TestCase
