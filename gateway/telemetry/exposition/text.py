"""Metrics as text. The families of the store are a prometheus_client Collector; a scrape renders them with a writer of
our own, since its generate_latest takes 8 µs a sample (0.25 s for 30,000) where this takes 0.2 µs, and a scrape must not
take a core from the workers for that long. Both give the same samples.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from gateway.telemetry.catalog import Instrument, Kind
from gateway.telemetry.histogram import Histogram, classic_counts
from gateway.telemetry.merging.exemplars import FAMILIES, Exemplar, Exemplars
from gateway.telemetry.store import Family, Labels, MetricsStore, Value

_METRIC_OF: Final = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
    Kind.SUMMARY: SummaryMetricFamily,
}


Forms: TypeAlias = dict[Labels, str]
"""Of one family: the text of each series without its numbers."""


class StoreCollector(Collector):
    """The store's families for any prometheus_client registry."""

    def __init__(self, store: MetricsStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        return (to_metric(family) for family in self._store.families())


class TextWriter:
    """Writes families as lines. What of a series is the same in every scrape, most of its text, is kept from one to the next.

    May be used in several threads at once.
    """

    def __init__(self) -> None:
        self._forms: dict[str, Forms] = {}

    def write(self, families: Iterable[Family], exemplars: Exemplars | None, end: str = "") -> tuple[str, int]:
        """The lines, and the number of samples; OpenMetrics where there are exemplars to go with them.

        end: what follows them. To add it to megabytes later would copy them once more.
        """
        lines: list[str] = []
        samples = 0
        forms: dict[str, Forms] = {}
        for family in families:
            name = family.instrument.name
            lines += _declaration(family.instrument, is_openmetrics=exemplars is not None)
            forms[name] = _forms_of(family, self._forms.get(name, {}))
            samples += _write_samples(lines, family, forms[name], exemplars)
        self._forms = forms
        lines.append(end)
        return "".join(lines), samples


def to_metric(family: Family) -> Metric:
    """The family as prometheus_client has it."""
    instrument, series = family
    metric: Metric = _METRIC_OF[instrument.kind](instrument.name, instrument.help, labels=instrument.labels)
    for labels, value in series.items():
        if isinstance(metric, HistogramMetricFamily):
            cumulative, sum_s = _cumulative(instrument, _histogram_of(value))
            metric.add_metric(labels, list(zip(_edge_texts(instrument), cumulative, strict=True)), sum_s)
        elif isinstance(metric, SummaryMetricFamily):
            histogram = _histogram_of(value)
            metric.add_metric(labels, histogram.count, histogram.sum_ns / 1e9)
        elif isinstance(metric, CounterMetricFamily | GaugeMetricFamily):
            metric.add_metric(labels, _number_of(value))
    return metric


def _declaration(instrument: Instrument, *, is_openmetrics: bool) -> tuple[str, str]:
    name = instrument.name
    if is_openmetrics and instrument.kind is Kind.COUNTER:
        name = name.removesuffix("_total")
    return f"# HELP {name} {instrument.help}\n", f"# TYPE {name} {instrument.kind.value}\n"


def _forms_of(family: Family, known: Forms) -> Forms:
    """Of the series that there are now; those of others are forgotten."""
    instrument, series = family
    make = _FORM_OF.get(instrument.kind, _number_form)
    return {labels: known.get(labels) or make(instrument, labels) for labels in series}


def _histogram_form(instrument: Instrument, labels: Labels) -> str:
    name, text = instrument.name, _label_text(instrument, labels).replace("%", "%%")
    buckets = [f'{name}_bucket{{{text},le="{edge}"}} %d\n' for edge in _edge_texts(instrument)]
    return f"{''.join(buckets)}{name}_count{{{text}}} %d\n{name}_sum{{{text}}} %s\n"


def _summary_form(instrument: Instrument, labels: Labels) -> str:
    name, text = instrument.name, _braced(_label_text(instrument, labels)).replace("%", "%%")
    return f"{name}_count{text} %d\n{name}_sum{text} %s\n"


def _number_form(instrument: Instrument, labels: Labels) -> str:
    """As far as the number."""
    return f"{instrument.name}{_braced(_label_text(instrument, labels))} "


_FORM_OF: Final = {Kind.HISTOGRAM: _histogram_form, Kind.SUMMARY: _summary_form}


def _write_samples(lines: list[str], family: Family, forms: Forms, exemplars: Exemplars | None) -> int:
    """Append the sample lines of a family; returns how many samples they are."""
    instrument, series = family
    if instrument.kind is Kind.HISTOGRAM:
        shown = exemplars if instrument.name in FAMILIES else None
        for labels, value in series.items():
            cumulative, sum_s = _cumulative(instrument, _histogram_of(value))
            text = forms[labels] % (*cumulative, cumulative[-1], sum_s)
            found = shown.of(instrument, labels) if shown is not None else None
            lines.append(_exemplified(text, found) if found else text)
        return len(series) * (len(instrument.edges_ns) + 3)
    if instrument.kind is Kind.SUMMARY:
        for labels, value in series.items():
            histogram = _histogram_of(value)
            lines.append(forms[labels] % (histogram.count, histogram.sum_ns / 1e9))
        return len(series) * 2
    lines += [f"{forms[labels]}{value}\n" for labels, value in series.items()]
    return len(series)


def _exemplified(text: str, exemplars: Mapping[int, Exemplar]) -> str:
    """The lines of a histogram, of which the first are its buckets, with the exemplars of these."""
    lines = text.split("\n")
    for bucket, exemplar in exemplars.items():
        lines[bucket] += _exemplar_text(exemplar)
    return "\n".join(lines)


def _exemplar_text(exemplar: Exemplar) -> str:
    ids = f'trace_id="{exemplar.trace_id}",span_id="{exemplar.span_id}"'
    return f" # {{{ids}}} {exemplar.value_s} {exemplar.at_s:.3f}"


def _cumulative(instrument: Instrument, histogram: Histogram) -> tuple[list[int], float]:
    """Observations up to each edge, the last being all of them; and their sum in seconds."""
    return list(accumulate(classic_counts(histogram.buckets, instrument.edges_ns))), histogram.sum_ns / 1e9


def _edge_texts(instrument: Instrument) -> list[str]:
    return [*(str(edge / 1e9) for edge in instrument.edges_ns), "+Inf"]


def _histogram_of(value: Value) -> Histogram:
    assert isinstance(value, Histogram), "histograms and summaries have counts"
    return value


def _number_of(value: Value) -> float:
    assert isinstance(value, int | float), "counters and gauges are numbers"
    return value


def _braced(label_text: str) -> str:
    return f"{{{label_text}}}" if label_text else ""


def _label_text(instrument: Instrument, labels: Labels) -> str:
    """The labels as between the braces, sorted as prometheus_client sorts them."""
    return ",".join(
        [f'{name}="{_escape(value)}"' for name, value in sorted(zip(instrument.labels, labels, strict=True))]
    )


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
