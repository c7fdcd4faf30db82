"""When which endpoint is asked, by a clock that stands still."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.health import ActiveCheck, Health, Question
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.health import prober as prober_module
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.prober import Key, Prober
from gateway.runtime.health.verdict import Verdict
from tests.support.health import BAD, GOOD, address, orders, running
from tests.support.scripted import Clock, ScriptedLoop

STEADY = ActiveCheck(interval_ns=1 * SECOND_NS, unhealthy_interval_ns=250 * MILLISECOND_NS, jitter_ratio=0.0)
CHECKED = Health(active=STEADY)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock.installed():
        yield clock


@pytest.fixture
def loop(clock: Clock) -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop(clock)
    yield loop
    loop.end()
    assert loop.errors == []


class Asked:
    """Answers at once, unless it is told to hang, and remembers who was asked where."""

    def __init__(self) -> None:
        self.answers: dict[str, Finding] = {}
        self.asked: Counter[str] = Counter()
        self.places: list[Sequence[str]] = []
        self.hangs = False
        self.most = self.now = 0
        self.is_closed = False

    async def check(self, endpoint: Endpoint, addresses: Sequence[str], check: ActiveCheck) -> Finding:
        del check
        self.asked[endpoint.address] += 1
        self.places.append(addresses)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.now -= 1
        return self.answers.get(endpoint.address, GOOD)

    async def close(self) -> None:
        self.is_closed = True


class Noted:
    def __init__(self) -> None:
        self.checked_keys: list[Key] = []

    def checked(self, key: Key, verdict: Verdict, finding: Finding) -> None:
        assert verdict.last is finding
        self.checked_keys.append(key)


class Probing:
    def __init__(self, loop: ScriptedLoop, clock: Clock) -> None:
        self.loop, self.clock = loop, clock
        self.asked, self.noted = Asked(), Noted()
        self.prober = Prober(self.noted, self.asked)
        self.task = loop.create_task(self.prober.run())

    def follow(self, *upstreams: Upstream) -> dict[Key, Verdict]:
        async def do() -> dict[Key, Verdict]:
            return dict(self.prober.follow(running(*upstreams)))

        return self.loop.run_until_complete(do())

    def pass_time(self, seconds: float) -> Counter[str]:
        """Who was asked meanwhile, and how often."""
        before = self.asked.asked.copy()
        for _ in range(round(seconds / 0.05)):
            self.clock.now_ns += 50 * MILLISECOND_NS
            self.loop.settle()
        return self.asked.asked - before


@pytest.fixture
def probing(loop: ScriptedLoop, clock: Clock) -> Probing:
    return Probing(loop, clock)


def test_each_endpoint_is_asked_once_in_each_interval(probing: Probing) -> None:
    probing.follow(orders(3, CHECKED))
    probing.pass_time(1.1)
    assert set(probing.asked.asked) == {address(1), address(2), address(3)}
    asked = probing.pass_time(10)
    assert all(9 <= count <= 10 for count in asked.values()), asked
    assert set(probing.asked.places) == {("127.0.0.1",)}


def test_the_same_check_of_an_address_in_several_upstreams_is_made_once(probing: Probing) -> None:
    probing.follow(orders(1, CHECKED), orders(1, CHECKED, "copy"))
    assert probing.pass_time(1.1) in (Counter({address(1): 1}), Counter({address(1): 2}))
    assert set(probing.noted.checked_keys) == {("orders", address(1)), ("copy", address(1))}
    other = Health(active=replace(STEADY, question=Question(path="/other")))
    probing.follow(orders(1, CHECKED), orders(1, other, "copy"))
    assert probing.pass_time(10)[address(1)] >= 18


def test_an_unhealthy_endpoint_is_asked_at_its_own_interval(probing: Probing) -> None:
    verdicts = probing.follow(orders(1, CHECKED))
    probing.asked.answers[address(1)] = BAD
    probing.pass_time(4.2)
    assert verdicts["orders", address(1)].is_up is False
    assert 17 <= probing.pass_time(5)[address(1)] <= 20


def test_jitter_spreads_the_checks_about_their_interval(probing: Probing) -> None:
    probing.follow(orders(1, Health(active=replace(STEADY, jitter_ratio=0.5))))
    assert 80 <= probing.pass_time(100)[address(1)] <= 125


def test_another_snapshot_keeps_verdicts_while_the_question_stays(probing: Probing) -> None:
    before = probing.follow(orders(2, CHECKED))
    probing.pass_time(1.1)
    same = probing.follow(orders(1, CHECKED))
    assert same["orders", address(1)] is before["orders", address(1)]
    assert probing.pass_time(3)[address(2)] == 0
    quicker = probing.follow(orders(1, Health(active=replace(STEADY, interval_ns=500 * MILLISECOND_NS))))
    assert quicker["orders", address(1)].is_up is True
    assert probing.pass_time(5)[address(1)] >= 9
    otherwise = probing.follow(orders(1, Health(active=replace(STEADY, question=Question(path="/live")))))
    assert otherwise["orders", address(1)].is_up is None
    assert probing.follow(orders(1, Health())) == {}
    assert probing.pass_time(5) == Counter()


def test_a_name_is_asked_at_its_addresses_once_it_has_some(probing: Probing) -> None:
    named = Upstream("orders", (Endpoint("orders.test:80", "orders.test", 80),), health=CHECKED)
    probing.follow(named)
    assert probing.pass_time(3) == Counter()
    probing.prober.resolved({"orders.test:80": ("192.0.2.1", "192.0.2.2")})
    assert probing.pass_time(3)["orders.test:80"] >= 2
    assert probing.asked.places[0] == ("192.0.2.1", "192.0.2.2")


def test_endpoints_that_hang_hold_up_nobody_beyond_a_bound(
    probing: Probing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prober_module, "AT_ONCE", 30)
    probing.asked.hangs = True
    probing.follow(orders(100, CHECKED))
    probing.pass_time(2)
    assert probing.asked.most == 30
    probing.asked.hangs = False
    probing.task.cancel()
    probing.loop.settle()
    assert (probing.asked.now, probing.asked.is_closed) == (0, True)
    del capsys


def test_more_checks_than_may_be_begun_come_later_and_the_log_says_so(
    probing: Probing, capsys: pytest.CaptureFixture[str]
) -> None:
    probing.follow(orders(1000, CHECKED))
    asked = probing.pass_time(10)
    assert sum(asked.values()) == pytest.approx(prober_module.PER_SECOND * 10, rel=0.05)
    assert max(asked.values()) - min(asked.values()) <= 2
    assert capsys.readouterr().out.count("health_checks_late") == 1
