"""The engine of a worker as the runtime uses it: configurations replaced under exchanges, listeners that come and go."""

import asyncio
import dataclasses

import pytest

from gateway.model.clock import SECOND_NS
from gateway.model.listener import ListenerLimits
from gateway.model.outcome import Reason
from gateway.proxy import engine
from tests.support.walk import CONNECTIONS, PUBLIC, TIMEOUTS, Walk, get, ok, snapshot

MOVED = dataclasses.replace(snapshot(PUBLIC, CONNECTIONS, TIMEOUTS), revision="def", sequence=2)


def test_an_exchange_ends_on_the_configuration_it_began_with() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        walk.activate(dataclasses.replace(MOVED, routes=(), upstreams=()))
        assert (walk.engine.revision, walk.engine.sequence) == ("def", 2)
        endpoint.deliver(ok())
        walk.settle()
        assert client.take().endswith(b"ok")
        assert walk.records[0].revision == "abc"
        client.send(get())
        assert client.take().startswith(b"HTTP/1.1 404 ")
        assert walk.records[1].revision == "def"
        assert endpoint.is_lost


def test_a_changed_listener_holds_for_connections_that_come_and_the_next_requests_of_others() -> None:
    with Walk() as walk:
        client = walk.connect()
        limited = dataclasses.replace(PUBLIC, limits=ListenerLimits(requests_per_connection=1))
        walk.activate(dataclasses.replace(MOVED, listeners=(limited,)))
        client.send(get(b"/fixed"))
        assert b"Connection: close" in client.received


def test_pools_are_reported_as_they_are() -> None:
    with Walk() as walk:
        first, second = walk.connect(), walk.connect()
        first.send(get())
        walk.accept().deliver(ok())
        second.send(get())
        second.send(get())
        (gauge,) = walk.engine.pool_gauges()
        assert (gauge.upstream, gauge.endpoint) == ("orders", "127.0.0.1:9001")
        assert (gauge.active, gauge.idle, gauge.pending, gauge.in_flight, gauge.max) == (1, 0, 0, 1, 256)


def test_a_report_tells_when_the_oldest_exchange_under_way_began() -> None:
    with Walk() as walk:
        first, second = walk.connect(), walk.connect()
        first.send(get())
        second.send(get())
        under_way = walk.engine.open_exchanges() or []
        assert [exchange.path for exchange in under_way] == ["/", "/"]
        report = walk.recorder.take_report([], 0)
        assert report.oldest == {"all": min(exchange.started_at_ns for exchange in under_way)}
        for _ in under_way:
            walk.accept().deliver(ok())
        walk.settle()
        assert walk.engine.open_exchanges() == []
        assert walk.recorder.take_report([], 0).oldest == {}


def test_very_many_connections_are_not_looked_at_for_every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_CONNECTIONS_PER_LOOK", 2)
    with Walk() as walk:
        clients = [walk.connect() for _ in range(5)]
        clients[0].send(get())
        looks = [walk.engine.open_exchanges() for _ in range(6)]
        assert [None if look is None else len(look) for look in looks] == [None, None, 1, None, None, 1]


def test_exchanges_of_a_listener_that_is_gone_are_waited_for_when_draining() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        walk.loop.run_until_complete(walk.engine.stop_listening(PUBLIC.name))
        draining = walk.loop.create_task(walk.engine.drain(0, 30 * SECOND_NS))
        walk.pass_time(SECOND_NS)
        assert not draining.done()
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.pass_time(3 * SECOND_NS)
        assert draining.result() == 0
        walk.assert_at_rest()


def test_an_exchange_of_a_listener_that_is_gone_is_cut_at_the_deadline() -> None:
    with Walk() as walk:
        walk.connect().send(get())
        walk.accept()
        walk.loop.run_until_complete(walk.engine.stop_listening(PUBLIC.name))
        draining = walk.loop.create_task(walk.engine.drain(0, SECOND_NS))
        walk.settle()
        walk.pass_time(SECOND_NS)
        assert draining.result() == 1
        assert [exchange.reason for exchange in walk.records] == [Reason.SHUTTING_DOWN]
        walk.assert_at_rest()


def test_a_listener_that_is_not_declared_cannot_be_served() -> None:
    with Walk() as walk, pytest.raises(KeyError):
        walk.engine.add_port("private")


def test_no_task_is_left_when_nothing_is_under_way() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(ok())
        walk.settle()
        assert not asyncio.all_tasks(walk.loop)
