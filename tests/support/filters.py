"""Filters and access lines for property tests, and the filter language evaluated as its definition reads, slowly."""

import ipaddress
import re
from typing import Any, Final

from hypothesis import strategies as st

from gateway.model.outcome import Reason, Source
from gateway.wire.filter import Expression
from gateway.wire.filter.expression import (
    And,
    Bound,
    Exact,
    Glob,
    Macro,
    Network,
    Not,
    Number,
    Or,
    Pattern,
    Span,
    StatusClass,
    Test,
    Value,
    Word,
    all_of,
    any_of,
    none_of,
)
from gateway.wire.filter.fields import FIELDS, MACROS, Kind
from gateway.wire.live import AccessLine, LineAttempt, LinePhases

GATEWAY_FAULTS: Final = {
    "fault_injected",
    "overloaded",
    "shutting_down",
    "no_healthy_endpoint",
    "circuit_open",
    "concurrency_limited",
    "pool_exhausted",
    "dns_error",
    "connect_refused",
    "connect_timeout",
    "tls_error",
    "upstream_timeout_first_byte",
    "upstream_timeout_total",
    "upstream_idle_timeout",
    "upstream_reset",
    "upstream_protocol_error",
    "retry_budget_exhausted",
    "config_error",
    "internal_error",
    "not_implemented",
}

PRINTABLE: Final = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")).filter(str.isprintable)
TEXTS: Final = st.sampled_from(["orders", "a", "/v1/orders", "b c", '"', "\\", "|", "GET", "", "x*y", "<3"]) | st.text(
    PRINTABLE, max_size=6
)
GLOBS: Final = st.from_regex(r"\A[a-c/]{0,2}\*[a-c/]{0,2}(\*[a-c]{0,2})?\Z")
PATTERNS: Final = st.sampled_from(["^/v1/", "orders$", "[a-c]+/", "a|b", "x{2}", "\\.", '"'])
NETWORKS: Final = st.sampled_from(["10.0.0.0/8", "127.0.0.1/32", "::/0", "2001:db8::/32"])
ADDRESSES: Final = st.sampled_from(["10.1.2.3", "127.0.0.1", "::1", "2001:db8::7", "192.0.2.1"])
NUMBERS: Final = st.sampled_from([0, 1, 2, 100, 404, 499, 500, 1000, 1500, 999_999]) | st.integers(0, 5_000_000)


def number_values(kind: Kind) -> st.SearchStrategy[Value]:
    numbers = st.integers(0, 999) if kind is Kind.STATUS else NUMBERS
    spans = st.tuples(numbers, numbers).map(lambda ends: Span(min(ends), max(ends)))
    bounds = st.builds(Bound, st.sampled_from([">", ">=", "<", "<="]), numbers)
    found: st.SearchStrategy[Value] = st.builds(Number, numbers) | spans | bounds
    return found | st.builds(StatusClass, st.integers(1, 5)) if kind is Kind.STATUS else found


def values(field: str) -> st.SearchStrategy[Value]:
    match FIELDS[field]:
        case Kind.TEXT:
            return st.builds(Exact, TEXTS) | st.builds(Glob, GLOBS)
        case Kind.METHOD:
            return st.builds(Exact, st.sampled_from(["GET", "PUT", "BREW"])) | st.just(Glob("P*"))
        case Kind.SOURCE:
            return st.builds(Exact, st.sampled_from([source.value for source in Source]))
        case Kind.REASON:
            return st.builds(Exact, st.sampled_from([reason.value for reason in Reason])) | st.just(Glob("upstream_*"))
        case Kind.ADDRESS:
            return st.builds(Exact, ADDRESSES) | st.builds(Network, NETWORKS) | st.just(Glob("10.*"))
        case numeric:
            return number_values(numeric)


def tests_of(field: str) -> st.SearchStrategy[Expression]:
    return st.lists(values(field), min_size=1, max_size=3).map(lambda chosen: Test(field, tuple(chosen)))


