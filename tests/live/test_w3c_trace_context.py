"""The cases of the W3C's own validation suite for Trace Context (SPEC_LEVEL 2, STRICT_LEVEL 2), by the suite's names.

The way is the suite's for a proxy: the request goes through the gateway to a service that copies `traceparent` and
`tracestate`, and its callbacks go through the gateway again.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway import EngineGateway
from tests.support.messages import Request
from tests.support.origin import OK, Origin, OriginConnection, Script, answering

TRACE: Final = "12345678901234567890123456789012"
PARENT: Final = "1234567890123456"
VALID: Final = f"traceparent: 00-{TRACE}-{PARENT}-00"
NOTHING: Final = ""
KEPT: Final = True
RENEWED: Final = False
OUTGOING: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
VALUE: Final = "".join(map(chr, [*range(0x20, 0x2C), *range(0x2D, 0x3D), *range(0x3E, 0x7F)]))
KEY: Final = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
BARS: Final = [f"bar{number:02d}={number:02d}" for number in range(1, 34)]


@dataclass(frozen=True)
class Case:
    """Header lines, whether the trace is continued (None: there was none), and the state that must go on (None: any)."""

    lines: tuple[str, ...]
    continues: bool | None
    state: str | None = None


def parent(value: str, *, continues: bool) -> Case:
    return Case((f"traceparent: {value}",), continues)


def state(*values: str, expected: str) -> Case:
    return Case((VALID, *(f"tracestate: {value}" for value in values)), KEPT, expected)


FUTURE: Final = "what-the-future-will-be-like"
CASES: Final[dict[str, list[Case]]] = {
    "test_both_traceparent_and_tracestate_missing": [Case((), None, NOTHING)],
    "test_traceparent_included_tracestate_missing": [Case((f"traceparent: 00-{TRACE}-{PARENT}-01",), KEPT, NOTHING)],
    "test_traceparent_duplicated": [
        Case((f"traceparent: 00-{TRACE[:-1]}1-{PARENT}-01", f"traceparent: 00-{TRACE}-{PARENT}-01"), RENEWED)
    ],
    "test_traceparent_header_name": [
        Case((f"trace-parent: 00-{TRACE}-{PARENT}-01",), RENEWED),
        Case((f"trace.parent: 00-{TRACE}-{PARENT}-01",), RENEWED),
    ],
    "test_traceparent_header_name_valid_casing": [
        Case((f"{name}: 00-{TRACE}-{PARENT}-01",), KEPT) for name in ("TraceParent", "TrAcEpArEnT", "TRACEPARENT")
    ],
    "test_traceparent_version_0x00": [
        parent(f"00-{TRACE}-{PARENT}-01.", continues=False),
        parent(f"00-{TRACE}-{PARENT}-01-{FUTURE}", continues=False),
    ],
    "test_traceparent_version_0xcc": [
        parent(f"cc-{TRACE}-{PARENT}-01", continues=True),
        parent(f"cc-{TRACE}-{PARENT}-01-{FUTURE}", continues=True),
        parent(f"cc-{TRACE}-{PARENT}-01.{FUTURE}", continues=False),
    ],
    "test_traceparent_version_0xff": [parent(f"ff-{TRACE}-{PARENT}-01", continues=False)],
    "test_traceparent_version_illegal_characters": [
        parent(f"{version}-{TRACE}-{PARENT}-01", continues=False) for version in (".0", "0.")
    ],
    "test_traceparent_version_too_long": [
        parent(f"{version}-{TRACE}-{PARENT}-01", continues=False) for version in ("000", "0000")
    ],
    "test_traceparent_version_too_short": [parent(f"0-{TRACE}-{PARENT}-01", continues=False)],
    "test_traceparent_trace_id_all_zero": [parent(f"00-{'0' * 32}-{PARENT}-01", continues=False)],
    "test_traceparent_trace_id_illegal_characters": [
        parent(f"00-.{TRACE[1:]}-{PARENT}-01", continues=False),
        parent(f"00-{TRACE[:-1]}.-{PARENT}-01", continues=False),
    ],
    "test_traceparent_trace_id_too_long": [parent(f"00-{TRACE}3-{PARENT}-01", continues=False)],
    "test_traceparent_trace_id_too_short": [parent(f"00-{TRACE[:-1]}-{PARENT}-01", continues=False)],
    "test_traceparent_parent_id_all_zero": [parent(f"00-{TRACE}-{'0' * 16}-01", continues=False)],
    "test_traceparent_parent_id_illegal_characters": [
        parent(f"00-{TRACE}-.{PARENT[1:]}-01", continues=False),
        parent(f"00-{TRACE}-{PARENT[:-1]}.-01", continues=False),
    ],
    "test_traceparent_parent_id_too_long": [parent(f"00-{TRACE}-{PARENT}7-01", continues=False)],
    "test_traceparent_parent_id_too_short": [parent(f"00-{TRACE}-{PARENT[:-1]}-01", continues=False)],
    "test_traceparent_trace_flags_illegal_characters": [
        parent(f"00-{TRACE}-{PARENT}-{flags}", continues=False) for flags in (".0", "0.")
    ],
    "test_traceparent_trace_flags_too_long": [parent(f"00-{TRACE}-{PARENT}-001", continues=False)],
    "test_traceparent_trace_flags_too_short": [parent(f"00-{TRACE}-{PARENT}-1", continues=False)],
    "test_traceparent_ows_handling": [
        parent(f"{before}00-{TRACE}-{PARENT}-01{after}", continues=True)
        for before, after in ((" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t"))
    ],
    "test_tracestate_included_traceparent_missing": [
        Case(("tracestate: foo=1",), None, NOTHING),
        Case(("tracestate: foo=1,bar=2",), None, NOTHING),
    ],
    "test_tracestate_included_traceparent_included": [state("foo=1,bar=2", expected="foo=1,bar=2")],
    "test_tracestate_header_name": [
        Case((VALID, "trace-state: foo=1"), KEPT, NOTHING),
        Case((VALID, "trace.state: foo=1"), KEPT, NOTHING),
    ],
    "test_tracestate_header_name_valid_casing": [
        Case((VALID, f"{name}: foo=1"), KEPT, "foo=1") for name in ("TraceState", "TrAcEsTaTe", "TRACESTATE")
    ],
    "test_tracestate_empty_header": [
        state("", expected=NOTHING),
        state("foo=1", "", expected="foo=1"),
        state("", "foo=1", expected="foo=1"),
    ],
    "test_tracestate_multiple_headers_different_keys": [
        state("foo=1,bar=2", "rojo=1,congo=2", "baz=3", expected="foo=1,bar=2,rojo=1,congo=2,baz=3")
    ],
    "test_tracestate_duplicated_keys": [
        state("foo=1,foo=1", expected="foo=1"),
        state("foo=1,foo=2", expected="foo=1"),
        state("foo=1", "foo=1", expected="foo=1"),
        state("foo=1", "foo=2", expected="foo=1"),
    ],
    "test_tracestate_all_allowed_characters": [
        state(f"{KEY}={VALUE}", expected=f"{KEY}={VALUE}"),
        state(f"{KEY}@a-z0-9_-*/={VALUE}", expected=f"{KEY}@a-z0-9_-*/={VALUE}"),
    ],
    "test_tracestate_ows_handling": [
        state("foo=1 \t , \t bar=2, \t baz=3", expected="foo=1,bar=2,baz=3"),
        state("foo=1\t \t,\t \tbar=2,\t \tbaz=3", expected="foo=1,bar=2,baz=3"),
        *(state(value, expected="foo=1") for value in (" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t")),
    ],
    "test_tracestate_key_illegal_characters": [
        state(value, expected=NOTHING) for value in ("foo =1", "FOO=1", "foo.bar=1")
    ],
    "test_tracestate_key_illegal_vendor_format": [
        *(state(value, expected=value) for value in ("foo@=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2")),
        state("@foo=1,bar=2", expected=NOTHING),
    ],
    "test_tracestate_member_count_limit": [
        state(",".join(BARS[:10]), ",".join(BARS[10:30]), ",".join(BARS[30:32]), expected=",".join(BARS[:32])),
        state(",".join(BARS[:10]), ",".join(BARS[10:30]), ",".join(BARS[30:]), expected=NOTHING),
    ],
    "test_tracestate_key_length_limit": [
        *(
            state("foo=1", f"{key}=1", expected=f"foo=1,{key}=1")
            for key in ("z" * 256, "t" * 241 + "@" + "v" * 14, "t" * 242 + "@v", "t@" + "v" * 15)
        ),
        state("foo=1", "z" * 257 + "=1", expected=NOTHING),
    ],
    "test_tracestate_value_illegal_characters": [
        state(value, expected=NOTHING) for value in ("foo=bar=baz", "foo=,bar=3")
    ],
}


class Harness:
    """The gateway with the service and the receiver of callbacks behind it."""

    def __init__(self, start_origin: StartOrigin, start_gateway: StartGateway) -> None:
        self._receiver: Origin = start_origin(answering(OK))
        service = start_origin(self._service())
        self._gateway: EngineGateway = start_gateway(
            one_route(
                service.address,
                match="path: /test",
                more_upstreams=f'  callbacks: {{endpoints: ["{self._receiver.address}"]}}',
                more_routes="  - {name: callbacks, match: {path: /callback}, upstream: callbacks}",
            )
        )

    def _service(self) -> Script:
        async def script(connection: OriginConnection) -> None:
            while True:
                request = await connection.read_request()
                for _ in range(int(request.body)):
                    await asyncio.to_thread(self._call_back, request)
                await connection.send(OK)

        return script

    def _call_back(self, request: Request) -> None:
        copied = [field for field in request.fields if field[0].lower() in {b"traceparent", b"tracestate"}]
        self._post("/callback", [b": ".join(field) for field in copied], b"[]")

    def _post(self, path: str, lines: list[bytes], body: bytes) -> None:
        head = [f"POST {path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {len(body)}".encode(), *lines]
        with self._gateway.client() as client:
            assert client.request(b"\r\n".join(head) + b"\r\n\r\n" + body, "POST").status == 200

    def callbacks(self, *lines: str, count: int = 1) -> list[tuple[str, str, str, str]]:
        """Trace id, parent id, flags and state of each callback that this request leads to."""
        before = len(self._receiver.requests)
        self._post("/test", [line.encode() for line in lines], str(count).encode())
        return [_context_of(request) for request in self._receiver.requests[before:]]


def _context_of(request: Request) -> tuple[str, str, str, str]:
    [traceparent] = request.values("traceparent")
    found = OUTGOING.fullmatch(traceparent)
    assert found is not None, traceparent
    trace_id, parent_id, flags = (group.decode() for group in found.groups())
    return trace_id, parent_id, flags, b",".join(request.values("tracestate")).decode()


@pytest.fixture
def harness(start_origin: StartOrigin, start_gateway: StartGateway) -> Harness:
    return Harness(start_origin, start_gateway)


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_trace_context(name: str, harness: Harness) -> None:
    for case in CASES[name]:
        [(trace_id, parent_id, _, trace_state)] = harness.callbacks(*case.lines)
        if case.continues is not None:
            assert (trace_id == TRACE) is case.continues, case
        assert parent_id != PARENT, case
        assert case.state is None or trace_state == case.state, case


def test_multiple_requests_with_valid_traceparent(harness: Harness) -> None:
    callbacks = harness.callbacks(f"traceparent: 00-{TRACE}-{PARENT}-01", count=3)
    assert {trace_id for trace_id, *_ in callbacks} == {TRACE}
    assert len({parent_id for _, parent_id, *_ in callbacks}) == 3


def test_multiple_requests_without_traceparent(harness: Harness) -> None:
    assert len({parent_id for _, parent_id, *_ in harness.callbacks(count=3)}) == 3


def test_multiple_requests_with_illegal_traceparent(harness: Harness) -> None:
    callbacks = harness.callbacks(f"traceparent: 00-{'0' * 32}-{PARENT}-01", count=3)
    assert "0" * 32 not in {trace_id for trace_id, *_ in callbacks}
    assert len({parent_id for _, parent_id, *_ in callbacks}) == 3


def test_propagates_random_flag(harness: Harness) -> None:
    for given in ("02", "03"):
        [(trace_id, _, flags, _)] = harness.callbacks(f"traceparent: 00-{TRACE}-{PARENT}-{given}")
        assert (trace_id, flags) == (TRACE, given)
