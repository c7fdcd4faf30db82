"""PromQL as the dashboards use it: the expressions that recur, and what every selector gets besides."""

import re
from typing import Final

from gateway.model.outcome import Reason, Source, cause_of
from gateway.telemetry import catalog
from gateway.telemetry.catalog import PREFIX, Kind
from gateway.telemetry.labels import FAULTS

TARGET_LABELS: Final = ("job", "instance")
OBJECT_LABELS: Final = ("route", "upstream")
SCRAPE_METRICS: Final = frozenset({"up", "scrape_duration_seconds"})
"""What Prometheus itself says of a target."""

_SELECTOR: Final = re.compile(r"(?<![\w:.$\"])(up\b|scrape_duration_seconds|(?:\w+:)?sightline_[\w:]+)(?:\{([^}]*)\})?")
_SUFFIXES: Final = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum", ""), Kind.SUMMARY: ("_count", "_sum", "")}
"""A native histogram is one series without suffix; the summary of each endpoint becomes one, too."""

IS_FAULT: Final = 'reason!~"{}"'.format(
    "|".join(reason for reason in Reason if reason not in FAULTS and reason is not Reason.UPSTREAM_STATUS)
)
"""Failures that are an error of the gateway or of an upstream, whatever status the client saw."""
IS_ATTEMPT_FAULT: Final = 'reason!~"none|client_disconnect|client_timeout|pool_exhausted|superseded"'
"""Attempts that failed by the upstream's doing."""


def caused_by(source: Source) -> str:
    """The matcher of all reasons with this cause."""
    return 'reason=~"{}"'.format("|".join(r for r in Reason if r is not Reason.NONE and cause_of(r) is source))


def labels_of_metrics() -> dict[str, frozenset[str]]:
    """Every metric a Prometheus has of a gateway, with the labels it has there."""
    found = {name: frozenset(TARGET_LABELS) for name in SCRAPE_METRICS}
    for instrument in catalog.INSTRUMENTS:
        for suffix in _SUFFIXES.get(instrument.kind, ("",)):
            more = ("le",) if suffix == "_bucket" else ()
            found[instrument.name + suffix] = frozenset((*TARGET_LABELS, *instrument.labels, *more))
    return found


_LABELS: Final = labels_of_metrics()


def scoped(expr: str) -> str:
    """The expression with the matchers of the dashboard's variables in every selector whose metric has such a label.

    A label that a selector asks for already is left to it. Recorded series (`job_route:…`) carry the labels that their
    name begins with.
    """

    def scope(match: re.Match[str]) -> str:
        name, own = match[1], match[2] or ""
        carried = labels_carried(name)
        if not carried:
            raise ValueError(f"{name} is not in the catalogue of metrics")
        asked = {part.partition("=")[0].rstrip("!").strip() for part in own.split(",") if part}
        variables = [label for label in (*TARGET_LABELS, *OBJECT_LABELS) if label in carried and label not in asked]
        matchers = [f'{label}=~"${label}"' for label in variables]
        return f"{name}{{{','.join([*matchers, *([own] if own else [])])}}}"

    return _SELECTOR.sub(scope, expr)


def labels_carried(name: str) -> frozenset[str]:
    """The labels of a metric or of a recorded series; none for what nobody exports."""
    if ":" in name:
        return frozenset(name.partition(":")[0].split("_"))
    return _LABELS.get(name, frozenset())


def rate(metric: str, matchers: str = "", by: str = "", window: str = "$__rate_interval") -> str:
    """The sum of the rates of a counter, given without prefix; `by` is a comma-separated list of labels."""
    braced = f"{{{matchers}}}" if matchers else ""
    return f"sum{_by(by)}(rate({PREFIX}{metric}{braced}[{window}]))"


def share(part: str, whole: str) -> str:
    """Part of a whole; nothing, instead of 0/0, where there is no whole."""
    return f"{part} / ({whole} > 0)"


def requests(by: str = "", window: str = "$__rate_interval") -> str:
    """The rate of requests as a whole to take a share of.

    It counts by the duration histogram, whose series all exist from the start: a counter by status begins with its first
    request, which no rate sees, and then more would have failed than there were.
    """
    return count("http_request_duration_seconds", by, window)


def known(expr: str) -> str:
    """The same without what has no value, such as a percentile of nothing."""
    return f"({expr}) >= 0"


def quantile(rank: float, metric: str, by: str = "", matchers: str = "", window: str = "$__rate_interval") -> str:
    """A percentile of a histogram, from classic buckets, or from a native histogram where that is what is scraped."""
    braced = f"{{{matchers}}}" if matchers else ""
    labels = f"{by},le" if by else "le"
    classic = f"sum{_by(labels)}(rate({PREFIX}{metric}_bucket{braced}[{window}]))"
    native = f"sum{_by(by)}(rate({PREFIX}{metric}{braced}[{window}]))"
    return f"histogram_quantile({rank}, {classic}) or histogram_quantile({rank}, {native})"


def total(metric: str, by: str = "", window: str = "$__rate_interval") -> str:
    """What a histogram or summary of seconds adds up to per second, classic or native."""
    return _both("sum", metric, by, window)


def count(metric: str, by: str = "", window: str = "$__rate_interval") -> str:
    """How many observations a histogram or summary had per second, classic or native."""
    return _both("count", metric, by, window)


def mean(metric: str, by: str, window: str = "$__rate_interval") -> str:
    """The mean of a histogram or summary, classic or native."""
    return share(total(metric, by, window), count(metric, by, window))


def _both(part: str, metric: str, by: str, window: str) -> str:
    classic = f"sum{_by(by)}(rate({PREFIX}{metric}_{part}[{window}]))"
    native = f"sum{_by(by)}(histogram_{part}(rate({PREFIX}{metric}[{window}])))"
    return f"({classic} or {native})"


def by_class(metric: str, by: str = "") -> str:
    """The rate of a counter with a label `code`, by class of status."""
    classed = f'label_replace(rate({PREFIX}{metric}[$__rate_interval]), "class", "${{1}}xx", "code", "([1-5])..")'
    return f"sum{_by(f'{by},class' if by else 'class')}({classed})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
