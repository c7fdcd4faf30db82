"""Example answers of the calls that act on single objects."""

from typing import Final

from gateway.wire.actions import (
    EndpointActionRequest,
    EndpointEffectView,
    EndpointLoadView,
    InverseView,
    ObjectTextView,
    UpgradeRequest,
    UpgradeView,
)
from gateway.wire.views import ProblemView

DRAIN: Final = EndpointActionRequest(reason="disk is full")
WEIGHT: Final = EndpointActionRequest(reason="half of the memory", weight=1)

EFFECT: Final = EndpointEffectView(
    outcome="preview",
    action="drain",
    upstream="orders",
    address="10.0.0.7:9001",
    summary=("removes 1 of 4; 3 left, the busiest at an estimated 13.3/s (10.2/s now); 3 in flight will finish"),
    tier=1,
    etag="3.0",
    endpoints=4,
    available_before=4,
    available_after=3,
    share_removed=0.25,
    in_flight=3,
    rate=40.0,
    highest_before=10.2,
    highest_after=13.333,
    loads=[
        EndpointLoadView(
            address="10.0.0.7:9001",
            weight_before=1,
            weight_after=0,
            share_before=0.25,
            share_after=0.0,
            rate_before=9.9,
            rate_after=0.0,
        )
    ],
    loads_left_out=3,
    undo=InverseView(action="undrain", path="/api/v1/upstreams/orders/endpoints/10.0.0.7%3A9001/undrain"),
)

OBJECT: Final = ObjectTextView(
    kind="route",
    name="orders",
    text="name: orders\nmatch: {path: '/v1/orders/{id}'}\nupstream: orders\n",
    revision="3f2a9c0d81be",
    sequence=3,
    file="file:gateway.yaml",
    line=17,
)

WHY_UPGRADE: Final = UpgradeRequest(reason="version 1.4.2")
UPGRADE: Final = UpgradeView(pid=4242, version="1.4.1", incident=19, within_s=95.0)

NOT_UPGRADABLE: Final = ProblemView(
    title="Conflict", status=409, reason="not_upgradable", detail="an upgrade is under way already"
)
NO_ENDPOINT: Final = ProblemView(
    title="Not Found", status=404, reason="not_found", detail="the running configuration has no such endpoint"
)
NO_OBJECT: Final = ProblemView(
    title="Not Found",
    status=404,
    reason="not_found",
    detail="the running configuration has no object of this kind and name",
)
CONFLICT: Final = ProblemView(
    title="Precondition Failed",
    status=412,
    reason="conflict",
    detail="something has changed since this was looked at; look again before changing it",
    sequence=4,
)
