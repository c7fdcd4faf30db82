"""The few rules of protobuf's wire format, for what is encoded by hand because it is encoded often."""

import struct
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5

double: Final = struct.Struct("<d").pack
"""Of a FIXED64 that is a floating-point number."""
fixed64: Final = struct.Struct("<Q").pack
fixed32: Final = struct.Struct("<I").pack

_SMALL: Final = tuple(bytes((number,)) for number in range(0x80))


def tag(field: int, wire_type: int) -> bytes:
    """What begins a field."""
    return varint(field << 3 | wire_type)


def varint(number: int) -> bytes:
    """Of a number that is not negative."""
    if number < 0x80:
        return _SMALL[number]
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def zigzag(number: int) -> bytes:
    """Of any whole number, for fields declared as sint."""
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def message(beginning: bytes, content: bytes) -> bytes:
    """A field of the wire type LENGTH; `beginning` is its tag."""
    return beginning + varint(len(content)) + content
