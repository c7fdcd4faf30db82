"""The wire format of protobuf, against the library's own."""

import pytest
from google.protobuf.wrappers_pb2 import DoubleValue, StringValue, UInt64Value

from gateway.telemetry.protobuf import FIXED64, LENGTH, VARINT, double, message, tag, varint, zigzag


@pytest.mark.parametrize("number", [1, 127, 128, 300, 2**32, 2**63])
def test_numbers_are_written_as_the_library_writes_them(number: int) -> None:
    assert tag(1, VARINT) + varint(number) == UInt64Value(value=number).SerializeToString()


@pytest.mark.parametrize(("number", "encoded"), [(0, 0), (-1, 1), (1, 2), (-2, 3), (2**31, 2**32)])
def test_signs_move_to_the_end(number: int, encoded: int) -> None:
    assert zigzag(number) == varint(encoded)


def test_texts_and_floating_point_numbers_are_written_as_the_library_writes_them() -> None:
    assert message(tag(1, LENGTH), "ä".encode() * 100) == StringValue(value="ä" * 100).SerializeToString()
    assert tag(1, FIXED64) + double(0.1) == DoubleValue(value=0.1).SerializeToString()
