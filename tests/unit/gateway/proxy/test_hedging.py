"""Who is asked after a while whether an answer has begun: everybody once, in order, and not too many."""

import weakref

from gateway.model.clock import MILLISECOND_NS
from gateway.proxy.hedging import WAITING_AT_MOST, HedgeQueue
from tests.support.scripted import Clock, ScriptedLoop

AFTER_NS = 50 * MILLISECOND_NS


class Asked:
    """Remembers when it was asked."""

    def __init__(self, clock: Clock, error: Exception | None = None) -> None:
        self._clock = clock
        self._error = error
        self.is_answered = False
        self.at_ns: list[int] = []

    def hedge_due(self) -> None:
        self.at_ns.append(self._clock.now_ns)
        if self._error is not None:
            raise self._error


def test_everybody_is_asked_once_when_the_time_has_come() -> None:
    clock = Clock()
    loop = ScriptedLoop(clock)
    with clock.installed():
        queue = HedgeQueue(AFTER_NS)
        early, late = Asked(clock), Asked(clock)
        start_ns = clock.now_ns
        queue.add(early, start_ns, loop)
        clock.now_ns += 20 * MILLISECOND_NS
        queue.add(late, clock.now_ns, loop)
        for _ in range(20):
            clock.now_ns += 10 * MILLISECOND_NS
            loop.settle()
        assert (early.at_ns, late.at_ns) == ([start_ns + AFTER_NS], [start_ns + AFTER_NS + 20 * MILLISECOND_NS])
    loop.end()


def test_one_that_fails_does_not_keep_the_others_from_being_asked() -> None:
    clock = Clock()
    loop = ScriptedLoop(clock)
    with clock.installed():
        queue = HedgeQueue(AFTER_NS)
        broken, well = Asked(clock, ValueError()), Asked(clock)
        queue.add(broken, clock.now_ns, loop)
        queue.add(well, clock.now_ns, loop)
        clock.now_ns += AFTER_NS
        loop.settle()
        assert len(well.at_ns) == len(loop.errors) == 1
    loop.end()


def test_beyond_a_bound_nobody_more_is_remembered() -> None:
    clock = Clock()
    loop = ScriptedLoop(clock)
    with clock.installed():
        queue = HedgeQueue(AFTER_NS)
        asked = Asked(clock)
        for _ in range(WAITING_AT_MOST + 10):
            queue.add(asked, clock.now_ns, loop)
        clock.now_ns += AFTER_NS
        loop.settle()
        assert len(asked.at_ns) == WAITING_AT_MOST
    loop.end()


def test_those_who_are_answered_take_no_place_and_are_let_go() -> None:
    clock = Clock()
    loop = ScriptedLoop(clock)
    with clock.installed():
        queue = HedgeQueue(AFTER_NS)
        answered = Asked(clock)
        gone = weakref.ref(answered)
        for _ in range(WAITING_AT_MOST):
            queue.add(answered, clock.now_ns, loop)
        answered.is_answered = True
        del answered
        late = Asked(clock)
        queue.add(late, clock.now_ns, loop)
        assert gone() is None
        clock.now_ns += AFTER_NS
        loop.settle()
        assert len(late.at_ns) == 1
    loop.end()
