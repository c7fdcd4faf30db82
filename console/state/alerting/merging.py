"""What Prometheus and Alertmanager answer, brought together: each alert once, as both know it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from console.state.alerting.alerts import Alert, AlertState

_STATES: Final[dict[AlertState, int]] = {"firing": 0, "pending": 1, "silenced": 2, "inhibited": 3}
_SEVERITIES: Final = {"critical": 0, "page": 0, "warning": 1, "ticket": 1}


class PrometheusAlert(msgspec.Struct, frozen=True):
    """Of `/api/v1/alerts`."""

    labels: dict[str, str]
    state: str
    annotations: dict[str, str] = {}
    activeAt: str = ""  # noqa: N815 - Prometheus' name


class ManagedStatus(msgspec.Struct, frozen=True):
    state: str
    silencedBy: list[str] = []  # noqa: N815 - Alertmanager's names
    inhibitedBy: list[str] = []  # noqa: N815


class ManagedAlert(msgspec.Struct, frozen=True):
    """Of Alertmanager's `/api/v2/alerts`."""

    labels: dict[str, str]
    status: ManagedStatus
    annotations: dict[str, str] = {}
    startsAt: str = ""  # noqa: N815


class Silence(msgspec.Struct, frozen=True):
    """Of `/api/v2/silences`."""

    id: str
    endsAt: str = ""  # noqa: N815
    createdBy: str = ""  # noqa: N815
    comment: str = ""


def brought_together(
    prometheus: Iterable[PrometheusAlert], managed: Iterable[ManagedAlert], silences: Iterable[Silence]
) -> list[Alert]:
    """Each alert once, the most urgent first: Alertmanager knows what is silenced, Prometheus what is pending.

    Alertmanager's may have more labels than Prometheus has: those of `external_labels`.
    """
    by_id = {silence.id: silence for silence in silences}
    found = [_managed(alert, by_id) for alert in managed]
    known = [alert.labels.items() for alert in found]
    for alert in prometheus:
        if not any(alert.labels.items() <= labels for labels in known):
            state: AlertState = "pending" if alert.state == "pending" else "firing"
            found.append(_alert(alert.labels, alert.annotations, state, alert.activeAt))
    return sorted(found, key=_urgency)


def _managed(alert: ManagedAlert, silences: Mapping[str, Silence]) -> Alert:
    status = alert.status
    state: AlertState = "silenced" if status.silencedBy else "inhibited" if status.inhibitedBy else "firing"
    found = _alert(alert.labels, alert.annotations, state, alert.startsAt)
    holding = [silences[each] for each in status.silencedBy if each in silences]
    if not holding:
        return found
    last = max(holding, key=lambda silence: silence.endsAt)
    by = f"{last.createdBy}: {last.comment}" if last.comment else last.createdBy
    return msgspec.structs.replace(found, until=last.endsAt, silenced_by=by)


def _alert(labels: dict[str, str], annotations: Mapping[str, str], state: AlertState, since: str) -> Alert:
    identity = "\0".join(f"{name}\0{value}" for name, value in sorted(labels.items()))
    return Alert(
        key=hashlib.sha256(identity.encode()).hexdigest()[:16],
        name=labels.get("alertname", "?"),
        state=state,
        severity=labels.get("severity", ""),
        labels=labels,
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        runbook=annotations.get("runbook_url", ""),
        since=since,
    )


def _urgency(alert: Alert) -> tuple[int, int, str, str]:
    return _STATES[alert.state], _SEVERITIES.get(alert.severity, 2), alert.name, alert.key
