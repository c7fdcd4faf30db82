"""How short a worker is of memory, of time and of descriptors, and what it does about it. Looked at by a timer, not by requests."""

import asyncio
import math
import resource
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS, monotonic_ns
from gateway.model.overload import GROUP_LIMIT, OverloadSettings
from gateway.proxy.overload.delay import DelayControl
from gateway.proxy.overload.gate import ANY, NONE, Growth
from gateway.proxy.overload.shedding import Shedding
from gateway.proxy.overload.watermark import Level, Watermark
from gateway.wire.control import ResourcePressure

_LOOK_NS: Final = 100 * MILLISECOND_NS
_LOOK_CLOSELY_NS: Final = 20 * MILLISECOND_NS
"""While connections are let in by hand, or memory is above its first mark: a tenth of a second can bring many megabytes."""
_SPREAD_NS: Final = 100 * MILLISECOND_NS
_TELL_NS: Final = SECOND_NS
_SHRINK_NS: Final = SECOND_NS
_CALM_NS: Final = SECOND_NS
_AT_LEAST: Final = 4
_GROWTH: Final = 0.1
"""Connections that are let in with each look, and of those there are, while the loop keeps up, as far as it does."""

MEMORY: Final = "memory"
LOOP_DELAY: Final = "loop_delay"
DESCRIPTORS: Final = "file_descriptors"


class GuardedPort(Protocol):
    """A listener's sockets, as they are held back; see proxy.accept."""

    def hold_back(self) -> None: ...

    def release(self) -> None: ...

    def look(self, growth: Growth, ceiling: int) -> bool: ...


