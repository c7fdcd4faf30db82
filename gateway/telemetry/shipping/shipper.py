"""From a sink's queue to its protocol, batch by batch: what is refused for a while is offered again, the rest settled.

For every sink, at any time: lines put in = delivered + dropped, by reason + still in the queue.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

import msgspec
import structlog

from gateway.model.clock import SECOND_NS
from gateway.telemetry.formats.line import read_line
from gateway.telemetry.shipping.dialects.dialect import TOO_LARGE, Answer, Dialect, Entry, Judgement, judge_status
from gateway.telemetry.shipping.losses import Ledger, Losses
from gateway.telemetry.shipping.posting import PostFailed
from gateway.telemetry.shipping.queue import Block, LineQueue
from gateway.telemetry.shipping.settings import LogSink, QueueLimits

_log = structlog.get_logger("sightline.telemetry")
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_LONGEST_RETRY_AFTER_S: Final = 300.0
_TELL_EVERY_S: Final = 60.0


class Post(Protocol):
    """What sends a batch; see shipping.posting."""

    async def post(self, body: bytes) -> Answer: ...

    async def close(self) -> None: ...


class Shipper:
    """One sink. `put` and everything else are called on one event loop; `start` begins to deliver."""

    def __init__(
        self,
        sink: LogSink,
        dialect: Dialect,
        post: Post,
        ledger: Ledger,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sink = sink
        self._dialect = dialect
        self._post = post
        self._sleep = sleep
        self._losses = Losses(ledger, sink.name)
        self.queue = LineQueue(sink.queue, self._losses)
        self.queue.when_filled(self._filled)
        self._most = QueueLimits(sink.batch.lines, sink.batch.bytes)
        self._has_some = asyncio.Event()
        self._has_enough = asyncio.Event()
        self._number = 0
        self._failures = 0
        self._told_s = 0.0
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._taken = self._in_hand = 0
        """Lines of the batch under way, and those of them that are not settled."""

    @property
    def waiting_lines(self) -> int:
        """Put in, and neither delivered nor dropped."""
        return self.queue.lines - self._taken + (self._in_hand if self._taken else 0)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    def put(self, block: bytes, lines: int) -> None:
        """Queue so many whole lines; never waits."""
        if self._is_closing:
            self._losses.add("shutdown", lines)
        else:
            self.queue.put(block, lines)

    async def close(self, deadline_s: float) -> None:
        """Deliver what waits, for at most so many seconds; the rest is dropped and counted."""
        self._is_closing = True
        self._filled()
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=deadline_s)
            if not done:
                self._task.cancel()
                await asyncio.wait({self._task})
        self._losses.add("shutdown", self.queue.clear() + self._in_hand)
        self._in_hand = 0
        self._losses.tell(last=True)
        await self._post.close()

    def _filled(self) -> None:
        self._has_some.set()
        if self._is_closing or self._is_batch_full():
            self._has_enough.set()

    def _is_batch_full(self) -> bool:
        return self.queue.lines >= self._most.lines or self.queue.size >= self._most.bytes

    async def _run(self) -> None:
        while True:
            if self.queue.is_empty:
                if self._is_closing:
                    return
                self._has_some.clear()
                await self._has_some.wait()
            await self._gather()
            block = self.queue.take(self._most)
            self._taken = self._in_hand = block.lines
            try:
                await self._deliver(block)
            except Exception:
                # A fault of ours costs the batch; it must not cost all that come after it.
                _log.exception("log_sink_fault", sink=self._sink.name)
                self._reject("malformed", self._in_hand)
            finally:
                self._taken = 0
                self.queue.done(block)
            self._losses.tell()

    async def _gather(self) -> None:
        """Wait until there is a batch, or until its first line has waited long enough."""
        if self._is_closing or self._is_batch_full():
            return
        self._has_enough.clear()
        try:
            async with asyncio.timeout(self._sink.batch.age_ns / SECOND_NS):
                await self._has_enough.wait()
        except TimeoutError:
            return

    async def _deliver(self, block: Block) -> None:
        """Until every line of the batch is settled."""
        parts: deque[Sequence[Entry]] = deque([self._read(block)])
        while parts:
            entries = parts.popleft()
            if not entries:
                continue
            answer, judgement = await self._offer(entries)
            if answer is not None and answer.status == TOO_LARGE and len(entries) > 1:
                middle = len(entries) // 2
                parts.extendleft([entries[middle:], entries[:middle]])
                continue
            self._settle(judgement)
            if judgement.again:
                parts.appendleft(judgement.again)
                if not judgement.delivered and not judgement.rejected:
                    self._failures += 1
                await self._sleep(self._wait_s(answer))

    def _read(self, block: Block) -> list[Entry]:
        entries: list[Entry] = []
        for raw in block.data.splitlines():
            self._number += 1
            try:
                entries.append(Entry(self._number, raw, read_line(raw)))
            except msgspec.DecodeError:
                self._reject("malformed", 1)
        return entries

    async def _offer(self, entries: Sequence[Entry]) -> tuple[Answer | None, Judgement]:
        body = self._dialect.encode(entries)
        began_s = time.monotonic()
        try:
            answer = await self._post.post(body)
        except PostFailed as failure:
            return None, Judgement(again=tuple(entries), problem=str(failure))
        finally:
            self._losses.took(time.monotonic() - began_s)
        return answer, judge_status(entries, answer) or self._dialect.judge(entries, answer)

    def _settle(self, judgement: Judgement) -> None:
        self._in_hand -= judgement.delivered
        self._losses.delivered(judgement.delivered)
        if judgement.rejected:
            self._reject("rejected", judgement.rejected)
        if judgement.problem:
            self._tell(judgement.problem)
        elif self._failures:
            _log.info("log_sink_recovered", sink=self._sink.name, failures=self._failures)
        if judgement.delivered:
            self._failures = 0

    def _reject(self, reason: str, lines: int) -> None:
        self._in_hand -= lines
        self._losses.add(reason, lines)

    def _tell(self, problem: str) -> None:
        """The first failure, and then once a minute."""
        now_s = time.monotonic()
        if self._failures and now_s - self._told_s < _TELL_EVERY_S:
            return
        self._told_s = now_s
        _log.warning("log_sink_failing", sink=self._sink.name, problem=problem, waiting=self.queue.lines)

    def _wait_s(self, answer: Answer | None) -> float:
        """Doubling from half a second, half of it by chance, and at least what the sink asks for."""
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * (1 << min(self._failures, 10)))
        wait_s = longest * (0.5 + random.random() / 2)
        return max(wait_s, _retry_after_s(answer))


def _retry_after_s(answer: Answer | None) -> float:
    """What Retry-After says, in seconds or as a date (RFC 9110 section 10.2.3); 0 without it."""
    text = "" if answer is None else answer.headers.get("retry-after", "").strip()
    try:
        asked = (
            float(text) if text.isascii() and text.isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
        )
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, min(asked, _LONGEST_RETRY_AFTER_S))
