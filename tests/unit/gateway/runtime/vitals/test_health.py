"""The health of an upstream as the supervisor sees it, under random events: checks, suspects, operators, reloads, time.

What must hold after every event, whatever came before it:

- A state follows from what is known now: operators first, then names and checks, then the traffic.
- Never more are ejected at once than the allowed share; one whose time is over is back with the next judgement, and no
  ejection is shorter than the first or longer than the longest.
- The time line alternates: nobody goes down who is down for the same reason, nobody comes up who is up; what it tells last
  is the state. Transitions are counted as often as they are told.
- There is panic exactly while less than the share of those that nobody has drained are usable.
- The workers are told of exactly those that are not fit, whatever operators decided; a drain alone is none of this.
- The counts by state add up to the endpoints there are, and the metrics agree with the states.
"""

from dataclasses import replace
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.model.clock import SECOND_NS
from gateway.model.health import Health, PassiveCheck
from gateway.runtime.health.ejections import Ejection
from gateway.runtime.overrides import Decision, Override
from gateway.runtime.vitals.ejecting import Ejecting
from gateway.runtime.vitals.health import standings_of
from gateway.runtime.vitals.weighing import IN_ROTATION
from gateway.telemetry import catalog
from gateway.wire.control import Suspect
from tests.support.health import ACTIVE, BAD, GOOD, StatesUnderTest, address, orders, running

FIRST_S, LONGEST_S = 10.0, 60.0
PASSIVE: Final = PassiveCheck(eject_for_ns=10 * SECOND_NS, max_eject_for_ns=60 * SECOND_NS)
numbers: Final = st.integers(1, 5)
healths: Final = st.builds(
    Health,
    active=st.sampled_from((None, ACTIVE, replace(ACTIVE, healthy_after=1, unhealthy_after=1))),
    passive=st.none() | st.builds(replace, st.just(PASSIVE), max_ejected_ratio=st.sampled_from((0.1, 0.5, 1.0))),
    panic_below_ratio=st.sampled_from((0.0, 0.5, 1.0)),
)


