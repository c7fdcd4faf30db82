"""A snapshot as it travels to the workers: encoded once, in slices, and sent to each of them as it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from gateway.model.snapshot import Snapshot
from gateway.wire.control import Begin, Slice, encode

_OBJECTS_PER_SLICE: Final = 50
_BYTES_PER_SLICE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """All messages that carry one snapshot, ready to be sent; `sockets` is the ticket of each listener's socket."""

    snapshot: Snapshot
    sockets: dict[str, int]
    messages: tuple[bytes, ...]

    @property
    def sequence(self) -> int:
        return self.snapshot.sequence


def encode_slices(snapshot: Snapshot) -> tuple[bytes, ...]:
    """The upstreams, then the routes. Takes long for many of them, so the supervisor does it in a thread."""
    upstreams = [encode(Slice(upstreams=part)) for part in _parts(snapshot.upstreams)]
    routes = [encode(Slice(routes=part)) for part in _parts(snapshot.routes)]
    return (*upstreams, *routes)


def build_package(snapshot: Snapshot, slices: tuple[bytes, ...], sockets: dict[str, int]) -> Package:
    """slices: as made by `encode_slices` of the same snapshot."""
    begin = Begin(
        snapshot=replace(snapshot, upstreams=(), routes=()),
        upstreams=len(snapshot.upstreams),
        routes=len(snapshot.routes),
        sockets=sockets,
    )
    return Package(snapshot, sockets, (encode(begin), *slices))


def _parts(objects: Iterable[object]) -> Iterator[list[msgspec.Raw]]:
    """Encoded objects, so many at a time that a part stays small in number and in bytes."""
    part: list[msgspec.Raw] = []
    size = 0
    for value in objects:
        encoded = encode(value)
        if part and (len(part) == _OBJECTS_PER_SLICE or size + len(encoded) > _BYTES_PER_SLICE):
            yield part
            part, size = [], 0
        part.append(msgspec.Raw(encoded))
        size += len(encoded)
    if part:
        yield part
