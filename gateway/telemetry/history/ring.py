"""Windows of one series at one resolution, packed one behind the other, the oldest first."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import msgspec

from gateway.wire.history import WindowCounts, WindowData

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WindowData)
_counts_decoder = msgspec.msgpack.Decoder(WindowCounts)

_EMPTY_BYTES: Final = 320
"""What a ring weighs without windows."""
_INDEX_BYTES: Final = 12
_GROWTH: Final = 9 / 8
"""A bytearray that grows takes an eighth more than it needs."""


class Ring:
    """At most `keep` windows of `step_s` seconds; those in which nothing happened take no room.

    Times are whole Unix seconds. A window is some 50 to 300 bytes: a Python object for each would weigh three times that.
    """

    __slots__ = ("_base", "_ends", "_packed", "_starts", "keep_s", "step_s")

    def __init__(self, step_s: int, keep: int) -> None:
        self.step_s = step_s
        self.keep_s = keep * step_s
        self._packed = bytearray()
        self._starts = array("I")
        self._ends = array("Q")
        """Where each window ends, counted from when the ring was new."""
        self._base = 0
        """What has been cut off in front."""

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return _EMPTY_BYTES + int(_GROWTH * (len(self._packed) + _INDEX_BYTES * len(self._starts)))

    def append(self, start_s: int, window: WindowData) -> int:
        """Windows come in the order of their starts. Returns by about how many bytes the ring grew."""
        packed = _encoder.encode(window)
        self._packed += packed
        self._starts.append(start_s)
        self._ends.append(self._base + len(self._packed))
        return len(packed) + _INDEX_BYTES

    def between(self, start_s: int, end_s: int) -> Iterator[tuple[int, WindowData]]:
        """Windows that begin from `start_s` on and before `end_s`, with their starts."""
        for at_s, packed in self._between(start_s, end_s):
            yield at_s, _decoder.decode(packed)

    def counts_between(self, start_s: int, end_s: int) -> Iterator[tuple[int, WindowCounts]]:
        """The same without histograms."""
        for at_s, packed in self._between(start_s, end_s):
            yield at_s, _counts_decoder.decode(packed)

    def _between(self, start_s: int, end_s: int) -> Iterator[tuple[int, memoryview]]:
        first = bisect_left(self._starts, start_s)
        last = bisect_left(self._starts, end_s)
        offset = self._offset(first)
        for place in range(first, last):
            end = self._ends[place] - self._base
            yield self._starts[place], memoryview(self._packed)[offset:end]
            offset = end

    def expire(self, now_s: int) -> None:
        """Let go of windows that ended too long ago: one more is kept, and another for sums that have yet to let it go."""
        count = bisect_left(self._starts, now_s - self.keep_s - 2 * self.step_s)
        if not count:
            return
        cut = self._offset(count)
        del self._packed[:cut]
        del self._starts[:count]
        del self._ends[:count]
        self._base += cut

    def clear(self) -> None:
        """Let go of everything."""
        self._packed = bytearray()
        self._starts = array("I")
        self._ends = array("Q")
        self._base = 0

    def _offset(self, place: int) -> int:
        return self._ends[place - 1] - self._base if place else 0
