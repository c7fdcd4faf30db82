"""Alerts as a list, which of them is meant, and what it takes to silence one."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from console.state.messages import Request
from console.state.reading import Reading
from gateway.wire.slo import ObjectiveStateView

AlertState: TypeAlias = Literal["firing", "pending", "silenced", "inhibited"]

MOST: Final = 500
"""Alerts that are kept; the least urgent ones are left out and counted."""
SILENCES: Final = "alertmanager/silences"
"""Where a silence is posted: a path of the console's own, which leads to Alertmanager and to no gateway."""

_LONGEST_S: Final = 7 * 86_400

_BURNS: Final = {"availability": "ErrorBudgetBurn", "latency": "LatencyBudgetBurn"}
"""What the alerts of each kind of objective have in their names."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """`since`, `until` (of its silence): RFC 3339. `key` is the same for as long as its labels are."""

    key: str
    name: str
    state: AlertState
    severity: str = ""
    labels: dict[str, str] = {}
    summary: str = ""
    description: str = ""
    runbook: str = ""
    since: str = ""
    until: str = ""
    silenced_by: str = ""
    """Who, and why."""

    @property
    def route(self) -> str:
        return self.labels.get("route", "")


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """The most urgent first. `asked` are the names of those that were asked, `problems` say which of them did not answer."""

    alerts: list[Alert] = []
    asked: list[str] = []
    problems: list[str] = []
    left_out: int = 0


ALERTS: Final = Reading("alerts", AlertList, every_s=5.0, is_aside=True)
"""Answered by console.sources.alerting; no gateway is asked for it."""


def of_objective(alerts: Iterable[Alert], objective: ObjectiveStateView) -> Alert | None:
    """The most urgent alert about this objective."""
    part = _BURNS[objective.sli]
    return next((alert for alert in alerts if alert.route == objective.route and part in alert.name), None)


def named(alerts: Sequence[Alert], text: str) -> list[Alert]:
    """Those that a word typed after `:mute` means: all of that name, or the one with that key."""
    exact = [alert for alert in alerts if text in {alert.name, alert.key}]
    return exact or [alert for alert in alerts if alert.name.casefold() == text.casefold()]


def silence(alerts: Sequence[Alert], for_s: int, now_s: float, who: str) -> Request:
    """Of one alert exactly as it is, or of all that share a name. Raises ValueError without any, or for too long."""
    if not alerts:
        raise ValueError("there is no such alert")
    if for_s > _LONGEST_S:
        raise ValueError(f"an alert is silenced for at most {_LONGEST_S // 86_400} days")
    # One is silenced by all its labels, so that its siblings go on being heard.
    labels = alerts[0].labels if len(alerts) == 1 else {"alertname": alerts[0].name}
    body: dict[str, Any] = {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in sorted(labels.items())
        ],
        "startsAt": _time(now_s),
        "endsAt": _time(now_s + for_s),
        "createdBy": who,
        "comment": "muted in the console",
    }
    return Request("POST", SILENCES, body=msgspec.json.encode(body))


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
