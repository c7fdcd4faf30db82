"""A limit on requests in flight that finds its own size: while latency is what it is in the long run it grows, and when
answers take longer than that it shrinks (the gradient of short-term to long-term latency; Netflix's concurrency-limits).

A state machine with the time passed in (monotonic nanoseconds).
"""

from math import sqrt
from typing import Final

from gateway.model.breaker import ConcurrencySettings
from gateway.model.clock import MILLISECOND_NS

FIRST_LIMIT: Final = 20
WINDOW_NS: Final = 250 * MILLISECOND_NS
_SAMPLES: Final = 10
"""A window lasts until it has as many: fewer say nothing."""
_SAMPLES_WANTED: Final = 40
"""In a window: more would only cost."""
_SLOWLY: Final = 1 / 2400
"""How much of a longer latency becomes normal with each window: it takes ten minutes, so that an overload does not."""
_QUICKLY: Final = 1 / 20
"""The same of a shorter one, as what was normal was an overload; and of any while the limit is this low, as then it is not
the queue of our own making that takes so long."""
_LOW: Final = 16
_WARM_UP: Final = 10
_TOLERANCE: Final = 1.5
"""Answers may take so much longer than in the long run before the limit shrinks."""
_LEAST_GRADIENT: Final = 0.5
_SMOOTHING: Final = 0.2


class ConcurrencyLimit:
    """`limit` is for all requests of an upstream in one worker."""

    def __init__(self, settings: ConcurrencySettings) -> None:
        self.settings = settings
        self._estimate = float(FIRST_LIMIT)
        self._long_ns = 0.0
        self._windows = 0
        self.stride = 1
        """It is enough to be told of one in so many."""
        self._began_ns = self._sum_ns = self._count = self._most = 0
        self.configure(settings)

    def configure(self, settings: ConcurrencySettings) -> None:
        """Stay within these bounds from now on."""
        self.settings = settings
        self._estimate = min(max(self._estimate, settings.min), settings.max)
        self.limit = int(self._estimate)

    def ended(self, latency_ns: int, in_flight: int, now_ns: int) -> None:
        """Of a request that was answered, or that took too long. in_flight: with itself."""
        if not self._count:
            self._began_ns = now_ns
        self._sum_ns += latency_ns
        self._count += 1
        self._most = max(self._most, in_flight)
        if self._count >= _SAMPLES and now_ns - self._began_ns >= WINDOW_NS:
            self.stride = max(1, self._count * self.stride // _SAMPLES_WANTED)
            self._adapt()

    def _adapt(self) -> None:
        short_ns, most = self._sum_ns / self._count, self._most
        self._sum_ns = self._count = self._most = 0
        self._remember(short_ns)
        if most < self._estimate / 2:
            return  # It was not put to the test.
        gradient = max(_LEAST_GRADIENT, min(1.0, _TOLERANCE * self._long_ns / max(short_ns, 1)))
        # Room for a queue, so that it can find out that there is more capacity.
        wanted = self._estimate * gradient + sqrt(self._estimate)
        estimate = self._estimate * (1 - _SMOOTHING) + wanted * _SMOOTHING
        self._estimate = min(max(estimate, self.settings.min), self.settings.max)
        self.limit = int(self._estimate)

    def _remember(self, short_ns: float) -> None:
        self._windows += 1
        if self._windows <= _WARM_UP:
            share = 1 / self._windows
        else:
            share = _SLOWLY if short_ns > self._long_ns and self._estimate > _LOW else _QUICKLY
        self._long_ns += (short_ns - self._long_ns) * share
