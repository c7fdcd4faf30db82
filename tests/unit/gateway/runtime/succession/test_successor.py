"""A program started in our place: what is made of what it says, and of how it ends."""

import asyncio
import sys
from typing import Final

import pytest

from gateway.runtime.fleet.launcher import Launcher
from gateway.runtime.succession.messages import VERSION, Inheritance, Serving
from gateway.runtime.succession.predecessor import VARIABLE
from gateway.runtime.succession.successor import Successor, SuccessorFailed
from tests.support.waiting import wait_until_async

INHERITANCE: Final = Inheritance(
    version=VERSION, pid=1, program="1.0", actor="ana", listeners=[], admin_address="", admin=(), sequence=3
)
SAYING: Final = f"""
import asyncio, os, sys
from gateway.runtime.succession.predecessor import Predecessor
async def say():
    met = await Predecessor.meet(os.environ)
    assert "{VARIABLE}" not in os.environ
    %s
asyncio.run(say())
"""


def start(monkeypatch: pytest.MonkeyPatch, program: str, deadline_s: float = 20.0) -> Serving:
    """What becomes of a program that is this text."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", program])

    async def play() -> Serving:
        successor = await Successor.start(Launcher(), INHERITANCE, {})
        serving = await successor.serves(deadline_s)
        await successor._process.wait()
        await wait_until_async(lambda: successor._channel is None, "the end of its socket")
        return serving

    return asyncio.run(play())


def test_one_that_serves_says_what_it_has_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    serving = start(monkeypatch, SAYING % "met.serving({'key': met.inheritance.sequence}); await asyncio.sleep(0.1)")
    assert serving.taken == {"key": 3}


@pytest.mark.parametrize(
    ("program", "deadline_s", "why"),
    [
        pytest.param("import nowhere", 20.0, "^it ended with exit code 1$", id="crash"),
        pytest.param(
            SAYING % "await met.refuse('no such file'); sys.exit(3)",
            20.0,
            "^no such file; it ended with exit code 3$",
            id="refusal",
        ),
        pytest.param(
            "import time; time.sleep(60)", 0.5, r"^it did not serve within 0.5 s; it ended with SIGTERM$", id="hang"
        ),
    ],
)
def test_one_that_does_not_serve_is_ended_and_told_by_its_end(
    monkeypatch: pytest.MonkeyPatch, program: str, deadline_s: float, why: str
) -> None:
    with pytest.raises(SuccessorFailed, match=why):
        start(monkeypatch, program, deadline_s)


def test_a_command_that_is_not_there_any_more_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        start(monkeypatch, "")
