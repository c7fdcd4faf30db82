"""Doing something from the console: offered, looked at, confirmed, told, undone; and refused wherever it must be."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import TextArea

from console.app.app import ConsoleApp
from console.client.contexts import Context, Contexts
from console.screens.acting.confirm import ConfirmScreen
from console.screens.acting.editor import EditorScreen
from console.sources.source import Take
from console.state import reading
from console.state.messages import Answered, Event, Linked, Request, Response
from console.state.selection import Destination, Selection
from gateway.admin.acting.examples import EFFECT, OBJECT
from gateway.admin.examples import UPSTREAMS
from gateway.wire.actions import MeView
from gateway.wire.upstream_views import EndpointView, UpstreamListView, UpstreamView
from gateway.wire.views import ApplyResult, ConfigErrorView, ProblemView
from tests.support.changes import CHANGES
from tests.support.console import GivenSource, play, screen_text, until

ENDPOINT: Final = Selection("endpoint", EFFECT.address, upstream="orders", endpoint=EFFECT.address)
ROUTE: Final = Selection("route", "orders", route="orders")
RESULT: Final = ApplyResult(
    outcome="valid", revision="b" * 12, running_revision="a" * 12, running_sequence=3, changes=CHANGES
)


def upstream(in_flight: int = 0, state: Any = "healthy") -> UpstreamView:
    endpoint = EndpointView(address=EFFECT.address, weight=1, state=state, in_flight=in_flight)
    return replace(UPSTREAMS.upstreams[0], name="orders", endpoints=[endpoint])


class Gateway:
    """Answers as a gateway would; `refusal` is what it says to whatever would be done."""

    def __init__(self) -> None:
        self.effect = EFFECT
        self.result = RESULT
        self.refusal: Response | None = None
        self.in_flight = [14, 3, 0]

    def __call__(self, request: Request) -> Response:
        is_preview = ("dry_run", "true") in request.query
        if request.method == "GET" and request.path.startswith("config/objects/"):
            return Response(200, msgspec.json.encode(OBJECT))
        if request.method == "GET":
            now = self.in_flight.pop(0) if len(self.in_flight) > 1 else self.in_flight[0]
            return Response(200, msgspec.json.encode(upstream(now)))
        if self.refusal is not None and not (is_preview and self.refusal.status == 412):
            return self.refusal
        outcome: Any = "preview" if is_preview else "applied"
        if request.path.startswith("upstreams/"):
            return Response(200, msgspec.json.encode(replace(self.effect, outcome=outcome)))
        if is_preview:
            return Response(200, msgspec.json.encode(self.result))
        return Response(200, msgspec.json.encode(replace(self.result, outcome="applied", running_sequence=4)))


class BeatingSource(GivenSource):
    """Is heard again and again, now, as a gateway is; until it is `silent`."""

    can_act = True
    silent = False
    late_s = 0.0

    async def run(self, take: Take) -> None:
        self._take = take
        for message in self.messages:
            take(time.time() - self.late_s, message)
        while True:
            await asyncio.sleep(0.5)
            if not self.silent:
                take(time.time(), Event("weather", "{}"))


class HeldSource(BeatingSource):
    """Answers when `answers` is set."""

    def __init__(self, messages: Sequence[Any], answer: Callable[[Request], Response]) -> None:
        super().__init__(messages, answer)
        self.answers = asyncio.Event()
        self.answers.set()

    async def ask(self, request: Request) -> Response:
        answer = await super().ask(request)
        await self.answers.wait()
        return answer


def acting(gateway: Gateway, *, is_production: bool = False, is_read_only: bool = False, me: MeView | None = None,
           is_broken: bool = False) -> tuple[ConsoleApp, HeldSource]:  # fmt: skip
    ups = UpstreamListView(revision="r", upstreams=[upstream()])
    messages: list[Any] = [Event("weather", "{}"), Answered(reading.UPSTREAMS, ups)]
    messages += [Answered(reading.ME, me)] if me is not None else []
    messages += [Linked("broken", "refused", 4.0)] if is_broken else []
    source = HeldSource(messages, gateway)
    source.silent = is_broken
    app = ConsoleApp(source, is_production=is_production, is_read_only=is_read_only, first=Destination("routes"))
    return app, source


def told(source: BeatingSource, method: str = "POST") -> list[Request]:
    """What was really asked for, previews left out."""
    return [each for each in source.asked if each.method == method and ("dry_run", "true") not in each.query]


def run(app: ConsoleApp, source: BeatingSource, story: Callable[[Pilot[None]], Any]) -> None:
    async def begin(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.live_model.version > 1)
        await story(pilot)

    play(app, begin)


def test_an_endpoint_is_drained_after_a_preview_and_one_key_and_undone_the_same_way() -> None:
    gateway = Gateway()
    app, source = acting(gateway)

    async def story(pilot: Pilot[None]) -> None:
        app.act(ENDPOINT)
        await pilot.pause()
        assert "d drain" in screen_text(app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: "do it?" in screen_text(app))
        assert EFFECT.summary in screen_text(app)
        assert told(source) == []
        await pilot.press("y")
        await until(pilot, lambda: "in flight 3 -> 0" in screen_text(app))
        (done,) = told(source)
        assert (done.path.rpartition("/")[2], done.if_match) == ("drain", EFFECT.etag)
        app.run_command("undo")
        await until(pilot, lambda: "do it?" in screen_text(app))
        assert "undo: undrain" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: len(told(source)) == 2)
        assert told(source)[1].path.endswith("/undrain")
        await until(pilot, lambda: "is done" in screen_text(app))
        app.run_command("undo")
        await pilot.pause()
        assert "nothing has been done here" in screen_text(app)

    run(app, source, story)


@pytest.mark.parametrize("is_production", [False, True])
def test_what_is_of_the_second_tier_is_confirmed_by_its_name_and_may_say_why(is_production: bool) -> None:
    gateway = Gateway()
    gateway.effect = replace(EFFECT, tier=1 if is_production else 2)
    app, source = acting(gateway, is_production=is_production)

    async def story(pilot: Pilot[None]) -> None:
        for typed in ("y", f"{EFFECT.address} disk is full"):
            app.run_command(f"drain orders/{EFFECT.address}")
            await until(pilot, lambda: f"type {EFFECT.address}" in screen_text(app))
            await pilot.press(*[{" ": "space"}.get(key, key) for key in typed], "enter")
            await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: len(told(source)) == 1)
        assert told(source)[0].query == (("reason", "disk is full"),)

    run(app, source, story)


def test_keys_at_the_question_do_it_with_a_reason_or_leave_it() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        for key in ("n", "escape"):
            app.run_command(f"drain {EFFECT.address}")
            await until(pilot, lambda: "do it?" in screen_text(app))
            await pilot.press(key)
            await until(pilot, lambda: "nothing was done" in screen_text(app))
        app.run_command(f"weight {EFFECT.address} 5")
        await until(pilot, lambda: "do it?" in screen_text(app))
        await pilot.press("r", *"disk", "enter")
        await until(pilot, lambda: len(told(source)) == 1)
        assert told(source)[0].query == (("reason", "disk"),)
        assert msgspec.json.decode(told(source)[0].body)["weight"] == 5

    run(app, source, story)


def test_a_weight_is_asked_for_and_must_be_one() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.act(ENDPOINT)
        await pilot.press("w", *"no", "enter")
        await until(pilot, lambda: "a weight is a number" in screen_text(app))
        app.act(ENDPOINT)
        await pilot.press("w", *"configured", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert msgspec.json.decode(source.asked[-1].body)["weight"] is None

    run(app, source, story)


def test_who_may_not_act_is_told_why_and_nothing_is_asked_of_the_gateway() -> None:
    viewer = MeView(name="eve", role="viewer", read_only=True, because="the token eve has the role viewer")
    stale, late = acting(Gateway())
    late.silent, late.late_s = True, 10.0
    cases = [
        ((stale, late), "no action while stale"),
        (acting(Gateway(), is_read_only=True), "--read-only"),
        (acting(Gateway(), me=viewer), "the token eve has the role viewer"),
        (acting(Gateway(), is_broken=True), "no action while disconnected"),
    ]
    for (app, source), why in cases:

        async def story(
            pilot: Pilot[None], app: ConsoleApp = app, source: BeatingSource = source, why: str = why
        ) -> None:
            await until(pilot, lambda: bool(app.why_not("act")))
            for line in ("", f"drain {EFFECT.address}", "rollback 1", "edit route orders"):
                app.say("")
                if line:
                    app.run_command(line)
                else:
                    app.act(ENDPOINT)
                await pilot.pause()
                assert why in screen_text(app)
            assert source.asked == []

        run(app, source, story)


def test_a_conflict_and_a_refusal_are_told_and_can_be_tried_again() -> None:
    gateway = Gateway()
    app, source = acting(gateway)

    async def story(pilot: Pilot[None]) -> None:
        gateway.refusal = Response(412, problem="changed")
        app.run_command(f"drain {EFFECT.address}")
        await until(pilot, lambda: "do it?" in screen_text(app))
        await pilot.press("r", *"host", "enter")
        await until(pilot, lambda: "nothing was done yet: something was changed since" in screen_text(app))
        gateway.refusal = None
        await pilot.press("y")
        await until(pilot, lambda: "in flight" in screen_text(app))
        assert ("reason", "host") in told(source)[-1].query
        gateway.refusal = Response(403, problem="this call needs the role operator")
        app.run_command(f"drain {EFFECT.address}")
        await until(pilot, lambda: "needs the role operator" in screen_text(app))
        gateway.refusal = None
        gateway.effect = replace(EFFECT, outcome="unchanged", summary="it is drained already")
        app.run_command("drain nowhere:1")
        await until(pilot, lambda: "is not an endpoint that is known" in screen_text(app))

    run(app, source, story)


def test_a_link_that_breaks_while_somebody_thinks_keeps_it_from_being_done() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.run_command(f"drain {EFFECT.address}")
        await until(pilot, lambda: "do it?" in screen_text(app))
        source.silent = True
        source.tell(Linked("broken", "refused", 4.0), time.time())
        await pilot.press("y")
        await until(pilot, lambda: "no action while disconnected" in screen_text(app))
        assert told(source) == []

    run(app, source, story)


def test_a_way_back_shows_what_differs_first_and_is_undone_by_another() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.act(Selection("revision", "2"))
        await pilot.press("b")
        await until(pilot, lambda: "type 2 to do it" in screen_text(app))
        assert "timeouts.first_byte  15s -> 30ms" in screen_text(app)
        await pilot.press("2", "enter")
        await until(pilot, lambda: "sequence 4; :undo goes back" in screen_text(app))
        app.run_command("undo")
        await until(pilot, lambda: "type 3 to do it" in screen_text(app))

    run(app, source, story)


def test_a_route_is_edited_checked_and_run() -> None:
    gateway = Gateway()
    app, source = acting(gateway)
    error = ConfigErrorView(file="route orders", line=2, key="match", message="expected a path")
    problem = ProblemView(title="t", status=422, reason="config_invalid", detail="1 errors", errors=[error])

    async def story(pilot: Pilot[None]) -> None:
        app.act(ROUTE)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EditorScreen))
        await until(pilot, lambda: "match: {path: '/v1/orders/{id}'}" in screen_text(app))
        await pilot.press("ctrl+end", *"x:1")
        gateway.refusal = Response(422, msgspec.json.encode(problem), "422 wrong")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "expected a path" in screen_text(app))
        assert app.screen.query_one(TextArea).cursor_location == (1, 0)
        gateway.refusal = None
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "do it?" in screen_text(app))
        assert "timeouts.first_byte  15s -> 30ms" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: "sequence 4; :undo goes back" in screen_text(app))
        (put,) = told(source, "PUT")
        assert (put.path, put.if_match, b"x:1" in put.body) == ("config/objects/route/orders", "3", True)
        assert not isinstance(app.screen, EditorScreen)

    run(app, source, story)


def test_a_text_made_of_what_does_not_run_any_more_is_refused_and_not_asked_about_again() -> None:
    gateway = Gateway()
    app, source = acting(gateway)

    async def story(pilot: Pilot[None]) -> None:
        app.act(ROUTE)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EditorScreen))
        await pilot.press("ctrl+end", *"x:1", "ctrl+s")
        await until(pilot, lambda: "do it?" in screen_text(app))
        gateway.refusal = Response(412, problem="changed")
        await pilot.press("y")
        await until(pilot, lambda: "somebody else has changed something" in screen_text(app))
        assert isinstance(app.screen, EditorScreen)
        assert "x:1" in app.screen.query_one(TextArea).text
        assert len(told(source, "PUT")) == 1

    run(app, source, story)


def test_what_was_written_is_not_lost_by_one_key() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.run_command("edit upstream orders")
        await until(pilot, lambda: isinstance(app.screen, EditorScreen))
        await pilot.press("x", "escape")
        await until(pilot, lambda: "lose what was written" in screen_text(app))
        await pilot.press("n")
        await pilot.pause()
        assert isinstance(app.screen, EditorScreen)
        await pilot.press("escape", "y")
        await until(pilot, lambda: not isinstance(app.screen, EditorScreen))
        app.run_command("edit listener public")
        await pilot.pause()
        assert "a route or an upstream can be edited" in screen_text(app)

    run(app, source, story)


def test_what_cannot_be_acted_upon_says_so() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.act(Selection("worker", "1"))
        await pilot.pause()
        assert "nothing can be done to worker 1" in screen_text(app)
        app.act(None)
        await pilot.pause()
        assert "nothing is selected" in screen_text(app)

    run(app, source, story)


def test_what_was_done_to_one_gateway_is_not_undone_on_another() -> None:
    app, source = acting(Gateway())
    _, other = acting(Gateway())
    app.read_contexts = lambda: Contexts(contexts=[Context(name="west")])
    app.connect = lambda _context: other

    async def story(pilot: Pilot[None]) -> None:
        app.run_command(f"weight {EFFECT.address} 5")
        await until(pilot, lambda: "do it?" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: "is done" in screen_text(app))
        app.run_command("ctx west")
        await until(pilot, lambda: screen_text(app).startswith(" west"))
        app.run_command("undo")
        await pilot.pause()
        assert "nothing has been done here" in screen_text(app)
        assert other.asked == []

    run(app, source, story)


def test_a_preview_that_comes_when_something_else_is_typed_asks_nothing() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        said = ""
        for keys in (("slash",), ("escape", "3")):
            source.answers.clear()
            app.run_command(f"drain {EFFECT.address}")
            await pilot.press(*keys)
            source.answers.set()
            await until(pilot, lambda: not any(worker.group == "act" for worker in app.workers))
            said = screen_text(app)
            await pilot.press("y")
            assert not isinstance(app.screen, ConfirmScreen)
        assert "was left" in said
        assert told(source) == []

    run(app, source, story)


def test_nothing_else_is_begun_before_the_answer_to_what_was_confirmed() -> None:
    app, source = acting(Gateway())

    async def story(pilot: Pilot[None]) -> None:
        app.run_command(f"weight {EFFECT.address} 5")
        await until(pilot, lambda: "do it?" in screen_text(app))
        source.answers.clear()
        await pilot.press("y")
        await until(pilot, lambda: len(told(source)) == 1)
        app.run_command(f"drain {EFFECT.address}")
        await pilot.pause()
        assert "is still being done" in screen_text(app)
        source.answers.set()
        await until(pilot, lambda: ":undo gives it back" in screen_text(app))
        app.run_command("undo")
        await until(pilot, lambda: "do it?" in screen_text(app))

    run(app, source, story)


def test_what_was_not_answered_is_not_said_to_be_undone() -> None:
    gateway = Gateway()
    app, source = acting(gateway)

    async def story(pilot: Pilot[None]) -> None:
        app.run_command(f"drain {EFFECT.address}")
        await until(pilot, lambda: "do it?" in screen_text(app))
        gateway.refusal = Response(0, problem="it takes too long to answer")
        await pilot.press("y")
        await until(pilot, lambda: "nobody knows whether it was done: it takes too long" in screen_text(app))

    run(app, source, story)
