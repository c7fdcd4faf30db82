"""The rules a dashboard's JSON is held to: those of Grafana's dashboard-linter, and what the official dashboards of other
gateways get wrong."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from dashboards.lint.meaning import Measure, Wrong, meaning_of, parse, selectors
from dashboards.source.promql import OBJECT_LABELS, TARGET_LABELS, labels_carried

Content: TypeAlias = dict[str, Any]

PANEL_TYPES: Final = frozenset({"timeseries", "stat", "table", "heatmap", "bargauge"})
VARIABLES: Final = ("datasource", "job", "instance", "route", "upstream")
PAGE_WIDTH: Final = 24
MEASURES: Final[dict[str, frozenset[Measure]]] = {
    "reqps": frozenset({(1, -1, 0)}),
    "cps": frozenset({(1, -1, 0)}),
    "ops": frozenset({(1, -1, 0)}),
    "s": frozenset({(0, 1, 0), (-1, 1, 0)}),
    "bytes": frozenset({(0, 0, 1)}),
    "Bps": frozenset({(0, -1, 1)}),
    "percentunit": frozenset({(0, 0, 0)}),
    "short": frozenset({(1, 0, 0)}),
    "none": frozenset({(0, 0, 0), (1, 0, 0)}),
}
"""In what a query may be measured whose panel has this unit."""

_WINDOW: Final = re.compile(r"\[([^\]]*)\]")
_WINDOWS: Final = frozenset({"$__rate_interval", "$__range"})
_COUNTER: Final = re.compile(r"(\w+)\((sightline_\w+)\{")
_PLACEHOLDER: Final = re.compile(r"\$\{__(?:field\.labels|data\.fields)\.(\w+)\}")
_LEGEND_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")


def faults_of(content: Content, uids: frozenset[str] | None = None) -> list[str]:
    """Everything that is wrong with a dashboard. uids: of all dashboards that links may lead to; None does not ask."""
    found = [*_page_faults(content), *_layout_faults(content)]
    for panel in panels_of(content):
        name = panel.get("title", "a panel")
        found += [f"{name}: {fault}" for rule in _PANEL_RULES for fault in rule(panel)]
        if uids is not None:
            found += [f"{name}: {fault}" for fault in _link_faults(panel, uids)]
    return found


def panels_of(content: Content) -> list[Content]:
    """All panels but the headings of rows."""
    return [panel for panel in content["panels"] if panel["type"] != "row"]


def expressions_of(content: Content) -> list[str]:
    """Every query of a dashboard, those of its annotations included."""
    annotations = [annotation["expr"] for annotation in content["annotations"]["list"]]
    return [target["expr"] for panel in panels_of(content) for target in panel["targets"]] + annotations


def metrics_in(expr: str) -> set[str]:
    """The names of the series an expression reads."""
    return {selector.name or "" for selector, _ in selectors(parse(expr))}


def unit_of(panel: Content, target: Content) -> str:
    """The unit a query's values are shown in: in a table that of its column."""
    if panel["type"] != "table":
        return str(panel["fieldConfig"]["defaults"].get("unit", ""))
    names = next(step for step in panel["transformations"] if step["id"] == "organize")["options"]["renameByName"]
    heading = names.get(f"Value #{target['refId']}", names.get("Value"))
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == heading:
            return next((str(p["value"]) for p in override["properties"] if p["id"] == "unit"), "")
    return ""


def _page_faults(content: Content) -> Iterator[str]:
    if not content.get("uid") or not content.get("title") or not content.get("description"):
        yield "uid, title and description are needed"
    if not any(link["type"] == "dashboards" for link in content["links"]):
        yield "no link to the other dashboards"
    names = [variable["name"] for variable in content["templating"]["list"]]
    yield from (f"no variable {name}" for name in VARIABLES if name not in names)
    counted = Counter(expr for expr in expressions_of(content))
    yield from (f"the same query twice: {expr}" for expr, times in counted.items() if times > 1)
    titles = Counter(panel.get("title") for panel in content["panels"])
    yield from (f"the same title twice: {title}" for title, times in titles.items() if times > 1)


