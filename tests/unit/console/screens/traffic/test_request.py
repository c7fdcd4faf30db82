"""One request, by its keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.traffic.request import RequestScreen
from console.state import reading
from console.state.messages import Answered, Failed, Message, Request, Response
from console.state.selection import Destination
from console.widgets.text_view import TextView
from gateway.wire.explain import ExplainRequest
from gateway.wire.live import AccessLine, LineAttempt
from gateway.wire.views import ExchangeListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.exchanges import hello, line, shown
from tests.support.explanations import explanation

RETRIED = line(
    2, status=502, reason="connect_refused", duration_ms=203.0,
    attempts=(
        LineAttempt("10.0.1.7:9001", reason="connect_refused", ms=101.0, connect_ms=101.0),
        LineAttempt("10.0.1.9:9001", reason="connect_refused", ms=100.0, connect_ms=100.0),
    ),
)  # fmt: skip


def kept(*exchanges: AccessLine) -> ExchangeListView:
    return ExchangeListView(exchanges=[msgspec.Raw(msgspec.json.encode(each)) for each in exchanges], scanned=3000)


def explains(request: Request) -> Response:
    assert request.path == "explain"
    return Response(200, msgspec.json.encode(explanation()))


def text(app: ConsoleApp) -> str:
    return app.screen.query_one(TextView).text


def about(subject: str, messages: list[Message]) -> ConsoleApp:
    return ConsoleApp(GivenSource(messages, explains), first=Destination("request", subject))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_it_says_why_shows_each_attempt_and_the_routes_that_were_looked_at(size: tuple[int, int]) -> None:
    app = about("req-0002", [Answered(reading.exchange("req-0002"), kept(RETRIED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "routes looked at" in text(app))
        told = " ".join(text(app).split())
        assert "502 by upstream connect_refused GET /v1/orders/2 203ms" in told
        assert "10.0.1.7:9001 refused the connection; after 2 tries: connect_refused, then connect_refused" in told
        assert "connect_refused -> retry" in told
        assert "- files: path: expected /static/..., got /v1/orders/7 gateway.yaml:7" in told
        assert "- 10.0.1.8:9001: ejected until 14:02:40" in told
        assert max(len(each) for each in screen_text(app).splitlines()) <= size[0]
        await pilot.press("G", "g", "j", "k", "ctrl+f", "ctrl+b")
        assert "502 by upstream" in screen_text(app)

    play(app, story, size)


def test_j_and_k_go_along_the_list_one_came_from() -> None:
    source = GivenSource([hello(), *(shown(line(each)) for each in range(1, 4))], explains)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/3" in screen_text(app))
        await pilot.press("k", "enter")
        await until(pilot, lambda: "/v1/orders/2" in text(app))
        assert source.wanted == (reading.exchange("req-0002"),)
        await pilot.press("J")
        await until(pilot, lambda: "/v1/orders/3" in text(app))
        assert source.wanted == (reading.exchange("req-0003"),)
        await pilot.press("J")
        assert "that was the last of the list" in screen_text(app)
        await pilot.press("K", "K")
        await until(pilot, lambda: "/v1/orders/1" in text(app))
        await pilot.press("K")
        assert "that was the first of the list" in screen_text(app)
        await pilot.press("escape")
        assert app.screen.NAME == "live"  # type: ignore[attr-defined]

    play(ConsoleApp(source, first=Destination("live")), story)


def test_a_request_asked_for_by_its_id_has_no_neighbours() -> None:
    async def story(_app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "answered 200" in text(app))
        await pilot.press("J")
        assert "there is no list to go on in" in screen_text(app)

    app = about("req-0001", [Answered(reading.exchange("req-0001"), kept(line(1)))])
    play(app, story)


def test_keys_lead_to_its_trace_its_explanation_its_record_and_its_route() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "answered 200" in text(app))
        for key, name, subject in [
            ("t", "trace", f"{1:032x}"),
            ("x", "explain", "req-0001"),
            ("d", "raw", "exchange:req-0001"),
        ]:
            await pilot.press(key)
            screen = app.screen
            assert (screen.NAME, screen.subject) == (name, subject)  # type: ignore[attr-defined]
            await pilot.press("h")
            assert isinstance(app.screen, RequestScreen)
        await pilot.press("l")
        assert app.screen.filter == "route:orders"  # type: ignore[attr-defined]
        await pilot.press("h", "f")
        assert app.screen.filter == "route:orders err"  # type: ignore[attr-defined]

    play(about("req-0001", [Answered(reading.exchange("req-0001"), kept(line(1)))]), story)


def test_a_key_typed_before_the_gateway_has_answered_leads_there_when_it_has() -> None:
    source = GivenSource()

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "asking the gateway" in text(app))
        await pilot.press("t")
        assert isinstance(app.screen, RequestScreen)
        source.tell(Answered(reading.exchange("req-0001"), kept(line(1))))
        await until(pilot, lambda: app.screen.NAME == "trace")  # type: ignore[attr-defined]
        await pilot.press("h")
        await until(pilot, lambda: "answered 200" in text(app))
        assert isinstance(app.screen, RequestScreen)

    play(ConsoleApp(source, first=Destination("request", "req-0001")), story)


@pytest.mark.parametrize(
    ("key", "copied"),
    [
        ("c", "curl -i 'http://api.example.com/v1/orders/1'"),
        ("i", "req-0001"),
        ("r", f"{1:032x}"),
    ],
)
def test_the_copy_menu_copies(key: str, copied: str) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "answered 200" in text(app))
        await pilot.press("Y", key)
        assert app.clipboard == copied
        await pilot.press("y")
        assert app.clipboard == "sightline req req-0001"

    play(about("req-0001", [Answered(reading.exchange("req-0001"), kept(line(1)))]), story)


def test_one_that_is_not_kept_says_how_many_are_and_since_when() -> None:
    problem = "none of the 3000 exchanges kept, back to 2026-01-31T08:01:02.417Z, has this id"

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "none of the 3000 exchanges kept" in text(app))
        assert "of the failed, slow and retried ones" in " ".join(text(app).split())
        await pilot.press("Y")
        assert "nothing is known of it" in screen_text(app)

    play(about("gone", [Failed(reading.exchange("gone"), 404, problem)]), story)


def test_the_explanation_is_asked_for_once_and_again_when_it_is_wanted() -> None:
    source = GivenSource([Answered(reading.exchange("req-0001"), kept(line(1)))], explains)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "routes looked at" in text(app))
        assert [msgspec.json.decode(each.body, type=ExplainRequest).exchange for each in source.asked] == ["req-0001"]
        await pilot.press("full_stop")
        await until(pilot, lambda: len(source.asked) == 2)

    play(ConsoleApp(source, first=Destination("request", "req-0001")), story)
