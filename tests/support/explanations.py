"""Explanations for tests of the console, as the gateway tells them."""

from typing import Any

from gateway.wire.explain import (
    AppliedView,
    ConsideredView,
    EndpointChoiceView,
    ExplanationView,
    FailedPredicateView,
    UpstreamChoiceView,
)
from gateway.wire.views import PlaceView, ShareView


def place(at: int) -> PlaceView:
    return PlaceView(file="/etc/sightline/gateway.yaml", line=at)


def failed(route: str, key: str, expected: str, actual: str, at: int = 7) -> ConsideredView:
    told = FailedPredicateView(key=key, place=place(at), expected=expected, actual=actual)
    because = f"{key.removeprefix('match.')}: expected {expected}, got {actual}"
    return ConsideredView(route=route, place=place(at - 1), matched=False, because=because, failed=told)


def choice(*reasons: str, upstream: str = "orders") -> UpstreamChoiceView:
    """An endpoint for each reason against it; none is against it where that is empty."""
    endpoints = [
        EndpointChoiceView(
            address=f"10.0.1.{at}:9001", weight=1, eligible=not because, because=because or "nothing speaks against it"
        )
        for at, because in enumerate(reasons, 7)
    ]
    return UpstreamChoiceView(
        upstream=upstream, share=1.0, balance="round_robin", rule="one after the other", endpoints=endpoints
    )


def explanation(**facts: Any) -> ExplanationView:
    """`orders` takes it, but for what `facts` say."""
    taken = ConsideredView(
        route="orders", place=place(22), matched=True, because="orders is the only route that takes the request"
    )
    known: dict[str, Any] = {
        "revision": "412abc", "method": "GET", "host": "api.example.com", "path": "/v1/orders/7", "route": "orders", "status": None,
        "reason": "none", "detail": "orders is the only route that takes the request", "action": "forward",
        "upstreams": [ShareView(upstream="orders", weight=1)], "forwarded_path": "/v1/orders/7", "forwarded_host": "api.example.com",
        "considered": [taken, failed("files", "match.path", "/static/...", "/v1/orders/7")], "place": place(22),
        "applied": AppliedView(first_byte_timeout_ms=15_000.0, request_timeout_ms=2_000.0, limits={"line": 16_384, "headers": 100}),
        "choices": [choice("", "ejected until 14:02:40")], "listener": "public",
    }  # fmt: skip
    return ExplanationView(**(known | facts))
