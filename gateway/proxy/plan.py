"""What the configuration in force means for a request: the compiled table, and a plan per route made once."""

import random
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from gateway.model.clock import NEVER_NS
from gateway.model.listener import Listener
from gateway.model.route import Route
from gateway.model.snapshot import Snapshot
from gateway.proxy.faults import FaultPlan
from gateway.proxy.overload.shedding import RANKS
from gateway.proxy.retry_plan import RetryPlan
from gateway.routing.rewrite import compile_rewrite
from gateway.routing.table import RouteTable, TableBuilder
from gateway.telemetry.propagation.choosing import Propagators
from gateway.telemetry.propagation.propagator import Propagator
from gateway.upstreams.directory import Directory
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.retry_budget import RetryBudget, RetryBudgets

REPLAYED_AT_MOST: Final = 64 * 1024
_AS_IT_CAME: Final = object()


class RoutePlan:
    """A route with everything about it that need not be worked out again per request."""

    __slots__ = (
        "_by_listener",
        "_propagators",
        "answer_form",
        "criticality",
        "cumulative_weights",
        "deadline_header",
        "depends_on_listener",
        "faults",
        "first_byte_ns",
        "forward_trailers",
        "has_deadline",
        "is_sticky",
        "only_upstream",
        "propagator",
        "replayed_at_most",
        "request_ns",
        "retry",
        "rewrite",
        "route",
        "subset",
        "upstream_idle_ns",
        "upstreams",
    )

    def __init__(
        self,
        route: Route,
        upstreams: list[LiveUpstream],
        propagators: Propagators,
        retry: RetryPlan | None = None,
    ) -> None:
        # What every request reads comes first: attributes lie in this order, and those of many routes are in no cache.
        self.route = route
        self.upstreams = upstreams
        self.only_upstream = upstreams[0] if len(upstreams) == 1 and route.upstreams[0].weight else None
        self.subset = route.subset
        self.propagator = propagators.of_route(route)
        """What deals with trace context; None where nothing does, or where it depends on the listener."""
        self.depends_on_listener = propagators.are_on and self.propagator is None
        header = route.timeouts.deadline_header
        self.has_deadline = route.timeouts.request_ns != NEVER_NS or header is not None
        self.deadline_header = None if header is None else header.encode("ascii")
        self.faults = None if route.faults is None else FaultPlan(route.faults)
        self.retry = retry
        self.rewrite = rewrite = compile_rewrite(route)
        self.answer_form: object = rewrite if rewrite is not None and rewrite.edits_response else _AS_IT_CAME
        """Clients get an answer's head alike from all plans of one form, which most are of."""
        self.is_sticky = any(upstream.sessions is not None for upstream in upstreams)
        """Whether answers may carry a cookie of ours."""
        self.first_byte_ns = route.timeouts.first_byte_ns
        self.criticality = RANKS[route.criticality]
        """0 for a route that is shed last; see overload.shedding."""
        self.cumulative_weights = list(accumulate(target.weight for target in route.upstreams))
        self.forward_trailers = route.forward_trailers
        self.request_ns = route.timeouts.request_ns
        self.replayed_at_most = REPLAYED_AT_MOST
        """How many bytes of a request's body are kept to be sent again."""
        if retry is not None:
            self.first_byte_ns = min(self.first_byte_ns, retry.rule.per_try_timeout_ns)
            self.replayed_at_most = retry.rule.body_buffer
        self.upstream_idle_ns = route.timeouts.upstream_idle_ns
        self._propagators = propagators
        self._by_listener = propagators.by_listener(route) if self.depends_on_listener else {}

    def propagator_for(self, listener: Listener) -> Propagator | None:
        """What deals with the trace context of a request to this listener; None where that is none of our business."""
        # A listener that the configuration no longer has may still have connections.
        return (
            self.propagator
            or self._by_listener.get(listener.name)
            or self._propagators.of_request(listener.trust_incoming, self.route)
        )

    def choose_upstream(self) -> LiveUpstream | None:
        """One of the route's upstreams by weight; None when all weights are zero."""
        if not self.cumulative_weights[-1]:
            return None
        return random.choices(self.upstreams, cum_weights=self.cumulative_weights)[0]


class ActiveConfig:
    """One version of the configuration as a worker runs it; exchanges in flight keep the one they started with."""

    __slots__ = ("_propagators", "_unrouted", "listeners", "revision", "sequence", "snapshot", "table")

    def __init__(self, snapshot: Snapshot, table: RouteTable[RoutePlan], propagators: Propagators) -> None:
        self.snapshot = snapshot
        self.revision = snapshot.revision
        self.sequence = snapshot.sequence
        self.listeners: dict[str, Listener] = {listener.name: listener for listener in snapshot.listeners}
        self._propagators = propagators
        self._unrouted = propagators.by_listener()
        self.table = table

    def propagator_for(self, listener: Listener) -> Propagator | None:
        """As a plan's, for a request to this listener that no route takes."""
        return self._unrouted.get(listener.name) or self._propagators.of_request(listener.trust_incoming)


class Preparation:
    """A configuration being made ready between requests, in steps small enough not to be felt.

    `add` every route, run through `finish`, then `activate`, once.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        directory: Directory,
        budgets: RetryBudgets,
        activate: Callable[[ActiveConfig, list[LiveUpstream]], None],
    ) -> None:
        self._snapshot = snapshot
        self._directory = directory
        self._budgets = budgets
        self._budget_of: dict[str, tuple[RetryBudget, float]] = {}
        self._activate = activate
        self._declared = {upstream.name: upstream for upstream in snapshot.upstreams}
        self._live: dict[str, LiveUpstream] = {}
        self._builder: TableBuilder[RoutePlan] = TableBuilder()
        self._propagators = Propagators(snapshot.telemetry.traces, snapshot.listeners)

    def add(self, route: Route) -> None:
        upstreams = [self._upstream(target.upstream) for target in route.upstreams]
        self._builder.add(route, RoutePlan(route, upstreams, self._propagators, self._retry_plan(route)))

    def _retry_plan(self, route: Route) -> RetryPlan | None:
        rule = route.retries
        if rule is None:
            return None
        budget = self._budgets.of_route(route.name, rule.budget_ratio)
        self._budget_of[route.name] = budget, rule.budget_ratio
        return RetryPlan(rule, budget)

    def _upstream(self, name: str) -> LiveUpstream:
        live = self._live.get(name)
        if live is None:
            live = self._live[name] = self._directory.build(self._declared[name], self._snapshot.zone)
        return live

    def finish(self) -> Iterator[None]:
        for name in self._declared:
            self._upstream(name)
            yield
        yield from self._builder.finish()

    def activate(self) -> None:
        config = ActiveConfig(self._snapshot, self._builder.table, self._propagators)
        self._budgets.activate(self._budget_of)
        self._activate(config, list(self._live.values()))