def _layout_faults(content: Content) -> Iterator[str]:
    """Panels lie on the page and not on each other; every one has an id of its own."""
    taken: set[tuple[int, int]] = set()
    for panel in content["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        if cells & taken or place["x"] + place["w"] > PAGE_WIDTH:
            yield f"{panel['title']}: lies on another panel or beside the page"
        taken |= cells
        if panel["type"] == "row" and not panel["title"].endswith("?"):
            yield f"{panel['title']}: a heading is a question"
    if len({panel["id"] for panel in content["panels"]}) < len(content["panels"]):
        yield "an id is there twice"


def _text_faults(panel: Content) -> Iterator[str]:
    if not panel.get("title", "").endswith("?"):
        yield "a title is a question"
    if not panel.get("description"):
        yield "no description"
    if panel["type"] not in PANEL_TYPES:
        yield f"panels of type {panel['type']} are not used"
    if panel.get("datasource", {}).get("uid") != "${datasource}":
        yield "the data source is not the variable"
    if not panel.get("targets"):
        yield "no query"


def _scope_faults(panel: Content) -> Iterator[str]:
    """The variables of the page apply to every selector that has such a label, unless it names a value itself."""
    for target in panel["targets"]:
        try:
            found = list(selectors(parse(target["expr"])))
        except Wrong:
            continue
        for selector, _ in found:
            name = selector.name or ""
            values = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
            for label in sorted(labels_carried(name)):
                if label in TARGET_LABELS and values.get(label) != f"${label}":
                    yield f"{name} ignores ${label}"
                if label in OBJECT_LABELS and label not in values:
                    yield f"{name} ignores ${label}"


def _window_faults(panel: Content) -> Iterator[str]:
    for target in panel["targets"]:
        for window in _WINDOW.findall(re.sub(r'"[^"]*"', '""', target["expr"])):
            if window not in _WINDOWS:
                yield f"a window of {window}, whatever the time shown and the scrape interval are"
            if window == "$__range" and not target.get("instant"):
                yield "the whole period, asked for at every step of it"
        if "irate(" in target["expr"]:
            yield "irate shows the last two samples alone"


def _counter_faults(panel: Content) -> Iterator[str]:
    """Counters are only ever seen as rates or increases, gauges never."""
    for target in panel["targets"]:
        try:
            found = list(selectors(parse(target["expr"])))
        except Wrong:
            continue
        for selector, window in found:
            name = selector.name or ""
            grows = name.endswith(("_total", "_bucket", "_count", "_sum"))
            if grows and window is None:
                yield f"{name} since the start of the process"
        for function, name in _COUNTER.findall(target["expr"]):
            if function in {"rate", "increase"} and name.endswith(("_ratio", "_in_flight", "_active", "_limit")):
                yield f"{function} of the gauge {name}"


def _meaning_faults(panel: Content) -> Iterator[str]:
    for target in panel["targets"]:
        try:
            meaning = meaning_of(parse(target["expr"]))
        except Wrong as wrong:
            yield f"{target['refId']}: {wrong}"
            continue
        unit = unit_of(panel, target)
        measure = (0, 0, 0) if panel["type"] == "heatmap" else meaning.measure
        if unit not in MEASURES:
            yield f"{target['refId']}: unit {unit or 'missing'}"
        elif panel["type"] != "heatmap" and measure not in MEASURES[unit]:
            yield f"{target['refId']}: {unit} for {measure} (things, seconds, bytes)"
        shown = set(_LEGEND_LABEL.findall(target.get("legendFormat", "")))
        if shown - meaning.labels:
            yield f"{target['refId']}: the legend shows {sorted(shown - meaning.labels)}, which is not there"
        if panel["type"] in {"timeseries", "bargauge"} and meaning.labels - shown - {"job"}:
            yield f"{target['refId']}: the legend hides {sorted(meaning.labels - shown - {'job'})}: lines with the same name"


def _row_faults(panel: Content) -> Iterator[str]:
    """The rows of a table come together by the labels of its queries, so these are the same."""
    keys = {_labels_of(target) for target in panel["targets"]} if panel["type"] == "table" else set()
    if len(keys) > 1:
        yield f"rows by {sorted(sorted(key) for key in keys)} never come together"


def _link_faults(panel: Content, uids: frozenset[str]) -> Iterator[str]:
    fields = [panel["fieldConfig"]["defaults"]]
    fields += [{p["id"]: p["value"] for p in each["properties"]} for each in panel["fieldConfig"]["overrides"]]
    for link in (link for field in fields for link in field.get("links", ())):
        if link["url"].startswith("/d/") and link["url"][3:].partition("?")[0] not in uids:
            yield f"a link to {link['url']}"
        for label in _PLACEHOLDER.findall(link["url"]):
            for target in panel["targets"]:
                if label not in _labels_of(target):
                    yield f"{target['refId']}: a link by {label}, which is not there"


def _labels_of(target: Content) -> frozenset[str]:
    try:
        return meaning_of(parse(target["expr"])).labels
    except Wrong:
        return frozenset()


_PANEL_RULES: Final[tuple[Callable[[Content], Iterator[str]], ...]] = (
    _text_faults,
    _scope_faults,
    _window_faults,
    _counter_faults,
    _meaning_faults,
    _row_faults,
)
