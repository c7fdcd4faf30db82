"""What becomes of a report, and the newest lines that are kept for reading."""

from pathlib import Path

import msgspec
import pytest
import structlog.testing

from gateway.model.snapshot import Snapshot
from gateway.runtime.intake import Intake, WorkerLoad
from gateway.runtime.live.live import LiveTraffic
from gateway.runtime.sinks import Sinks
from gateway.telemetry import catalog
from gateway.telemetry.history.history import History
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import ListenerDelta, Place, PoolGauge, Report, RouteDelta, encode_report
from tests.unit.gateway.telemetry.test_store import nonzero

EMPTY = Snapshot(revision="", sequence=0, listeners=(), upstreams=(), routes=())


def block(*numbers: int) -> bytes:
    return b"".join(b'{"n":%d}\n' % number for number in numbers)


def report(**parts: object) -> Report:
    return msgspec.structs.replace(Report(worker=1, sequence=1, at_ns=1), **parts)


def test_what_a_report_leaves_out_has_not_changed() -> None:
    load = WorkerLoad()
    load.take(report(routes=[RouteDelta("a", 2), RouteDelta("b", 1)], listeners=[ListenerDelta("public", 7, 7)]))
    load.take(report(routes=[RouteDelta("a", 0)]))
    assert (load.in_flight, load.connections, load.connections_of("public"), load.connections_of("none")) == (
        1,
        7,
        7,
        0,
    )


def test_a_report_without_counts_keeps_the_pools_of_the_last_one() -> None:
    load = WorkerLoad()
    pool = PoolGauge("orders", "127.0.0.1:1", 1, 2, 0, 1, 256)
    load.take(report(pools=[pool]))
    load.take(report(counted=False))
    assert load.pools == [pool]


def test_lines_written_and_lines_only_kept_can_both_be_read(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    store = MetricsStore()
    sinks = Sinks(store, {})
    intake = Intake(store, sinks, LiveTraffic(lambda: EMPTY, lambda _message: None, SupervisorInstruments()), History())
    taken = report(access_lines=block(1), access_line_count=1, kept_lines=block(2))
    memory = {(1, 64, 8): block(3)}
    intake.take(1, msgspec.Raw(encode_report(taken)), memory.pop)
    later = report(lines_at=(1, 64, 8), access_lines=block(4), access_line_count=2)
    intake.take(1, msgspec.Raw(encode_report(later)), memory.pop)
    assert not memory
    sinks._lines.close(5.0)
    assert capfdbinary.readouterr().out == block(1, 3, 4)
    assert sorted(intake.live.ring.newest_first()) == [b'{"n":1}', b'{"n":2}', b'{"n":3}', b'{"n":4}']
    assert set(intake.loads) == {1}
    intake.worker_gone(1)
    assert intake.loads == {}


def test_lines_that_are_not_where_they_should_be_are_counted_as_lost_and_the_rest_of_the_report_counts() -> None:
    def nowhere(place: Place) -> bytes:
        raise ValueError(f"nothing can be at {place}")

    store = MetricsStore()
    sinks = Sinks(store, {})
    intake = Intake(store, sinks, LiveTraffic(lambda: EMPTY, lambda _message: None, SupervisorInstruments()), History())
    taken = report(lines_at=(1, 64, 8), access_lines=block(1), access_line_count=3, kept_lines=block(2))
    with structlog.testing.capture_logs() as told:
        intake.take(1, msgspec.Raw(encode_report(taken)), nowhere)
    sinks._lines.close(5.0)
    assert [entry["event"] for entry in told] == ["lines_not_found"]
    assert nonzero(store, catalog.TELEMETRY_DROPPED) == {("log", "access_log", "malformed"): 3}
    assert list(intake.live.ring.newest_first()) == [b'{"n":2}']
    assert set(intake.loads) == {1}


def test_what_is_no_report_is_an_error(tmp_path: Path) -> None:
    store = MetricsStore()
    sinks = Sinks(store, {})
    with pytest.raises(msgspec.DecodeError):
        Intake(
            store, sinks, LiveTraffic(lambda: EMPTY, lambda _message: None, SupervisorInstruments()), History()
        ).take(1, msgspec.Raw(b"\xc1"), lambda _place: b"")
    sinks._lines.close(5.0)
