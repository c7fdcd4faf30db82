"""Large answers are decoded like small ones, but not in one go."""

import asyncio
import time
from typing import Final

import msgspec
import pytest

from console.sources.decoding import AT_ONCE, decode_gently
from gateway.admin import examples
from gateway.wire.views import RouteListView

ROUTES: Final = RouteListView(revision="a", routes=[examples.ROUTE] * 1_000)
LONGEST_S: Final = 0.010


def test_a_thousand_routes_do_not_keep_the_loop_longer_than_ten_milliseconds() -> None:
    body = msgspec.json.encode(ROUTES)
    assert len(body) > 4 * AT_ONCE

    async def longest_stall() -> tuple[float, RouteListView]:
        longest_s = 0.0

        async def feel() -> None:
            nonlocal longest_s
            while True:
                before_s = time.thread_time()
                await asyncio.sleep(0)
                longest_s = max(longest_s, time.thread_time() - before_s)

        feeling = asyncio.create_task(feel())
        view = await decode_gently(body, RouteListView)
        feeling.cancel()
        return longest_s, view

    measured = [asyncio.run(longest_stall()) for _ in range(3)]
    assert all(view == ROUTES for _, view in measured)
    assert min(stall_s for stall_s, _ in measured) < LONGEST_S


@pytest.mark.parametrize("body", [b"[]", b'{"revision":1,"routes":[]}', b"{" + b" " * 200_000 + b"}", b"x" * 200_000])
def test_what_is_another_thing_is_refused_at_any_size(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        asyncio.run(decode_gently(body, RouteListView))
