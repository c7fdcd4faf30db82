"""Fields of OTLP's Span message, encoded by hand: the library's messages take ten times as long to build.

Source: opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto. Each function returns whole fields of a Span.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from gateway.telemetry.protobuf import FIXED32, FIXED64, LENGTH, VARINT, double, fixed32, fixed64, message, tag, varint

Value: TypeAlias = str | bool | int | float

SERVER: Final = tag(6, VARINT) + varint(2)
CLIENT: Final = tag(6, VARINT) + varint(3)
"""The kinds of span."""
FAILED: Final = message(tag(15, LENGTH), tag(3, VARINT) + varint(2))
"""The status ERROR; one without is UNSET."""

_TRACE_ID: Final = tag(1, LENGTH)
_SPAN_ID: Final = tag(2, LENGTH)
_TRACE_STATE: Final = tag(3, LENGTH)
_PARENT_ID: Final = tag(4, LENGTH)
_NAME: Final = tag(5, LENGTH)
_START: Final = tag(7, FIXED64)
_END: Final = tag(8, FIXED64)
_ATTRIBUTE: Final = tag(9, LENGTH)
_EVENT: Final = tag(11, LENGTH)
_LINK: Final = tag(13, LENGTH)
_FLAGS: Final = tag(16, FIXED32)
_LINK_FLAGS: Final = tag(6, FIXED32)

_KEY: Final = tag(1, LENGTH)
_VALUE: Final = tag(2, LENGTH)
_STRING: Final = tag(1, LENGTH)
_BOOL: Final = tag(2, VARINT)
_INT: Final = tag(3, VARINT)
_DOUBLE: Final = tag(4, FIXED64)

SAMPLED: Final = 0x01
RANDOM: Final = 0x02
_PARENT_IS_KNOWN: Final = 0x100
_PARENT_IS_REMOTE: Final = 0x200


def ids(trace_id: str, span_id: str, parent_span_id: str) -> bytes:
    """Hexadecimal digits; no parent: an empty text."""
    fields = message(_TRACE_ID, bytes.fromhex(trace_id)) + message(_SPAN_ID, bytes.fromhex(span_id))
    return fields + message(_PARENT_ID, bytes.fromhex(parent_span_id)) if parent_span_id else fields


def name(text: str) -> bytes:
    return message(_NAME, text.encode())


def times(start_ns: int, end_ns: int) -> bytes:
    """Since the epoch."""
    return _START + fixed64(start_ns) + _END + fixed64(end_ns)


def context(trace_state: str, trace_flags: int, *, is_parent_remote: bool) -> bytes:
    """trace_flags: of W3C Trace Context."""
    flags = trace_flags | _PARENT_IS_KNOWN | (_PARENT_IS_REMOTE if is_parent_remote else 0)
    fields = _FLAGS + fixed32(flags)
    return fields + message(_TRACE_STATE, trace_state.encode()) if trace_state else fields


def attribute(key: str, value: Value) -> bytes:
    return message(_ATTRIBUTE, message(_KEY, key.encode()) + message(_VALUE, _any(value)))


def attributes(values: Mapping[str, Value | None]) -> bytes:
    """Those that are not None."""
    return b"".join([attribute(key, value) for key, value in values.items() if value is not None])


def text_attribute(key: str) -> Callable[[str], bytes]:
    """For one that is written often: the same as `attribute`."""
    beginning = message(_KEY, key.encode()) + _VALUE

    def encode(value: str) -> bytes:
        text = value.encode()
        text = _STRING + varint(len(text)) + text
        content = beginning + varint(len(text)) + text
        return _ATTRIBUTE + varint(len(content)) + content

    return encode


def milliseconds_attribute(key: str) -> Callable[[int], bytes]:
    """For one that is written often: of nanoseconds."""
    beginning = attribute(key, 0.0)[: -len(double(0.0))]
    return lambda spent_ns: beginning + double(spent_ns / 1e6)


def event(text: str) -> Callable[[int], bytes]:
    """An event of this name, at a time in nanoseconds since the epoch."""
    content = tag(1, FIXED64) + fixed64(0) + message(tag(2, LENGTH), text.encode())
    whole = message(_EVENT, content)
    start = whole.index(content) + len(tag(1, FIXED64))
    before, after = whole[:start], whole[start + len(fixed64(0)) :]
    return lambda at_ns: before + fixed64(at_ns) + after


def link(trace_id: str, span_id: str, trace_flags: int, trace_state: str) -> bytes:
    """To a span elsewhere."""
    content = ids(trace_id, span_id, "")
    if trace_state:
        content += message(_TRACE_STATE, trace_state.encode())
    content += _LINK_FLAGS + fixed32(trace_flags | _PARENT_IS_KNOWN | _PARENT_IS_REMOTE)
    return message(_LINK, content)


def _any(value: Value) -> bytes:
    """An AnyValue."""
    if isinstance(value, str):
        return message(_STRING, value.encode())
    if isinstance(value, bool):
        return _BOOL + varint(value)
    if isinstance(value, int):
        return _INT + varint(value)
    return _DOUBLE + double(value)
