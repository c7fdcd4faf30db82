"""What a PromQL expression means: which labels its result has, and in what it is measured. Both follow from the catalogue.

Measures are exponents of (things counted, seconds, bytes): a rate of requests is (1, -1, 0), a ratio (0, 0, 0), a mean
duration (-1, 1, 0). So a count shown as bytes per second is found without running anything.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias

import promql_parser as parser

from dashboards.source.promql import labels_of_metrics
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Kind

Measure: TypeAlias = tuple[int, int, int]

PURE: Final[Measure] = (0, 0, 0)
COUNT: Final[Measure] = (1, 0, 0)
SECONDS: Final[Measure] = (0, 1, 0)
BYTES: Final[Measure] = (0, 0, 1)
PER_SECOND: Final[Measure] = (0, -1, 0)

_FLAGS: Final = ("up", "_up", "_success", "_differs", "_info", "_ratio")
_COMPARISONS: Final = {"==", "!=", ">", "<", ">=", "<="}
_SETS: Final = {"and", "unless", "or"}
_PER_SECOND: Final = {"rate", "deriv"}
_SAME: Final = {
    "increase",
    "delta",
    "abs",
    "round",
    "clamp_max",
    "clamp_min",
    "max_over_time",
    "avg_over_time",
    "changes",
}
_LABELS: Final = labels_of_metrics()
_KINDS: Final = {instrument.name: instrument.kind for instrument in catalog.INSTRUMENTS}
_PLACEHOLDERS: Final = (("$__rate_interval", "4s"), ("$__range", "5m"), ("$__interval", "1s"))


class Wrong(Exception):  # noqa: N818 - a verdict
    """What is wrong with an expression."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`observed` is the measure of what a histogram's buckets hold; None for anything but a histogram."""

    measure: Measure
    labels: frozenset[str]
    observed: Measure | None = None
    is_literal: bool = False


def parse(expr: str) -> parser.Expr:
    """The syntax tree, with Grafana's intervals filled in; Wrong if there is none."""
    for name, value in _PLACEHOLDERS:
        expr = expr.replace(name, value)
    try:
        return parser.parse(expr)
    except ValueError as error:
        raise Wrong(f"does not parse: {error}") from None


def selectors(node: Any) -> Iterator[tuple[parser.VectorSelector, timedelta | None]]:
    """Every selector with its window, None for one of a moment."""
    if isinstance(node, parser.VectorSelector):
        yield node, None
    elif isinstance(node, parser.MatrixSelector):
        yield node.vector_selector, node.range
    else:
        for child in _children(node):
            yield from selectors(child)


def meaning_of(node: Any) -> Meaning:
    """The meaning of a syntax tree; Wrong where it has none."""
    judge = _JUDGES.get(type(node))
    if judge is None:
        raise Wrong(f"{type(node).__name__} is not used here")
    return judge(node)


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, parser.BinaryExpr):
        return (node.lhs, node.rhs)
    if isinstance(node, parser.Call):
        return tuple(node.args)
    return (node.expr,) if hasattr(node, "expr") else ()


def _selected(selector: parser.VectorSelector) -> Meaning:
    name = selector.name or ""
    if ":" in name:
        meaning = _recorded(name)
    elif name in _LABELS:
        meaning = _of_metric(name)
    else:
        raise Wrong(f"{name} is not in the catalogue of metrics")
    unknown = sorted({matcher.name for matcher in selector.matchers.matchers} - meaning.labels)
    if unknown:
        raise Wrong(f"{name} has no label {', '.join(unknown)}")
    return meaning


def _of_metric(name: str) -> Meaning:
    measure, observed = _measures(name)
    return Meaning(measure, _LABELS[name], observed)


def _recorded(name: str) -> Meaning:
    """A recorded series: its labels stand before the first colon, what was done to it behind the last."""
    level, _, rest = name.partition(":")
    operation = rest.rpartition(":")[2]
    ends = (("ratio_rate", PURE), ("rate", (1, -1, 0)), ("p50", SECONDS), ("p95", SECONDS), ("p99", SECONDS))
    for beginning, measure in ends:
        if operation.startswith(beginning):
            return Meaning(measure, frozenset(level.split("_")))
    raise Wrong(f"{name} does not say what was recorded")


def _measures(name: str) -> tuple[Measure, Measure | None]:
    """The measure of a metric by the suffixes of its name, and of what it has observed if it is a histogram."""
    for suffix in ("_bucket", "_count"):
        metric = name.removesuffix(suffix)
        if metric != name and metric in _KINDS:
            return COUNT, _unit_of(metric) if suffix == "_bucket" else None
    if _KINDS.get(name) in {Kind.HISTOGRAM, Kind.SUMMARY}:
        return COUNT, _unit_of(name)
    return _unit_of(name.removesuffix("_sum").removesuffix("_total")), None


def _unit_of(name: str) -> Measure:
    if name.endswith("_seconds"):
        return SECONDS
    if name.endswith("_bytes"):
        return BYTES
    return PURE if name.endswith(_FLAGS) else COUNT


