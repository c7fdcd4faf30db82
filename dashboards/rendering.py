"""From the dashboards as data to Grafana's JSON, by Grafana's own builders. Nothing here knows what a panel is about."""

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from grafana_foundation_sdk.builders import bargauge, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.source.parts import Dashboard, Kind, Link, Panel, Query, Row, Steps
from dashboards.source.promql import scoped

PanelBuilder: TypeAlias = timeseries.Panel | stat.Panel | table.Panel | heatmap.Panel | bargauge.Panel

TAG: Final = "sightline"
_METRICS: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_PERCENT_KEYS: Final = {"min": 0, "max": 1}
_KEY_OF_LINK: Final = {Link.ROUTE: "route", Link.UPSTREAM: "upstream"}
_KEPT_VARIABLES: Final = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"

_ANNOTATIONS: Final = (
    {
        "name": "Configuration applied",
        "iconColor": "blue",
        "expr": "1000 * sightline_config_last_applied_timestamp_seconds"
        " * on (job,instance) group_left (revision) sightline_config_info",
        "titleFormat": "Configuration {{revision}}",
        "textFormat": "applied by {{instance}}",
        "tagKeys": "instance,revision",
        "useValueForTime": "on",
    },
    {
        "name": "Worker replaced",
        "iconColor": "orange",
        "expr": "sum by (instance,reason) (increase(sightline_worker_restarts_total[1m])) > 0",
        "titleFormat": "Worker replaced: {{reason}}",
        "textFormat": "at {{instance}}",
        "tagKeys": "instance,reason",
        "useValueForTime": "",
    },
)


def render(dashboard: Dashboard) -> str:
    """The file's content: the same text for the same data, with sorted keys and a newline at its end."""
    builder = (
        grafana.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.text)
        .tags([TAG])
        .time(dashboard.since, "now")
        .refresh("30s" if dashboard.since == "now-1h" else "5m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            grafana.DashboardLink("Sightline")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(True)
        )
    )
    for variable in _variables():
        builder = builder.with_variable(variable)
    for row in dashboard.rows:
        builder = _with_row(builder, row)
    content = json.loads(JSONEncoder().encode(builder.build()))
    content["annotations"] = {"list": [_annotation(fields) for fields in _ANNOTATIONS]}
    for number, panel in enumerate(content["panels"], 1):
        panel["id"] = number
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _variables() -> list[Any]:
    gateway = 'job=~"$job",instance=~"$instance"'
    return [
        grafana.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _choice("job", "Job", "label_values(sightline_build_info, job)"),
        _choice("instance", "Instance", 'label_values(sightline_build_info{job=~"$job"}, instance)'),
        _choice("route", "Route", f"label_values(sightline_http_requests_total{{{gateway}}}, route)"),
        _choice("upstream", "Upstream", f"label_values(sightline_upstream_connections_limit{{{gateway}}}, upstream)"),
        grafana.DatasourceVariable("logs").label("Logs").type("loki"),
    ]


