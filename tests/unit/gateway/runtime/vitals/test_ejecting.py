"""Ejections and returns, with a clock that stands still."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.outcome import Reason
from gateway.net.deadlines import Deadlines
from gateway.runtime.vitals.ejecting import Ejecting
from gateway.runtime.vitals.health import standings_of
from gateway.telemetry import catalog
from gateway.upstreams.directory import Directory
from gateway.wire.control import Suspect
from gateway.wire.report import AttemptCount, Report, UpstreamDelta
from tests.support.health import PASSIVE, StatesUnderTest, address, orders, running
from tests.support.scripted import Clock, ScriptedLoop


class Ejected:
    def __init__(self, number: int = 4, before: "Ejected | None" = None, **passive: object) -> None:
        self.check = replace(PASSIVE, **passive)  # type: ignore[arg-type]
        self.under: StatesUnderTest = StatesUnderTest(
            number, {} if before is None else before.under.states.ejections, passive=self.check
        )
        if before is not None:
            self.under.now_s = before.under.now_s
        self.ejecting = Ejecting(self.under.states, lambda: self.under.now_s)
        self.ejecting.follow(running(orders(number, self.under.states.group("orders").health)))  # type: ignore[union-attr]

    def suspect(self, *numbers: int) -> str:
        """The states that follow, by their first letters."""
        for number in numbers:
            self.ejecting.suspected(Suspect("orders", address(number), 5, "connect_refused"))
        return self.states()

    def after(self, seconds: float) -> str:
        self.under.now_s += seconds
        self.ejecting.judge()
        return self.states()

    def states(self) -> str:
        group = self.under.states.group("orders")
        assert group is not None
        return "".join(self.under.states.of("orders", each).state[0] for each in group.addresses)

    def counted(self, number: int, result: str) -> object:
        return self.under.series(catalog.HEALTH_CHECKS)["orders", address(number), "passive", result]


def test_a_suspect_is_ejected_with_its_proof_and_comes_back_when_its_time_is_over() -> None:
    ejected = Ejected()
    assert ejected.suspect(1) == "euuu"
    status = ejected.under.states.of("orders", address(1))
    assert (status.reason, status.brief) == ("passive", "passive x5")
    assert status.note == "5 failures in a row, at last connect_refused; for 10 s"
    assert ejected.after(9.9) == "euuu"
    assert ejected.after(0.2) == "uuuu"
    assert ejected.under.told.changes == [
        (address(1), "ejected", "passive: 5 failures in a row, at last connect_refused; for 10 s"),
        (address(1), "up", "passive: its ejection is over"),
    ]
    assert (ejected.counted(1, "ejected"), ejected.counted(1, "spared")) == (1, 0)


def test_failing_again_it_is_out_for_longer() -> None:
    ejected = Ejected()
    ejected.suspect(1)
    ejected.after(10)
    ejected.suspect(1)
    assert (ejected.after(10), ejected.after(9.9), ejected.after(0.2)) == ("euuu", "euuu", "uuuu")


def test_no_more_than_the_allowed_share_are_out_at_once() -> None:
    ejected = Ejected()
    assert ejected.suspect(1, 2, 3, 4, 3) == "eeuu"
    assert (ejected.counted(3, "spared"), ejected.counted(4, "spared")) == (2, 1)
    assert ejected.after(10.1) == "uuuu"
    assert ejected.suspect(4, 3, 1) == "uuee"
    alone = Ejected(1)
    assert alone.suspect(1) == "u"
    assert Ejected(1, max_ejected_ratio=1.0).suspect(1) == "e"


def test_one_that_is_out_already_is_not_ejected_twice() -> None:
    ejected = Ejected()
    ejected.suspect(1, 1, 1)
    assert ejected.counted(1, "ejected") == 1
    assert ejected.after(10.1) == "uuuu"


def test_what_stands_out_in_reports_is_ejected_by_the_second() -> None:
    ejected = Ejected(failure_ratio=0.5, min_requests=10)
    delta = UpstreamDelta("orders", attempts=[AttemptCount(address(2), "none", "connect_refused", 50)])
    ejected.ejecting.take(Report(worker=1, sequence=1, at_ns=0, upstreams=[delta]))
    assert ejected.after(1.0) == "ueuu"
    assert ejected.under.states.of("orders", address(2)).brief == "100% failed"
    assert ejected.after(10.1) == "uuuu"
    assert ejected.after(1.0) == "uuuu"


def test_another_snapshot_keeps_ejections_of_endpoints_that_stay_and_without_a_check_ends_them() -> None:
    ejected = Ejected()
    ejected.suspect(1, 2)
    ejected.under.follow(1, passive=ejected.check)
    ejected.ejecting.follow(running())
    assert ejected.states() == "e"
    ejected.under.follow(4, passive=ejected.check)
    ejected.ejecting.follow(running())
    assert ejected.suspect(3, 4) == "eueu"
    ejected.under.follow(4)
    ejected.ejecting.follow(running())
    assert ejected.states() == "uuuu"
    assert ejected.suspect(1) == "uuuu"
    assert ejected.after(100) == "uuuu"


def test_the_next_program_keeps_it_out_for_the_rest_of_its_time_and_the_next_time_for_longer() -> None:
    before = Ejected()
    before.suspect(2)
    before.after(10)
    before.suspect(1, 2)
    before.after(3)
    after = Ejected(before=before)
    assert after.states() == "eeuu"
    assert after.under.states.of("orders", address(2)).note.endswith("for 20 s")
    assert after.suspect(3) == "eeuu"  # As many are out as may be.
    assert (after.after(6.9), after.after(0.2), after.after(9.8), after.after(0.2)) == ("eeuu", "ueuu", "ueuu", "uuuu")
    after.suspect(2)
    assert (after.after(39.9), after.after(0.2)) == ("ueuu", "uuuu")


def test_a_suspect_that_is_unknown_is_nobody() -> None:
    ejected = Ejected()
    ejected.ejecting.suspected(Suspect("gone", "127.0.0.1:1", 5, "connect_refused"))
    assert ejected.states() == "uuuu"


events = st.lists(
    st.one_of(
        st.tuples(st.just("suspect"), st.integers(1, 5)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("reload"), st.integers(1, 5)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(
    number=st.integers(1, 5),
    share=st.sampled_from((0.0, 0.34, 0.5, 1.0)),
    panic=st.sampled_from((0.0, 0.5)),
    events=events,
)
def test_whatever_happens_no_more_are_out_than_may_be_nobody_for_ever_and_a_worker_chooses_nobody_who_is(
    number: int, share: float, panic: float, events: list[tuple[str, int]]
) -> None:
    ejected = Ejected(number, max_ejected_ratio=share)
    states = ejected.under.states
    group = states.group("orders")
    assert group is not None
    health = replace(group.health, panic_below_ratio=panic)
    size = number

    def follow() -> None:
        snapshot = running(orders(size, health))
        states.follow(snapshot, {})
        ejected.ejecting.follow(snapshot)

    follow()
    before = 0
    clock = Clock()
    with clock.installed():
        loop = ScriptedLoop(clock)
        directory = Directory(loop, Deadlines(loop), Observer())
        for what, amount in [*events, ("wait", 1000)]:
            if what == "suspect":
                ejected.suspect(amount)
            elif what == "wait":
                ejected.after(amount)
            else:
                size = amount
                follow()
            found = ejected.states()
            if what != "reload":  # One that shrinks the upstream leaves those out who are.
                most = max(size * share, before)
                assert found.count("e") <= most
            before = found.count("e")
            live = directory.build(orders(size, health))
            directory.activate([live])
            directory.set_standings({"orders": standings_of(states, "orders", ejected.under.now_s)})
            chosen = {
                endpoint.address for _ in range(8 * size) if (endpoint := live.balancer.pick(b"", None)) is not None
            }
            in_panic = size - before < size * panic
            out = {address(each) for each, state in enumerate(found, start=1) if state == "e"}
            assert chosen == {address(each) for each in range(1, size + 1)} - (set() if in_panic else out)
        assert before == 0
        loop.end()


class Observer:
    def upstream_connection_opened(self, _upstream: str, _result: Reason) -> None:
        """Nothing is opened."""

    def upstream_connection_closed(self, _upstream: str, _reason: str) -> None:
        """Nor closed."""

    def upstream_rejected(self, _upstream: str, _reason: Reason) -> None:
        """Nor refused."""
