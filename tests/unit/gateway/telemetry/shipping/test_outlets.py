"""The sinks in force follow the settings: kept where nothing changed, replaced without losing a line where it did."""

import asyncio
from dataclasses import replace
from pathlib import Path

from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.shipping.outlets import Outlets
from gateway.telemetry.shipping.settings import FileTarget, HttpAccess, LogSink, LokiTarget
from gateway.telemetry.store import MetricsStore, Value
from tests.support.log_sinks import HANG, FakeLoki
from tests.support.waiting import wait_until_async
from tests.unit.gateway.telemetry.lines import numbers, success


def value(store: MetricsStore, instrument: Instrument, *labels: str) -> Value:
    (family,) = store.families([instrument])
    return family.series.get(labels, 0)


def to_file(name: str, path: Path) -> LogSink:
    return LogSink(name, FileTarget(str(path)))


def test_each_sink_gets_every_line_and_a_changed_one_loses_none(tmp_path: Path) -> None:
    async def run() -> None:
        store = MetricsStore()
        outlets = Outlets(store)
        one, two, three = (to_file(name, tmp_path / name) for name in ("one", "two", "three"))
        outlets.configure([one, two], "edge", 5.0)
        outlets.put(success(1), 1)
        outlets.configure([one, replace(three, name="two")], "edge", 5.0)
        outlets.put(success(2), 1)
        await outlets.close(5.0)
        assert [numbers((tmp_path / name).read_bytes()) for name in ("one", "two", "three")] == [[1, 2], [1], [2]]
        assert value(store, catalog.TELEMETRY_EXPORTED, "log", "one") == 2
        assert value(store, catalog.TELEMETRY_EXPORTED, "log", "two") == 2

    asyncio.run(run())


def test_a_file_that_was_moved_is_opened_anew(tmp_path: Path) -> None:
    async def run() -> None:
        store = MetricsStore()
        outlets = Outlets(store)
        outlets.configure([to_file("one", tmp_path / "one")], "edge", 5.0)
        outlets.put(success(1), 1)
        await wait_until_async(lambda: value(store, catalog.TELEMETRY_EXPORTED, "log", "one"), "the line is written")
        (tmp_path / "one").rename(tmp_path / "one.1")
        outlets.reopen()
        outlets.put(success(2), 1)
        await outlets.close(5.0)
        assert [numbers((tmp_path / name).read_bytes()) for name in ("one.1", "one")] == [[1], [2]]

    asyncio.run(run())


def test_queues_are_shown_while_the_sink_is_there() -> None:
    async def run() -> None:
        async with FakeLoki() as fake:
            fake.moods.append(HANG)
            store = MetricsStore()
            outlets = Outlets(store)
            outlets.configure([LogSink("loki", LokiTarget(HttpAccess(fake.url)))], "edge", 0.01)
            line = success(1)
            outlets.put(line, 1)
            assert value(store, catalog.TELEMETRY_QUEUE_LENGTH, "log", "loki") == len(line)
            assert value(store, catalog.TELEMETRY_QUEUE_CAPACITY, "log", "loki") == 64 * 1024 * 1024
            outlets.configure([], "edge", 0.01)
            assert store.families([catalog.TELEMETRY_QUEUE_LENGTH])[0].series == {}
            await outlets.close(0.01)
            assert value(store, catalog.TELEMETRY_DROPPED, "log", "loki", "shutdown") == 1

    asyncio.run(run())
