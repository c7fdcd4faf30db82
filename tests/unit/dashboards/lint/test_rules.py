"""The linter finds what it is for: each fault of a published dashboard, put into a sound one, is named."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from dashboards.lint.rules import faults_of
from dashboards.rendering import render
from dashboards.source.parts import Dashboard, Kind, Link, Panel, Query, Row
from dashboards.source.promql import quantile, rate

Content = dict[str, Any]

UIDS: Final = frozenset({"sightline-sound", "sightline-route"})
SOUND: Final = Dashboard(
    "sound",
    "Sound",
    "Nothing is wrong with it.",
    (
        Row(
            "What is there?",
            (
                Panel(
                    "How much?",
                    "Requests.",
                    Kind.TIMESERIES,
                    "reqps",
                    (Query(rate("http_requests_total", by="route"), "{{route}}"),),
                    links=(Link.ROUTE, Link.LOGS),
                ),
                Panel(
                    "How slow?", "Time.", Kind.STAT, "s", (Query(quantile(0.9, "http_request_duration_seconds"), ""),)
                ),
                Panel(
                    "Which?",
                    "Routes.",
                    Kind.TABLE,
                    "none",
                    (Query("max by (route) (sightline_http_requests_in_flight)", "Now", "short"),),
                    links=(Link.ROUTE,),
                ),
            ),
        ),
    ),
)


@pytest.fixture
def content() -> Content:
    loaded: Content = json.loads(render(SOUND))
    return loaded


def expr(text: str, panel: int = 1) -> Callable[[Content], None]:
    return lambda content: content["panels"][panel]["targets"][0].update(expr=text)


def field(**values: Any) -> Callable[[Content], None]:
    return lambda content: content["panels"][1].update(values)


GATEWAY: Final = 'job=~"$job",instance=~"$instance"'
SCOPE: Final = f'{GATEWAY},route=~"$route"'
FAULTS: Final[list[tuple[str, Callable[[Content], None], str]]] = [
    ("a panel type of Angular", field(type="singlestat"), "panels of type singlestat"),
    ("a title that asks nothing", field(title="Requests"), "a title is a question"),
    ("no description", field(description=""), "no description"),
    ("no query", field(targets=[]), "no query"),
    ("a data source of its own", field(datasource={"uid": "prometheus"}), "the data source is not the variable"),
    ("no unit", lambda content: content["panels"][1]["fieldConfig"]["defaults"].pop("unit"), "unit missing"),
    (
        "connections as requests per second",
        expr(f"sum by (route) (sightline_http_requests_in_flight{{{SCOPE}}})"),
        "reqps for (1, 0, 0)",
    ),
    (
        "bytes as requests per second",
        expr(f"sum by (route) (rate(sightline_http_request_bytes_total{{{SCOPE}}}[$__rate_interval]))"),
        "reqps for (0, -1, 1)",
    ),
    (
        "a label that is called otherwise",
        expr(f"sum by (type) (rate(sightline_http_requests_total{{{SCOPE}}}[$__rate_interval]))"),
        "sum by type",
    ),
    ("a metric that is gone", expr("sightline_http_wishes_total"), "not in the catalogue"),
    ("broken PromQL", expr("sum by ("), "does not parse"),
    (
        "a fixed window",
        expr(f"sum by (route) (rate(sightline_http_requests_total{{{SCOPE}}}[5m]))"),
        "a window of 5m",
    ),
    (
        "the whole period at every step",
        expr(f"sum by (route) (rate(sightline_http_requests_total{{{SCOPE}}}[$__range]))"),
        "asked for at every step",
    ),
    (
        "irate",
        expr(f"sum by (route) (irate(sightline_http_requests_total{{{SCOPE}}}[$__rate_interval]))"),
        "irate shows",
    ),
    (
        "a variable that does nothing",
        expr('sum by (route) (rate(sightline_http_requests_total{job=~"$job"}[$__rate_interval]))'),
        "ignores $instance",
    ),
    (
        "another route variable",
        expr(f"sum by (route) (rate(sightline_http_requests_total{{{GATEWAY}}}[$__rate_interval]))"),
        "ignores $route",
    ),
    (
        "a counter since the start",
        expr(f"sum by (route) (sightline_http_requests_total{{{SCOPE}}})"),
        "since the start of the process",
    ),
    (
        "the rate of a gauge",
        expr(f"sum by (route) (rate(sightline_http_requests_in_flight{{{SCOPE}}}[$__rate_interval]))"),
        "rate of the gauge",
    ),
    (
        "lines with the same name",
        lambda content: content["panels"][1]["targets"][0].update(legendFormat="all"),
        "the legend hides ['route']",
    ),
    (
        "a legend of a label that is not there",
        lambda content: content["panels"][1]["targets"][0].update(legendFormat="{{route}} {{code}}"),
        "the legend shows ['code']",
    ),
    (
        "a link by a label that is not there",
        expr(f"sum(rate(sightline_http_requests_total{{{SCOPE}}}[$__rate_interval]))"),
        "a link by route",
    ),
    (
        "a link to nowhere",
        lambda content: content["panels"][1]["fieldConfig"]["defaults"]["links"][0].update(url="/d/gone?x"),
        "a link to /d/gone",
    ),
    (
        "the same query twice",
        lambda content: content["panels"][1]["targets"].append(content["panels"][1]["targets"][0]),
        "the same query twice",
    ),
    ("the same title twice", field(title="How slow?"), "the same title twice"),
    ("the same id twice", field(id=3), "an id is there twice"),
    ("panels on each other", field(gridPos={"x": 0, "y": 1, "w": 24, "h": 12}), "lies on another panel"),
    ("a panel beside the page", field(gridPos={"x": 20, "y": 30, "w": 8, "h": 4}), "beside the page"),
    ("a heading without a question", lambda content: content["panels"][0].update(title="Numbers"), "a heading is"),
    ("no variable", lambda content: content["templating"]["list"].pop(1), "no variable job"),
    ("no way to the others", lambda content: content.update(links=[]), "no link to the other dashboards"),
    ("no uid", lambda content: content.update(uid=""), "uid, title and description"),
    (
        "rows that never come together",
        lambda content: content["panels"][3]["targets"].append(
            {"expr": f"sum(sightline_http_requests_in_flight{{{SCOPE}}})", "refId": "B"}
        ),
        "never come together",
    ),
    (
        "a column without a unit",
        lambda content: content["panels"][3]["fieldConfig"]["overrides"].pop(0),
        "unit missing",
    ),
]


def test_nothing_is_wrong_with_a_sound_dashboard(content: Content) -> None:
    assert faults_of(content, UIDS) == []


@pytest.mark.parametrize(("break_it", "complaint"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_named(content: Content, break_it: Callable[[Content], None], complaint: str) -> None:
    break_it(content)
    assert [fault for fault in faults_of(content, UIDS) if complaint in fault]
