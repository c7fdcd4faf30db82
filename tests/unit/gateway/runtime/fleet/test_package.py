"""A snapshot cut into slices that are small in number of objects and in bytes."""

from gateway.model.route import Match, Place, Respond, Route
from gateway.model.snapshot import Snapshot
from gateway.runtime.fleet.package import build_package, encode_slices
from gateway.wire.control import Begin, Slice, decode_down


def snapshot_of(count: int, body: str) -> Snapshot:
    routes = tuple(
        Route(f"r{index}", index, Match(), Place("f", 1), respond=Respond(body=body)) for index in range(count)
    )
    return Snapshot(revision="0123456789ab", sequence=7, listeners=(), upstreams=(), routes=routes)


def test_the_first_message_announces_what_follows() -> None:
    whole = snapshot_of(120, "")
    package = build_package(whole, encode_slices(whole), {"public": 3})
    begin = decode_down(package.messages[0])
    assert isinstance(begin, Begin)
    assert (begin.routes, begin.upstreams, begin.snapshot.routes, begin.sockets) == (120, 0, (), {"public": 3})
    assert package.sequence == 7


def test_slices_hold_at_most_fifty_objects() -> None:
    parts = [decode_down(message) for message in encode_slices(snapshot_of(120, ""))]
    assert [len(part.routes) for part in parts if isinstance(part, Slice)] == [50, 50, 20]


def test_large_objects_travel_in_fewer_at_a_time() -> None:
    slices = encode_slices(snapshot_of(10, "x" * 100_000))
    assert len(slices) == 5
    assert max(map(len, slices)) < 256 * 1024
