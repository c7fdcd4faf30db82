"""What Prometheus and Alertmanager know, brought together."""

from console.state.alerting.alerts import Alert
from console.state.alerting.merging import ManagedAlert, ManagedStatus, PrometheusAlert, Silence, brought_together

DOWN = {"alertname": "GatewayDown", "severity": "critical", "instance": "a:1"}


def managed(labels: dict[str, str], silenced: tuple[str, ...] = (), inhibited: tuple[str, ...] = ()) -> ManagedAlert:
    return ManagedAlert(labels, ManagedStatus("active", list(silenced), list(inhibited)), {}, "2026-01-31T07:00:00Z")


def told(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.name, alert.state) for alert in alerts]


def test_an_alert_that_both_know_is_told_once_with_what_alertmanager_makes_of_it() -> None:
    found = brought_together(
        [PrometheusAlert(DOWN, "firing")], [managed(DOWN | {"cluster": "eu"}, inhibited=("x",))], []
    )
    assert told(found) == [("GatewayDown", "inhibited")]
    assert found[0].labels["cluster"] == "eu"


def test_what_only_one_of_them_knows_is_told_too_the_most_urgent_first() -> None:
    other, warning = DOWN | {"instance": "b:1"}, DOWN | {"alertname": "Slow", "severity": "warning"}
    found = brought_together(
        [PrometheusAlert(DOWN, "pending"), PrometheusAlert(warning, "firing")], [managed(other), managed(DOWN | {"x": "y"}, ("s",))], []
    )  # fmt: skip
    assert told(found) == [("GatewayDown", "firing"), ("Slow", "firing"), ("GatewayDown", "silenced")]


def test_of_several_silences_the_last_to_end_is_told() -> None:
    silences = [Silence("a", "2026-01-31T09:00:00Z", "ana"), Silence("b", "2026-01-31T10:00:00Z", "bo", "known")]
    (found,) = brought_together([], [managed(DOWN, ("a", "b", "gone"))], silences)
    assert (found.state, found.until, found.silenced_by) == ("silenced", "2026-01-31T10:00:00Z", "bo: known")
