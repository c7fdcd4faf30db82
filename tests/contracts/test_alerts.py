"""The shipped alerts: each has its rule, its promtool cases, its fault and its runbook, and asks only for what exists."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import promql_parser as promql
import pytest

from tests.support.alerts.expressions import UnknownName, exposed_labels, labels_of, metrics_of
from tests.support.alerts.faults import provoked
from tests.support.alerts.rules import (
    ALERT_NAMES,
    ALERTS,
    CASES,
    ROOT,
    RULE_FILES,
    RUNBOOKS,
    Rule,
    alert_rules,
    all_rules,
    cases_of,
)

SHIPPED: Final = """
    Absent CardinalityCapped CircuitOpen ConfigDrift ConfigReloadFailed ConfigStale ConnectionsNearLimit ConnectionsRejected
    Down EndpointFlapping EndpointOutlier ErrorBudgetBurnFast ErrorBudgetBurnMedium ErrorBudgetBurnSlow EventLoopLagHigh
    FdsNearLimit LatencyBudgetBurnFast LatencyBudgetBurnSlow MemoryHigh NoHealthyEndpoints OverheadHigh OwnErrorsHigh
    PoolSaturated RequestStuck RetryStorm ScrapeSlow TelemetryDropping TelemetryExportStalled TrafficDropped UnmatchedHigh
    UpstreamConnectFailures UpstreamDegraded UpstreamFailing Watchdog WorkerRestarts