def _choice(name: str, label: str, query: str) -> grafana.QueryVariable:
    return (
        grafana.QueryVariable(name)
        .label(label)
        .datasource(_METRICS)
        .query({"query": query, "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _annotation(fields: dict[str, str]) -> dict[str, Any]:
    """The builders know only a part of what an annotation of Prometheus can have."""
    return {
        **fields,
        "expr": scoped(fields["expr"]),
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "enable": True,
        "hide": False,
        "step": "15s",
    }


def _with_row(builder: grafana.Dashboard, row: Row) -> grafana.Dashboard:
    builder = builder.with_row(grafana.Row(row.title))
    for panel in row.panels:
        builder = builder.with_panel(_panel(panel))
    return builder


def _panel(panel: Panel) -> PanelBuilder:
    builder = _DRAWN[panel.kind](panel)
    builder = builder.title(panel.title).description(panel.text).datasource(_METRICS).unit(panel.unit)
    builder = builder.span(panel.width).height(panel.height).thresholds(_thresholds(panel.steps))
    if panel.minimum is not None:
        builder = builder.min(panel.minimum)
    if panel.maximum is not None:
        builder = builder.max(panel.maximum)
    for position, query in enumerate(panel.queries):
        builder = builder.with_target(_target(panel, query, chr(ord("A") + position)))
    if panel.links and panel.kind is not Kind.TABLE:
        builder = builder.data_links([_link(link, "${__field.labels.%s}") for link in panel.links])
    return builder


def _target(panel: Panel, query: Query, ref_id: str) -> prometheus.Dataquery:
    """Tables, bars and what is said of the whole period are asked for once, everything else as a course."""
    target = (
        prometheus.Dataquery().expr(scoped(query.expr)).legend_format(query.legend).ref_id(ref_id).datasource(_METRICS)
    )
    if panel.kind in {Kind.TABLE, Kind.BARGAUGE} or "$__range" in query.expr:
        target = target.instant()
    else:
        target = target.range().exemplar(panel.has_exemplars)
    if panel.kind is Kind.TABLE:
        target = target.legend_format("").format(PromQueryFormat.TABLE)
    return target.format(PromQueryFormat.HEATMAP) if panel.kind is Kind.HEATMAP else target


def _thresholds(steps: Steps) -> grafana.ThresholdsConfig:
    colours = [model.Threshold(None, "green"), *(model.Threshold(value, colour) for value, colour in steps)]
    return grafana.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(colours)


def _timeseries(panel: Panel) -> timeseries.Panel:
    builder = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(30 if panel.is_stacked else 0)
        .show_points(words.VisibilityMode.NEVER)
        .legend(
            shared.VizLegendOptions()
            .show_legend(True)
            .display_mode(words.LegendDisplayMode.LIST)
            .placement(words.LegendPlacement.BOTTOM)
            .calcs([])
        )
        .tooltip(shared.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.DESCENDING))
    )
    if panel.is_stacked:
        builder = builder.stacking(shared.StackingConfig().mode(words.StackingMode.NORMAL).group("A"))
    if panel.steps:
        builder = builder.thresholds_style(
            shared.GraphThresholdsStyleConfig().mode(words.GraphThresholdsStyleMode.DASHED)
        )
    return builder


def _stat(panel: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .color_mode(words.BigValueColorMode.VALUE)
        .graph_mode(words.BigValueGraphMode.AREA)
        .text_mode(words.BigValueTextMode.VALUE)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_scheme(_colour_by_threshold())
    )


def _bargauge(panel: Panel) -> bargauge.Panel:
    return (
        bargauge.Panel()
        .display_mode(words.BarGaugeDisplayMode.BASIC)
        .orientation(words.VizOrientation.HORIZONTAL)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_scheme(_colour_by_threshold())
    )


def _heatmap(panel: Panel) -> heatmap.Panel:
    return (
        heatmap.Panel()
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Spectral").steps(64))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .exemplars_color("rgba(255,0,255,0.7)")
        .show_legend()
    )


def _table(panel: Panel) -> table.Panel:
    """A row per set of labels: the answers of all queries are merged, and each query's value is a column with its name."""
    headings = {_value_field(panel, position): query.legend for position, query in enumerate(panel.queries)}
    builder = (
        table.Panel()
        .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize", options={"excludeByName": {"Time": True}, "renameByName": headings}
            )
        )
    )
    for query in panel.queries:
        builder = builder.override_by_name(query.legend, _column(query))
    for link in panel.links:
        key = _KEY_OF_LINK[link]
        links = [json.loads(JSONEncoder().encode(_link(link, "${__data.fields.%s}").build()))]
        builder = builder.override_by_name(key, [model.DynamicConfigValue("links", links)])
    return builder


def _value_field(panel: Panel, position: int) -> str:
    return "Value" if len(panel.queries) == 1 else f"Value #{chr(ord('A') + position)}"


def _column(query: Query) -> list[model.DynamicConfigValue]:
    properties = [model.DynamicConfigValue("unit", query.unit)]
    if query.steps:
        thresholds = json.loads(JSONEncoder().encode(_thresholds(query.steps).build()))
        properties += [
            model.DynamicConfigValue("thresholds", thresholds),
            model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ]
    return properties


def _colour_by_threshold() -> grafana.FieldColor:
    return grafana.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def _link(link: Link, placeholder: str) -> grafana.DashboardLink:
    """`placeholder` is how the panel names a label of what was clicked."""
    if link is Link.LOGS:
        return grafana.DashboardLink("Lines of these exchanges").url(_logs_url()).target_blank(True)
    key = _KEY_OF_LINK[link]
    url = f"/d/sightline-{link.value}?var-{key}={placeholder % key}&{_KEPT_VARIABLES}"
    return grafana.DashboardLink(f"This {key}").url(url)


def _logs_url() -> str:
    """Grafana's log explorer on the access lines of the routes chosen that were not a plain answer, in the time shown."""
    query = '{service_name="sightline"} | json | route=~"${route:pipe}" | reason!="none"'
    pane = {
        "datasource": "${logs}",
        "queries": [{"refId": "A", "expr": query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    return "/explore?schemaVersion=1&panes=" + quote(json.dumps({"a": pane}), safe="${}:_")


_DRAWN: Final[dict[Kind, Callable[[Panel], PanelBuilder]]] = {
    Kind.TIMESERIES: _timeseries,
    Kind.STAT: _stat,
    Kind.TABLE: _table,
    Kind.HEATMAP: _heatmap,
    Kind.BARGAUGE: _bargauge,
}
