"""Every shipped alert on a real Prometheus and Alertmanager, with real faults of real gateways: it fires, Alertmanager gets
it, it recovers. The rules are those of `alerts/rules`, all together, with their waiting times shortened."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.support.alerts.faults import CONCURRENT, FORGOTTEN, HANGS, KILLED, UNHEARD, Fault
from tests.support.alerts.history import write_history
from tests.support.alerts.rules import all_rules
from tests.support.alerts.servers import Alertmanager, Prometheus, Receiver
from tests.support.alerts.services import Service, Traffic
from tests.support.alerts.shortened import write_shortened
from tests.support.alerts.stage import PLAIN_RATE, Gateway, Stage
from tests.support.loop_thread import LoopThread
from tests.support.waiting import wait_until

Alerts: TypeAlias = Mapping[str, Mapping[str, str]]

FIRE_DEADLINE_S: Final = 120.0
RECOVER_DEADLINE_S: Final = 240.0
"""Where others use the machine too, a route is slow and a scrape takes long for that again and again."""
HELD_BACK: Final[Alerts] = {
    "GatewayErrorBudgetBurnMedium": {"job": "busy", "route": "orders"},
    "GatewayErrorBudgetBurnSlow": {"job": "busy", "route": "orders"},
    "GatewayLatencyBudgetBurnSlow": {"job": "busy", "route": "search"},
    "GatewayEventLoopLagHigh": {"job": "runtime", "worker": "1", "severity": "warning"},
    "GatewayCircuitOpen": {"job": "guarded", "upstream": "breaking", "severity": "warning"},
}
"""What a more urgent alert of the same fault holds back as long as that lasts."""

UNTOLD: Final = frozenset({*HELD_BACK, "GatewayConnectionsNearLimit"}) - {
    "GatewayEventLoopLagHigh",
    "GatewayCircuitOpen",
}
"""What nobody need be told, since another alert may have been first; of these two it is the warning alone."""

MORE_MEMORY: Final = 60 * 1024 * 1024
"""Bytes by which `limits` has to grow beyond the largest gateway to have too much."""

NATIVE: Final = """
admin: {{address: "127.0.0.1:{}"}}
workers: 1
telemetry: {{access_log: {{sink: none}}, metrics: {{native_histograms: true}}}}
"""


class Watch:
    """What fires, and since when; one line for each change on stdout, for whoever runs it by hand."""

    def __init__(self, prometheus: Prometheus, alertmanager: Alertmanager) -> None:
        self._prometheus = prometheus
        self._alertmanager = alertmanager
        self._began_s = time.monotonic()
        self._held: set[str] = set()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began_s:6.1f} s  {text}", flush=True)  # noqa: T201

    def await_all(self, alerts: Alerts) -> None:
        """Each has fired, and Alertmanager has had it, since this was called; not necessarily all at once."""
        missing, unheard = dict(alerts), dict(alerts)

        def all_came() -> bool:
            for alert in self._prometheus.firing_among(missing):
                self.say(f"fires: {alert} {missing.pop(alert)}")
            for alert in [alert for alert in unheard if alert not in missing]:
                if self._alertmanager.alerts(alert, unheard[alert]):
                    del unheard[alert]
            time.sleep(0.3)
            return not missing and not unheard

        try:
            wait_until(all_came, "all alerts fire and reach Alertmanager", FIRE_DEADLINE_S)
        finally:
            if missing or unheard:
                self.say(f"not firing: {missing}; not at Alertmanager: {unheard}")

    def await_only(self, alerts: set[str]) -> None:
        """Nothing else fires any more."""
        before = self._prometheus.firing()

        def quiet() -> bool:
            nonlocal before
            fires = self._prometheus.firing()
            for alert in sorted(before - fires):
                self.say(f"recovers: {alert}")
            before = fires
            time.sleep(0.3)
            return fires == alerts

        try:
            wait_until(quiet, "all alerts recover", RECOVER_DEADLINE_S)
        finally:
            if before != alerts:
                self.say(f"still firing: {sorted(before - alerts)}")

    def await_suppressed(self, alert: str, labels: Mapping[str, str]) -> None:
        """Alertmanager has it, and holds it back because of another."""

        def suppressed() -> bool:
            return any(found["status"]["inhibitedBy"] for found in self._alertmanager.alerts(alert, labels))

        wait_until(suppressed, f"{alert} {dict(labels)} is held back", FIRE_DEADLINE_S)
        self.say(f"held back: {alert} {dict(labels)}")


@pytest.fixture
def services_thread() -> Iterator[LoopThread]:
    thread = LoopThread("services", asyncio.new_event_loop)
    yield thread
    thread.stop()


def most_memory_ratio(stage: Stage) -> float:
    """The largest share of its memory that any gateway here has, and some more."""
    limit = stage.limits.metric("sightline_memory_limit_bytes")
    most = max(gateway.metric("sightline_process_resident_memory_bytes") for gateway in stage.gateways)
    return (most + MORE_MEMORY) / limit


@pytest.mark.proof
@pytest.mark.real("prometheus")
@pytest.mark.real("prometheus-alertmanager")
@pytest.mark.timeout(1200)
def test_every_alert_fires_for_its_fault_reaches_alertmanager_and_recovers(
    tmp_path: Path, services_thread: LoopThread
) -> None:
    with Stage(tmp_path, services_thread) as stage, Receiver() as receiver:
        rules = write_shortened(tmp_path / "rules", most_memory_ratio(stage))
        alertmanager = Alertmanager(tmp_path, receiver.port)
        prometheus = Prometheus(tmp_path, rules, alertmanager.port)
        write_history(prometheus.data, busy_job="busy", traffic_job="sightline", traffic_rate=PLAIN_RATE)
        stage.publish = prometheus.set_targets
        stage.publish(stage.jobs)
        with alertmanager, prometheus:
            watch = Watch(prometheus, alertmanager)
            run_the_calm(watch, prometheus)
            run_at_once(stage, watch, receiver)
            run_one_by_one(stage, watch)
            run_the_watchdog(watch, prometheus, alertmanager)


def run_the_calm(watch: Watch, prometheus: Prometheus) -> None:
    """Without a fault nothing but the watchdog fires, once every window has filled with good traffic."""
    filled = 'min(count_over_time(up{job="busy"}[30s])) >= 25'
    wait_until(lambda: prometheus.query(filled), "the windows have filled", 120.0)
    watch.await_only({UNHEARD})
    watch.say("calm")


def run_at_once(stage: Stage, watch: Watch, receiver: Receiver) -> None:
    alerts = {alert: labels for fault in CONCURRENT for alert, labels in fault.alerts.items()}
    told = set(alerts) - UNTOLD
    begin_all(CONCURRENT, stage, watch.say)
    watch.await_all(alerts | {UNHEARD: {}})
    for alert, labels in HELD_BACK.items():
        watch.await_suppressed(alert, labels)
    wait_until(
        lambda: told <= receiver.all_notified,
        f"everybody is told; not yet of {sorted(told - receiver.all_notified)}",
    )
    assert "GatewayErrorBudgetBurnFast" in receiver.notified["pager"]
    assert UNHEARD in receiver.notified["dead-mans-switch"]
    watch.say("all fire: the faults end")
    for fault in CONCURRENT:
        fault.end(stage)
    watch.await_only({UNHEARD})


def begin_all(faults: tuple[Fault, ...], stage: Stage, say: Callable[[str], None]) -> None:
    for fault in faults:
        say(f"fault: {fault.cause}")
        fault.begin(stage)


def run_one_by_one(stage: Stage, watch: Watch) -> None:
    for fault in (HANGS, KILLED, FORGOTTEN):
        begin_all((fault,), stage, watch.say)
        watch.await_all(fault.alerts)
        if fault is HANGS:
            watch.await_suppressed("GatewayScrapeSlow", fault.alerts["GatewayScrapeSlow"])
        fault.end(stage)
        watch.await_only({UNHEARD})


def run_the_watchdog(watch: Watch, prometheus: Prometheus, alertmanager: Alertmanager) -> None:
    """With Prometheus gone nobody keeps the watchdog alive; it comes back with Prometheus."""
    watch.say("fault: Prometheus is gone")
    prometheus.stop()
    wait_until(lambda: not alertmanager.alerts(UNHEARD, {}), "the watchdog is not heard any more", FIRE_DEADLINE_S)
    watch.say(f"silent: {UNHEARD}")
    prometheus.start()
    wait_until(lambda: alertmanager.alerts(UNHEARD, {}), "the watchdog is heard again", FIRE_DEADLINE_S)
    watch.say(f"back: {UNHEARD}")


@pytest.mark.real("prometheus")
def test_percentiles_are_recorded_from_native_histograms_alone(tmp_path: Path, services_thread: LoopThread) -> None:
    recorded = [rule.name for rule in all_rules() if "histogram_quantile" in rule.expression]
    service, traffic = Service(services_thread), Traffic(services_thread)
    gateway = Gateway(tmp_path / "native", 1)
    gateway.write(
        gateway.text(more=NATIVE.format(gateway.admin_port)).replace(
            "endpoints: []", f"endpoints: ['{service.address}']"
        )
    )
    prometheus = Prometheus(
        tmp_path, write_shortened(tmp_path / "rules", 1), alertmanager=9, features="native-histograms"
    )
    prometheus.set_targets({"native": [gateway.admin_port]})
    service.sleeps_every, service.sleep_s = 1, 0.2

    with gateway, prometheus:
        traffic.set_rate(f"http://127.0.0.1:{gateway.port}/", 50)
        wait_until(lambda: all(values_of(prometheus, name) for name in recorded), f"values of {recorded}", 30.0)
        (median,) = values_of(prometheus, "job_route:sightline_http_request_duration_seconds:p50_5m")
        buckets = prometheus.query("count(sightline_http_request_duration_seconds_bucket)")
        traffic.close()
    service.close()

    assert recorded
    assert not buckets
    assert 0.2 <= median <= 0.3


def values_of(prometheus: Prometheus, name: str) -> list[float]:
    """The numbers that are there for this series now, without NaN."""
    values = [float(found["value"][1]) for found in prometheus.query(name)]
    return [value for value in values if not math.isnan(value)]
