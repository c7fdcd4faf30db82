"""Every kind of sink against a strict fake of who takes its lines: what arrives, and where the rest is counted.

The invariant of all: lines put in = delivered + dropped, by reason + still waiting; and what the fake took is what was
counted as delivered, but for what a lost answer makes unknowable.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import structlog.testing

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.snapshot import LogFormat
from gateway.telemetry.shipping import shipper as shipper_module
from gateway.telemetry.shipping.building import build_dialect, build_outlet
from gateway.telemetry.shipping.posting import Poster
from gateway.telemetry.shipping.settings import (
    BatchLimits,
    ElasticsearchTarget,
    FileTarget,
    HttpAccess,
    HttpTarget,
    LogSink,
    LogstashTarget,
    LokiTarget,
    OtlpTarget,
    QueueLimits,
    SplunkTarget,
)
from gateway.telemetry.shipping.shipper import Shipper
from tests.support.log_sinks import (
    BROKEN,
    FAKES,
    HANG,
    LOST,
    PARTIAL,
    REFUSE,
    THROTTLE,
    TOO_LARGE,
    FakeElasticsearch,
    FakeLoki,
    FakeOtlp,
    FakeSink,
    FakeSplunk,
)
from tests.support.waiting import wait_until_async
from tests.unit.gateway.telemetry.lines import failure, success

KINDS: Final = tuple(FAKES)
TARGETS: Final[dict[str, Callable[[HttpAccess], HttpTarget]]] = {
    "elasticsearch": lambda http: ElasticsearchTarget(http, "logs-sightline.access-default"),
    "loki": lambda http: LokiTarget(http, (("env", "test"),)),
    "splunk": SplunkTarget,
    "logstash": LogstashTarget,
    "otlp": OtlpTarget,
}
DEDUPLICATED: Final = frozenset({"elasticsearch", "loki"})
"""What these are sent twice they keep once."""


class CountingLedger:
    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.exported = 0
        self.exports = 0

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        assert (signal, sink) == ("log", "test")
        self.dropped[reason] += count

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        assert (signal, sink) == ("log", "test")
        self.exported += count

    def export_took(self, signal: str, sink: str, seconds: float) -> None:
        self.exports += 1


class Trial:
    """A sink, the fake it speaks to, and what was counted. Waits between tries are noted and cut short."""

    def __init__(self, kind: str, fake: FakeSink, **changes: Any) -> None:
        headers = () if fake.authorization is None else (("Authorization", fake.authorization),)
        http = HttpAccess(
            fake.url, headers, timeout_ns=changes.pop("timeout_ns", SECOND_NS), gzip=changes.pop("gzip", False)
        )
        in_ecs = kind in {"elasticsearch", "logstash"}
        self.sink = LogSink(
            name="test",
            target=TARGETS[kind](http),
            format=LogFormat.ECS if in_ecs else LogFormat.JSON,
            batch=BatchLimits(10, 1_000_000, 5 * MILLISECOND_NS),
        )
        self.sink = replace(self.sink, **changes)
        self.fake = fake
        self.ledger = CountingLedger()
        self.waits: list[float] = []
        self.offered = 0
        target = self.sink.target
        assert not isinstance(target, FileTarget)
        dialect = build_dialect(target, self.sink.format, "edge", "boot")
        post = Poster(http, dialect.path, dialect.content_type)
        self.shipper = Shipper(self.sink, dialect, post, self.ledger, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0.001)

    def put(self, *lines: bytes) -> None:
        self.offered += len(lines)
        self.shipper.put(b"".join(lines), len(lines))

    def check(self) -> None:
        """The invariant, at any moment."""
        settled = self.ledger.exported + self.ledger.dropped.total()
        assert self.offered == settled + self.shipper.waiting_lines

    async def settled(self) -> None:
        await wait_until_async(lambda: self.shipper.waiting_lines == 0, "all lines are settled")
        self.check()


@asynccontextmanager
async def trial(kind: str, *moods: str, **changes: Any) -> AsyncIterator[Trial]:
    async with FAKES[kind]() as fake:
        fake.moods.extend(moods)
        made = Trial(kind, fake, **changes)
        made.shipper.start()
        yield made
        await made.shipper.close(2.0)
        made.check()
        assert fake.problems == []


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def lines(count: int, start: int = 0) -> list[bytes]:
    return [success(start + number) for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_arrives_once_in_batches(kind: str) -> None:
    async def test() -> None:
        async with trial(kind) as tried:
            tried.put(*lines(25))
            await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.exported, tried.ledger.dropped) == (25, 25, Counter())
            assert tried.fake.requests == tried.ledger.exports == 3

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_throttling_sink_is_offered_the_same_again_when_it_said(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, THROTTLE, THROTTLE) as tried:
            tried.put(*lines(5))
            await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.dropped) == (5, Counter())
            assert tried.fake.raw[0] == tried.fake.raw[1] or kind == "otlp"
            assert [wait >= 7 for wait in tried.waits] == [True, True]

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_sink_is_asked_less_and_less_often(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, *[BROKEN] * 9) as tried:
            tried.put(*lines(5))
            with structlog.testing.capture_logs() as logged:
                await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.dropped) == (5, Counter())
            bounds = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
            assert len(tried.waits) == len(bounds)
            assert all(bound / 2 <= wait <= bound * 2 for wait, bound in zip(tried.waits, bounds, strict=True))
            assert [entry["event"] for entry in logged] == ["log_sink_failing", "log_sink_recovered"]

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_batch_that_failed_in_part_each_line_is_accounted_for(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, PARTIAL) as tried:
            tried.put(*lines(5))
            await tried.settled()
            rejected = 0 if kind == "logstash" else 1
            assert tried.ledger.dropped == Counter({"rejected": rejected} if rejected else {})
            assert len(tried.fake.taken) == tried.ledger.exported == 5 - rejected
            assert len({str(taken) for taken in tried.fake.taken}) == 5 - rejected

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sink_that_hangs_holds_up_its_own_lines_alone_and_for_a_bounded_time(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, HANG, timeout_ns=50 * MILLISECOND_NS) as tried:
            tried.put(*lines(5))
            await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.exported) == (5, 5)

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_for_good_is_dropped_and_what_follows_arrives(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, REFUSE) as tried:
            tried.put(*lines(5))
            await tried.settled()
            tried.put(*lines(5, start=5))
            await tried.settled()
            assert (tried.ledger.dropped, tried.ledger.exported, len(tried.fake.taken)) == ({"rejected": 5}, 5, 5)

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_is_too_large_is_cut_until_it_is_not(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, TOO_LARGE) as tried:
            tried.put(*lines(7))
            await tried.settled()
            tried.fake.moods.clear()
            assert (len(tried.fake.taken), tried.ledger.exported, tried.ledger.dropped) == (7, 7, Counter())

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_lost_makes_duplicates_only_where_the_sink_knows_no_ids(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, LOST) as tried:
            tried.put(*lines(5))
            await tried.settled()
            assert (tried.ledger.exported, tried.ledger.dropped) == (5, Counter())
            assert len(tried.fake.taken) == (5 if kind in DEDUPLICATED else 10)

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sink_that_is_away_costs_only_what_the_queue_cannot_hold(kind: str) -> None:
    async def test() -> None:
        async with FAKES[kind]() as fake:
            pass
        tried = Trial(kind, fake, queue=QueueLimits(20, 10_000_000))
        tried.shipper.start()
        tried.put(*lines(10))
        await wait_until_async(lambda: len(tried.waits) > 2, "it was tried more than once")
        tried.put(*lines(10, start=10))
        tried.put(*[failure(number) for number in range(5)])
        tried.check()
        assert tried.ledger.dropped == {"queue_full": 10}
        assert (tried.ledger.exported, tried.shipper.waiting_lines) == (0, 15)
        await tried.shipper.close(0.05)
        tried.check()
        assert tried.ledger.dropped == {"queue_full": 10, "shutdown": 15}

    run(test)


def test_closing_delivers_what_waits_before_its_batch_is_full() -> None:
    async def test() -> None:
        async with FakeLoki() as fake:
            tried = Trial("loki", fake, batch=BatchLimits(1000, 1_000_000, 3600 * SECOND_NS))
            tried.shipper.start()
            tried.put(*lines(3))
            await asyncio.sleep(0)
            assert fake.requests == 0
            await tried.shipper.close(5.0)
            tried.check()
            assert len(fake.taken) == 3
            tried.put(*lines(1))
            assert tried.ledger.dropped == {"shutdown": 1}

    run(test)


def test_a_batch_that_is_full_does_not_wait_for_its_age() -> None:
    async def test() -> None:
        async with trial("loki", batch=BatchLimits(4, 1_000_000, 3600 * SECOND_NS)) as tried:
            tried.put(*lines(4))
            await tried.settled()
            assert len(tried.fake.taken) == 4

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_compressed_lines_arrive_like_others(kind: str) -> None:
    async def test() -> None:
        async with trial(kind, gzip=True) as tried:
            tried.put(*lines(5))
            await tried.settled()
            assert (len(tried.fake.taken), tried.fake.encodings) == (5, ["gzip"])

    run(test)


def test_a_wrong_token_waits_for_somebody_to_put_it_right() -> None:
    async def test() -> None:
        async with FakeSplunk("another-token") as fake:
            expected, fake.authorization = fake.authorization, "Splunk wrong"
            tried = Trial("splunk", fake)
            fake.authorization = expected
            tried.shipper.start()
            tried.put(*lines(2))
            await wait_until_async(lambda: len(tried.waits) > 1, "it was tried more than once")
            assert (tried.ledger.dropped, tried.shipper.waiting_lines) == (Counter(), 2)
            await tried.shipper.close(0.01)
            assert tried.ledger.dropped == {"shutdown": 2}

    run(test)


def test_a_line_that_cannot_be_read_is_dropped_alone() -> None:
    async def test() -> None:
        async with trial("elasticsearch") as tried:
            tried.put(success(1), b"{not a line}\n", success(2))
            await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.dropped) == (2, {"malformed": 1})

    run(test)


def test_a_fault_of_ours_costs_its_batch_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(line: bytes) -> None:
        raise RuntimeError("a fault")

    async def test() -> None:
        async with trial("loki") as tried:
            with monkeypatch.context() as patched, structlog.testing.capture_logs() as logged:
                patched.setattr(shipper_module, "read_line", fail)
                tried.put(*lines(3))
                await tried.settled()
            assert [entry["event"] for entry in logged][:1] == ["log_sink_fault"]
            tried.put(*lines(2))
            await tried.settled()
            assert (len(tried.fake.taken), tried.ledger.dropped) == (2, {"malformed": 3})

    run(test)


def test_documents_of_elasticsearch_are_ecs_with_ids_of_their_own() -> None:
    async def test() -> None:
        async with trial("elasticsearch", PARTIAL) as tried:
            tried.put(*lines(4))
            await tried.settled()
            assert isinstance(tried.fake, FakeElasticsearch)
            assert sorted(identity for identity, _ in tried.fake.taken) == ["boot-1", "boot-3", "boot-4"]
            document = tried.fake.taken[0][1]
            assert (document["service"], document["http"]["response"]["status_code"]) == ({"name": "edge"}, 200)

    run(test)


def test_streams_of_loki_have_few_labels_and_the_rest_is_metadata() -> None:
    async def test() -> None:
        async with trial("loki") as tried:
            tried.put(success(1), failure(2))
            await tried.settled()
            (labels, _, line, metadata), (failed, *_) = tried.fake.taken
            assert sorted(labels) == ["env", "instance", "level", "service_name"]
            assert (labels["level"], failed["level"], labels["service_name"]) == ("info", "error", "edge")
            assert line.encode() + b"\n" == success(1)
            assert (metadata["route"], metadata["status"], len(metadata["trace_id"])) == ("orders", "200", 32)

    run(test)


def test_records_of_otlp_carry_trace_and_attributes() -> None:
    async def test() -> None:
        async with trial("otlp") as tried:
            tried.put(success(1), failure(2))
            await tried.settled()
            assert isinstance(tried.fake, FakeOtlp)
            resource = {pair.key: pair.value.string_value for pair in tried.fake.resources[0].attributes}
            assert resource["service.name"] == "edge"
            first, second = tried.fake.taken
            attributes = {pair.key: pair.value for pair in first.attributes}
            assert attributes["http.response.status_code"].int_value == 200
            assert attributes["sightline.route"].string_value == "orders"
            assert len(attributes["sightline.attempts"].array_value.values) == 1
            assert first.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
            assert (first.severity_text, second.severity_text) == ("INFO", "ERROR")

    run(test)


def test_a_file_is_written_in_its_format(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = CountingLedger()
        path = tmp_path / "access.log"
        outlet = build_outlet(LogSink("test", FileTarget(str(path)), LogFormat.CLF), "edge", ledger)
        outlet.put(success(1) + failure(2), 2)
        await outlet.close(5.0)
        assert [line.split('"')[1] for line in path.read_text().splitlines()] == [
            "GET /v1/orders/1 HTTP/1.1",
            "GET /v1/orders/2 HTTP/1.1",
        ]
        assert (ledger.exported, ledger.dropped) == (2, Counter())

    run(test)


def test_a_built_sink_delivers_at_once() -> None:
    async def test() -> None:
        async with FakeLoki() as fake:
            ledger = CountingLedger()
            sink = LogSink("test", LokiTarget(HttpAccess(fake.url)), batch=BatchLimits(1, 1000, 0))
            outlet = build_outlet(sink, "edge", ledger)
            outlet.put(success(1), 1)
            await wait_until_async(lambda: ledger.exported == 1, "the line has arrived")
            outlet.reopen()
            await outlet.close(1.0)
            assert len(fake.taken) == 1

    run(test)
