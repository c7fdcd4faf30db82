"""Which values are secrets by their place."""

import pytest

from gateway.config.secrets import Path, is_secret, secret_places


@pytest.mark.parametrize(
    "path",
    [
        ("admin", "tokens", 0, "token"),
        ("telemetry", "access_log", "sinks", 0, "splunk", "token"),
        ("telemetry", "access_log", "sinks", 0, "loki", "password"),
        ("telemetry", "access_log", "sinks", 0, "elasticsearch", "api_key"),
        ("telemetry", "access_log", "sinks", 0, "otlp", "headers", "X-Anything"),
        ("routes", 0, "match", "headers", "authorization"),
        ("routes", 0, "match", "headers", "X-Api-Key", "exact"),
        ("routes", 0, "match", "query", "access_token"),
        ("routes", 0, "rewrite", "headers", "set", "Cookie"),
        ("routes", 0, "respond", "headers", "X-Client-Secret"),
    ],
)
def test_a_secret_is_known_by_its_place(path: Path) -> None:
    assert is_secret(path)


@pytest.mark.parametrize(
    "path",
    [
        ("admin", "tokens", 0, "token_file"),
        ("admin", "tokens", 0, "name"),
        ("telemetry", "access_log", "sinks", 0, "splunk", "url"),
        ("upstreams", "secret", "balance"),
        ("routes", 0, "match", "headers", "x-tenant"),
        ("routes", 0, "name"),
    ],
)
def test_other_values_are_shown(path: Path) -> None:
    assert not is_secret(path)


def test_secret_places_are_found_in_whatever_is_there() -> None:
    assert list(
        secret_places({"admin": 5, "routes": [5, {"match": 5}, {"match": {"query": {"token": 5, "v": 6}}}]})
    ) == [("routes", 2, "match", "query", "token")]


def test_secrets_of_sinks_are_found_in_whatever_is_there() -> None:
    sinks = [5, {"file": {"path": "/a"}, "loki": 5}, {"splunk": {"token": "x", "headers": {"X-A": "b"}, "url": "c"}}]
    assert list(secret_places({"telemetry": {"access_log": {"sinks": sinks}}})) == [
        ("telemetry", "access_log", "sinks", 2, "splunk", "token"),
        ("telemetry", "access_log", "sinks", 2, "splunk", "headers", "X-A"),
    ]
