"""Objects as the gateway told them."""

import msgspec
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from gateway.wire.views import ExchangeListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.exchanges import line


def test_d_turns_from_yaml_to_json_and_the_text_can_be_copied() -> None:
    found = ExchangeListView(exchanges=[msgspec.Raw(msgspec.json.encode(line(1)))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: " request_id: req-0001" in screen_text(app))
        await pilot.press("d")
        assert '"request_id": "req-0001"' in screen_text(app)
        await pilot.press("Y", "s")
        assert msgspec.json.decode(app.clipboard)["url.path"] == "/v1/orders/1"
        await pilot.press("y")
        assert app.clipboard == "sightline req req-0001 --json"

    source = GivenSource([Answered(reading.exchange("req-0001"), found)])
    play(ConsoleApp(source, first=Destination("raw", "exchange:req-0001")), story)


def test_a_kind_that_nothing_is_told_of_says_so() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "there is no view of this kind" in screen_text(app))

    play(ConsoleApp(GivenSource(), first=Destination("raw", "weather:today")), story)
