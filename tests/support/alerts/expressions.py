"""PromQL read against the catalogue: whether every metric of an expression exists, and every label it names on that metric."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import promql_parser as promql

from gateway.telemetry import catalog
from gateway.telemetry.catalog import Kind
from tests.support.alerts.rules import all_rules

TARGET_LABELS: Final = frozenset({"job", "instance"})
SCRAPER_METRICS: Final = frozenset({"up", "scrape_duration_seconds"})
"""What Prometheus itself writes about each target."""

_SET_OPERATORS: Final = frozenset({"and", "or", "unless"})


class UnknownName(AssertionError):  # noqa: N818 - a verdict about the rule
    """A metric or label that does not exist."""


@cache
def exposed_labels() -> Mapping[str, frozenset[str]]:
    """Every series name a scrape can bring, with its labels."""
    labels = dict.fromkeys(SCRAPER_METRICS, TARGET_LABELS)
    for instrument in catalog.INSTRUMENTS:
        own = TARGET_LABELS | set(instrument.labels)
        labels[instrument.name] = own
        if instrument.kind in {Kind.HISTOGRAM, Kind.SUMMARY}:
            labels |= {f"{instrument.name}_sum": own, f"{instrument.name}_count": own}
        if instrument.kind is Kind.HISTOGRAM:
            labels[f"{instrument.name}_bucket"] = own | {"le"}
    return labels


@cache
def recorded_labels(name: str) -> frozenset[str]:
    """The labels of what a recording rule of this name writes."""
    rules = [rule for rule in all_rules() if not rule.is_alert and rule.name == name]
    if not rules:
        raise UnknownName(f"no rule records {name}")
    return frozenset().union(*(labels_of(promql.parse(rule.expression)) for rule in rules))


def labels_of(node: promql.Expr) -> frozenset[str]:
    """The labels a result of this expression can have; UnknownName if it names one that cannot be there."""
    match node:
        case promql.VectorSelector() | promql.MatrixSelector():
            return _of_selector(node if isinstance(node, promql.VectorSelector) else node.vector_selector)
        case promql.AggregateExpr():
            return _of_aggregation(node)
        case promql.BinaryExpr():
            return _of_binary(node)
        case promql.Call():
            return _of_call(node)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return labels_of(node.expr)
        case _:
            return frozenset()


def metrics_of(node: promql.Expr) -> Iterator[str]:
    """The names of all series an expression reads, those that rules recorded included."""
    names: list[str] = []

    def visit(found: promql.Expr) -> None:
        if isinstance(found, promql.VectorSelector):
            names.append(str(found.name))
        elif isinstance(found, promql.MatrixSelector):
            names.append(str(found.vector_selector.name))

    promql.walk(node, visit)
    yield from names


def _of_selector(node: promql.VectorSelector) -> frozenset[str]:
    name = str(node.name)
    labels = recorded_labels(name) if ":" in name else exposed_labels().get(name)
    if labels is None:
        raise UnknownName(f"the gateway does not measure {name}")
    _require({matcher.name for matcher in node.matchers.matchers}, labels, f"a matcher of {name}")
    return labels


def _of_aggregation(node: promql.AggregateExpr) -> frozenset[str]:
    inner = labels_of(node.expr)
    if node.modifier is None:
        return frozenset()
    named = frozenset(node.modifier.labels)
    _require(named, inner, f"`{node.modifier}`")
    return named if node.modifier.type == promql.AggModifierType.By else inner - named


def _of_binary(node: promql.BinaryExpr) -> frozenset[str]:
    left, right = labels_of(node.lhs), labels_of(node.rhs)
    operator = str(node.op)
    if operator == "or":
        return left | right
    if node.modifier is None or node.modifier.matching is None:
        return left if operator in _SET_OPERATORS or not right else (right if not left else left & right)
    named = frozenset(node.modifier.matching.labels)
    _require(named, left & right, f"`{node.modifier.matching}` of `{operator}`")
    if operator in _SET_OPERATORS:
        return left
    cardinality = str(node.modifier.card)
    if cardinality.endswith("ManyToOne"):
        return left
    return right if cardinality.endswith("OneToMany") else named


def _of_call(node: promql.Call) -> frozenset[str]:
    labels: frozenset[str] = frozenset().union(*(labels_of(argument) for argument in node.args))
    return labels - {"le"} if node.func.name == "histogram_quantile" else labels


def _require(named: set[str] | frozenset[str], existing: frozenset[str], where: str) -> None:
    if unknown := named - existing:
        raise UnknownName(f"{where} names {sorted(unknown)}; there are {sorted(existing)}")
