"""Which alert is meant, and what silences it."""

import json

import pytest

from console.state.alerting.alerts import ALERTS, named, of_objective, silence
from console.state.alerting.merging import PrometheusAlert, brought_together
from console.state.messages import Answered, Linked
from console.state.model import Model
from tests.unit.console.screens.alerts_scene import ALERT_LIST, BURNING, CALM, SPENT

DOWN = {"alertname": "GatewayDown", "severity": "critical", "instance": "a:1"}


def test_an_objective_finds_the_alert_about_it() -> None:
    found = of_objective(ALERT_LIST.alerts, BURNING)
    assert found is not None
    assert found.name == "GatewayErrorBudgetBurnFast"
    assert of_objective(ALERT_LIST.alerts, SPENT) is None
    assert of_objective(ALERT_LIST.alerts, CALM) is None


def test_one_alert_is_silenced_by_its_labels_and_several_by_their_name() -> None:
    siblings = brought_together(
        [PrometheusAlert(DOWN | {"instance": each}, "firing") for each in ("a:1", "b:1")], [], []
    )
    one = json.loads(silence(named(siblings, siblings[1].key), 1800, 1_769_846_400.0, "ana").body)
    assert {each["name"]: each["value"] for each in one["matchers"]} == siblings[1].labels
    assert (one["startsAt"], one["endsAt"]) == ("2026-01-31T08:00:00.000Z", "2026-01-31T08:30:00.000Z")
    assert one["createdBy"] == "ana"
    both = json.loads(silence(named(siblings, "gatewaydown"), 60, 0.0, "ana").body)
    assert both["matchers"] == [{"name": "alertname", "value": "GatewayDown", "isRegex": False, "isEqual": True}]


def test_a_silence_is_of_something_and_not_for_ever() -> None:
    with pytest.raises(ValueError, match="no such alert"):
        silence(named(ALERT_LIST.alerts, "Nothing"), 60, 0.0, "ana")
    with pytest.raises(ValueError, match="at most 7 days"):
        silence(ALERT_LIST.alerts, 8 * 86_400, 0.0, "ana")


def test_what_others_say_does_not_make_a_gateway_heard() -> None:
    model = Model()
    model.take(Linked("broken", "gone", 2.0))
    model.take(Answered(ALERTS, ALERT_LIST))
    assert model.view(ALERTS) == ALERT_LIST
    assert model.link.state == "broken"
