"""What is done to provoke each alert, and what ends it: the last column of the table of alerts, as data.

All faults of `CONCURRENT` are begun together and ended together. The rest concerns the gateway, Prometheus or its targets as
a whole and comes one after the other.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.support.alerts.stage import CONNECTIONS, FLOW_RATE, HELD_HEAD, PLAIN_RATE, SLOW_HEADS, Stage

Act: TypeAlias = Callable[[Stage], None]

KILLS: Final = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """cause: what is wrong, in words. alerts: those that have to fire because of it, and to recover once it is gone, with
    labels that tell them from the same alert about something else."""

    cause: str
    alerts: Mapping[str, Mapping[str, str]]
    begin: Act
    end: Act


def _set(service: str, **behaviour: int) -> Act:
    def act(stage: Stage) -> None:
        for name, value in behaviour.items():
            setattr(stage.services[service], name, value)

    return act


def _flow(route: str, rate: float) -> Act:
    return lambda stage: stage.traffic.set_rate(stage.url(route), rate)


def _plain_rate(rate: float) -> Act:
    return lambda stage: stage.traffic.set_rate(stage.plain_url, rate)


def _hold(service: str) -> Act:
    return lambda stage: stage.services[service].hold()


def _release(service: str) -> Act:
    return lambda stage: stage.services[service].release()


def _leave_unanswered(stage: Stage) -> None:
    """A client asks once and waits; its service says nothing."""
    stage.services["exports"].hold()
    stage.traffic.set_rate(stage.url("exports"), 0.5)


def _answer_at_last(stage: Stage) -> None:
    stage.traffic.set_rate(stage.url("exports"), 0)
    stage.services["exports"].release()


def _saturate(stage: Stage) -> None:
    _set("reports", sleeps_every=1)(stage)
    _flow("reports", FLOW_RATE * 3)(stage)


def _relieve(stage: Stage) -> None:
    _set("reports", sleeps_every=0)(stage)
    _flow("reports", FLOW_RATE)(stage)


def _stall_a_worker(stage: Stage) -> None:
    stage.worker_pulse.start(stage.runtime.worker_pid(1), stopped_s=1.3, running_s=0.2)


def _let_it_run(stage: Stage) -> None:
    stage.worker_pulse.stop()


def _kill_workers(stage: Stage) -> None:
    killed = 0
    for _ in range(KILLS):
        killed = stage.runtime.worker_pid(2, not_pid=killed)
        os.kill(killed, signal.SIGKILL)


def _crowd(stage: Stage) -> None:
    """Slow clients with long heads first, then idle ones up to the limit and some more."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X-Long: " + b"x" * 65_000 + b"\r\n") * (HELD_HEAD // 65_000)
    stage.open_idle(SLOW_HEADS, head)
    stage.open_idle(CONNECTIONS - SLOW_HEADS + 10)


def _disperse(stage: Stage) -> None:
    """The clients leave; the worker that served them is replaced, as an operator would to have its memory back."""
    stage.close_idle()
    os.kill(stage.limits.worker_pid(1), signal.SIGKILL)


def _break_config(stage: Stage) -> None:
    stage.limits.write("listeners: [nonsense\n")


def _mend_config(stage: Stage) -> None:
    stage.limits.write(stage.limits_config())


def _take_config_away(stage: Stage) -> None:
    stage.runtime.file.rename(stage.runtime.file.with_suffix(".away"))


def _bring_config_back(stage: Stage) -> None:
    stage.runtime.file.with_suffix(".away").rename(stage.runtime.file)


def _stall_supervisor(stage: Stage) -> None:
    stage.supervisor_pulse.start(stage.plain.pid, stopped_s=0.85, running_s=0.15)


def _let_supervisor_run(stage: Stage) -> None:
    stage.supervisor_pulse.stop()


def _join_another(stage: Stage) -> None:
    stage.publish(stage.jobs | {"runtime": [stage.runtime.admin_port, stage.limits.admin_port]})


def _publish_all(stage: Stage) -> None:
    stage.publish(stage.jobs)


def _publish_none(stage: Stage) -> None:
    stage.publish(stage.jobs | {"sightline": []})


def _freeze(stage: Stage) -> None:
    os.kill(stage.plain.pid, signal.SIGSTOP)


def _thaw(stage: Stage) -> None:
    os.kill(stage.plain.pid, signal.SIGCONT)


CONCURRENT: Final = (
    Fault(
        "an upstream answers every second request with 500",
        {
            "GatewayErrorBudgetBurnFast": {"job": "busy", "route": "orders"},
            "GatewayErrorBudgetBurnMedium": {"job": "busy", "route": "orders"},
            "GatewayErrorBudgetBurnSlow": {"job": "busy", "route": "orders"},
            "GatewayUpstreamFailing": {"job": "busy", "upstream": "orders"},
        },
        _set("orders", fails_every=2),
        _set("orders", fails_every=0),
    ),
    Fault(
        "an upstream is slower than the objective every second time",
        {
            "GatewayLatencyBudgetBurnFast": {"job": "busy", "route": "search"},
            "GatewayLatencyBudgetBurnSlow": {"job": "busy", "route": "search"},
        },
        _set("search", sleeps_every=2),
        _set("search", sleeps_every=0),
    ),
    Fault(
        "one endpoint of three is bad",
        {"GatewayEndpointOutlier": {"job": "busy", "upstream": "trio"}},
        _set("trio-a", fails_every=1),
        _set("trio-a", fails_every=0),
    ),
    Fault(
        "nothing listens on an endpoint's port any more",
        {"GatewayUpstreamConnectFailures": {"job": "busy", "upstream": "billing"}},
        lambda stage: stage.services["billing"].close(),
        lambda stage: stage.services["billing"].open(),
    ),
    Fault(
        "the only endpoint of an upstream stops listening",
        {"GatewayNoHealthyEndpoints": {"job": "guarded", "upstream": "lone"}},
        lambda stage: stage.services["lone"].close(),
        lambda stage: stage.services["lone"].open(),
    ),
    Fault(
        "one endpoint of three stops listening",
        {"GatewayUpstreamDegraded": {"job": "guarded", "upstream": "thirds"}},
        lambda stage: stage.services["third-a"].close(),
        lambda stage: stage.services["third-a"].open(),
    ),
    Fault(
        "an endpoint answers every second check with 500",
        {"GatewayEndpointFlapping": {"job": "guarded", "upstream": "moving"}},
        _set("restless", fails_every=2),
        _set("restless", fails_every=0),
    ),
    Fault(
        "an upstream behind a breaker answers with 500 only",
        {"GatewayCircuitOpen": {"job": "guarded", "upstream": "breaking", "severity": "critical"}},
        _set("breaking", fails_every=1),
        _set("breaking", fails_every=0),
    ),
    Fault(
        "every second answer makes the gateway try again",
        {"GatewayRetryStorm": {"job": "guarded", "upstream": "repeated"}},
        _set("repeated", fails_every=2),
        _set("repeated", fails_every=0),
    ),
    Fault(
        "an upstream is slow, with more traffic than its connections can carry",
        {
            "GatewayPoolSaturated": {"job": "busy", "upstream": "reports"},
            "GatewayOwnErrorsHigh": {"job": "busy", "route": "reports"},
            "GatewayOverheadHigh": {"job": "busy"},
        },
        _saturate,
        _relieve,
    ),
    Fault(
        "an upstream never answers",
        {"GatewayRequestStuck": {"job": "busy", "route": "exports"}},
        _leave_unanswered,
        _answer_at_last,
    ),
    Fault(
        "a route that has traffic is removed",
        {"GatewayUnmatchedHigh": {"job": "busy"}},
        lambda stage: stage.busy.write(stage.busy_config(with_catalogue=False)),
        lambda stage: stage.busy.write(stage.busy_config()),
    ),
    Fault(
        "a route beyond metrics.max_routes has traffic",
        {"GatewayCardinalityCapped": {"job": "busy", "label": "route"}},
        _flow("beyond", FLOW_RATE / 5),
        _flow("beyond", 0),
    ),
    Fault(
        "the collector hangs",
        {
            "GatewayTelemetryDropping": {"job": "busy", "signal": "span"},
            "GatewayTelemetryExportStalled": {"job": "busy", "signal": "span"},
        },
        _hold("collector"),
        _release("collector"),
    ),
    Fault(
        "a worker is stopped and continued",
        {"GatewayEventLoopLagHigh": {"job": "runtime", "worker": "1", "severity": "critical"}},
        _stall_a_worker,
        _let_it_run,
    ),
    Fault(
        "a worker is killed again and again",
        {"GatewayWorkerRestarts": {"job": "runtime"}},
        _kill_workers,
        lambda _: None,
    ),
    Fault(
        "clients crowd in, some of them with heads that never end",
        {
            "GatewayConnectionsNearLimit": {"job": "limits"},
            "GatewayConnectionsRejected": {"job": "limits"},
            "GatewayFdsNearLimit": {"job": "limits"},
            "GatewayMemoryHigh": {"job": "limits"},
        },
        _crowd,
        _disperse,
    ),
    Fault(
        "the configuration is not YAML", {"GatewayConfigReloadFailed": {"job": "limits"}}, _break_config, _mend_config
    ),
    Fault(
        "the configuration is gone", {"GatewayConfigStale": {"job": "runtime"}}, _take_config_away, _bring_config_back
    ),
    Fault(
        "a gateway with another revision joins", {"GatewayConfigDrift": {"job": "runtime"}}, _join_another, _publish_all
    ),
    Fault(
        "the clients stay away",
        {"GatewayTrafficDropped": {"job": "sightline"}},
        _plain_rate(0),
        _plain_rate(PLAIN_RATE),
    ),
    Fault(
        "a supervisor is stopped and continued",
        {"GatewayScrapeSlow": {"job": "sightline"}},
        _stall_supervisor,
        _let_supervisor_run,
    ),
)

HANGS: Final = Fault(
    "a supervisor hangs",
    {"GatewayDown": {"job": "sightline"}, "GatewayScrapeSlow": {"job": "sightline"}},
    _freeze,
    _thaw,
)
"""Its GatewayScrapeSlow is to be held back by its GatewayDown."""

KILLED: Final = Fault(
    "a gateway is killed",
    {"GatewayDown": {"job": "sightline"}},
    lambda stage: stage.plain.kill_all(),
    lambda stage: stage.plain.start(),
)
FORGOTTEN: Final = Fault(
    "no gateway is a target any more", {"GatewayAbsent": {"job": "sightline"}}, _publish_none, _publish_all
)

UNHEARD: Final = "GatewayWatchdog"
"""Always fires; its fault is that Prometheus is gone, and it is over when that is back."""


def provoked() -> frozenset[str]:
    """The alerts that have a fault."""
    faults = (*CONCURRENT, HANGS, KILLED, FORGOTTEN)
    return frozenset(alert for fault in faults for alert in fault.alerts) | {UNHEARD}
