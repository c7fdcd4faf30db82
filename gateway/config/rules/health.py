"""Rules between the keys of a health check."""

from typing import Any, Final

from gateway.config.sections import Declared

_OF_HTTP: Final = ("path", "method", "host", "expected_status", "expected_body")


def check_health(upstream: Declared[Any]) -> None:
    """Add what is found to the upstream it is about."""
    if upstream.raw.get("balance") == "consistent_hash" and upstream.raw.get("slow_start", "none") != "none":
        message = "of no use with consistent_hash, whose keys stay where they are; expected only with other balancers"
        upstream.fail(("slow_start",), message)
    health = upstream.raw.get("health")
    active = health.get("active") if isinstance(health, dict) else None
    if not isinstance(active, dict):
        return
    path = ("health", "active")
    if active.get("type") == "tcp":
        for key in _OF_HTTP:
            if key in active:
                upstream.fail((*path, key), "of no use with type tcp; expected only with http")
    elif active.get("method") == "HEAD" and "expected_body" in active:
        upstream.fail((*path, "expected_body"), "an answer to HEAD has no body; expected another method, or none")
