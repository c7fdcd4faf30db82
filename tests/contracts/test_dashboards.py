"""The dashboards as they are shipped: what is checked in is what the source says, and no rule speaks against it."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Form

from dashboards.lint.rules import VARIABLES, expressions_of, faults_of, metrics_in, panels_of
from dashboards.rendering import render
from dashboards.source import DASHBOARDS
from dashboards.source.parts import Dashboard

FOLDER: Final = Path(__file__).resolve().parents[2] / "dashboards"
UIDS: Final = frozenset(dashboard.uid for dashboard in DASHBOARDS)
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.slug)


def content_of(dashboard: Dashboard) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{dashboard.slug}.json").read_text())
    return content


@each_dashboard
def test_what_is_checked_in_is_what_the_source_says(dashboard: Dashboard) -> None:
    assert (FOLDER / f"{dashboard.slug}.json").read_text() == render(dashboard), "run `make dashboards`"


def test_no_file_is_left_from_a_dashboard_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {dashboard.slug for dashboard in DASHBOARDS}


@each_dashboard
def test_no_rule_speaks_against_it(dashboard: Dashboard) -> None:
    assert faults_of(content_of(dashboard), UIDS) == []


@each_dashboard
def test_it_has_the_structure_that_grafana_reads(dashboard: Dashboard) -> None:
    """Grafana's own model of a dashboard reads it and writes the same again; it knows annotations only in part."""
    content = content_of(dashboard)
    del content["annotations"]
    again = json.loads(JSONEncoder().encode(Form.from_json(content)))
    again.pop("annotations", None)
    assert again == content


def test_the_uids_that_alerts_and_links_rely_on_never_change() -> None:
    names = ("overview", "route", "upstream", "runtime", "config", "slo")
    assert [dashboard.uid for dashboard in DASHBOARDS] == [f"sightline-{name}" for name in names]


def test_every_alert_leads_to_a_dashboard_that_takes_its_variables() -> None:
    text = "".join(path.read_text() for path in sorted((FOLDER.parent / "alerts" / "rules").glob("*.yaml")))
    assert set(re.findall(r"/d/([\w-]+)", text)) <= UIDS
    assert {f"var-{name}" for name in VARIABLES} >= set(re.findall(r"[?&](var-\w+)", text)) > set()


def test_together_they_show_at_least_thirty_metrics() -> None:
    shown = {name for each in DASHBOARDS for expr in expressions_of(content_of(each)) for name in metrics_in(expr)}
    families = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in shown}
    assert len({name for name in families if name.startswith("sightline_")}) >= 30


def test_the_example_of_provisioning_leads_from_a_point_to_a_trace_and_from_there_to_lines() -> None:
    text = (FOLDER.parent / "deploy" / "grafana" / "datasources.yaml").read_text()
    sources = {each["type"]: each for each in yaml.safe_load(text)["datasources"]}
    traces, logs = sources["jaeger"]["uid"], sources["loki"]["uid"]
    assert sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"] == [
        {"name": "trace_id", "datasourceUid": traces}
    ]
    assert sources["jaeger"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == logs
    assert sources["loki"]["jsonData"]["derivedFields"][0]["datasourceUid"] == traces


@pytest.mark.parametrize("slug", ["overview", "route", "upstream"])
def test_a_percentile_leads_to_an_exchange(slug: str) -> None:
    content = content_of(next(each for each in DASHBOARDS if each.slug == slug))
    asked = [target for panel in panels_of(content) for target in panel["targets"] if target.get("exemplar")]
    assert any("histogram_quantile" in target["expr"] for target in asked)
