"""The pool of one endpoint: who gets which connection, when one is opened, and that none and nobody is lost."""

import asyncio
import errno
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.clock import SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from tests.support.pooling import Asker, PoolUnderTest
from tests.support.scripted import Clock, ScriptedLoop
from tests.unit.gateway.upstreams.conftest import BuildPool

IDLE_NS = ConnectionLimits().idle_timeout_ns
CONNECT_NS = ConnectionLimits().connect_timeout_ns


def test_a_connection_is_opened_for_who_finds_none_idle(build_pool: BuildPool) -> None:
    pool = build_pool()
    asker = pool.ask()
    assert asker.is_queued
    assert pool.pending == 1
    pool.accept()
    assert len(asker.granted) == 1
    assert (pool.open, pool.idle, pool.pending) == (1, 0, 0)
    assert pool.opened == [Reason.NONE]


def test_the_connection_that_was_used_last_is_leased_first(build_pool: BuildPool) -> None:
    pool = build_pool()
    askers = [pool.ask() for _ in range(3)]
    for position in range(3):
        pool.accept(position)
    for asker in askers:
        asker.use(asker.granted[0])
    assert [pool.lease_idle() for _ in range(4)] == [*(asker.granted[0] for asker in reversed(askers)), None]


def test_an_idle_connection_whose_end_is_under_way_is_not_leased(build_pool: BuildPool) -> None:
    pool = build_pool()
    pool.idle_connection()
    pool.loop.dials[0].transport.deliver_eof()
    assert pool.lease_idle() is None
    pool.loop.settle()
    assert (pool.open, pool.idle) == (0, 0)
    assert pool.closed == ["closed_by_endpoint"]


def test_who_is_more_critical_is_served_first_and_takes_the_place_of_who_is_less(build_pool: BuildPool) -> None:
    pool = build_pool(max=1, max_pending=2)
    inside = pool.ask()
    pool.accept()
    normal, sheddable = pool.ask(rank=1), pool.ask(rank=2)
    critical = pool.ask(rank=0)
    assert [reason for reason, _ in sheddable.failed] == [Reason.POOL_EXHAUSTED]
    assert critical.is_queued
    assert not pool.ask(rank=1).is_queued
    inside.use(inside.granted[0])
    assert (len(critical.granted), len(normal.granted)) == (1, 0)
    critical.use(critical.granted[0])
    assert len(normal.granted) == 1


