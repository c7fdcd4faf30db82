"""Ejections and returns, with a clock that stands still."""

from dataclasses import replace

from gateway.runtime.vitals.ejecting import Ejecting
from gateway.telemetry import catalog
from gateway.wire.control import Suspect
from gateway.wire.report import AttemptCount, Report, UpstreamDelta
from tests.support.health import PASSIVE, StatesUnderTest, address, orders, running


class Ejected:
    def __init__(self, number: int = 4, **passive: object) -> None:
        self.check = replace(PASSIVE, **passive)  # type: ignore[arg-type]
        self.under = StatesUnderTest(number, passive=self.check)
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
        (address(1), "down", "passive: 5 failures in a row, at last connect_refused; for 10 s"),
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


def test_a_suspect_that_is_unknown_is_nobody() -> None:
    ejected = Ejected()
    ejected.ejecting.suspected(Suspect("gone", "127.0.0.1:1", 5, "connect_refused"))
    assert ejected.states() == "uuuu"