def _aggregated(node: parser.AggregateExpr) -> Meaning:
    inner = meaning_of(node.expr)
    operation = str(node.op)
    if operation in {"topk", "bottomk"}:
        return inner
    kept: frozenset[str] = frozenset()
    if node.modifier is not None:
        named = frozenset(node.modifier.labels)
        if named - inner.labels:
            raise Wrong(f"{operation} by {', '.join(sorted(named - inner.labels))}, which the series do not have")
        kept = named if node.modifier.type == parser.AggModifierType.By else inner.labels - named
    return replace(inner, labels=kept, measure=COUNT if operation == "count" else inner.measure)


def _called(node: parser.Call) -> Meaning:
    name = node.func.name
    special = _CALLS.get(name)
    if special is not None:
        return special(node.args)
    if name in _PER_SECOND or name in _SAME:
        inner = meaning_of(node.args[0])
        return replace(inner, measure=_times(inner.measure, PER_SECOND)) if name in _PER_SECOND else inner
    raise Wrong(f"{name} is not used here")


def _quantile(arguments: list[Any]) -> Meaning:
    inner = meaning_of(arguments[1])
    if inner.observed is None:
        raise Wrong("a percentile of what is no histogram")
    is_native = not any((selector.name or "").endswith("_bucket") for selector, _ in selectors(arguments[1]))
    if not is_native and "le" not in inner.labels:
        raise Wrong("a percentile of buckets without le")
    return Meaning(inner.observed, inner.labels - {"le"})


def _histogram_sum(arguments: list[Any]) -> Meaning:
    inner = meaning_of(arguments[0])
    if inner.observed is None:
        raise Wrong("histogram_sum of what is no histogram")
    return Meaning(_times(inner.measure, _times(inner.observed, COUNT, -1)), inner.labels)


def _histogram_count(arguments: list[Any]) -> Meaning:
    inner = meaning_of(arguments[0])
    if inner.observed is None:
        raise Wrong("histogram_count of what is no histogram")
    return Meaning(inner.measure, inner.labels)


def _label_replaced(arguments: list[Any]) -> Meaning:
    inner = meaning_of(arguments[0])
    source = arguments[3].val
    if source not in inner.labels:
        raise Wrong(f"label_replace from {source}, which the series do not have")
    return replace(inner, labels=inner.labels | {arguments[1].val})


_CALLS: Final[dict[str, Callable[[list[Any]], Meaning]]] = {
    "time": lambda _: Meaning(SECONDS, frozenset()),
    "histogram_quantile": _quantile,
    "histogram_count": _histogram_count,
    "histogram_sum": _histogram_sum,
    "label_replace": _label_replaced,
}


def _combined(node: parser.BinaryExpr) -> Meaning:
    left, right = meaning_of(node.lhs), meaning_of(node.rhs)
    operation = str(node.op)
    _check_matching(node, left, right)
    if operation == "*":
        measure = _times(left.measure, right.measure)
    elif operation == "/":
        measure = _times(left.measure, right.measure, -1)
    else:
        _check_same(operation, left, right)
        measure = left.measure
    wider = right if left.is_literal or not left.labels else left
    return Meaning(measure, wider.labels | frozenset((node.modifier and node.modifier.group_labels) or ()))


def _check_matching(node: parser.BinaryExpr, left: Meaning, right: Meaning) -> None:
    """Labels that are matched on exist on both sides; without `on`, both sides have the same labels."""
    modifier = node.modifier
    if left.is_literal or right.is_literal:
        return
    if modifier is None or modifier.matching is None:
        if str(node.op) not in _SETS and left.labels != right.labels and left.labels and right.labels:
            raise Wrong(f"{sorted(left.labels)} never match {sorted(right.labels)}")
        return
    if modifier.matching.type == parser.LabelModifierType.Include:
        for side in (left, right):
            missing = sorted(frozenset(modifier.matching.labels) - side.labels)
            if missing:
                raise Wrong(f"on {', '.join(missing)}, which one side does not have")
    one = left if modifier.card == parser.VectorMatchCardinality.OneToMany else right
    missing = sorted(frozenset(modifier.group_labels or ()) - one.labels)
    if missing:
        raise Wrong(f"group_left {', '.join(missing)}, which the one side does not have")


def _check_same(operation: str, left: Meaning, right: Meaning) -> None:
    """What is added, compared or put in place of each other is measured alike; any measure may be compared with a number."""
    is_with_number = left.is_literal or right.is_literal
    if operation in _COMPARISONS and is_with_number:
        return
    if left.measure != right.measure:
        raise Wrong(f"{operation} of {left.measure} and {right.measure} (things, seconds, bytes)")
    if operation == "or" and left.labels != right.labels:
        raise Wrong(f"{sorted(left.labels)} or {sorted(right.labels)}: different labels")


def _times(first: Measure, second: Measure, power: int = 1) -> Measure:
    things, seconds, size = (mine + power * other for mine, other in zip(first, second, strict=True))
    return things, seconds, size


_JUDGES: Final[dict[type, Callable[[Any], Meaning]]] = {
    parser.NumberLiteral: lambda _: Meaning(PURE, frozenset(), is_literal=True),
    parser.ParenExpr: lambda node: meaning_of(node.expr),
    parser.UnaryExpr: lambda node: meaning_of(node.expr),
    parser.VectorSelector: _selected,
    parser.MatrixSelector: lambda node: _selected(node.vector_selector),
    parser.AggregateExpr: _aggregated,
    parser.Call: _called,
    parser.BinaryExpr: _combined,
}