"""
DASHBOARDS: Final = sorted((ROOT / "dashboards").glob("*.json"))
ALWAYS_FIRING: Final = "GatewayWatchdog"
KINDS: Final = ("fires", "does not fire", "series absent")
LEVELS: Final = frozenset({"critical", "warning", "none"})
COMMANDS: Final = "check explain status routes upstreams tail inflight incidents top"


def run_tool(*command: str) -> str:
    """What it said on stdout; it has to succeed."""
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_exactly_the_promised_alerts_are_shipped() -> None:
    assert [f"Gateway{name}" for name in SHIPPED.split()] == list(ALERT_NAMES)


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_every_alert_says_how_bad_it_is_whose_it_is_and_where_to_read_on(rule: Rule) -> None:
    labels, annotations = rule.keys["labels"], rule.keys["annotations"]

    assert set(labels) == {"severity", "team", "component"}
    assert labels["severity"] in LEVELS
    assert set(annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert "{{ $value" in annotations["description"]
    assert "{{ $labels }}" in annotations["description"]
    assert annotations["runbook_url"].endswith(f"/{rule.name}")


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_an_alert_leads_to_a_dashboard_that_is_shipped_with_variables_it_has(rule: Rule) -> None:
    url = rule.keys["annotations"]["dashboard_url"]
    shipped = {board["uid"]: board for board in map(json.loads, map(Path.read_text, DASHBOARDS))}

    found = re.fullmatch(r"https://grafana\.example\.com/d/([\w-]+)(?:\?(.*))?", url)

    assert found
    variables = {variable["name"] for variable in shipped[found[1]]["templating"]["list"]}
    assert set(re.findall(r"var-(\w+)=", found[2] or "")) <= variables


@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_every_alert_is_tested_firing_not_firing_and_without_series(alert: str) -> None:
    kinds = {case["name"].partition(":")[0] for case in cases_of(alert)}
    expected = set(KINDS) - ({"does not fire"} if alert == ALWAYS_FIRING else set())

    assert kinds == expected
    for case in cases_of(alert):
        outcomes = [test["exp_alerts"] for test in case["alert_rule_test"] if test["alertname"] == alert]
        assert len(outcomes) == len(case["alert_rule_test"]), "a case asks about its own alert only"
        if case["name"].startswith("fires"):
            assert outcomes[-1]
        elif case["name"].startswith("does not fire"):
            assert not any(outcomes)


@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_a_firing_case_names_all_labels_and_annotations(alert: str) -> None:
    expected = [
        outcome for case in cases_of(alert) for test in case["alert_rule_test"] for outcome in test["exp_alerts"]
    ]
    rules = [rule for rule in alert_rules() if rule.name == alert]

    assert expected
    for outcome in expected:
        assert any(rule.keys["labels"].items() <= outcome["exp_labels"].items() for rule in rules)
        assert set(outcome["exp_annotations"]) == set(rules[0].keys["annotations"])


def test_every_alert_has_a_fault_that_provokes_it_for_real() -> None:
    assert sorted(provoked()) == list(ALERT_NAMES)


def test_tests_and_runbooks_are_of_alerts_that_exist() -> None:
    assert sorted(path.stem for path in CASES.iterdir()) == list(ALERT_NAMES)
    assert sorted(path.stem for path in RUNBOOKS.iterdir()) == list(ALERT_NAMES)


def test_no_yaml_but_rules_and_tests_lies_under_alerts() -> None:
    found = {path for path in ALERTS.rglob("*") if path.suffix in {".yaml", ".yml"}}

    assert found == {*RULE_FILES, *(CASES / f"{alert}.yaml" for alert in ALERT_NAMES)}


@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_a_runbook_says_what_to_look_at_what_to_do_and_whom_to_call_with_commands_there_are(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text()

    assert re.findall(r"^#+ (.*)$", text, re.MULTILINE) == [alert, "Look", "Do", "Escalate"]
    assert set(re.findall(r"`sightline (?!supervisor|worker)([a-z]+)", text)) <= set(COMMANDS.split())
    assert {*re.findall(r"\b(Gateway[A-Z]\w+)", text)} <= {*ALERT_NAMES, "GatewayLatencyBudgetBurn"}
    assert set(re.findall(r"(?<![:\w])(sightline_\w+)", text)) <= set(exposed_labels())
    assert set(re.findall(r"\bjob\w*:\w+:\w+", text)) <= {rule.name for rule in all_rules()}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_every_metric_and_label_of_a_rule_exists(rule: Rule) -> None:
    expression = promql.parse(rule.expression)

    labels = labels_of(expression)

    texts = " ".join([*rule.keys.get("annotations", {}).values()])
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= labels


@pytest.mark.parametrize(
    "expression",
    [
        "rate(sightline_http_requests[5m])",
        "sum by (type) (sightline_http_requests_in_flight)",
        'sightline_http_failures_total{cause="x"}',
        "sightline_memory_limit_bytes / on (process) sightline_process_open_fds",
        "job:sightline_http_requests:rate7m",
        "sum by (le) (sightline_http_requests_in_flight)",
    ],
)
def test_a_name_that_does_not_exist_is_found(expression: str) -> None:
    with pytest.raises(UnknownName):
        labels_of(promql.parse(expression))


def test_what_alerts_read_from_recording_rules_is_recorded() -> None:
    recorded = {rule.name for rule in all_rules() if not rule.is_alert}
    read = {name for rule in alert_rules() for name in metrics_of(promql.parse(rule.expression)) if ":" in name}

    assert read <= recorded


@pytest.mark.real("prometheus")
def test_promtool_accepts_all_rules() -> None:
    assert "duplicate" not in run_tool("promtool", "check", "rules", *map(str, RULE_FILES))


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_promtool_sees_each_alert_fire_when_it_should_and_not_otherwise(alert: str) -> None:
    run_tool("promtool", "test", "rules", str(CASES / f"{alert}.yaml"))


@pytest.mark.real("prometheus")
def test_promtool_accepts_the_example_of_prometheus() -> None:
    file = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    run_tool("promtool", "check", "config", "--syntax-only", str(file))


@pytest.mark.real("prometheus-alertmanager")
def test_amtool_accepts_the_example_of_alertmanager() -> None:
    file: Path = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    run_tool("amtool", "check-config", str(file))


@pytest.mark.real("prometheus-alertmanager")
@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: f"{rule.name} {rule.keys['labels']['severity']}")
def test_alertmanager_sends_each_alert_where_its_severity_says(rule: Rule) -> None:
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    labels = [f"{name}={value}" for name, value in {"alertname": rule.name, **rule.keys["labels"]}.items()]
    receivers = {"critical": "pager", "warning": "tickets", "none": "dead-mans-switch"}

    told = run_tool("amtool", "config", "routes", "test", f"--config.file={file}", *labels)

    assert told.split() == [receivers[rule.keys["labels"]["severity"]]]