class SupervisedUpstream(RuleBasedStateMachine):
    """One upstream of one to five endpoints."""

    @initialize(number=numbers, health=healths)
    def start(self, number: int, health: Health) -> None:
        self.under = StatesUnderTest(number)
        self.ejecting = Ejecting(self.under.states, lambda: self.under.now_s)
        self.drained: set[int] = set()
        self.answered: set[int] = set()
        self.new_since: dict[str, int] = {}
        self.follow(number, health)

    def follow(self, number: int, health: Health) -> None:
        if health.active is None or (self.number_and_check()[1] != health.active):
            self.under.verdicts.clear()
        self.number, self.health = number, health
        for gone in [key for key in self.under.verdicts if key[1] not in {address(each + 1) for each in range(number)}]:
            del self.under.verdicts[gone]
        self.under.follow(
            number, active=health.active, passive=health.passive, panic_below_ratio=health.panic_below_ratio
        )
        self.ejecting.follow(running(orders(number, health)))
        here = set(range(1, number + 1))
        # Of one that was gone nothing is told when it comes again: it is another one.
        for each in set(range(1, 6)) - here:
            self.new_since[address(each)] = len(self.under.told.changes)
        self.drained &= here
        self.answered &= here

    def number_and_check(self) -> tuple[int, object]:
        return getattr(self, "number", 0), getattr(self, "health", Health()).active

    # What happens.

    @rule(number=numbers, health=healths)
    def reload(self, number: int, health: Health) -> None:
        self.follow(number, health)

    @rule(number=numbers, is_good=st.booleans(), times=st.integers(1, 3))
    def checks_are_made(self, number: int, is_good: bool, times: int) -> None:
        if self.health.active is not None and number <= self.number:
            self.under.check(number, *[GOOD if is_good else BAD] * times)

    @rule(number=numbers)
    def a_worker_suspects(self, number: int) -> None:
        before = self.out()
        self.ejecting.suspected(Suspect("orders", address(number), 5, "connect_refused"))
        after, passive = self.out(), self.health.passive
        if passive is None or number > self.number:
            assert after == before
        elif number not in before:
            has_room = len(before) + 1 <= self.number * passive.max_ejected_ratio
            assert after == (sorted([*before, number]) if has_room else before)

    @rule(number=numbers)
    def an_answer_comes(self, number: int) -> None:
        self.under.states.answered({("orders", address(number))})
        if number <= self.number:
            self.answered.add(number)

    @rule(number=numbers, is_drained=st.booleans())
    def an_operator_decides(self, number: int, is_drained: bool) -> None:
        if number > self.number:
            return
        decision, key = Decision("ana", "disk", 1.0), ("orders", address(number))
        self.under.states.overrides.set(key, Override(drained=decision if is_drained else None))
        self.under.states.decided(key, decision)
        (self.drained.add if is_drained else self.drained.discard)(number)

    @rule(seconds=st.sampled_from((0.5, 5.0, 10.0, 30.0, 200.0)))
    def time_passes(self, seconds: float) -> None:
        self.under.now_s += seconds
        self.ejecting.judge()
        for each in self.here():
            ejection = self.ejection(each)
            assert ejection is None or ejection.until_s > self.under.now_s

    # What must hold.

    def here(self) -> range:
        return range(1, self.number + 1)

    def ejection(self, number: int) -> Ejection | None:
        known = self.under.states.known_of(("orders", address(number)))
        assert known is not None
        return known.ejections.current if known.ejections is not None else None

    def out(self) -> list[int]:
        return [each for each in self.here() if self.ejection(each) is not None]

    def is_fit(self, number: int) -> bool:
        verdict = self.under.verdicts.get(("orders", address(number)))
        return (verdict is None or verdict.is_up is not False) and self.ejection(number) is None

    @invariant()
    def a_state_follows_from_what_is_known(self) -> None:
        for each in self.here():
            verdict = self.under.verdicts.get(("orders", address(each)))
            if each in self.drained:
                expected = "draining"
            elif verdict is not None and verdict.is_up is False:
                expected = "unhealthy"
            elif self.ejection(each) is not None:
                expected = "ejected"
            elif verdict is not None:
                expected = "healthy" if verdict.is_up else "unknown"
            else:
                expected = "healthy" if each in self.answered else "unknown"
            assert self.under.state(each) == expected

    @invariant()
    def ejections_have_their_bounds(self) -> None:
        ejections = [ejection for each in self.here() if (ejection := self.ejection(each)) is not None]
        assert all(FIRST_S <= ejection.for_s <= LONGEST_S for ejection in ejections)
        assert self.health.passive is not None or not ejections

    @invariant()
    def the_time_line_alternates_and_ends_with_the_state(self) -> None:
        last: dict[str, str] = {}
        for at, (endpoint, to, _) in enumerate(self.under.told.changes):
            if at >= self.new_since.get(endpoint, 0):
                assert last.get(endpoint, "up") != to
                last[endpoint] = to
        words = {"unhealthy": "down", "ejected": "ejected", "draining": "draining"}
        for each in self.here():
            told = last.get(address(each), "up")
            assert told == words.get(self.under.state(each), "up")
        assert sum(
            value
            for value in self.under.series(catalog.UPSTREAM_TRANSITIONS).values()
            if isinstance(value, (int, float))
        ) == len(self.under.told.changes)

    @invariant()
    def panic_is_told_while_it_lasts(self) -> None:
        wanted = [each for each in self.here() if each not in self.drained]
        usable = [each for each in wanted if self.under.state(each) in IN_ROTATION]
        is_panic = self.health.is_checked and len(usable) < len(wanted) * self.health.panic_below_ratio
        group = self.under.states.group("orders")
        assert group is not None
        assert group.is_in_panic is is_panic
        assert self.under.series(catalog.UPSTREAM_PANIC)["orders",] == int(is_panic)
        assert (self.under.told.panics[-1][2] if self.under.told.panics else False) is is_panic
        assert group.states.total() == self.number

    @invariant()
    def workers_are_told_of_those_that_are_not_fit(self) -> None:
        told = {each.endpoint for each in standings_of(self.under.states, "orders", self.under.now_s)}
        assert told == {address(each) for each in self.here() if not self.is_fit(each)}
        up = self.under.series(catalog.UPSTREAM_ENDPOINT_UP)
        for each in self.here():
            assert up["orders", address(each)] == int(self.under.state(each) in IN_ROTATION)


SupervisedUpstream.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
test_what_must_hold_of_an_upstream_holds = SupervisedUpstream.TestCase


def test_what_is_ejected_and_then_found_down_is_down() -> None:
    under = StatesUnderTest(2)
    under.follow(2, active=ACTIVE, passive=PASSIVE)
    ejecting = Ejecting(under.states, lambda: under.now_s)
    ejecting.follow(running(orders(2, Health(active=ACTIVE, passive=replace(PASSIVE, max_ejected_ratio=1.0)))))
    under.check(1, GOOD, GOOD)
    ejecting.suspected(Suspect("orders", address(1), 5, "connect_refused"))
    assert under.state(1) == "ejected"
    under.check(1, BAD, BAD, BAD)
    assert under.state(1) == "unhealthy"
