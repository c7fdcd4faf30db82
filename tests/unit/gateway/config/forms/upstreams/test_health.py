"""Health of upstreams in the file: what is written becomes what is checked, and mistakes are told at their keys."""

import json
from typing import Any

import pytest

from gateway.model.health import ActiveCheck, CheckType, Health, PassiveCheck, Question
from tests.unit.gateway.config.conftest import LISTENERS, Load, Reject

SECOND = 1_000_000_000


def upstream(keys: str) -> str:
    return f"{LISTENERS}upstreams: {{orders: {{endpoints: [127.0.0.1:9001], {keys}}}}}\n"


def health(load: Load, keys: str) -> Health:
    (found,) = load(upstream(keys), bare=True).snapshot.upstreams
    return found.health


def test_nothing_is_checked_that_is_not_configured(load: Load) -> None:
    assert health(load, "health: {}") == Health()
    assert not Health().is_checked


def test_each_kind_has_its_defaults(load: Load) -> None:
    assert health(load, "health: {active: {}, passive: {}}") == Health(ActiveCheck(), PassiveCheck())


def test_every_key_is_what_is_checked(load: Load) -> None:
    active = (
        "{path: /live?deep=1, method: POST, host: h.test, expected_status: [204, 300-302], expected_body: ok, interval: 2s, "
        "timeout: 300ms, healthy_after: 1, unhealthy_after: 4, jitter: 0%}"
    )
    passive = (
        "{consecutive_failures: 3, failure_ratio: 40%, latency_factor: 2.5, min_requests: 5, window: 4s, eject_for: 1s, "
        "max_eject_for: 8s, max_ejected: 100%}"
    )
    found = health(load, f"panic_below: 0%, slow_start: 20s, health: {{active: {active}, passive: {passive}}}")
    question = Question(CheckType.HTTP, "/live?deep=1", "POST", "h.test", ((204, 204), (300, 302)), "ok")
    assert found == Health(
        ActiveCheck(question, 2 * SECOND, 2 * SECOND, 300_000_000, 1, 4, 0.0),
        PassiveCheck(3, 0.4, 2.5, 5, 4 * SECOND, 1 * SECOND, 8 * SECOND, 1.0),
        0.0,
        20 * SECOND,
    )


def test_unhealthy_endpoints_may_be_asked_at_another_interval(load: Load) -> None:
    found = health(load, "health: {active: {type: tcp, unhealthy_interval: 1s}}").active
    assert found is not None
    assert (found.question.type, found.interval_ns, found.unhealthy_interval_ns) == (CheckType.TCP, 5 * SECOND, SECOND)


def test_the_canonical_form_reads_back_as_the_same(load: Load) -> None:
    keys = "slow_start: 5s, health: {active: {expected_status: [200, 300-399]}, passive: {failure_ratio: 50%}}"
    first = load(upstream(keys), bare=True)
    shown: dict[str, Any] = json.loads(first.canonical)
    assert shown["upstreams"]["orders"]["health"]["active"]["expected_status"] == [200, "300-399"]
    assert load(first.canonical.decode(), bare=True).snapshot.revision == first.snapshot.revision


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ("active: {path: healthz}", "active.path: got 'healthz'; expected a path that begins with / and has neither"),
        ("active: {expected_status: []}", "active.expected_status: got an empty list; expected"),
        ("active: {expected_status: [299-200]}", "active.expected_status[0]: got '299-200'; expected a status such as"),
        ("active: {expected_status: [600]}", "active.expected_status[0]: got 600; expected a status such as"),
        ("active: {interval: 50ms}", "active.interval: got '50ms'; expected a duration of at least 100ms"),
        ("active: {timeout: none}", "active.timeout: got 'none'; expected a duration such as"),
        ("active: {method: CONNECT}", "active.method: got 'CONNECT'; expected GET, HEAD, OPTIONS or POST"),
        ("active: {healthy_after: 0}", "active.healthy_after: got 0; expected"),
        ("active: {type: grpc}", "active.type: got 'grpc'; expected http or tcp"),
        ("passive: {failure_ratio: 0%}", "passive.failure_ratio: got '0%'; expected a ratio such as 50%, more than 0%"),
        ("passive: {latency_factor: 1}", "passive.latency_factor: got 1; expected a number from 1.1 to 1000, or none"),
        ("passive: {eject: 1s}", "passive.eject: unknown key, perhaps eject_for was meant"),
    ],
)
def test_a_mistake_is_told_at_its_key(reject: Reject, keys: str, error: str) -> None:
    (told,) = reject(upstream(f"health: {{{keys}}}"), bare=True)
    assert told.startswith(f"2: upstreams.orders.health.{error}")
