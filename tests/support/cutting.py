"""Bytes cut into the pieces in which a network may deliver them."""

from collections.abc import Iterator

from hypothesis import strategies as st

CUTS = st.lists(st.integers(0, 10_000), max_size=8)
"""Where to cut, modulo the length of what is cut."""


def cut(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The pieces, none of them empty."""
    if not data:
        return
    places = sorted({place % len(data) for place in cuts} - {0})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]


def bytewise(data: bytes) -> Iterator[bytes]:
    for offset in range(len(data)):
        yield data[offset : offset + 1]
