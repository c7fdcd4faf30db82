"""The queue of a sink: bounded, and what goes first is what is missed least."""

from collections import Counter

import pytest
import structlog.testing

from gateway.telemetry.shipping.losses import Losses
from gateway.telemetry.shipping.queue import LineQueue, is_expendable
from gateway.telemetry.shipping.settings import QueueLimits
from tests.unit.gateway.telemetry.lines import failure, numbers, slow, success


class CountingLedger:
    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.exported = 0

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        self.dropped[reason] += count

    def export_took(self, signal: str, sink: str, seconds: float) -> None:
        """Of no interest here."""

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        self.exported += count


@pytest.fixture
def ledger() -> CountingLedger:
    return CountingLedger()


def make_queue(ledger: CountingLedger, lines: int = 1000, size: int = 10_000_000) -> LineQueue:
    return LineQueue(QueueLimits(lines, size), Losses(ledger, "test"))


def drained(queue: LineQueue) -> list[int]:
    found: list[int] = []
    while not queue.is_empty:
        block = queue.take()
        queue.done(block)
        found += numbers(block.data)
    return found


def test_lines_come_out_in_the_order_they_came(ledger: CountingLedger) -> None:
    queue = make_queue(ledger)
    for number in range(5):
        queue.put(success(number), 1)
    assert drained(queue) == [0, 1, 2, 3, 4]
    assert (queue.lines, queue.size) == (0, 0)


def test_plain_successes_are_dropped_before_what_failed_or_was_slow(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=4)
    queue.put(success(0) + failure(1) + success(2), 3)
    queue.put(slow(3), 1)
    queue.put(failure(4) + failure(5), 2)
    assert drained(queue) == [1, 3, 4, 5]
    assert ledger.dropped == {"queue_full": 2}


def test_no_more_blocks_are_looked_through_than_must_be(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=4)
    queue.put(success(0) + success(1), 2)
    queue.put(success(2) + success(3), 2)
    queue.put(failure(4), 1)
    assert drained(queue) == [2, 3, 4]


def test_without_successes_the_oldest_go(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=3)
    for number in range(5):
        queue.put(failure(number), 1)
    assert drained(queue) == [2, 3, 4]
    assert ledger.dropped == {"queue_full": 2}


def test_bytes_are_a_bound_of_their_own(ledger: CountingLedger) -> None:
    line = failure(1)
    queue = make_queue(ledger, size=3 * len(line))
    for number in range(5):
        queue.put(failure(number), 1)
    assert drained(queue) == [2, 3, 4]


def test_what_is_in_hand_is_not_dropped_and_takes_room(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=3)
    queue.put(failure(0) + failure(1), 2)
    in_hand = queue.take()
    for number in range(2, 5):
        queue.put(failure(number), 1)
    assert (queue.lines, numbers(in_hand.data), ledger.dropped["queue_full"]) == (3, [0, 1], 2)
    queue.done(in_hand)
    assert drained(queue) == [4]


def test_a_block_larger_than_the_queue_is_dropped_whole(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=2)
    queue.put(failure(0) + failure(1) + failure(2), 3)
    assert (queue.lines, ledger.dropped) == (0, {"queue_full": 3})


def test_a_batch_is_cut_at_its_number_of_lines_and_the_rest_comes_next(ledger: CountingLedger) -> None:
    queue = make_queue(ledger)
    queue.put(success(0) + success(1) + success(2), 3)
    queue.put(success(3), 1)
    first, second = queue.take(QueueLimits(2, 10_000_000)), queue.take(QueueLimits(2, 10_000_000))
    assert (numbers(first.data), numbers(second.data)) == ([0, 1], [2, 3])
    assert (first.lines, second.lines, queue.is_empty, queue.lines) == (2, 2, True, 4)


def test_a_batch_is_cut_at_its_size_but_has_one_line_at_least(ledger: CountingLedger) -> None:
    queue = make_queue(ledger)
    queue.put(success(0) + success(1), 2)
    assert numbers(queue.take(QueueLimits(10, 10)).data) == [0]
    assert numbers(queue.take(QueueLimits(10, 10)).data) == [1]


def test_what_was_cut_off_can_still_be_thinned(ledger: CountingLedger) -> None:
    queue = make_queue(ledger, lines=4)
    queue.put(success(0) + success(1) + failure(2), 3)
    queue.done(queue.take(QueueLimits(1, 10_000_000)))
    queue.put(failure(3) + failure(4) + failure(5), 3)
    assert drained(queue) == [2, 3, 4, 5]


def test_giving_up_leaves_what_is_in_hand(ledger: CountingLedger) -> None:
    queue = make_queue(ledger)
    queue.put(success(0), 1)
    queue.put(success(1) + success(2), 2)
    block = queue.take()
    assert queue.clear() == 2
    assert queue.lines == 1
    queue.done(block)
    assert queue.lines == 0


@pytest.mark.parametrize(
    ("line", "expendable"),
    [
        (success(), True),
        (failure(), False),
        (slow(), False),
        (slow().replace(b'"route":', b'"sample_rate":0.1,"route":'), True),
        (success().replace(b'"reason":"none","http', b'"reason":"client_disconnect","http'), False),
        (b'{"event":"start","http.response.status_code":200,"reason":"none"}', False),
        (b"no line at all", False),
    ],
    ids=["success", "failure", "slow", "sampled", "aborted", "still open", "unreadable"],
)
def test_only_plain_successes_are_expendable(line: bytes, *, expendable: bool) -> None:
    assert is_expendable(line) is expendable


def test_losses_are_told_once_a_minute_with_their_number(ledger: CountingLedger) -> None:
    now = [100.0]
    losses = Losses(ledger, "search", lambda: now[0])
    with structlog.testing.capture_logs() as logged:
        for _ in range(5):
            losses.add("queue_full", 3)
        now[0] += 61
        losses.add("rejected", 1)
        losses.add("rejected", 1)
        losses.tell(last=True)
    told = [(entry["event"], entry["sink"], entry["lines"], entry["reasons"]) for entry in logged]
    event = "access_lines_dropped"
    assert told == [
        (event, "search", 3, {"queue_full": 3}),
        (event, "search", 13, {"queue_full": 12, "rejected": 1}),
        (event, "search", 1, {"rejected": 1}),
    ]
    assert ledger.dropped == {"queue_full": 15, "rejected": 2}
