"""Exchanges for tests of the console, as the gateway tells them."""

from typing import Any

import msgspec

from console.state.messages import Event
from gateway.wire.live import AccessLine, CountsEvent, HelloEvent, LineAttempt, LinePhases

AT = "2026-01-31T08:00:00.042Z"


def line(number: int = 1, **facts: Any) -> AccessLine:
    """An answer of `orders` after 12 ms, but for what `facts` say."""
    known: dict[str, Any] = {
        "at": AT, "request_id": f"req-{number:04}", "trace_id": f"{number:032x}", "revision": "412abc", "client": "192.0.2.7",
        "host": "api.example.com", "path": f"/v1/orders/{number}", "protocol": "1.1", "method": "GET", "status": 200,
        "route": "orders", "upstream": "orders", "endpoint": "10.0.1.7:9001", "source": "upstream", "duration_ms": 12.0,
        "overhead_ms": 0.4, "phases": LinePhases(read_head_ms=0.1, send_ms=0.2, ttfb_ms=10.0, transfer_ms=1.0),
        "attempts": (LineAttempt("10.0.1.7:9001", status=200, ttfb_ms=10.0, ms=11.5),),
    }  # fmt: skip
    return AccessLine(**(known | facts))


def shown(exchange: AccessLine, weight: float = 1.0, *, is_replay: bool = False) -> Event:
    data = {"weight": weight, "exchange": msgspec.to_builtins(exchange)} | ({"replay": True} if is_replay else {})
    return Event("exchange", msgspec.json.encode(data).decode())


def hello(expression: str = "", epoch: str = "e") -> Event:
    return Event("hello", msgspec.json.encode(HelloEvent(1, ("exchanges",), expression, 20, epoch)).decode())


def counts(scanned: int = 0, matched: int = 0, seen: int = 0, lost: int = 0) -> Event:
    told = CountsEvent(
        scanned=scanned, matched=matched, estimated=float(matched), shown=seen, sampled_out=matched - seen - lost, lost=lost,
        lost_weight=float(lost),
    )  # fmt: skip
    return Event("counts", msgspec.json.encode(told).decode())