def test_a_try_that_fails_is_no_matter_of_somebody_more_critical_who_has_just_come(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    normal = pool.ask(rank=1)
    pool.loop.settle()
    critical = pool.ask(rank=0)
    pool.loop.dials[0].refuse()
    pool.loop.settle()
    assert [reason for reason, _ in normal.failed] == [Reason.CONNECT_REFUSED]
    assert critical.is_queued
    pool.accept(1)
    assert len(critical.granted) == 1


def test_no_more_connections_are_opened_than_the_maximum(build_pool: BuildPool) -> None:
    pool = build_pool(max=2)
    askers = [pool.ask() for _ in range(5)]
    pool.loop.settle()
    assert len(pool.loop.dials) == 2
    for position in range(2):
        pool.accept(position)
    assert (pool.open, pool.pending) == (2, 3)
    askers[0].use(askers[0].granted[0])
    assert askers[2].granted == askers[0].granted
    assert pool.pending == 2


def test_those_who_wait_are_served_in_the_order_in_which_they_came(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    askers = [pool.ask() for _ in range(4)]
    pool.accept()
    for earlier, later in itertools.pairwise(askers):
        assert not later.granted
        earlier.use(earlier.granted[0])
        assert later.granted == earlier.granted


def test_beyond_the_bound_of_the_queue_nobody_is_taken_in(build_pool: BuildPool) -> None:
    pool = build_pool(max=1, max_pending=2)
    askers = [pool.ask() for _ in range(4)]
    assert [asker.is_queued for asker in askers] == [True, True, True, False]
    pool.accept()
    assert pool.pending == 2
    assert not pool.ask().is_queued
    pool.give_up(askers[2].waiter)
    assert pool.ask().is_queued


def test_without_a_queue_connections_are_opened_all_the_same(build_pool: BuildPool) -> None:
    pool = build_pool(max=2, max_pending=0)
    assert [pool.ask().is_queued for _ in range(3)] == [True, True, False]
    pool.accept(0)
    pool.accept(1)
    assert pool.open == 2


def test_a_connection_that_nobody_waits_for_any_more_goes_idle(build_pool: BuildPool) -> None:
    pool = build_pool()
    asker = pool.ask()
    pool.loop.settle()
    pool.give_up(asker.waiter)
    pool.accept()
    assert asker.granted == []
    assert (pool.open, pool.idle, pool.pending) == (1, 1, 0)


def test_who_comes_while_a_connection_is_opened_for_somebody_gone_gets_that_one(build_pool: BuildPool) -> None:
    pool = build_pool()
    gone = pool.ask()
    pool.loop.settle()
    pool.give_up(gone.waiter)
    asker = pool.ask()
    pool.accept()
    assert len(asker.granted) == 1
    assert len(pool.loop.dials) == 1


def test_giving_up_twice_or_after_the_grant_does_nothing(build_pool: BuildPool) -> None:
    pool = build_pool()
    asker = pool.ask()
    pool.accept()
    pool.give_up(asker.waiter)
    pool.give_up(asker.waiter)
    assert (pool.open, pool.pending) == (1, 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Reason.CONNECT_REFUSED),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Reason.CONNECT_REFUSED),
        (OSError(), Reason.CONNECT_REFUSED),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), Reason.CONNECT_TIMEOUT),
    ],
)
def test_a_connection_that_cannot_be_opened_fails_who_has_waited_longest(
    build_pool: BuildPool, error: OSError, reason: Reason
) -> None:
    pool = build_pool(max=1)
    first, second = pool.ask(), pool.ask()
    pool.loop.settle()
    pool.loop.dials[0].refuse(error)
    pool.loop.settle()
    assert [failed for failed, _ in first.failed] == [reason]
    assert pool.opened == [reason]
    assert second.failed == []
    pool.accept()
    assert len(second.granted) == 1


def test_without_a_descriptor_for_one_more_connection_who_waits_gets_the_next_one_that_is_free(
    build_pool: BuildPool,
) -> None:
    pool = build_pool(max=2)
    first = pool.ask()
    pool.accept()
    second = pool.ask()
    pool.loop.settle()
    pool.loop.dials[1].refuse(OSError(errno.EMFILE, "Too many open files"))
    pool.loop.settle()
    assert (second.failed, second.is_queued, len(pool.loop.dials)) == ([], True, 2)
    assert pool.opened == [Reason.NONE, Reason.OVERLOADED]
    first.use(first.granted[0])
    assert second.granted == first.granted


@pytest.mark.parametrize("is_idle", [True, False], ids=["idle now", "free later"])
def test_without_a_descriptor_a_used_connection_makes_room_for_who_needs_a_fresh_one(
    build_pool: BuildPool, *, is_idle: bool
) -> None:
    pool = build_pool(max=3)
    other = pool.ask()
    pool.accept()
    if is_idle:
        other.use(other.granted[0])
    particular = pool.ask(needs_fresh=True)
    pool.loop.settle()
    pool.loop.dials[1].refuse(OSError(errno.EMFILE, "Too many open files"))
    pool.loop.settle()
    if not is_idle:
        other.use(other.granted[0])
    assert (pool.closed, particular.failed) == (["made_room"], [])
    pool.accept()
    assert len(particular.granted) == 1
    assert pool.open == 1


def test_without_a_descriptor_for_the_only_connection_who_waits_is_told(build_pool: BuildPool) -> None:
    pool = build_pool(max=2)
    asker = pool.ask()
    pool.loop.settle()
    pool.loop.dials[0].refuse(OSError(errno.EMFILE, "Too many open files"))
    pool.loop.settle()
    assert [reason for reason, _ in asker.failed] == [Reason.OVERLOADED]


