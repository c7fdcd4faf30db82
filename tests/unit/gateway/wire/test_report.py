"""Reports on the wire: what goes in comes out, and what is no report is refused."""

import msgspec
import pytest

from gateway.wire.report import VERSION, PoolGauge, Report, decode_report, encode_report
from tests.unit.gateway.telemetry.samples import failed_attempt, make_attempt, make_exchange, make_recorder, record


def full_report() -> Report:
    recorder = make_recorder()
    record(
        recorder, make_exchange(sampled=True, attempts=[failed_attempt(), make_attempt()]), make_exchange(status=500)
    )
    recorder.connection_accepted("public")
    recorder.loop_lag(0.01)
    return recorder.take_report([PoolGauge("orders", "127.0.0.1:9001", 1, 2, 3, 4, 256)], 1_790_000_000 * 10**9)


def test_a_report_survives_the_wire() -> None:
    report = full_report()
    assert report.version == VERSION
    assert decode_report(encode_report(report)) == report


def test_a_field_of_a_later_version_is_ignored() -> None:
    report = full_report()
    fields = msgspec.msgpack.decode(encode_report(report))
    assert decode_report(msgspec.msgpack.encode([*fields, "more"])) == report


def test_fields_of_a_later_version_have_defaults() -> None:
    assert decode_report(msgspec.msgpack.encode([3, 7, 1])) == Report(3, 7, 1)


@pytest.mark.parametrize(
    "message", [b"", b"\xc1", msgspec.msgpack.encode([1]), msgspec.msgpack.encode(["a", "b", "c"])]
)
def test_anything_else_is_refused(message: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_report(message)
