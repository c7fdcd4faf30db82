"""Metrics as protobuf messages, io.prometheus.client.MetricFamily, each behind its length: the one format of today that has
native histograms.

Written by hand, like the text: a dozen fields of nine messages, and what only repeats (labels, edges) is encoded once.
Histograms carry classic buckets too, as those of other clients do that have both: exemplars hang on them, and a scraper
that is told to keep both forms finds both.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from gateway.telemetry.catalog import Instrument, Kind
from gateway.telemetry.histogram import Histogram, classic_counts, exponential
from gateway.telemetry.merging.exemplars import Exemplar, Exemplars
from gateway.telemetry.protobuf import double, message, tag, varint, zigzag
from gateway.telemetry.store import Family, Labels

# Field numbers and wire types as in metrics.proto of prometheus/client_model, each as the byte that begins the field.
_FAMILY_NAME, _FAMILY_HELP, _FAMILY_TYPE, _FAMILY_METRIC = tag(1, 2), tag(2, 2), tag(3, 0), tag(4, 2)
_METRIC_LABEL, _METRIC_GAUGE, _METRIC_COUNTER, _METRIC_SUMMARY = tag(1, 2), tag(2, 2), tag(3, 2), tag(4, 2)
_METRIC_UNTYPED, _METRIC_HISTOGRAM = tag(5, 2), tag(7, 2)
_PAIR_NAME, _PAIR_VALUE = tag(1, 2), tag(2, 2)
_NUMBER = tag(1, 1)
"""The value of a gauge, counter or untyped metric."""
_COUNT, _SUM = tag(1, 0), tag(2, 1)
"""Of a summary or histogram."""
_BUCKET, _BUCKET_COUNT, _BUCKET_EDGE, _BUCKET_EXEMPLAR = tag(3, 2), tag(1, 0), tag(2, 1), tag(3, 2)
_SCHEMA, _ZERO_THRESHOLD, _ZERO_COUNT = tag(5, 0), tag(6, 1), tag(7, 0)
_SPAN, _SPAN_OFFSET, _SPAN_LENGTH, _DELTA = tag(12, 2), tag(1, 0), tag(2, 0), tag(13, 2)
_EXEMPLAR_LABEL, _EXEMPLAR_VALUE, _EXEMPLAR_AT = tag(1, 2), tag(2, 1), tag(3, 2)
_SECONDS, _NANOS = tag(1, 0), tag(2, 0)

_TYPES: Final = {"counter": 0, "gauge": 1, "summary": 2, "unknown": 3, "histogram": 4}
_VALUE_TAGS: Final = {"counter": _METRIC_COUNTER, "gauge": _METRIC_GAUGE}


def write_families(families: Iterable[Family], exemplars: Exemplars) -> tuple[bytes, int]:
    """The messages of these families, and the number of samples, a native histogram being one.

    What has only count and sum in the other formats is a histogram here, native buckets alone.
    """
    written = []
    samples = 0
    for instrument, series in families:
        kind = Kind.HISTOGRAM if instrument.kind is Kind.SUMMARY else instrument.kind
        edges = [_BUCKET_EDGE + double(edge / 1e9) for edge in instrument.edges_ns]
        empty = message(_METRIC_HISTOGRAM, _histogram(instrument, Histogram(), edges, {}))
        metrics = []
        for labels, value in series.items():
            pairs = _pairs(zip(instrument.labels, labels, strict=True))
            if isinstance(value, Histogram):
                found = exemplars.of(instrument, labels)
                content = empty
                if value.buckets:
                    content = message(_METRIC_HISTOGRAM, _histogram(instrument, value, edges, found))
            else:
                content = message(_VALUE_TAGS[kind.value], _NUMBER + double(value))
            metrics.append(message(_FAMILY_METRIC, pairs + content))
        written.append(_family(instrument.name, instrument.help, kind.value, metrics))
        samples += len(series)
    return b"".join(written), samples


def write_registry(registry: CollectorRegistry) -> bytes:
    """The metrics that prometheus_client keeps: counters, gauges and summaries without quantiles."""
    return b"".join(_kept_family(metric) for metric in registry.collect())


def _kept_family(metric: Metric) -> bytes:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    if metric.type == "summary":
        return _family(name, metric.documentation, "summary", _summaries(metric))
    kind = metric.type if metric.type in _VALUE_TAGS else "unknown"
    value_tag = _VALUE_TAGS.get(kind, _METRIC_UNTYPED)
    metrics = [
        message(_FAMILY_METRIC, _pairs(sample.labels.items()) + message(value_tag, _NUMBER + double(sample.value)))
        for sample in metric.samples
    ]
    return _family(name, metric.documentation, kind, metrics)


def _summaries(metric: Metric) -> list[bytes]:
    found: dict[Labels, dict[str, float]] = {}
    names: dict[Labels, dict[str, str]] = {}
    for sample in metric.samples:
        key = tuple(sample.labels.values())
        names[key] = sample.labels
        found.setdefault(key, {})[sample.name.rpartition("_")[2]] = sample.value
    return [
        message(
            _FAMILY_METRIC,
            _pairs(names[key].items())
            + message(_METRIC_SUMMARY, _COUNT + varint(int(values["count"])) + _SUM + double(values["sum"])),
        )
        for key, values in found.items()
    ]


def _family(name: str, text: str, kind: str, metrics: Sequence[bytes]) -> bytes:
    content = b"".join(
        (
            message(_FAMILY_NAME, name.encode()),
            message(_FAMILY_HELP, text.encode()),
            _FAMILY_TYPE + varint(_TYPES[kind]),
            *metrics,
        )
    )
    return varint(len(content)) + content


def _pairs(labels: Iterable[tuple[str, str]]) -> bytes:
    return b"".join([message(_METRIC_LABEL, _known_pair(name, value)) for name, value in sorted(labels)])


def _pair(name: str, value: str) -> bytes:
    return message(_PAIR_NAME, name.encode()) + message(_PAIR_VALUE, value.encode())


_known_pair: Final = lru_cache(8192)(_pair)
"""For labels, which come again with every scrape."""


def _histogram(
    instrument: Instrument, histogram: Histogram, edges: Sequence[bytes], exemplars: Mapping[int, Exemplar]
) -> bytes:
    parts = [_COUNT + varint(histogram.count) + _SUM + double(histogram.sum_ns / 1e9)]
    if edges:
        cumulative = accumulate(classic_counts(histogram.buckets, instrument.edges_ns))
        for index, (edge, count) in enumerate(zip(edges, cumulative, strict=False)):
            content = _BUCKET_COUNT + varint(count) + edge
            if index in exemplars:
                content += message(_BUCKET_EXEMPLAR, _exemplar(exemplars[index]))
            parts.append(message(_BUCKET, content))
        if len(edges) in exemplars:
            # The bucket without an end may be left out, but for what hangs on it.
            content = _BUCKET_COUNT + varint(histogram.count) + _BUCKET_EDGE + double(float("inf"))
            parts.append(message(_BUCKET, content + message(_BUCKET_EXEMPLAR, _exemplar(exemplars[len(edges)]))))
    parts.append(_native(histogram))
    return b"".join(parts)


def _native(histogram: Histogram) -> bytes:
    """Schema 3, 9 % a bucket: runs of neighbouring buckets, each count as its difference to the one before."""
    native = exponential(histogram.buckets)
    spans: list[bytes] = []
    deltas = bytearray()
    start = previous = following = 0
    length = 0
    for index in sorted(native.counts):
        if length and index != following:
            spans.append(_span(start, length))
            start, length = index - following, 0
        elif not length:
            start = index
        length += 1
        following = index + 1
        count = native.counts[index]
        deltas += zigzag(count - previous)
        previous = count
    if length:
        spans.append(_span(start, length))
    head = _SCHEMA + zigzag(native.schema) + _ZERO_THRESHOLD + double(native.zero_threshold_s)
    zeros = _ZERO_COUNT + varint(native.zero_count)
    return head + zeros + b"".join(spans) + (message(_DELTA, bytes(deltas)) if deltas else b"")


def _span(offset: int, length: int) -> bytes:
    """offset: from bucket 0 for the first, from the end of the one before for the others."""
    return message(_SPAN, _SPAN_OFFSET + zigzag(offset) + _SPAN_LENGTH + varint(length))


def _exemplar(exemplar: Exemplar) -> bytes:
    seconds = int(exemplar.at_s)
    at = _SECONDS + varint(seconds) + _NANOS + varint(int((exemplar.at_s - seconds) * 1e9))
    return (
        message(_EXEMPLAR_LABEL, _pair("trace_id", exemplar.trace_id))
        + message(_EXEMPLAR_LABEL, _pair("span_id", exemplar.span_id))
        + _EXEMPLAR_VALUE
        + double(exemplar.value_s)
        + message(_EXEMPLAR_AT, at)
    )
