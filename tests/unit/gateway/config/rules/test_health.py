"""Rules between the keys of a health check."""

import pytest

from tests.unit.gateway.config.conftest import LISTENERS, Load, Reject


@pytest.mark.parametrize(
    ("active", "error"),
    [
        ("{type: tcp, path: /x}", "path: of no use with type tcp; expected only with http"),
        ("{method: HEAD, expected_body: ok}", "expected_body: an answer to HEAD has no body; expected another method"),
    ],
)
def test_keys_that_cannot_act_are_refused(reject: Reject, active: str, error: str) -> None:
    text = f"{LISTENERS}upstreams: {{a: {{endpoints: [127.0.0.1:1], health: {{active: {active}}}}}}}\n"
    (told,) = reject(text, bare=True)
    assert told.startswith(f"2: upstreams.a.health.active.{error}")


def test_a_check_of_connections_alone_is_accepted(load: Load) -> None:
    text = f"{LISTENERS}upstreams: {{a: {{endpoints: [127.0.0.1:1], health: {{active: {{type: tcp}}}}}}}}\n"
    assert load(text, bare=True).warnings == ()
