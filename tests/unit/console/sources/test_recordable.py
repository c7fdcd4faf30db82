"""A source beside which a recorder runs."""

import asyncio
import threading
from pathlib import Path

from typing_extensions import override

from console.sources.archive import Archive
from console.sources.recordable import Recordable
from console.sources.recorded import RecordedSource
from console.sources.recorder import Recorder
from console.sources.recording import read_recording
from console.state.messages import Request, Response
from console.state.model import Model
from tests.support.console import GivenSource
from tests.support.recordings import SMALL, tick


def test_what_comes_is_written_while_somebody_wants_it_and_all_that_comes_is_passed_on(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"

    async def story() -> list[str]:
        inner, model, passed = GivenSource(), Model(), list[str]()
        source = Recordable(inner)
        running = asyncio.create_task(source.run(lambda _at_s, message: passed.append(type(message).__name__)))
        await asyncio.sleep(0)
        inner.tell(tick(1))
        source.record(str(file), model)
        for _, message in SMALL[:3]:
            inner.tell(message)
        assert await source.stop_recording() == f"recorded 3 messages to {file}"
        inner.tell(tick(2))
        running.cancel()
        await asyncio.wait([running])
        return passed

    assert len(asyncio.run(story())) == 5
    assert [line.kind for line in read_recording(str(file)).lines] == ["answer", "event", "answer"]


class OnSlowDisk(Recorder):
    """Closed when `is_written` is set."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.is_written = threading.Event()

    @override
    def close(self) -> str:
        assert self.is_written.wait(10.0)
        return super().close()


def test_nothing_else_waits_for_the_disk_when_a_recording_ends(tmp_path: Path) -> None:
    recorder = OnSlowDisk(str(tmp_path / "a.ndjson"))
    source = Recordable(GivenSource(), recorder)

    async def story() -> str:
        ending = asyncio.create_task(source.stop_recording())
        await asyncio.sleep(0)
        recorder.is_written.set()  # By the loop, which would wait for it otherwise.
        return await ending

    assert asyncio.run(story()) == f"recorded 0 messages to {recorder.file}"


def test_a_request_that_was_explained_is_explained_by_the_recording_and_an_action_is_no_part_of_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.ndjson"
    question = Request("POST", "explain", body=b'{"url": "/v1"}')

    async def story() -> None:
        source = Recordable(GivenSource(answer=lambda _request: Response(200, b'{\n"route": "orders"}')))
        source.record(str(file), Model())
        await source.ask(question)
        await source.ask(Request("POST", "revisions/2/rollback", body=b"{}"))
        await source.stop_recording()

    asyncio.run(story())
    player = RecordedSource(Archive(read_recording(str(file))))
    assert asyncio.run(player.ask(question)).body == b'{"route":"orders"}'
    assert len(read_recording(str(file)).lines) == 1
