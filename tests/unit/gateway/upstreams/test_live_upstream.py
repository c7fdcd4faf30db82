"""Which endpoints of an upstream may be chosen."""

from gateway.model.upstream import Endpoint, Upstream
from gateway.upstreams.directory import Directory
from gateway.wire.control import EndpointOverride
from tests.support.scripted import ScriptedLoop
from tests.unit.gateway.upstreams.test_directory import activate, directory

__all__ = ["directory"]

A, B = Endpoint("127.0.0.1:9001", "127.0.0.1", 9001), Endpoint("127.0.0.1:9002", "127.0.0.1", 9002)


def test_a_drained_endpoint_may_not_be_chosen_until_it_is_undrained(directory: Directory, loop: ScriptedLoop) -> None:
    del loop
    (live,) = activate(directory, Upstream("orders", (A, B)))
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    assert [endpoint.is_available for endpoint in live.endpoints] == [False, True]
    assert {live.balancer.pick(b"", None) for _ in range(4)} == {live.endpoints[1]}
    directory.set_overrides([])
    assert [endpoint.is_available for endpoint in live.endpoints] == [True, True]
    assert {live.balancer.pick(b"", None) for _ in range(4)} == set(live.endpoints)


def test_what_is_drained_before_a_configuration_has_it_is_drained_in_it(directory: Directory) -> None:
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    (live,) = activate(directory, Upstream("orders", (A, B)))
    assert [endpoint.is_available for endpoint in live.endpoints] == [False, True]
