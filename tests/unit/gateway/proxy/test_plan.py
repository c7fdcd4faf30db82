"""What the configuration in force means for a request, prepared between requests and put in force at once."""

from dataclasses import replace

from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.route import RouteTimeouts, WeightedUpstream
from gateway.model.snapshot import Snapshot, TelemetrySettings, TraceSettings
from gateway.model.tracing import TrustIncoming
from gateway.model.upstream import Endpoint, Upstream
from gateway.net.deadlines import Deadlines
from gateway.proxy.plan import ActiveConfig, Preparation, RoutePlan
from gateway.telemetry.propagation.choosing import Propagators
from gateway.upstreams.directory import Directory
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.retry_budget import RetryBudgets
from tests.support.requests import PUBLIC, config_of, plan_of, propagators_of, route_of
from tests.support.scripted import Clock, ScriptedLoop


class Observer:
    def upstream_connection_opened(self, _upstream: str, _result: Reason) -> None:
        """Nothing is opened here."""

    def upstream_connection_closed(self, _upstream: str, _reason: str) -> None:
        """Nor closed."""

    def upstream_rejected(self, _upstream: str, _reason: Reason) -> None:
        """Nor this."""


def live(*names: str) -> list[LiveUpstream]:
    return [LiveUpstream(Upstream(name, ()), []) for name in names]


def split(*weights: int) -> RoutePlan:
    targets = tuple(WeightedUpstream(f"u{number}", weight) for number, weight in enumerate(weights))
    return RoutePlan(route_of(upstreams=targets), live(*(target.upstream for target in targets)), propagators_of())


def test_a_route_of_one_upstream_needs_no_choice() -> None:
    plan = split(1)
    assert plan.only_upstream is plan.upstreams[0]
    assert split(1, 1).only_upstream is None


def test_an_upstream_is_chosen_by_weight() -> None:
    plan = split(3, 0, 1)
    chosen = [plan.choose_upstream() for _ in range(4_000)]
    counts = [chosen.count(upstream) for upstream in plan.upstreams]
    assert counts[1] == 0
    assert 2_700 < counts[0] < 3_300


def test_where_all_weights_are_zero_none_is_chosen() -> None:
    assert split(0, 0).choose_upstream() is None


def test_the_limits_of_a_route_are_at_hand() -> None:
    plan = plan_of(route_of(timeouts=RouteTimeouts(first_byte_ns=SECOND_NS), forward_trailers=True))
    assert (plan.request_ns, plan.first_byte_ns) == (NEVER_NS, SECOND_NS)
    assert plan.forward_trailers
    assert plan.rewrite is None


def test_without_propagation_there_is_nobody_to_ask_for_it() -> None:
    assert config_of(propagate=False).propagator_for(PUBLIC) is None
    assert config_of(propagate=True).propagator_for(PUBLIC) is not None
    assert config_of().listeners == {"public": PUBLIC}


def test_a_preparation_puts_everything_in_force_together() -> None:
    activated: list[tuple[ActiveConfig, list[LiveUpstream]]] = []
    clock = Clock()
    loop = ScriptedLoop(clock)
    directory = Directory(loop, Deadlines(loop), Observer())
    upstreams = tuple(Upstream(name, (Endpoint("127.0.0.1:1", "127.0.0.1", 1),)) for name in ("used", "unused"))
    route = route_of(upstreams=(WeightedUpstream("used"),))
    telemetry = TelemetrySettings(traces=TraceSettings(propagate=False))
    snapshot = Snapshot("abc", 7, (PUBLIC,), upstreams, (), telemetry)
    preparation = Preparation(snapshot, directory, RetryBudgets(1), lambda *prepared: activated.append(prepared))
    preparation.add(route)
    for _ in preparation.finish():
        assert activated == []
    preparation.activate()
    ((config, prepared),) = activated
    assert (config.revision, config.sequence) == ("abc", 7)
    assert [upstream.name for upstream in prepared] == ["used", "unused"]
    found = config.table.match("public", "a.test", "GET", "/", None, [], "192.0.2.1")
    assert found is not None
    assert found.only_upstream is prepared[0]
    loop.end()


def test_a_plan_knows_beforehand_who_deals_with_trace_context() -> None:
    strangers = replace(PUBLIC, name="strangers", trust_incoming=TrustIncoming.IGNORE)
    gone = replace(PUBLIC, name="gone", trust_incoming=TrustIncoming.LINK)
    plan = plan_of(propagators=Propagators(TraceSettings(), (PUBLIC, strangers)))
    assert plan.propagator is None
    found = [plan.propagator_for(listener) for listener in (PUBLIC, strangers, gone)]
    assert [propagator is not None and propagator.accepts for propagator in found] == [True, False, False]
    assert None not in found
    assert plan.propagator_for(PUBLIC) is plan.propagator_for(PUBLIC)
    only = plan_of(propagators=Propagators(TraceSettings(), (PUBLIC,)))
    assert only.propagator is only.propagator_for(PUBLIC) is only.propagator_for(gone)
