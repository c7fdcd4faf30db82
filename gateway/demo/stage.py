"""The demo from beginning to end: services, gateway, traffic, then the comparison of what each of them counted."""

import asyncio
import functools
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import aiohttp
import msgspec

from gateway.demo.children import Child, ended_by_signal, start_child, stop_child
from gateway.demo.comparison import (
    counts_of_lines,
    counts_of_metrics,
    counts_of_tally,
    differences,
    is_disagreement,
    worker_restarts,
)
from gateway.demo.config_text import config_text
from gateway.demo.foreground import end_console, interrupts_left_to_it, start_console
from gateway.demo.incidents import Cast, ConfigFile, perform
from gateway.demo.page import Places, Running, account, moved_ports, page, traffic_table
from gateway.demo.ports import HOST, Ports, choose_ports
from gateway.demo.traffic import DEADLINE_S, SENDING, Tally
from gateway.wire.views import StatusView

START_S: Final = 20.0
SETTLE_S: Final = 5.0
"""Workers report every 200 ms; counters that have not settled by then never will."""
STOP_S: Final = 15.0
_POLL_S: Final = 0.1

OK: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130


class DemoFailed(Exception):  # noqa: N818 - it says what it is
    """Something the demo needs did not start or did not last; the message is for whoever started it."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """for_s: seconds of traffic, or None to run until Ctrl-C. rate: requests a second. round_s: seconds after which
    the incidents begin again, None for none. has_console: whether the console is to have the terminal until its user leaves it."""

    for_s: float | None
    ports: Ports
    rate: float = 50.0
    round_s: float | None = None
    has_console: bool = False


@dataclass(slots=True)
class Stage:
    """Everything that runs. `close` ends all of it, in the order in which it depends on each other."""

    settings: DemoSettings
    ports: Ports
    places: Places
    children: dict[str, Child] = field(default_factory=dict)
    down: socket.socket | None = None
    """Holds the port on which nothing listens, so that nobody else comes to listen there."""

    async def open(self) -> None:
        ports, start = self.ports, self._start
        self.down = socket.socket()
        self.down.bind((HOST, ports.down))
        await start("catalog", "-m", "gateway.demo.services", "catalog", str(ports.catalog), str(ports.catalog_twin))
        await start("reports", "-m", "gateway.demo.services", "reports", str(ports.reports))
        await start("payments", "-m", "gateway.demo.services", "payments", str(ports.payments))
        for port in (ports.catalog, ports.catalog_twin, ports.reports, ports.payments):
            await self._until(f"a service on port {port}", functools.partial(_is_open, port))
        gateway = ("-m", "gateway", "run", "-c", str(self.places.config))
        await start("gateway", *gateway, stdout=self.places.access_log)
        await self._until("a ready gateway", self._is_ready)

    async def start_traffic(self) -> None:
        url = f"http://{HOST}:{self.ports.gateway}"
        await self._start("traffic", "-m", "gateway.demo.traffic", url, str(self.settings.rate))
        traffic = self.children["traffic"]
        assert traffic.process.stdout is not None
        if await asyncio.wait_for(traffic.process.stdout.readline(), START_S) != SENDING:
            raise DemoFailed(f"the traffic did not start:\n{traffic.last_words()}")

    async def stop_traffic(self) -> Tally:
        """Ends the client and returns what it saw."""
        traffic = self.children["traffic"]
        reading = asyncio.create_task(_read_all(traffic))
        await stop_child(traffic, DEADLINE_S + 5.0)
        try:
            return msgspec.json.decode(await reading, type=Tally)
        except msgspec.DecodeError as error:
            raise DemoFailed(f"the traffic ended without a tally:\n{traffic.last_words()}") from error

    @property
    def admin_url(self) -> str:
        return f"http://{HOST}:{self.ports.admin}"

    async def running(self) -> Running:
        """What there is to tell about it."""
        status = msgspec.json.decode(await self._ask("/api/v1/status"), type=StatusView)
        pids = {name: child.pid for name, child in self.children.items()}
        return Running(
            ports=self.ports,
            places=self.places,
            pids=pids,
            worker_pids=[worker.pid for worker in status.workers],
            rate=self.settings.rate,
            for_s=self.settings.for_s,
            round_s=self.settings.round_s,
            has_console=self.settings.has_console,
        )

    async def perform_incidents(self) -> None:
        """Has things go wrong until it is cancelled."""
        if self.settings.round_s is not None:
            file = ConfigFile(self.places.config, config_text(self.ports))
            await perform(Cast(self.ports, file, self.children["traffic"]), self._tell, self.settings.round_s)

    def _tell(self, line: str) -> None:
        """On the terminal, unless that is the console's."""
        line = f"{time.strftime('%H:%M:%S')}  {line}"
        if self.settings.has_console:
            with self.places.own_log.open("a") as log:
                print(line, file=log)
        else:
            say(line)

    async def scrape(self) -> str:
        return (await self._ask("/metrics")).decode()

    async def stop_gateway(self) -> int:
        """The gateway's exit code once it has drained."""
        return await stop_child(self.children["gateway"], STOP_S)

    async def close(self) -> None:
        for name in ("traffic", "gateway", "catalog", "reports", "payments"):
            if name in self.children:
                await stop_child(self.children[name], STOP_S)
        if self.down is not None:
            self.down.close()

    async def _start(self, name: str, *arguments: str, stdout: Path | None = None) -> None:
        self.children[name] = await start_child(name, arguments, self.places.folder, stdout)

    async def _until(self, what: str, condition: Callable[[], Awaitable[bool]]) -> None:
        ends_s = time.monotonic() + START_S
        while not await condition():
            self.check_children()
            if time.monotonic() > ends_s:
                raise DemoFailed(f"not within {START_S:g} seconds: {what}{self._all_last_words()}")
            await asyncio.sleep(_POLL_S)

    def check_children(self) -> None:
        """Raises DemoFailed when a process has ended that should run."""
        for child in self.children.values():
            if child.has_ended():
                raise DemoFailed(f"{child.name} ended with {child.process.returncode}:\n{child.last_words()}")

    def _all_last_words(self) -> str:
        return "".join(f"\n{child.name}:\n{child.last_words(5)}" for child in self.children.values())

    async def _is_ready(self) -> bool:
        try:
            await self._ask("/readyz")
        except (aiohttp.ClientError, TimeoutError):
            return False
        return True

    async def _ask(self, path: str) -> bytes:
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.get(f"{self.admin_url}{path}") as response,
        ):
            return await response.read()


