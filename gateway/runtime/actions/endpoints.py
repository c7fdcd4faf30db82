"""Draining an endpoint, giving it back, and weighing it otherwise than the configuration does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol
from urllib.parse import quote

import msgspec
import structlog

from gateway.admin.state import Expected, NotAsExpected
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.runtime.actions.preview import Effect, Standing
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.overrides import Decision, Key, Override
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry.history.history import History
from gateway.wire.actions import EndpointAction, EndpointActionRequest, EndpointEffectView, InverseView

_INVERSE: Final[dict[EndpointAction, EndpointAction]] = {"drain": "undrain", "undrain": "drain", "weight": "weight"}

_log = structlog.get_logger("sightline.admin")


class WeightObserver(Protocol):
    """The time line of incidents."""

    def endpoint_weighed(self, upstream: str, endpoint: str, weight: int, actor: str, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the running gateway."""

    snapshot: Callable[[], Snapshot]
    loads: Mapping[int, WorkerLoad]
    history: History


class EndpointActions:
    """Acts on the supervisor's loop; the workers are told before a call returns."""

    def __init__(
        self,
        facts: Facts,
        states: EndpointStates,
        observer: WeightObserver,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """clock: Unix seconds."""
        self._facts = facts
        self._overrides = states.overrides
        self._states = states
        self._observer = observer
        self._clock = clock

    def act(
        self,
        key: Key,
        action: EndpointAction,
        wanted: EndpointActionRequest,
        *,
        expected: Expected | None,
        dry_run: bool,
        actor: str,
    ) -> EndpointEffectView | None:
        """Do it, or tell what it would do. None where there is no such endpoint. Raises NotAsExpected."""
        upstream = next((each for each in self._facts.snapshot().upstreams if each.name == key[0]), None)
        if upstream is None or key[1] not in {endpoint.address for endpoint in upstream.endpoints}:
            return None
        if not self._states.knows(key):
            return None  # A reload that is not over has taken it away; what was decided now would wait for its return.
        if expected is not None and not self._is_as(expected):
            raise NotAsExpected(self._facts.snapshot().sequence, self.etag)
        before = self._overrides.of(key)
        decision = Decision(actor, wanted.reason, self._clock())
        after = _decided(before, action, None if wanted.weight == self._configured(key) else wanted.weight, decision)
        effect = self._effect(upstream, key, action, after)
        view = effect.view(self.etag)
        if _says(after) == _says(before):
            return msgspec.structs.replace(view, outcome="unchanged", summary=_as_it_is(key, action, before), tier=1)
        view = msgspec.structs.replace(view, undo=_inverse(key, action, before))
        if dry_run:
            return view
        self._overrides.set(key, after)
        self._note(key, action, effect, decision)
        return msgspec.structs.replace(view, outcome="applied", etag=self.etag)

    @property
    def etag(self) -> str:
        return f"{self._facts.snapshot().sequence}.{self._overrides.version}"

    def _is_as(self, expected: Expected) -> bool:
        is_sequence = expected.sequence == self._facts.snapshot().sequence
        return is_sequence and expected.version in {None, self._overrides.version}

    def _note(self, key: Key, action: EndpointAction, effect: Effect, decision: Decision) -> None:
        """Who did what, where it is looked for: in the operational log, and in the incidents."""
        _log.info(
            "endpoint_action", action=action, upstream=key[0], endpoint=key[1], actor=decision.actor,
            reason=decision.reason, in_flight=effect.in_flight,
        )  # fmt: skip
        if action == "weight":
            weight = self._overrides.of(key).weight or self._configured(key)
            self._observer.endpoint_weighed(*key, weight, decision.actor, decision.reason)
        else:
            self._states.decided(key, decision)

    def _configured(self, key: Key) -> int:
        upstreams = self._facts.snapshot().upstreams
        return next(
            endpoint.weight
            for upstream in upstreams
            for endpoint in upstream.endpoints
            if (upstream.name, endpoint.address) == key
        )

    def _effect(self, upstream: Upstream, key: Key, action: EndpointAction, after: Override) -> Effect:
        endpoints, target = [], None
        for endpoint in upstream.endpoints:
            here = (upstream.name, endpoint.address)
            stands = self._overrides.of(here)
            weight, new = stands.weight_in_force(endpoint.weight), stands if here != key else after
            is_reachable = self._states.is_reachable(here)
            standing = Standing(
                endpoint.address,
                weight if is_reachable else 0,
                new.weight_in_force(endpoint.weight) if is_reachable else 0,
                self._facts.history.recent(("endpoint", f"{upstream.name}/{endpoint.address}")).rate,
            )
            endpoints.append(standing)
            target = standing if here == key else target
        assert target is not None
        pools = [pool for load in self._facts.loads.values() for pool in load.pools]
        in_flight = sum(pool.in_flight for pool in pools if (pool.upstream, pool.endpoint) == key)
        return Effect(action, upstream.name, target, endpoints, in_flight)


def _decided(
    before: Override, action: EndpointAction, weight: int | msgspec.UnsetType | None, decision: Decision
) -> Override:
    if action == "drain":
        return replace(before, drained=decision)
    if action == "undrain":
        return replace(before, drained=None)
    if weight is msgspec.UNSET or weight is None:
        return replace(before, weight=None, weighed=None)
    return replace(before, weight=weight, weighed=decision)


def _says(override: Override) -> tuple[bool, int | None]:
    return override.drained is not None, override.weight


def _as_it_is(key: Key, action: EndpointAction, stands: Override) -> str:
    if action == "undrain":
        return f"{key[1]} is not drained; nothing would change"
    if action == "drain" and stands.drained is not None:
        return f"{key[1]} is drained already, by {stands.drained.actor}; nothing would change"
    return f"{key[1]} has this weight already; nothing would change"


def _inverse(key: Key, action: EndpointAction, before: Override) -> InverseView:
    name = _INVERSE[action]
    path = f"/api/v1/upstreams/{quote(key[0], safe='')}/endpoints/{quote(key[1], safe='')}/{name}"
    return InverseView(action=name, path=path, weight=before.weight if action == "weight" else msgspec.UNSET)
