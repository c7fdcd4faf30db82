"""Access lines as workers write them, for the tests of those who read them."""

import json
from typing import Any, Final

from gateway.model.clock import MILLISECOND_NS
from gateway.model.outcome import Reason, Source
from gateway.model.snapshot import TelemetrySettings
from gateway.telemetry.recorder import Recorder
from tests.unit.gateway.telemetry.samples import make_exchange, record

PLAIN: Final = TelemetrySettings()


def written(*exchanges: Any, settings: TelemetrySettings = PLAIN) -> bytes:
    """The block of lines of these exchanges."""
    recorder = Recorder(1)
    recorder.configure(settings)
    record(recorder, *exchanges)
    return recorder.take_report([], 0).access_lines


def success(number: int = 1) -> bytes:
    """The line of a plain success; `number` is in its path and request id."""
    return written(make_exchange(path=f"/v1/orders/{number}", request_id=f"req-{number}"))


def failure(number: int = 1) -> bytes:
    """The line of a 503 of the gateway's own."""
    facts: dict[str, Any] = {
        "status": 503,
        "source": Source.GATEWAY,
        "reason": Reason.POOL_EXHAUSTED,
        "detail": "No place was free.",
    }
    return written(make_exchange(path=f"/v1/orders/{number}", request_id=f"req-{number}", **facts))


def slow(number: int = 1) -> bytes:
    exchange = make_exchange(path=f"/v1/orders/{number}", request_id=f"req-{number}")
    exchange.ended_ns += 2_000 * MILLISECOND_NS
    return written(exchange)


def numbers(block: bytes) -> list[int]:
    """Those in the paths of a block's lines."""
    return [int(json.loads(line)["url.path"].rpartition("/")[2]) for line in block.splitlines()]