async def run_demo(settings: DemoSettings) -> int:
    """The whole demo: 0 when it ended by itself, or with its console, and all accounts agree; 1 when they do not; 130 when it
    was interrupted."""
    ports, replaced = choose_ports(settings.ports)
    for line in moved_ports(replaced):
        say(line)
    places = Places(Path(tempfile.mkdtemp(prefix="sightline-demo-")))
    places.config.write_text(config_text(ports))
    stage = Stage(settings, ports, places)
    code = FAILED
    with ended_by_signal() as interrupted:
        try:
            code = await _perform(stage, interrupted)
        except DemoFailed as failure:
            say(f"the demo failed: {failure}", file=sys.stderr)
        finally:
            await stage.close()
    _clear(places, code)
    return code


async def _perform(stage: Stage, asked: asyncio.Event) -> int:
    """asked: set by whoever wants the demo to end."""
    opening = asyncio.create_task(stage.open())
    if await _first(opening, asked):
        return INTERRUPTED
    await stage.start_traffic()
    say(page(await stage.running()))
    script = asyncio.create_task(stage.perform_incidents())
    try:
        was_interrupted = await (_attend if stage.settings.has_console else _watch)(stage, asked)
    finally:
        script.cancel()
        await asyncio.wait({script})
    say("ending the traffic, then the gateway, then the services ...")
    agrees = await _compare(stage)
    if was_interrupted:
        return INTERRUPTED
    return OK if agrees else FAILED


async def _first(task: asyncio.Task[None], interrupted: asyncio.Event) -> bool:
    """Waits for the task; True if it was interrupted, and then it is cancelled."""
    waiting = asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return False
        task.cancel()
        await asyncio.wait({task})
        return True
    finally:
        waiting.cancel()


async def _attend(stage: Stage, asked: asyncio.Event) -> bool:
    """Until whoever looks has left the console; whether somebody ended the demo instead."""
    with interrupts_left_to_it(asked):
        console = await start_console(stage.admin_url)
        try:
            while console.returncode is None and not asked.is_set():
                stage.check_children()
                await asyncio.sleep(_POLL_S)
        finally:
            await end_console(console)
    if asked.is_set() or console.returncode in {OK, INTERRUPTED}:
        return asked.is_set()
    say(f"the console ended with {console.returncode}; the demo goes on without it. Ctrl-C ends everything.")
    return await _watch(stage, asked)


async def _watch(stage: Stage, interrupted: asyncio.Event) -> bool:
    """Until the time is over or somebody interrupts; whether somebody did."""
    ends_s = time.monotonic() + (stage.settings.for_s if stage.settings.for_s is not None else float("inf"))
    while not interrupted.is_set() and time.monotonic() < ends_s:
        stage.check_children()
        await asyncio.sleep(min(_POLL_S, max(0.0, ends_s - time.monotonic())))
    return interrupted.is_set()


async def _compare(stage: Stage) -> bool:
    """Stops traffic and gateway, prints the summary, and says whether something flowed and all accounts agree."""
    tally = await stage.stop_traffic()
    sent = counts_of_tally(tally)
    restarts = worker_restarts(await stage.scrape())
    by_metrics = counts_of_metrics(await stage.scrape())
    ends_s = time.monotonic() + SETTLE_S
    while by_metrics != sent and time.monotonic() < ends_s:
        await asyncio.sleep(_POLL_S)
        by_metrics = counts_of_metrics(await stage.scrape())
    exit_code = await stage.stop_gateway()
    with stage.places.access_log.open("rb") as lines:
        by_lines = counts_of_lines(lines)
    metrics_differ, lines_differ = differences(sent, by_metrics), differences(sent, by_lines)
    say(f"\nWhat the client saw ({tally.broken} answers broke off after their status):\n{traffic_table(tally)}\n")
    say(f"  {'sent':<16} {sent.total():>8}")
    is_shared = stage.settings.for_s is None
    say(account("/metrics", by_metrics.total(), metrics_differ, is_shared=is_shared, restarts=restarts))
    say(account("access lines", by_lines.total(), lines_differ, is_shared=is_shared, restarts=restarts))
    for lost in tally.lost:
        say(f"  no answer: {lost}")
    if exit_code != 0:
        say(f"  the gateway ended with {exit_code}:\n{stage.children['gateway'].last_words()}")
    disagrees = any(
        is_disagreement(found, is_shared=is_shared, restarts=restarts) for found in (metrics_differ, lines_differ)
    )
    return sent.total() > 0 and not (disagrees or tally.lost) and exit_code == 0


def say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file or sys.stdout, flush=True)


def _clear(places: Places, code: int) -> None:
    if code == FAILED:
        say(f"its files are left in {places.folder}", file=sys.stderr)
    else:
        shutil.rmtree(places.folder, ignore_errors=True)


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _read_all(child: Child) -> bytes:
    assert child.process.stdout is not None
    return await child.process.stdout.read()