class Pressure:
    """The watch of one worker. Without anything to watch it has no timer, and requests are asked nothing.

    shed: gets what requests are to be asked, or None. told: gets the state when a level changes, and now and then.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ports: Callable[[], Iterable[GuardedPort]],
        shed: Callable[[Shedding | None], None],
    ) -> None:
        self._loop = loop
        self._ports = ports
        self._shed = shed
        self.told: Callable[[list[ResourcePressure]], None] | None = None
        self.memory_use: Callable[[], int] | None = None
        """Bytes of this process."""
        self.shrink: Callable[[], None] | None = None
        """Gives back what has been freed; asked for while there is too little memory, or a shortage would not end."""
        self._shrunk_ns = 0
        self.group_limit = 0
        """Bytes of the control group's limit; 0: there is none."""
        self._timer: asyncio.TimerHandle | None = None
        self._due_ns = 0
        self._looked_ns = self._spread_ns = self._told_ns = 0
        self._is_held = False
        self._shedding: Shedding | None = None
        self._others = 0
        self._descriptor_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.ceiling = self._descriptor_limit
        """Descriptors from this number on are not for clients."""
        self._short_of_descriptors_ns = 0
        self._highest_descriptor = 0
        self._levels: dict[str, Level] = {}
        self.configure(OverloadSettings())

    def configure(self, settings: OverloadSettings) -> None:
        """Take up the settings of a snapshot that is being activated."""
        limit = settings.memory.limit
        self._memory_limit = self.group_limit if limit == GROUP_LIMIT else limit or 0
        self._marks = settings.memory
        self._memory = Watermark(settings.memory.shed_above, settings.memory.refuse_above)
        target_ns = settings.loop_delay_ns
        self._delay = DelayControl(math.inf if target_ns >= NEVER_NS else target_ns / SECOND_NS)
        # A limit so low that hardly anything would be left over for clients is shared evenly.
        self.ceiling = max(self._descriptor_limit - settings.reserved_descriptors, self._descriptor_limit // 2)
        self._plan()

    def note_others(self, total: int) -> None:
        """All processes of the gateway, this one included, take so many bytes together."""
        own = self.memory_use() if self.memory_use is not None else 0
        self._others = max(0, total - own)

    def short_of_descriptors(self, descriptor: int) -> None:
        """A client was given a descriptor that is not for clients, and has lost it again."""
        self._short_of_descriptors_ns = monotonic_ns()
        self._highest_descriptor = descriptor
        if self._timer is None:
            self._begin()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _is_watching(self) -> bool:
        has_memory = self._memory_limit > 0 and self.memory_use is not None
        return has_memory or self._delay.target_s < math.inf or self._short_of_descriptors_ns > 0 or self._is_held

    def _plan(self) -> None:
        if self._is_watching and self._timer is None:
            self._begin()

    def _begin(self) -> None:
        self._looked_ns = monotonic_ns()
        self._wait()

    def _wait(self) -> None:
        wait_ns = _LOOK_CLOSELY_NS if self._is_held or self._memory.level is not Level.FINE else _LOOK_NS
        self._due_ns = monotonic_ns() + wait_ns
        self._timer = self._loop.call_later(wait_ns / SECOND_NS, self._look)

    def _look(self) -> None:
        now_ns = monotonic_ns()
        delay_ns = max(0, now_ns - self._due_ns)
        passed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        found = [self._look_at_memory(), self._look_at_delay(delay_ns, passed_ns), self._look_at_descriptors(now_ns)]
        self._act(found, now_ns)
        self._tell(found, now_ns)
        if self._is_watching or any(one.level != Level.FINE for one in found):
            self._wait()
        else:
            self._timer = None

    def _look_at_memory(self) -> ResourcePressure:
        limit = self._memory_limit
        if not limit or self.memory_use is None:
            return ResourcePressure(MEMORY, 0.0, 0.0, Level.FINE.value)
        used = self.memory_use() + self._others
        level = self._memory.look(used / limit)
        if level is not Level.FINE and self.shrink is not None and self._looked_ns - self._shrunk_ns >= _SHRINK_NS:
            self._shrunk_ns = self._looked_ns
            self.shrink()
        return ResourcePressure(MEMORY, used, limit * self._marks.shed_above, level.value)

    def _look_at_delay(self, delay_ns: int, passed_ns: int) -> ResourcePressure:
        delay = self._delay
        delay.sample(delay_ns / SECOND_NS, passed_ns / SECOND_NS)
        target_s = delay.target_s if delay.target_s < math.inf else 0.0
        level = Level.SHED if delay.is_over else Level.FINE
        return ResourcePressure(LOOP_DELAY, delay.smoothed_s, target_s, level.value)

    def _look_at_descriptors(self, now_ns: int) -> ResourcePressure:
        if self._short_of_descriptors_ns and now_ns - self._short_of_descriptors_ns > _CALM_NS:
            self._short_of_descriptors_ns = self._highest_descriptor = 0
        level = Level.SHED if self._short_of_descriptors_ns else Level.FINE
        return ResourcePressure(DESCRIPTORS, self._highest_descriptor, self.ceiling, level.value)

    def _act(self, found: list[ResourcePressure], now_ns: int) -> None:
        memory, delay, descriptors = (Level(one.level) for one in found)
        self._turn_requests_away(memory, now_ns)
        is_short = memory is Level.REFUSE or Level.SHED in {delay, descriptors}
        self._guard(memory, is_short=is_short)

    def _turn_requests_away(self, memory: Level, now_ns: int) -> None:
        share = self._delay.share
        if memory is Level.FINE and not share:
            if self._shedding is not None:
                self._shedding = None
                self._shed(None)
            return
        shedding = self._shedding
        if shedding is None:
            shedding = self._shedding = Shedding()
            self._shed(shedding)
        shedding.closes = self._is_held
        if memory is Level.REFUSE:
            shedding.detail = "There is too little memory left."
            shedding.refuse_all()
        elif memory is Level.SHED:
            shedding.detail = "There is little memory left."
            shedding.spare_critical()
        elif now_ns - self._spread_ns >= _SPREAD_NS:
            self._spread_ns = now_ns
            shedding.detail = "The worker's loop lags too far behind."
            shedding.spread(share)

    def _guard(self, memory: Level, *, is_short: bool) -> None:
        """Hold connections back while there is too little of anything, and let them in by hand as there is room."""
        if not is_short and not self._is_held:
            return
        self._is_held = True
        growth = self._growth(memory)
        is_anybody_out = False
        for port in self._ports():
            port.hold_back()
            is_anybody_out |= port.look(growth, self.ceiling)
        if is_anybody_out and self._short_of_descriptors_ns and not growth.is_none:
            self._short_of_descriptors_ns = self._looked_ns
        if not is_short and not is_anybody_out:
            self._is_held = False
            for port in self._ports():
                port.release()

    def _growth(self, memory: Level) -> Growth:
        delay = self._delay
        if memory is Level.REFUSE or delay.smoothed_s > delay.target_s:
            return NONE
        if delay.target_s == math.inf:
            return ANY
        return Growth(_AT_LEAST, _GROWTH * (1 - delay.smoothed_s / delay.target_s))

    def _tell(self, found: list[ResourcePressure], now_ns: int) -> None:
        levels = {one.resource: Level(one.level) for one in found}
        if levels == self._levels and now_ns - self._told_ns < _TELL_NS:
            return
        self._levels, self._told_ns = levels, now_ns
        if self.told is not None:
            self.told(found)
