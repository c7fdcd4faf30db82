"""The messages of prometheus/client_model (io/prometheus/client/metrics.proto), for reading what a scrape answers.

No maintained package has them (the one on PyPI is of 2013), so their descriptor is written out here, and google.protobuf
does the decoding.
"""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_F: Final = descriptor_pb2.FieldDescriptorProto
_PACKAGE: Final = "io.prometheus.client"
_TYPES: Final = {
    "string": _F.TYPE_STRING, "double": _F.TYPE_DOUBLE, "uint64": _F.TYPE_UINT64, "uint32": _F.TYPE_UINT32,
    "sint32": _F.TYPE_SINT32, "sint64": _F.TYPE_SINT64, "int64": _F.TYPE_INT64, "int32": _F.TYPE_INT32,
}  # fmt: skip
_MESSAGES: Final = {
    "LabelPair": "string name 1; string value 2",
    "Gauge": "double value 1",
    "Counter": "double value 1; Exemplar exemplar 2; Timestamp created_timestamp 3",
    "Quantile": "double quantile 1; double value 2",
    "Summary": "uint64 sample_count 1; double sample_sum 2; Quantile* quantile 3; Timestamp created_timestamp 4",
    "Untyped": "double value 1",
    "Histogram": (
        "uint64 sample_count 1; double sample_count_float 4; double sample_sum 2; Bucket* bucket 3; sint32 schema 5;"
        "double zero_threshold 6; uint64 zero_count 7; double zero_count_float 8; BucketSpan* negative_span 9;"
        "sint64* negative_delta 10; double* negative_count 11; BucketSpan* positive_span 12; sint64* positive_delta 13;"
        "double* positive_count 14; Timestamp created_timestamp 15; Exemplar* exemplars 16"
    ),
    "Bucket": "uint64 cumulative_count 1; double cumulative_count_float 4; double upper_bound 2; Exemplar exemplar 3",
    "BucketSpan": "sint32 offset 1; uint32 length 2",
    "Exemplar": "LabelPair* label 1; double value 2; Timestamp timestamp 3",
    "Metric": (
        "LabelPair* label 1; Gauge gauge 2; Counter counter 3; Summary summary 4; Untyped untyped 5;"
        "Histogram histogram 7; int64 timestamp_ms 6"
    ),
    "MetricFamily": "string name 1; string help 2; int32 type 3; Metric* metric 4; string unit 5",
    "Timestamp": "int64 seconds 1; int32 nanos 2",
}
"""A star: repeated. `type` is an enum there, the same on the wire."""
COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM = range(5)


def _descriptor() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split(";"):
            kind, field_name, number = field.split()
            label = _F.LABEL_REPEATED if kind.endswith("*") else _F.LABEL_OPTIONAL
            kind = kind.removesuffix("*")
            added = message.field.add(name=field_name, number=int(number), label=label)
            if kind in _TYPES:
                added.type = _TYPES[kind]
                added.options.packed = label == _F.LABEL_REPEATED and kind == "sint64"
            else:
                added.type, added.type_name = _F.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_descriptor())
_MetricFamily: Final = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.MetricFamily"))


def read_families(body: bytes) -> Iterator[Any]:
    """Each message behind its length; nothing may be left over, and no field may be unknown."""
    position = 0
    while position < len(body):
        length = shift = 0
        while True:
            byte = body[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        family = _MetricFamily()
        family.ParseFromString(body[position : position + length])
        assert family.ByteSize() == length, "a field is unknown or encoded otherwise"
        position += length
        yield family
    assert position == len(body)


def labels_of(metric: Any) -> dict[str, str]:
    return {pair.name: pair.value for pair in metric.label}


def native_buckets(histogram: Any) -> dict[int, int]:
    """Counts by bucket index."""
    counts: dict[int, int] = {}
    index = count = 0
    deltas = iter(histogram.positive_delta)
    for span in histogram.positive_span:
        index += span.offset
        for _ in range(span.length):
            count += next(deltas)
            counts[index] = count
            index += 1
    assert next(deltas, None) is None
    return counts
