"""The steady background of a row: an open loop of requests, each with its end, its status and its latency."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import uvloop

from perf.loadgen import NOT_SENT, OpenLoop, Request, Result
from tests.support.raw_client import Address
from tests.support.waiting import wait_until

RATE: Final = 200.0
_LONGEST_S: Final = 600.0
_GRACE_S: Final = 5.0
_BODY: Final = b"x" * 1000


def mixed(
    path: str = "/steady", get_body: bytes | None = None, post_body: bytes | None = None
) -> Callable[[], Request]:
    """GET and POST of 1,000 bytes in turn, each answered by 200 and, unless None, by this body."""
    head = f"{path} HTTP/1.1\r\nHost: gateway.test\r\nUser-Agent: faults\r\n"
    get = Request(f"GET {head}\r\n".encode(), 200, get_body, "GET")
    post = Request(f"POST {head}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY, 200, post_body, "POST")
    turns = itertools.cycle((get, post))
    return lambda: next(turns)


class Load:
    """Runs in a thread until it is stopped. Times are monotonic nanoseconds; `mark` gives the present one.

    A request that no connection was free for waits, and its wait counts as latency. A failure is one of
    `perf.loadgen.Result`: connect (refused), queue, lost, timeout (none at the end of the load), unexpected (status or body).
    """

    def __init__(
        self, address: Address, rate: float, next_request: Callable[[], Request], connections: int = 32
    ) -> None:
        self._loop_load = OpenLoop(address[1], rate, next_request, host=address[0], connections=connections)
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._trouble: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.await_more(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @staticmethod
    def mark() -> int:
        return time.monotonic_ns()

    @property
    def results(self) -> list[Result]:
        """Every request that has ended, in the order of their ends; all of them once the load has been stopped."""
        return list(self._loop_load.results)

    def between(self, since_ns: int = 0, until_ns: int = 1 << 62) -> list[Result]:
        """Those that were due in this time."""
        return [result for result in self.results if since_ns <= result.intended_ns < until_ns]

    def failed(self, since_ns: int = 0, until_ns: int = 1 << 62) -> list[Result]:
        return [result for result in self.between(since_ns, until_ns) if result.failure]

    def refused(self, since_ns: int = 0, until_ns: int = 1 << 62) -> list[Result]:
        """Those of which no byte was sent, because there was no connection for them."""
        return [result for result in self.failed(since_ns, until_ns) if result.failure in NOT_SENT]

    def statuses(self, since_ns: int = 0, until_ns: int = 1 << 62) -> Counter[int]:
        return Counter(result.status for result in self.between(since_ns, until_ns))

    def percentile_ms(self, share: float, since_ns: int = 0, until_ns: int = 1 << 62) -> float:
        """Of the answers as expected; nearest rank; NaN where there is none."""
        latencies = sorted(result.latency_ns for result in self.between(since_ns, until_ns) if not result.failure)
        return latencies[min(len(latencies) - 1, int(len(latencies) * share))] / 1e6 if latencies else float("nan")

    def told(self, since_ns: int = 0, until_ns: int = 1 << 62) -> str:
        """`1203 requests, 2 failed (lost 2), p99 3.1 ms`."""
        chosen = self.between(since_ns, until_ns)
        causes = Counter(result.failure for result in chosen if result.failure)
        named = f" ({', '.join(f'{cause} {count}' for cause, count in causes.most_common())})" if causes else ""
        p99 = self.percentile_ms(0.99, since_ns, until_ns)
        return f"{len(chosen)} requests, {causes.total()} failed{named}, p99 {p99:.1f} ms"

    def await_more(self, count: int, deadline_s: float = 20.0) -> None:
        """Until so many more requests have ended, well or not."""
        goal = len(self._loop_load.results) + count
        wait_until(
            lambda: len(self._loop_load.results) >= goal or self._trouble, f"{count} more requests end", deadline_s
        )
        if self._trouble is not None:
            raise self._trouble

    def run_for(self, seconds: float) -> None:
        """Let it run so long: the length of an observation, not a wait for something."""
        time.sleep(seconds)

    def stop(self) -> None:
        """Send no more, and wait for the last answers."""
        self._loop_load.stop()
        self._thread.join(_GRACE_S + 10.0)
        if self._trouble is not None:
            raise self._trouble

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._loop_load.run(_LONGEST_S, _GRACE_S))
        except BaseException as trouble:
            self._trouble = trouble
