"""Which values of a configuration are secrets by their place, however they were written."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, TypeAlias

from gateway.model.credentials import carries_credentials

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the root of the file to a value."""

REDACTED: Final = "REDACTED"
"""Stands in a dump where a secret was; refused where it comes back as one."""

_FREELY_NAMED: Final = frozenset({"headers", "query", "set", "add"})
"""Mappings whose keys are names of fields and parameters."""
_FIELD_MAPPINGS: Final = (
    ("match", "headers"),
    ("match", "query"),
    ("rewrite", "headers", "set"),
    ("rewrite", "headers", "add"),
    ("rewrite", "response_headers", "set"),
    ("rewrite", "response_headers", "add"),
    ("respond", "headers"),
    ("faults", "delay", "headers"),
    ("faults", "abort", "headers"),
)
SINKS: Final = ("telemetry", "access_log", "sinks")
"""Where the sinks of access lines are."""
_SINK_SECRETS: Final = frozenset({"token", "password", "api_key"})


def is_secret(path: Path) -> bool:
    """Whether a value at this path is never shown: a token, or a field or parameter that carries credentials."""
    if path[:1] == ("admin",):
        return path[-1] == "token"
    if path[:1] == ("upstreams",) and path[-2:] == ("sticky", "secret"):
        return True
    if path[: len(SINKS)] == SINKS:
        return path[-1] in _SINK_SECRETS or "headers" in path[:-1]
    return any(
        mapping in _FREELY_NAMED and isinstance(name, str) and carries_credentials(name)
        for mapping, name in pairwise(path)
    )


def secret_places(root: dict[str, Any]) -> Iterator[Path]:
    """Where a configuration, as read or as dumped, holds secrets. Parts of the wrong type are passed over."""
    tokens = _at(root, ("admin", "tokens"))
    for index, token in enumerate(tokens if isinstance(tokens, list) else ()):
        if isinstance(token, dict) and "token" in token:
            yield ("admin", "tokens", index, "token")
    yield from _sink_secrets(root)
    upstreams = root.get("upstreams")
    for name, upstream in upstreams.items() if isinstance(upstreams, dict) else ():
        sticky = _at(upstream, ("sticky",))
        if isinstance(sticky, dict) and "secret" in sticky:
            yield ("upstreams", name, "sticky", "secret")
    routes = root.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        for keys in _FIELD_MAPPINGS:
            mapping = _at(route, keys)
            if mapping and isinstance(mapping, dict):
                yield from (("routes", index, *keys, name) for name in mapping if carries_credentials(name))


def _sink_secrets(root: dict[str, Any]) -> Iterator[Path]:
    """Credentials of sinks, and every header field that is sent to one."""
    sinks = _at(root, SINKS)
    for index, sink in enumerate(sinks if isinstance(sinks, list) else ()):
        for kind, target in sink.items() if isinstance(sink, dict) else ():
            path: Path = (*SINKS, index, kind)
            for key in target if isinstance(target, dict) else ():
                if key in _SINK_SECRETS:
                    yield (*path, key)
            headers = _at(target, ("headers",))
            for name in headers if isinstance(headers, dict) else ():
                yield (*path, "headers", name)


def value_at(root: Any, path: Path) -> Any:
    for step in path:
        root = root[step]
    return root


def _at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
