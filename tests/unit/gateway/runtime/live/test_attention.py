"""Workers are told that somebody looks, while somebody does, and how much is wanted of them."""

import asyncio
import time

import pytest

from gateway.runtime.live import attention
from gateway.runtime.live.attention import TAPPED_PER_SECOND, Attention
from gateway.wire.control import Attend, decode_down
from gateway.wire.report import Report, RequestCount, RouteDelta


def requests(count: int) -> Report:
    return Report(1, 1, 1, routes=[RouteDelta("a", 0, [RequestCount("GET", 200, "upstream", "none", count)])])


class Scene:
    def __init__(self) -> None:
        self.told: list[Attend] = []
        self.attention = Attention(self._tell)

    def _tell(self, message: bytes) -> None:
        down = decode_down(message)
        assert isinstance(down, Attend)
        self.told.append(down)


def test_nobody_is_told_anything_while_nobody_looks() -> None:
    scene = Scene()
    scene.attention.take(requests(10))
    assert scene.told == []


def test_workers_are_told_at_once_and_what_is_wanted_adds_up() -> None:
    async def run() -> Scene:
        scene = Scene()
        scene.attention.want_rows()
        scene.attention.want_lines()
        scene.attention.want_lines()
        scene.attention.close()
        return scene

    assert asyncio.run(run()).told == [Attend(tap=0.0, in_flight=True), Attend(tap=1.0, in_flight=True)]


def test_they_are_told_again_until_nobody_has_looked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "LOOKING_S", 0.2)
    monkeypatch.setattr(attention, "_TELL_EVERY_S", 0.01)

    async def run() -> Scene:
        scene = Scene()
        scene.attention.want_lines()
        async with asyncio.timeout(5):
            while scene.attention._timer is not None:  # noqa: ASYNC110 - bounded above
                await asyncio.sleep(0.01)
        return scene

    assert len(asyncio.run(run()).told) >= 3


def test_of_many_exchanges_a_share_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])

    async def run() -> Scene:
        scene = Scene()
        now_s[0] += 1.0
        scene.attention.take(requests(TAPPED_PER_SECOND * 4))
        scene.attention.want_lines()
        scene.attention.close()
        return scene

    assert asyncio.run(run()).told == [Attend(tap=0.25)]
