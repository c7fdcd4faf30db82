"""What the spans of an exchange say: stable HTTP conventions, our own attributes, the ids that were sent on."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from gateway.model.outcome import Reason, Source
from gateway.model.route import Rewrite
from gateway.telemetry.tracing.span_builder import build_spans
from tests.unit.gateway.telemetry.samples import (
    MS,
    SPAN_ID,
    STARTED_AT_NS,
    TRACE_ID,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    record,
    stamp,
)

HAS_PARENT, PARENT_IS_REMOTE = 0x100, 0x200


def spans_of(exchange: Any) -> list[Span]:
    """Read by the official messages."""
    recorder = make_recorder()
    exchange.sampled = True
    record(recorder, exchange)
    [kept] = recorder.take_report([], 1).records
    return [Span.FromString(encoded) for encoded in build_spans(kept)]


def attributes(span: Span) -> dict[str, Any]:
    values = {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}
    assert len(values) == len(span.attributes)
    return values


def ids(span: Span) -> tuple[str, str, str | None]:
    return span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex() or None


def test_the_server_span_of_a_plain_exchange() -> None:
    server, _ = spans_of(make_exchange(query="id=7"))
    assert (server.name, server.kind) == ("GET /v1/orders/{id}", Span.SPAN_KIND_SERVER)
    assert (server.start_time_unix_nano, server.end_time_unix_nano) == (STARTED_AT_NS, STARTED_AT_NS + 15 * MS)
    assert server.status.code == Status.STATUS_CODE_UNSET
    assert attributes(server) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/v1/orders/{id}",
        "url.path": "/v1/orders/7",
        "url.query": "id=REDACTED",
        "url.scheme": "http",
        "server.address": "api.example.com",
        "client.address": "203.0.113.7",
        "network.peer.address": "203.0.113.7",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8.11",
        "sightline.sampling.rule": "sampled",
        "sightline.reason": "none",
        "sightline.source": "upstream",
        "sightline.route": "orders",
        "sightline.listener": "public",
        "sightline.request.id": "req-1",
        "sightline.config.revision": "0123456789ab",
        "sightline.overhead_ms": 3.0,
        "sightline.phase.send_ms": 1.0,
        "sightline.phase.ttfb_ms": 10.0,
        "sightline.phase.transfer_ms": 2.0,
    }


def test_the_client_span_of_a_plain_exchange() -> None:
    server, client = spans_of(make_exchange(query="id=7"))
    assert (client.name, client.kind) == ("GET", Span.SPAN_KIND_CLIENT)
    assert (client.start_time_unix_nano, client.end_time_unix_nano) == (STARTED_AT_NS + 1 * MS, STARTED_AT_NS + 14 * MS)
    assert ids(server) == (TRACE_ID, SPAN_ID, None)
    assert ids(client) == (TRACE_ID, "00f067aa0ba902b7", SPAN_ID)
    assert attributes(client) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": "http://127.0.0.1:9001/v1/orders/7?id=REDACTED",
        "server.address": "127.0.0.1",
        "server.port": 9001,
        "network.peer.address": "127.0.0.1",
        "network.peer.port": 9001,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "sightline.upstream": "orders",
        "sightline.endpoint": "127.0.0.1:9001",
        "sightline.reason": "none",
        "sightline.connection.reused": True,
    }
    assert [(event.name, event.time_unix_nano) for event in client.events] == [
        ("request sent", STARTED_AT_NS + 2 * MS),
        ("first byte", STARTED_AT_NS + 12 * MS),
    ]


def test_the_parent_of_the_server_span_is_remote() -> None:
    server, client = spans_of(make_exchange(parent_span_id="1111111111111111", trace_state="congo=1"))
    assert server.flags & (HAS_PARENT | PARENT_IS_REMOTE) == HAS_PARENT | PARENT_IS_REMOTE
    assert client.flags & (HAS_PARENT | PARENT_IS_REMOTE) == HAS_PARENT
    assert ids(server)[2] == "1111111111111111"
    assert (server.trace_state, client.trace_state) == ("congo=1", "congo=1")


@pytest.mark.parametrize(("is_random", "flags"), [(True, 3), (False, 1)])
def test_exported_spans_carry_the_sampled_flag_whatever_was_sent_on(is_random: bool, flags: int) -> None:
    for span in spans_of(make_exchange(trace_random=is_random)):
        assert span.flags & 0xFF == flags


@pytest.mark.parametrize(
    ("status", "reason", "server_error", "client_error"),
    [
        (200, Reason.NONE, None, None),
        (302, Reason.NONE, None, None),
        (404, Reason.NONE, None, "404"),
        (503, Reason.UPSTREAM_STATUS, "503", "503"),
    ],
)
def test_a_4xx_is_an_error_of_the_client_span_alone(
    status: int, reason: Reason, server_error: str | None, client_error: str | None
) -> None:
    attempt = make_attempt(status=status, reason=reason)
    server, client = spans_of(make_exchange(status=status, reason=reason, attempts=[attempt]))
    for span, error in ((server, server_error), (client, client_error)):
        assert attributes(span).get("error.type") == error
        assert span.status.code == (Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_UNSET)


def test_a_failed_attempt_names_its_reason_and_what_followed_counts_up() -> None:
    second = make_attempt(3, endpoint="127.0.0.1:9002", span_id="2222222222222222")
    server, first, last = spans_of(make_exchange(attempts=[failed_attempt(span_id="1111111111111111"), second]))
    assert attributes(first)["error.type"] == "connect_refused"
    assert first.status.code == Status.STATUS_CODE_ERROR
    assert "http.response.status_code" not in attributes(first)
    assert "http.request.resend_count" not in attributes(first)
    assert attributes(last)["http.request.resend_count"] == 1
    assert (ids(first)[2], ids(last)[2]) == (SPAN_ID, SPAN_ID)
    assert server.status.code == Status.STATUS_CODE_UNSET


def test_an_answer_that_broke_off_is_an_error_although_its_status_was_fine() -> None:
    broken = make_attempt(reason=Reason.UPSTREAM_RESET)
    server, client = spans_of(make_exchange(reason=Reason.UPSTREAM_RESET, attempts=[broken], detail="after 3 bytes"))
    for span in (server, client):
        assert attributes(span)["error.type"] == "upstream_reset"
        assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(server)["sightline.reason_detail"] == "after 3 bytes"


@pytest.mark.parametrize("status", [200, 499])
def test_a_client_that_left_makes_an_error_type_but_no_error(status: int) -> None:
    facts: dict[str, Any] = {"status": status, "reason": Reason.CLIENT_DISCONNECT, "source": Source.CLIENT}
    server = spans_of(make_exchange(**facts))[0]
    assert attributes(server)["error.type"] == "client_disconnect"
    assert server.status.code == Status.STATUS_CODE_UNSET


def test_an_unknown_method_is_named_other_and_kept_beside() -> None:
    server, client = spans_of(make_exchange(method="BREW"))
    assert (server.name, client.name) == ("HTTP /v1/orders/{id}", "HTTP")
    assert attributes(server)["http.request.method"] == "_OTHER"
    assert attributes(server)["http.request.method_original"] == "BREW"


def test_an_attempt_that_sent_nothing_has_an_id_of_its_own() -> None:
    _, first, _ = spans_of(make_exchange(attempts=[failed_attempt(span_id=""), make_attempt(3)]))
    assert ids(first)[1] not in {SPAN_ID, "0" * 16}


def test_a_rewritten_path_is_not_claimed_to_have_been_sent() -> None:
    route = make_route(rewrite=Rewrite(path="/other"))
    assert "url.full" not in attributes(spans_of(make_exchange(route))[1])


@pytest.mark.parametrize(
    ("endpoint", "address", "port", "peer"),
    [
        ("orders.internal:80", "orders.internal", 80, None),
        ("[::1]:9001", "::1", 9001, "::1"),
        ("unix:/run/orders.sock", "unix:/run/orders.sock", None, None),
    ],
)
def test_the_endpoint_is_named_by_what_it_is(endpoint: str, address: str, port: int | None, peer: str | None) -> None:
    client = attributes(spans_of(make_exchange(attempts=[make_attempt(endpoint=endpoint)]))[1])
    assert (client["server.address"], client.get("server.port")) == (address, port)
    assert client.get("network.peer.address") == peer
    assert ("url.full" in client) is not endpoint.startswith("unix")


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("a.example:8443", "a.example", 8443),
        ("[::1]:80", "::1", 80),
        ("::1", "::1", None),
        ("a:b", "a:b", None),
        ("a:" + "9" * 40, "a:" + "9" * 40, None),
    ],
)
def test_the_host_of_the_request_names_the_server(host: str, address: str, port: int | None) -> None:
    server = attributes(spans_of(make_exchange(host=host))[0])
    assert (server["server.address"], server.get("server.port")) == (address, port)


def test_a_new_connection_is_an_event_of_its_attempt() -> None:
    attempt = make_attempt(1, sent_ms=5, connecting_ns=stamp(1), connected_ns=stamp(3), leased_ns=stamp(3))
    events = spans_of(make_exchange(attempts=[attempt]))[1].events
    assert [event.name for event in events] == ["connected", "request sent", "first byte"]


def test_what_a_rewrite_made_of_the_path_is_what_was_sent() -> None:
    route = make_route(rewrite=Rewrite(path="/inner"))
    [_, client] = spans_of(make_exchange(route, forwarded_path="/inner", query="token=canary"))
    assert attributes(client)["url.full"] == "http://127.0.0.1:9001/inner?token=REDACTED"


def test_a_caller_that_is_not_continued_is_linked_to() -> None:
    [server, client] = spans_of(make_exchange(link=("c" * 32, "d" * 16, True, "foo=1")))
    [link] = server.links
    assert (link.trace_id.hex(), link.span_id.hex()) == ("c" * 32, "d" * 16)
    assert (link.flags & 0xFF, bool(link.flags & PARENT_IS_REMOTE)) == (1, True)
    assert link.trace_state == "foo=1"
    assert ids(server)[2] is None
    assert not client.links


def test_whose_doing_it_was_and_why_are_the_words_of_logs_and_metrics() -> None:
    failed = make_exchange(
        attempts=[failed_attempt()], status=502, source=Source.UPSTREAM, reason=Reason.CONNECT_REFUSED
    )
    [server, client] = spans_of(failed)
    assert (attributes(server)["sightline.source"], attributes(server)["sightline.reason"]) == (
        "upstream",
        "connect_refused",
    )
    assert attributes(client)["sightline.reason"] == "connect_refused"


def test_an_injected_fault_is_named_with_how_long_it_held_the_request_back() -> None:
    [server, client] = spans_of(make_exchange(fault="delay", fault_ns=25 * MS))
    assert (attributes(server)["sightline.fault"], attributes(server)["sightline.fault_ms"]) == ("delay", 25.0)
    assert "sightline.fault" not in attributes(client)


def test_what_is_alike_in_spans_is_not_mixed_up_with_what_is_not() -> None:
    """The common part of spans is kept encoded; each kind of exchange has one of its own, also when they take turns."""
    kinds: list[dict[str, Any]] = [{}, {"status": 404}, {"method": "POST"}, {"protocol": "1.0"}]
    for kind in [*kinds, *kinds]:
        said = attributes(spans_of(make_exchange(path=f"/{len(kind)}", **kind))[0])
        assert said["http.response.status_code"] == kind.get("status", 200)
        assert said["http.request.method"] == kind.get("method", "GET")
        assert said["network.protocol.version"] == kind.get("protocol", "1.1")
        assert said["url.path"] == f"/{len(kind)}"
