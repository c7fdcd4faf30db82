"""The console in a browser: who gets in, and what they get."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
import pytest

from tests.support.recordings import SHOWN, make_recording
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
TOKEN: Final = "a-token-of-the-browser"
ADMIN_TOKEN: Final = "a-token-of-the-gateway"


class Served(NamedTuple):
    url: str
    talk: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serving")
    (folder / "token").write_text(TOKEN)
    (folder / "admin-token").write_text(ADMIN_TOKEN)
    recording = make_recording(folder / "a.ndjson", SHOWN)
    command = [
        sys.executable, "-m", "gateway", "console", "--serve", "127.0.0.1:0", "--serve-token-file", str(folder / "token"),
        "--replay", recording, "--token-file", str(folder / "admin-token"), "--screen", "routes",
    ]  # fmt: skip
    talk = folder / "talk"
    environ = dict(os.environ) | {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    with talk.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=environ)
    try:
        wait_until(
            lambda: b"the console is at http" in talk.read_bytes() or process.poll() is not None, "it serves", 20
        )
        yield Served(talk.read_text().split()[4].rstrip("/"), talk)
    finally:
        process.terminate()
        assert process.wait(10) == 0


async def first_bytes(socket: aiohttp.ClientWebSocketResponse) -> bytes:
    """Until the console has named its screen."""
    told = b""
    while b"orders" not in told:
        message = await socket.receive(timeout=20)
        assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, (message, told)
        told += message.data if isinstance(message.data, bytes) else message.data.encode()
    return told


def test_only_who_shows_the_token_gets_the_page_and_the_console(served: Served) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
            for path in ("/", "/static/js/textual.js", "/?token=wrong"):
                async with browser.get(f"{served.url}{path}") as answer:
                    assert answer.status == 401
                    assert TOKEN not in await answer.text()
            with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                await browser.ws_connect(f"{served.url}/ws")
            async with browser.get(f"{served.url}/?token={TOKEN}&fontsize=12", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/?fontsize=12")
                cookie = SimpleCookie(answer.headers["Set-Cookie"])["sightline_console"]
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            assert TOKEN not in cookie.value
            shown = {"Cookie": f"sightline_console={cookie.value}"}
            async with browser.get(f"{served.url}/", headers=shown) as answer:
                page = await answer.text()
                assert answer.status == 200
                assert f"ws:{served.url.removeprefix('http:')}/ws" in page
                assert TOKEN not in page
                assert ADMIN_TOKEN not in page
            for origin in ("http://elsewhere.example", "null"):
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await browser.ws_connect(f"{served.url}/ws", headers=shown | {"Origin": origin})
            socket = await browser.ws_connect(
                f"{served.url}/ws?width=100&height=30", headers=shown | {"Origin": served.url}
            )
            assert ADMIN_TOKEN.encode() not in await first_bytes(socket)
            await socket.close()

    asyncio.run(story())
    assert TOKEN not in served.talk.read_text()


@pytest.mark.parametrize(
    ("words", "talk"),
    [
        (("--serve", "0.0.0.0:0"), "it needs --serve-token-file"),
        (("--serve", "--serve-write"), "--serve-write needs --serve-token-file"),
        (("--serve", "nonsense"), "expected HOST:PORT"),
        (("--serve", "--record", "x"), "what browsers look at is not recorded"),
        (("--replay", "none", "--record", "x"), "--replay or --record"),
        (("--replay", "none.ndjson"), "none.ndjson cannot be read as a recording"),
        (("--screen", "nowhere"), "there is no screen 'nowhere'; there are:"),
    ],
)
def test_what_cannot_be_opened_is_a_matter_of_usage(words: tuple[str, ...], talk: str) -> None:
    command = [sys.executable, "-m", "gateway", "console", *words]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout) == (2, ""), run.stderr
    assert talk in run.stderr
