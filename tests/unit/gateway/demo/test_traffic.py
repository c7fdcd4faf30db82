"""The demo's client, its plan and the services it is for."""

import asyncio
import functools
import random
from collections import Counter
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from gateway.demo import services
from gateway.demo.config_text import ROUTES, config_text
from gateway.demo.plan import UNMATCHED, Planned, plan_request
from gateway.demo.ports import Ports
from gateway.demo.traffic import Bursts, Client, Tally, send_until
from tests.support.waiting import wait_until_async


def planned_requests(count: int) -> list[Planned]:
    chooser = random.Random(7)
    return [plan_request(chooser) for _ in range(count)]


async def tally_of(app: web.Application, requests: list[Planned]) -> Tally:
    async with TestServer(app, handler_cancellation=True) as server, aiohttp.ClientSession() as session:
        client = Client(session, URL(server.make_url("/")))
        for planned in requests:
            await client.send(planned)
        return client.tally()


def test_the_plan_reaches_every_route_of_the_configuration_and_none_other() -> None:
    assert {planned.route for planned in planned_requests(5000)} == {*ROUTES, UNMATCHED}


def test_every_route_of_the_list_is_in_the_configuration() -> None:
    text = config_text(Ports())
    assert [line.split()[2] for line in text.splitlines() if line.startswith("  - name: ")][1:] == list(ROUTES)


def test_the_tally_counts_each_answer_once_by_route_method_and_code() -> None:
    requests = [planned for planned in planned_requests(400) if planned.route in {"products", "product", "search"}]
    tally = asyncio.run(tally_of(services.catalog_app(), requests))
    counted: Counter[str] = Counter()
    for count in tally.counts:
        counted[count.route] += count.requests
    assert counted == Counter(planned.route for planned in requests)
    assert {count.code for count in tally.counts} == {200, 404}
    assert (tally.broken, tally.lost) == (0, [])


@pytest.fixture
def unlucky(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The chances the services draw, one after the other."""
    chances: list[float] = []
    monkeypatch.setattr(random, "random", lambda: chances.pop(0))
    yield chances
    assert chances == []


def test_an_answer_that_breaks_off_counts_under_the_status_it_began_with(unlucky: list[float]) -> None:
    unlucky.append(0.05)
    tally = asyncio.run(tally_of(services.payments_app(), [Planned("receipt", "GET", "/v1/orders/7/receipt")]))
    assert [(count.code, count.requests) for count in tally.counts] == [(200, 1)]
    assert (tally.broken, tally.lost) == (1, [])


def test_a_request_without_an_answer_is_lost_and_said_so(unlucky: list[float]) -> None:
    unlucky.append(0.045)
    tally = asyncio.run(tally_of(services.payments_app(), [Planned("orders", "POST", "/v1/orders", body=b"{}")]))
    assert tally.counts == []
    assert len(tally.lost) == 1
    assert tally.lost[0].startswith("POST /v1/orders: ")


def test_a_tunnel_that_is_refused_counts_under_the_status_it_was_refused_with() -> None:
    tally = asyncio.run(tally_of(web.Application(), [Planned("live", "GET", "/v1/live", is_tunnel=True)]))
    assert [(count.code, count.requests) for count in tally.counts] == [(404, 1)]
    assert tally.lost == []


@pytest.mark.parametrize(("chance", "code"), [(0.02, 500), (0.035, 503), (0.5, 200)])
def test_payments_fail_now_and_then(unlucky: list[float], chance: float, code: int) -> None:
    unlucky.append(chance)
    tally = asyncio.run(tally_of(services.payments_app(), [Planned("order", "GET", "/v1/orders/7")]))
    assert [count.code for count in tally.counts] == [code]


def test_a_body_in_chunks_arrives_whole() -> None:
    planned = Planned("product-edit", "PUT", "/v1/products/7", body=b'{"note":"' + b"x" * 5000 + b'"}', in_chunks=True)
    tally = asyncio.run(tally_of(services.catalog_app(), [planned]))
    assert [count.code for count in tally.counts] == [200]


def test_what_is_under_way_ends_before_the_tally_is_made() -> None:
    async def run() -> Tally:
        app = services.reports_app()
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            client = Client(session, URL(server.make_url("/")))
            ended = asyncio.Event()
            sending = asyncio.create_task(send_until(ended, client, 200.0, random.Random(3)))
            await wait_until_async(lambda: client.tally().counts, "a first answer")
            ended.set()
            await sending
            return client.tally()

    tally = asyncio.run(run())
    assert tally.lost == []
    assert sum(len(durations) for durations in tally.duration_ms.values()) == sum(c.requests for c in tally.counts)


def has_answers(client: Client, least: int) -> bool:
    return sum(count.requests for count in client.tally().counts) >= least


def test_a_burst_asks_for_what_no_route_takes_until_it_is_stopped_and_ends_with_every_answer() -> None:
    async def run() -> Tally:
        async with TestServer(web.Application()) as server, aiohttp.ClientSession() as session:
            client = Client(session, URL(server.make_url("/")))
            bursts = Bursts(client, random.Random(5))
            for answers in (1, 20):
                bursts.begin()
                await wait_until_async(functools.partial(has_answers, client, answers), "answers of this burst")
                bursts.stop()
                await bursts.end()
            return client.tally()

    tally = asyncio.run(run())
    assert [(count.route, count.method, count.code) for count in tally.counts] == [(UNMATCHED, "GET", 404)]
    assert tally.lost == []
