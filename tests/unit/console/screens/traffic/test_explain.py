"""What would become of a request, by its keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered, Request, Response
from console.state.selection import Destination
from console.widgets.text_view import TextView
from gateway.wire.explain import ExplainRequest, RecordedView
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.explanations import explanation, failed
from tests.unit.console.screens.test_routes import route


def text(app: ConsoleApp) -> str:
    return " ".join(app.screen.query_one(TextView).text.split())


def answer(request: Request) -> Response:
    wanted = msgspec.json.decode(request.body, type=ExplainRequest)
    if wanted.url == "/nothing":
        refused = [failed("orders", "match.path", "/v1/orders", "/nothing")]
        view = explanation(
            route=None,
            status=404,
            reason="no_route",
            detail="no route takes the request",
            considered=refused,
            choices=[],
        )
        return Response(200, msgspec.json.encode(view))
    if wanted.exchange == "gone":
        return Response(404, problem="none of the 3000 exchanges kept has this id")
    recorded = RecordedView(
        request_id="a",
        at="2026-01-31T08:00:00Z",
        revision="411",
        same_revision=False,
        route="orders",
        unknown=["header x-tenant"],
    )
    return Response(200, msgspec.json.encode(explanation(recorded=recorded if wanted.exchange else None)))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_it_tells_the_route_what_is_applied_and_who_may_answer(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "route orders (gateway.yaml:22)" in text(app))
        for told in [
            "forwarded to orders (weight 1) as /v1/orders/7 with Host api.example.com",
            "- files: path: expected /static/..., got /v1/orders/7 gateway.yaml:7",
            "timeouts request 2.0s, first byte 15.0s, idle none",
            "limits line 16KiB, headers 100",
            "- 10.0.1.8:9001: ejected until 14:02:40",
        ]:
            assert told in text(app)
        assert max(len(each) for each in screen_text(app).splitlines()) <= size[0]

    play(
        ConsoleApp(GivenSource((), answer), first=Destination("explain", "GET http://api.example.com/v1/orders/7")),
        story,
        size,
    )


def test_slash_takes_another_request_and_says_what_is_wrong_with_it() -> None:
    source = GivenSource((), answer)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "x [METHOD] URL-or-path" in text(app))
        await pilot.press("slash", *"/nothing -H", "enter")
        await until(pilot, lambda: "-H needs a value" in text(app))
        await pilot.press("slash", *["backspace"] * 3, "enter")
        await until(pilot, lambda: "no route: 404 no_route" in text(app))
        assert app.screen.twin() == "sightline explain GET /nothing"  # type: ignore[attr-defined]
        assert len(source.asked) == 1

    play(ConsoleApp(source, first=Destination("explain")), story)


def test_a_recorded_exchange_is_explained_with_what_its_record_does_not_hold() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "not in the record: header x-tenant" in text(app))
        assert "it ran under revision 411" in text(app)
        await pilot.press("y")
        assert app.clipboard == "sightline explain --exchange a"

    play(ConsoleApp(GivenSource((), answer), first=Destination("explain", "a")), story)


def test_a_refusal_is_told() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "none of the 3000 exchanges kept" in text(app))

    play(ConsoleApp(GivenSource((), answer), first=Destination("explain", "gone")), story)


def test_x_on_a_route_asks_for_a_request_that_it_may_take() -> None:
    routes = RouteListView(revision="a", routes=[route("orders", 0.0)])
    source = GivenSource([Answered(reading.routes(300), routes), Answered(reading.ROUTES, routes)], answer)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "orders" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: bool(source.asked))
        assert app.screen.subject == "GET http://localhost/"  # type: ignore[attr-defined]

    play(ConsoleApp(source, first=Destination("routes")), story)
