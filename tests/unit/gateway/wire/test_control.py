"""The messages between supervisor and worker survive the journey, and nothing else is taken for one."""

import msgspec
import pytest

from gateway.model.listener import Listener
from gateway.model.route import Match, PathKind, Place, Route, WeightedUpstream
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.wire.control import (
    Addresses,
    Begin,
    Commit,
    Down,
    Hello,
    Measured,
    Notice,
    Prepared,
    ReportEncoder,
    Slice,
    Up,
    decode_down,
    decode_route,
    decode_up,
    decode_upstream,
    encode,
)
from gateway.wire.report import Report, decode_report

ROUTE = Route(
    name="orders",
    index=3,
    match=Match(hosts=("api.example.com",), path_kind=PathKind.TEMPLATE, path="/v1/orders/{id}", methods=("GET",)),
    place=Place("sightline.yaml", 12),
    upstreams=(WeightedUpstream("orders"),),
)
UPSTREAM = Upstream(name="orders", endpoints=(Endpoint("127.0.0.1:9001", host="127.0.0.1", port=9001),))


@pytest.mark.parametrize(
    "message",
    [
        Begin(
            snapshot=Snapshot("0123456789ab", 4, (Listener("public", "127.0.0.1", 9080),), (), ()),
            upstreams=1,
            routes=2,
            sockets={"public": 7},
        ),
        Commit(sequence=4),
        Addresses(resolved={"orders.internal:80": ("10.0.0.1", "10.0.0.2")}),
    ],
)
def test_a_supervisors_message_arrives_as_it_was_sent(message: Down) -> None:
    assert decode_down(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Hello(version=1, worker=2, pid=4711),
        Prepared(sequence=4, duration_ns=1, longest_step_ns=2),
        Notice(level="error", event="worker_fault", fields={"what": "it", "suppressed": 3}),
    ],
)
def test_a_workers_message_arrives_as_it_was_sent(message: Up) -> None:
    assert decode_up(encode(message)) == message


def test_routes_and_upstreams_stay_encoded_inside_a_slice() -> None:
    message = encode(Slice(upstreams=[msgspec.Raw(encode(UPSTREAM))], routes=[msgspec.Raw(encode(ROUTE))]))
    part = decode_down(message)
    assert isinstance(part, Slice)
    assert decode_upstream(part.upstreams[0]) == UPSTREAM
    assert decode_route(part.routes[0]) == ROUTE


def test_a_report_arrives_still_encoded() -> None:
    encoder = ReportEncoder()
    for lines in (b"x" * 100_000, b"", b"short"):
        report = Report(worker=1, sequence=1, at_ns=1, access_lines=lines)
        message = decode_up(memoryview(encoder.encode(report)))
        assert isinstance(message, Measured)
        assert decode_report(message.report) == report


@pytest.mark.parametrize("data", [b"", b"\xc1", msgspec.msgpack.encode({"type": "hello"}), encode(Commit(sequence=1))])
def test_what_no_worker_would_say_is_an_error(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_up(data)
