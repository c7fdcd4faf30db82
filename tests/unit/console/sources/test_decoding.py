"""Large answers are decoded like small ones, but not in one go."""

import asyncio
import itertools
from typing import Final

import msgspec
import pytest

from console.sources.decoding import AT_ONCE, SLICE_S, decode_gently
from gateway.admin import examples
from gateway.wire.views import RouteListView

ROUTES: Final = RouteListView(revision="a", routes=[examples.ROUTE] * 1_000)


def test_a_thousand_routes_are_decoded_a_few_milliseconds_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    body = msgspec.json.encode(ROUTES)
    assert len(body) > 4 * AT_ONCE
    looks = itertools.count()
    monkeypatch.setattr("console.sources.decoding.time.perf_counter", lambda: next(looks) * SLICE_S / 2)

    async def decode_and_count() -> tuple[RouteListView, int]:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        view = await decode_gently(body, RouteListView)
        turning.cancel()
        return view, turns

    view, turns = asyncio.run(decode_and_count())
    assert view == ROUTES
    assert turns > len(ROUTES.routes) / 50


@pytest.mark.parametrize("body", [b"[]", b'{"revision":1,"routes":[]}', b"{" + b" " * 200_000 + b"}", b"x" * 200_000])
def test_what_is_another_thing_is_refused_at_any_size(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        asyncio.run(decode_gently(body, RouteListView))
