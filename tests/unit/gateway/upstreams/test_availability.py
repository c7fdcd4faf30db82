"""Which endpoints may be chosen, how much they weigh while they start slowly, and what is said when there is none."""

import pytest

from gateway.model.clock import SECOND_NS
from gateway.model.health import Health, PassiveCheck
from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.upstreams.availability import is_panic
from gateway.upstreams.directory import Directory
from gateway.wire.control import EndpointOverride, EndpointStanding
from tests.support.scripted import Clock, ScriptedLoop
from tests.unit.gateway.upstreams.test_directory import activate

ENDPOINTS = tuple(Endpoint(f"127.0.0.1:{port}", "127.0.0.1", port) for port in (9001, 9002, 9003, 9004))
CHECKED = Health(passive=PassiveCheck())
CALM = Health(passive=PassiveCheck(), panic_below_ratio=0.0)


def ejected(*ports: int) -> dict[str, list[EndpointStanding]]:
    return {"orders": [EndpointStanding(f"127.0.0.1:{port}", "ejected", "passive x5") for port in ports]}


@pytest.mark.parametrize(
    ("usable", "wanted", "below", "panic"),
    [(2, 4, 0.5, False), (1, 4, 0.5, True), (0, 4, 0.0, False), (0, 0, 0.5, False), (3, 4, 1.0, True)],
)
def test_panic_is_a_share_of_usable_endpoints_below_a_limit(
    usable: int, wanted: int, below: float, panic: bool
) -> None:
    assert is_panic([(usable, wanted)], below, 0.7) is panic


@pytest.mark.parametrize(
    ("groups", "panic"),
    [([(0, 3), (1, 1)], False), ([(0, 9), (3, 4)], False), ([(1, 9), (1, 4)], True), ([(0, 3), (0, 3)], True)],
)
def test_there_is_no_panic_while_another_group_makes_up_for_what_is_missing(
    groups: list[tuple[int, int]], panic: bool
) -> None:
    assert is_panic(groups, 0.5, 0.7) is panic


def test_a_group_that_is_gone_is_left_alone_while_the_standby_serves(directory: Directory) -> None:
    standby = Endpoint("127.0.0.1:9009", "127.0.0.1", 9009, priority=1)
    (live,) = activate(directory, Upstream("orders", (*ENDPOINTS, standby), health=CHECKED))
    directory.set_standings(ejected(9001, 9002, 9003, 9004))
    assert {live.balancer.pick(b"", None) for _ in range(20)} == {live.endpoints[-1]}
    directory.set_standings(ejected(9001, 9002, 9003, 9004, 9009))
    assert {live.balancer.pick(b"", None) for _ in range(50)} == set(live.endpoints[:-1]), "now it is panic"


def test_what_is_ejected_may_not_be_chosen_unless_too_few_are_left(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", ENDPOINTS, health=CHECKED))

    def available() -> list[bool]:
        return [endpoint.is_available for endpoint in live.endpoints]

    directory.set_standings(ejected(9001, 9002))
    assert available() == [False, False, True, True]
    directory.set_standings(ejected(9001, 9002, 9003))
    assert available() == [True, True, True, True]
    directory.set_overrides([EndpointOverride("orders", ENDPOINTS[0].address, is_drained=True)])
    assert available() == [False, True, True, True]
    directory.set_standings({"users": [], "orders": []})
    assert available() == [False, True, True, True]


def test_what_is_known_before_a_configuration_comes_holds_in_it(directory: Directory) -> None:
    directory.set_standings(ejected(9001))
    upstream = Upstream("orders", ENDPOINTS, health=CHECKED)
    prepared = directory.build(upstream)
    directory.set_standings(ejected(9002))
    directory.activate([prepared])
    assert [endpoint.is_available for endpoint in prepared.endpoints] == [True, False, True, True]


def test_what_is_said_when_there_is_none(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", ENDPOINTS, health=CALM))
    directory.set_standings(ejected(9001, 9002, 9003, 9004))
    assert live.balancer.pick(b"", None) is None
    assert live.why_none(()) == "no healthy endpoint: 4 of 4 ejected (passive x5); panic off"
    directory.set_standings(
        {"orders": [*ejected(9001, 9002)["orders"], EndpointStanding("127.0.0.1:9003", "unhealthy", "connect refused")]}
    )
    directory.set_overrides([EndpointOverride("orders", "127.0.0.1:9004", is_drained=True)])
    assert live.why_none(()) == (
        "no healthy endpoint: 2 of 4 ejected (passive x5), 1 of 4 unhealthy (connect refused), 1 of 4 drained; panic off"
    )


def test_without_checks_only_drains_are_told(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", ENDPOINTS[:1]))
    directory.set_overrides([EndpointOverride("orders", ENDPOINTS[0].address, is_drained=True)])
    assert live.why_none(()) == "no healthy endpoint: 1 of 1 drained"


def test_an_endpoint_that_came_back_gets_its_share_in_steps(
    directory: Directory, loop: ScriptedLoop, clock: Clock
) -> None:
    upstream = Upstream("orders", ENDPOINTS[:2], Balance.ROUND_ROBIN, health=Health(slow_start_ns=10 * SECOND_NS))
    (live,) = activate(directory, upstream)
    before = live.balancer

    def share() -> float:
        picked = [live.balancer.pick(b"", None) for _ in range(220)]
        return picked.count(live.endpoints[0]) / len(picked)

    directory.set_standings(
        {"orders": [EndpointStanding(ENDPOINTS[0].address, "healthy", "", 10 * SECOND_NS, 2 * SECOND_NS)]}
    )
    shares = [share()]
    for _ in range(9):
        clock.now_ns += SECOND_NS
        loop.settle()
        shares.append(share())
    assert shares[0] == pytest.approx(3 / 13, abs=0.01)
    assert shares == sorted(shares)
    assert shares[-1] == 0.5
    assert [endpoint.weight for endpoint in live.endpoints] == [1, 1]
    assert live.balancer is not before
    settled = live.balancer
    clock.now_ns += 10 * SECOND_NS
    loop.settle()
    assert live.balancer is settled


def test_a_subset_without_endpoints_says_so(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", ENDPOINTS, subsets=((("tier", "gold"),),)))
    assert live.why_none((("tier", "gold"),)) == "no healthy endpoint: none has the labels of the route"