def test_an_error_nobody_thought_of_fails_the_waiter_and_is_reported(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    asker = pool.ask()
    pool.loop.settle()
    pool.loop.dials[0].refuse(ValueError("an address that is none"))
    pool.loop.settle()
    assert [reason for reason, _ in asker.failed] == [Reason.INTERNAL_ERROR]
    assert [type(error["exception"]) for error in pool.loop.errors] == [ValueError]
    pool.loop.errors.clear()
    assert pool.ask().is_queued
    pool.loop.settle()
    assert len(pool.loop.dials) == 2


def test_an_endpoint_that_does_not_accept_in_time_is_given_up(build_pool: BuildPool, clock: Clock) -> None:
    pool = build_pool()
    asker = pool.ask()
    pool.loop.settle()
    clock.now_ns += CONNECT_NS
    pool.loop.settle()
    assert [reason for reason, _ in asker.failed] == [Reason.CONNECT_TIMEOUT]
    assert pool.open == 0


def test_a_name_without_an_address_is_a_dns_error(build_pool: BuildPool) -> None:
    pool = build_pool()
    pool.addresses = ()
    asker = pool.ask()
    pool.loop.settle()
    assert [reason for reason, _ in asker.failed] == [Reason.DNS_ERROR]
    assert pool.loop.dials == []


def test_a_name_that_moves_is_followed_where_the_old_place_still_answers(build_pool: BuildPool) -> None:
    pool = build_pool()
    askers = [pool.ask() for _ in range(3)]
    for position in range(3):
        pool.accept(position)
    idle, leased, kept = (asker.granted[0] for asker in askers)
    askers[0].use(idle)
    kept.address = "127.0.0.9"
    pool.renew(("127.0.0.9",))
    assert (pool.open, pool.idle, pool.closed) == (2, 0, ["address_gone"])
    askers[1].use(leased)
    askers[2].use(kept)
    assert (pool.open, pool.idle, pool.closed) == (1, 1, ["address_gone"] * 2)


def test_a_connection_on_its_way_to_an_address_that_goes_meanwhile_is_used_once(build_pool: BuildPool) -> None:
    pool = build_pool()
    asker = pool.ask()
    pool.loop.settle()
    pool.renew(("127.0.0.9",))
    pool.accept()
    asker.use(asker.granted[0])
    assert (pool.open, pool.closed) == (0, ["address_gone"])


def test_addresses_take_turns_and_the_next_one_is_tried_where_one_refuses(build_pool: BuildPool) -> None:
    pool = build_pool()
    pool.addresses = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    asker = pool.ask()
    for _ in range(2):
        pool.loop.settle()
        pool.loop.dials[-1].refuse()
    pool.loop.settle()
    pool.accept()
    assert len(asker.granted) == 1
    assert len({dial.address for dial in pool.loop.dials}) == 3
    first = pool.loop.dials[0].address
    pool.ask()
    pool.loop.settle()
    assert pool.loop.dials[-1].address != first


def test_a_unix_socket_needs_no_address(build_pool: BuildPool) -> None:
    pool = build_pool(Endpoint("unix:/run/orders.sock", unix_path="/run/orders.sock"))
    asker = pool.ask()
    pool.accept()
    assert pool.loop.dials[0].address == "unix:/run/orders.sock"
    assert len(asker.granted) == 1


@pytest.mark.parametrize("bytes_first", [b"220 mail.test ESMTP\r\n", b""])
def test_an_endpoint_that_ends_a_connection_before_anybody_has_it_takes_no_place(
    build_pool: BuildPool, bytes_first: bytes
) -> None:
    pool = build_pool(max=1)
    asker = pool.ask()
    pool.loop.settle()
    dial = pool.loop.dials[0]
    dial.accept()
    if bytes_first:
        dial.transport.deliver(bytes_first)
    else:
        dial.transport.reset()
    pool.loop.settle()
    assert pool.opened == [Reason.UPSTREAM_RESET]
    assert [reason for reason, _ in asker.failed] == [Reason.UPSTREAM_RESET]
    assert (pool.open, pool.closed) == (0, [])
    again = pool.ask()
    pool.accept()
    assert len(again.granted) == 1


def test_bytes_on_an_idle_connection_close_it(build_pool: BuildPool) -> None:
    pool = build_pool()
    pool.idle_connection()
    pool.loop.dials[0].transport.deliver(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (pool.open, pool.idle) == (0, 0)
    assert pool.closed == ["unsolicited_bytes"]
    assert pool.lease_idle() is None


def test_an_idle_connection_expires(build_pool: BuildPool, clock: Clock) -> None:
    pool = build_pool()
    pool.idle_connection()
    clock.now_ns += IDLE_NS - SECOND_NS
    pool.loop.settle()
    assert pool.idle == 1
    clock.now_ns += SECOND_NS
    pool.loop.settle()
    assert (pool.open, pool.idle) == (0, 0)
    assert pool.closed == ["idle"]


def test_a_leased_connection_does_not_expire(build_pool: BuildPool, clock: Clock) -> None:
    pool = build_pool()
    pool.ask()
    pool.accept()
    clock.now_ns += 10 * IDLE_NS
    pool.loop.settle()
    assert pool.open == 1


def test_who_needs_a_fresh_connection_gets_none_that_was_used(build_pool: BuildPool) -> None:
    pool = build_pool(max=2)
    used = pool.idle_connection()
    asker = pool.ask(needs_fresh=True)
    pool.accept()
    assert asker.granted != [used]
    assert asker.granted[0].exchanges == 1
    assert pool.idle == 1


def test_room_is_made_for_who_needs_a_fresh_connection(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    pool.idle_connection()
    asker = pool.ask(needs_fresh=True)
    assert pool.closed == ["made_room"]
    pool.accept()
    assert len(asker.granted) == 1
    assert pool.open == 1


def test_room_is_made_when_a_connection_in_use_falls_free(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    busy = pool.ask()
    pool.accept()
    asker = pool.ask(needs_fresh=True)
    busy.use(busy.granted[0])
    assert pool.closed == ["made_room"]
    pool.accept()
    assert len(asker.granted) == 1


def test_a_used_connection_passes_by_who_needs_a_fresh_one(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    busy = pool.ask()
    pool.accept()
    particular, other = pool.ask(needs_fresh=True), pool.ask()
    busy.use(busy.granted[0])
    assert other.granted == busy.granted
    assert particular.granted == []
    other.use(other.granted[0])
    pool.accept()
    assert len(particular.granted) == 1


def test_a_place_that_falls_free_by_an_abort_goes_to_who_waits(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    busy, asker = pool.ask(), pool.ask()
    pool.accept()
    busy.granted[0].abort()
    pool.accept()
    assert len(asker.granted) == 1
    assert (pool.open, pool.closed) == (1, ["aborted"])


def test_the_time_of_opening_is_told_to_who_waited_for_it(build_pool: BuildPool, clock: Clock) -> None:
    pool = build_pool(max=1)
    first, second = pool.ask(), pool.ask()
    assert first.waiter.connecting_ns == clock.now_ns
    assert second.waiter.connecting_ns == 0


def test_a_retired_pool_closes_what_is_idle_and_later_what_falls_free(build_pool: BuildPool) -> None:
    pool = build_pool(max=2)
    pool.idle_connection()
    leased = pool.lease_idle()
    assert leased is not None
    other = pool.ask()
    pool.accept()
    other.use(other.granted[0])
    pool.retire()
    assert (pool.open, pool.idle) == (1, 0)
    leased.last_byte_reusable = True
    leased.release(is_clean=True)
    assert (pool.open, pool.idle) == (0, 0)
    assert pool.closed == ["retired", "retired"]


def test_who_waits_while_the_pool_is_retired_is_still_served(build_pool: BuildPool) -> None:
    pool = build_pool(max=1)
    first, second = pool.ask(), pool.ask()
    pool.loop.settle()
    pool.retire()
    pool.accept()
    first.use(first.granted[0])
    assert second.granted == first.granted
    second.use(second.granted[0])
    assert pool.open == 0


def test_a_connection_made_for_nobody_in_a_retired_pool_is_closed(build_pool: BuildPool) -> None:
    pool = build_pool()
    asker = pool.ask()
    pool.loop.settle()
    pool.retire()
    pool.give_up(asker.waiter)
    pool.accept()
    assert (pool.open, pool.idle) == (0, 0)


def test_what_is_being_opened_at_the_end_is_cancelled_without_a_word(clock: Clock) -> None:
    loop = ScriptedLoop(clock)
    pool = PoolUnderTest(loop, ConnectionLimits(), Endpoint("a.test:9001", "127.0.0.1", 9001))
    asker = pool.ask()
    loop.settle()
    loop.end()
    assert (asker.granted, asker.failed, loop.errors) == ([], [], [])
    assert not asyncio.all_tasks(loop)


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask fresh", "lease", "accept", "refuse", "use", "abort", "reset", "give up"]),
              st.integers(0, 7)),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, most=st.integers(1, 4), most_pending=st.integers(0, 4))
def test_whatever_happens_in_whatever_order_no_place_and_no_waiter_is_lost(
    steps: list[tuple[str, int]], most: int, most_pending: int
) -> None:
    clock = Clock()
    with clock.installed():
        run = PoolRun(clock, ConnectionLimits(max=most, max_pending=most_pending))
        for name, which in steps:
            run.step(name, which)
            run.check()
        run.finish()


class PoolRun:
    """A pool, those who asked, and the rules that hold at every moment."""

    def __init__(self, clock: Clock, limits: ConnectionLimits) -> None:
        self.loop = ScriptedLoop(clock)
        self.pool = PoolUnderTest(self.loop, limits, Endpoint("a.test:9001", "127.0.0.1", 9001))
        self.askers: list[Asker] = []
        self.leases: list[Asker] = []

    def step(self, name: str, which: int) -> None:
        waiting = [asker for asker in self.askers if asker.waiter in self.pool._waiting]
        dials = [dial for dial in self.loop.dials if not dial.decided.done()]
        holders = [asker for asker in self.askers if asker.granted and not asker.granted[0].is_ended]
        match name:
            case "ask" if (connection := self.pool.lease_idle()) is not None:
                connection.release(is_clean=False)  # Whoever can have an idle one does not wait.
            case "ask" | "ask fresh":
                self.askers.append(self.pool.ask(needs_fresh=name == "ask fresh"))
            case "lease":
                connection = self.pool.lease_idle()
                if connection is not None:
                    connection.release(is_clean=False)
            case "accept" if dials:
                dials[which % len(dials)].accept()
            case "refuse" if dials:
                dials[which % len(dials)].refuse()
            case "use" | "abort" | "reset" if holders:
                self._end(holders[which % len(holders)], name)
            case "give up" if waiting:
                self.pool.give_up(waiting[which % len(waiting)].waiter)
        self.loop.settle()

    def _end(self, holder: Asker, how: str) -> None:
        connection = holder.granted.pop()
        if how == "use":
            holder.use(connection)
        elif how == "abort":
            connection.abort()
        else:
            dial = next(dial for dial in self.loop.dials if dial.protocol is connection)
            dial.transport.reset()

    def check(self) -> None:
        pool = self.pool
        assert pool.open + len(pool._connecting) <= pool.limits.max
        assert pool.pending <= pool.limits.max + pool.limits.max_pending
        live = {dial.protocol for dial in self.loop.dials if dial.is_accepted and not dial.transport.is_lost}
        assert pool._established == live
        if pool.pending and pool.open + len(pool._connecting) < pool.limits.max:
            assert len(pool._connecting) >= pool.pending

    def finish(self) -> None:
        """Let everybody have a turn: each who is still waiting is served."""
        for _ in range(200):
            if not self.pool.pending:
                break
            for name in ("accept", "use"):
                self.step(name, 0)
                self.check()
        assert self.pool.pending == 0
        self.loop.end()
        assert self.loop.errors == []


def test_a_pool_that_was_drained_and_is_used_again_keeps_its_connections(build_pool: BuildPool) -> None:
    pool = build_pool()
    pool.idle_connection()
    pool.retire("drained")
    assert (pool.idle, pool.closed) == (0, ["drained"])
    pool.reopen()
    pool.idle_connection()
    assert (pool.idle, pool.closed) == (1, ["drained"])