TEXT_FIELDS: Final = [field for field, kind in FIELDS.items() if kind is Kind.TEXT]
SIMPLE: Final[st.SearchStrategy[Expression]] = (
    st.sampled_from(list(FIELDS)).flatmap(tests_of)
    | st.builds(Pattern, st.sampled_from(TEXT_FIELDS), PATTERNS)
    | st.builds(Word, TEXTS.filter(bool))
    | st.builds(Macro, st.sampled_from(list(MACROS)))
)
EXPRESSIONS: Final[st.SearchStrategy[Expression]] = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=3).map(all_of)
        | st.lists(inner, min_size=1, max_size=3).map(any_of)
        | inner.map(none_of)
    ),
    max_leaves=8,
)

LINES: Final = st.builds(
    AccessLine,
    request_id=TEXTS,
    trace_id=TEXTS,
    revision=TEXTS,
    client=ADDRESSES | st.just(""),
    host=TEXTS,
    path=TEXTS,
    query=TEXTS,
    user_agent=TEXTS,
    sampled=st.booleans(),
    method=st.sampled_from(["GET", "PUT", "POST"]),
    status=st.sampled_from([0, 101, 200, 404, 499, 500, 503]),
    route=TEXTS,
    upstream=TEXTS,
    endpoint=TEXTS,
    source=st.sampled_from([source.value for source in Source]),
    reason=st.sampled_from([reason.value for reason in Reason]),
    duration_ms=NUMBERS.map(lambda number: number / 1000),
    overhead_ms=NUMBERS.map(lambda number: number / 1000),
    bytes_in=NUMBERS,
    bytes_out=NUMBERS,
    phases=st.builds(LinePhases, ttfb_ms=NUMBERS.map(lambda number: number / 1000)),
    attempts=st.lists(st.just(LineAttempt("127.0.0.1:1")), max_size=3).map(tuple),
)


def says(expression: Expression, line: AccessLine) -> bool:  # noqa: C901, PLR0911 - a case for each node
    """Whether the line satisfies the filter; an exchange is slow after a second."""
    match expression:
        case And(terms):
            return all(says(term, line) for term in terms)
        case Or(terms):
            return any(says(term, line) for term in terms)
        case Not(term):
            return not says(term, line)
        case Word(text):
            return line.path.find(text) >= 0
        case Macro("err"):
            return line.status in range(500, 600) or line.reason in GATEWAY_FAULTS
        case Macro("slow"):
            return line.duration_ms > 1000 and line.status != 101
        case Macro("retried"):
            return len(line.attempts) >= 2
        case Macro("sampled"):
            return line.sampled
        case Macro():
            return line.reason == "client_disconnect"
        case Pattern(field, pattern):
            return re.search(pattern, str(fact(field, line))) is not None
        case Test(field, chosen):
            return any(has(value, fact(field, line)) for value in chosen)


def fact(field: str, line: AccessLine) -> Any:
    return {
        "by": line.source,
        "client": line.client,
        "proto": line.protocol,
        "latency": line.duration_ms * 1000,
        "overhead": line.overhead_ms * 1000,
        "ttfb": line.phases.ttfb_ms * 1000,
        "queue": 0,
        "connect": 0,
        "retries": max(len(line.attempts) - 1, 0),
        "size.req": line.bytes_in,
        "size.res": line.bytes_out,
        "trace": line.trace_id,
        "req": line.request_id,
        "rev": line.revision,
        "hdr.user-agent": line.user_agent,
    }[field] if not hasattr(line, field) else getattr(line, field)  # fmt: skip


def has(value: Value, found: Any) -> bool:  # noqa: PLR0911 - a case for each value
    match value:
        case Exact(text):
            return bool(found == text)
        case Glob(text):
            pattern = ".*".join(re.escape(piece) for piece in text.split("*"))
            return re.fullmatch(pattern, found, re.DOTALL) is not None
        case Network(text):
            return bool(found) and ipaddress.ip_address(found) in ipaddress.ip_network(text)
        case Number(number):
            return bool(round(found) == number)
        case Span(low, high):
            return bool(low <= round(found) <= high)
        case Bound(order, number):
            number_found: int = round(found)
            return {
                ">": number_found > number,
                ">=": number_found >= number,
                "<": number_found < number,
                "<=": number_found <= number,
            }[order]
        case StatusClass(digit):
            return str(found).startswith(str(digit)) and found >= 100
