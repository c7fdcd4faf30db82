"""The console's source: against a real gateway, and against an admin API that has every fault a network brings."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from console.client.contexts import Target
from console.sources import admin, backoff, live, polling
from console.sources.live import LiveSource
from console.state import reading
from console.state.messages import Failed, Linked, Request, TailWanted
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin, say_target
from tests.support.program import Program
from tests.support.sources import HELLO, Listening, ScriptedAdmin, Speaker, event, refusing, saying
from tests.support.waiting import wait_until

TICK = '{"at":"2026-01-31T08:00:0%dZ","series":[]}'


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    thread = LoopThread("console", asyncio.new_event_loop)
    yield thread
    errors = thread.take_errors()
    thread.stop()
    assert errors == []


@pytest.fixture
def listen(loop: LoopThread) -> Iterator[Callable[..., Listening]]:
    running: list[Listening] = []

    def start(url: str, **more: str) -> Listening:
        running.append(Listening(loop, partial(LiveSource, Target(url=url, **more))))
        return running[-1]

    yield start
    for listening in running:
        listening.close()


@pytest.fixture
def scripted(loop: LoopThread) -> Iterator[ScriptedAdmin]:
    server = ScriptedAdmin(loop, speak_on)
    yield server
    server.stop()


async def speak_on(speaker: Speaker, _number: int) -> None:
    await speaker.say(event("hello", HELLO % "one"))
    await speaker.be_silent()


def links(listening: Listening) -> list[str]:
    return [message.state for _, message in listening.told if isinstance(message, Linked)]


def problems(listening: Listening) -> list[str]:
    return [message.problem for _, message in listening.told if isinstance(message, Linked)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, origin_thread: LoopThread) -> Iterator[Program]:
    origin = Origin(origin_thread, say_target)
    with Program(tmp_path_factory.mktemp("source"), origin.address, workers=1) as gateway:
        assert gateway.send("/early")[0] == 200
        yield gateway
    origin.close()


def test_a_gateway_is_heard_with_its_past_its_readings_and_its_traffic(
    program: Program, listen: Callable[..., Listening]
) -> None:
    listening = listen(f"http://127.0.0.1:{program.admin_port}")
    model = listening.model
    tail = TailWanted("path~early", 20, 10)
    listening.call(lambda: listening.source.want([reading.ROUTES, reading.route("nowhere")], tail))
    wait_until(lambda: model.view(reading.ROUTES) is not None, "the routes are known")
    assert model.link.state == "live"
    wait_until(lambda: any(incident.kind == "gateway_started" for incident in model.incidents), "its past is known")
    wait_until(lambda: len(model.ticks) > 3, "there are seconds of before")
    assert [tick.at for tick in model.ticks] == sorted({tick.at for tick in model.ticks})
    wait_until(lambda: model.get(reading.route("nowhere")).status == 404, "a route that is not there fails alone")
    wait_until(lambda: [row.line.path for row in model.tail.rows] == ["/early"], "the tail begins with what was")
    answer = listening.ask(Request("POST", "explain", body=b'{"method":"GET","url":"http://x/early"}'))
    assert answer.is_ok, answer.problem
    refused = listening.ask(Request("POST", "explain", body=b"{"))
    assert (refused.is_ok, bool(refused.problem)) == (False, True)
    listening.call(lambda: listening.source.want([], TailWanted("latency:>5")))
    wait_until(lambda: "unit" in model.tail_problem, "a filter that is wrong is told")


def test_a_restart_of_the_gateway_keeps_what_is_known_and_asks_again(
    tmp_path: Path, origin_thread: LoopThread, listen: Callable[..., Listening]
) -> None:
    origin = Origin(origin_thread, say_target)
    program = Program(tmp_path, origin.address, workers=1)
    with program:
        listening = listen(f"http://127.0.0.1:{program.admin_port}")
        model = listening.model
        listening.call(lambda: listening.source.want([reading.ROUTES, reading.CONFIG], None))
        wait_until(lambda: model.view(reading.ROUTES) and model.view(reading.CONFIG), "it is known")
        first = model.get(reading.CONFIG).at_s
        program.end()
        wait_until(lambda: model.link.state == "broken", "the link is broken")
        assert model.view(reading.ROUTES) is not None
        assert model.link.retry_at_s > model.now_s
        program.start()
        wait_until(lambda: model.get(reading.CONFIG).at_s > first, "what is asked once is asked of the new one", 30.0)
        wait_until(
            lambda: sum(each.kind == "gateway_started" for each in model.incidents) == 2, "both starts are known"
        )
    origin.close()


def test_a_stream_that_breaks_is_taken_up_where_it_ended(
    scripted: ScriptedAdmin, listen: Callable[..., Listening]
) -> None:
    taken_up: list[str] = []

    async def speak(speaker: Speaker, number: int) -> None:
        taken_up.append(speaker.after)
        await speaker.say(event("hello", HELLO % "one"))
        if number == 1:
            await speaker.say(event("history", TICK % 1, "one;incidents=7"))
            await speaker.say(b"event: history\ndata: {half")
            speaker.cut()
            return
        await speaker.say(event("lost", '{"topic":"exchanges","why":"gone","count":3}'))
        await speaker.say(event("history", TICK % 2, "one;incidents=8"))
        await speaker.be_silent()

    scripted.stream = speak
    listening = listen(scripted.url)
    wait_until(lambda: len(listening.model.ticks) == 2, "both ticks are there")
    assert taken_up == ["", "one;incidents=7"]
    assert listening.model.tail.missing == 3
    assert links(listening) == ["broken"]
    assert listening.model.link.state == "live"


def test_a_stream_that_says_nothing_is_broken(
    scripted: ScriptedAdmin, listen: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "SILENCE_S", 0.1)
    listening = listen(scripted.url)
    wait_until(lambda: "nothing was heard for 0.1 s" in problems(listening), "silence is told")


def test_a_token_that_is_refused_is_not_sent_again_and_again_and_put_right_when_asked(
    scripted: ScriptedAdmin, listen: Callable[..., Listening], tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("old")
    scripted.answers["stream"] = refusing("no such token", 401)
    listening = listen(scripted.url, token_file=str(token_file))
    listening.call(lambda: listening.source.want([reading.ROUTES], None))
    wait_until(lambda: listening.model.link.state == "denied", "it is denied")
    assert listening.model.link.problem == "no such token"
    assert 20 < listening.model.link.retry_at_s - listening.model.now_s < 40
    asked = len(scripted.asked)
    token_file.write_text("new\n")
    del scripted.answers["stream"]
    scripted.answers["routes"] = saying('{"revision":"a","routes":[]}')
    assert (scripted.streams, len(scripted.asked)) == (1, asked)
    listening.call(listening.source.refetch)
    wait_until(lambda: listening.model.view(reading.ROUTES) is not None, "it is heard")
    assert scripted.tokens == ["Bearer old", "Bearer new"]


def test_what_is_no_event_is_counted_and_does_not_end_the_stream(
    scripted: ScriptedAdmin, listen: Callable[..., Listening]
) -> None:
    async def speak(speaker: Speaker, _number: int) -> None:
        await speaker.say(event("hello", "not json") + event("status", "[]") + event("novelty", "1"))
        await speaker.say(event("history", TICK % 1))
        await speaker.be_silent()

    scripted.stream = speak
    listening = listen(scripted.url)
    wait_until(lambda: len(listening.model.ticks) == 1, "the tick is there")
    assert listening.model.not_understood == 2


def test_an_event_without_an_end_is_not_kept(
    scripted: ScriptedAdmin, listen: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.sources.events.MOST_BYTES", 1_000)

    async def speak(speaker: Speaker, _number: int) -> None:
        await speaker.say(b"data: " + b"x" * 2_000)
        await speaker.be_silent()

    scripted.stream = speak
    listening = listen(scripted.url)
    wait_until(lambda: any("larger than 1000 bytes" in problem for problem in problems(listening)), "it is told")


def test_readings_fail_alone_each_in_its_words(
    scripted: ScriptedAdmin, listen: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "MOST_BYTES", 5_000)
    monkeypatch.setattr(polling, "_SLOWEST_S", 0.1)
    held = asyncio.Event()

    async def never() -> web.Response:
        await held.wait()
        return web.Response()

    scripted.answers |= {
        "routes": saying('{"revision":"a","routes":[]}'), "upstreams": saying("garbage"), "status": never,
        "config": refusing("not now", 503), "unmatched": saying(b" " * 6_000),
    }  # fmt: skip
    listening = listen(scripted.url)
    model = listening.model
    wanted = [reading.STATUS, reading.UPSTREAMS, reading.CONFIG, reading.UNMATCHED, reading.ROUTES]
    listening.call(lambda: listening.source.want(wanted, None))
    wait_until(lambda: model.view(reading.ROUTES) is not None, "one answers")
    wait_until(lambda: len([m for _, m in listening.told if isinstance(m, Failed)]) >= 3, "three fail")
    assert "is not what this console knows" in model.get(reading.UPSTREAMS).problem
    assert (model.get(reading.CONFIG).status, model.get(reading.CONFIG).problem) == (503, "not now")
    assert "larger than 5000 bytes" in model.get(reading.UNMATCHED).problem
    scripted.answers["config"] = saying('{"revision":"a","sequence":1,"config":{}}')
    wait_until(lambda: scripted.asked.count("config") > 1, "what failed is asked again")


def test_a_gateway_without_room_for_a_stream_is_still_asked(
    scripted: ScriptedAdmin, listen: Callable[..., Listening]
) -> None:
    scripted.answers["stream"] = refusing("as many follow as can", 503)
    scripted.answers["routes"] = saying('{"revision":"a","routes":[]}')
    listening = listen(scripted.url)
    listening.call(lambda: listening.source.want([reading.ROUTES], None))
    wait_until(lambda: listening.model.view(reading.ROUTES) is not None, "readings come all the same")
    assert "as many follow as can" in problems(listening)


def test_nobody_there_is_told_and_tried_again_until_somebody_is(
    loop: LoopThread, scripted: ScriptedAdmin, listen: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)
    scripted.stop()
    listening = listen(scripted.url)
    wait_until(lambda: links(listening).count("broken") > 1, "it is tried again")
    assert "nobody answers: connection refused" in problems(listening)
    assert scripted.asked == []
    scripted.start()
    wait_until(lambda: listening.model.link.state == "live", "it is heard")


def test_a_certificate_nobody_vouches_for_is_told(listen: Callable[..., Listening], tmp_path: Path) -> None:
    listening = listen("https://127.0.0.1:1", ca_file=str(tmp_path / "none.pem"))
    wait_until(lambda: any("No such file" in problem for problem in problems(listening)), "the CA file is named")


def test_less_is_asked_while_nobody_looks(scripted: ScriptedAdmin, listen: Callable[..., Listening]) -> None:
    async def only_be_there(speaker: Speaker, _number: int) -> None:
        await speaker.be_silent()  # A hello would have everything asked again, at a moment of its own.

    scripted.stream = only_be_there
    scripted.answers["routes"] = scripted.answers["clock"] = saying('{"revision":"a","routes":[]}')
    listening = listen(scripted.url)
    often = reading.Reading("routes", reading.ROUTES.view, every_s=0.05)
    clock = reading.Reading("clock", reading.ROUTES.view, every_s=0.000_05)

    def turns_pass() -> None:
        """A reading that is asked again at once even at this pace was: at its own pace `often` would have been asked as often."""
        struck = scripted.asked.count("clock")
        wait_until(lambda: scripted.asked.count("clock") >= struck + 5, "time passes")

    listening.call(lambda: listening.source.keep_pace(1_000.0))
    listening.call(lambda: listening.source.want([often, clock], None))
    turns_pass()
    assert scripted.asked.count("routes") == 1
    listening.call(listening.source.refetch)
    turns_pass()
    assert scripted.asked.count("routes") == 2
    assert live.LiveSource.can_act
