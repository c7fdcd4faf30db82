"""A link to the upstream that loses packets or is thin: a pair of virtual interfaces, one of them in a network namespace of
the row's own. Nothing of the machine's own network is touched."""

import os
import shutil
import subprocess
import sys
from types import TracebackType
from typing import Final, Self

from perf.loadgen import Request
from tests.faults.load import Load
from tests.faults.needs import PLACES, installed, packet_rules
from tests.faults.row import fault
from tests.faults.rows.upstreams import check_others
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

LOSS_TENTHS: Final = 3
RATE: Final = 100.0
BAD_S: Final = 8.0
WELL_S: Final = 2.0
SUCCESS_LEAST: Final = 95.0
CONNECT_S: Final = 3
FIRST_BYTE_S: Final = 6
PORT: Final = 9001
LINK_MBIT: Final = 1
LIMIT: Final = 128
LONG: Final = "?" + "a" * 1500
"""Makes requests so long that a megabit carries fewer of them than are made."""


class Link:
    """`near` is the gateway's end, `far` the upstream's. Needs root."""

    def __init__(self) -> None:
        number = os.getpid() % 250
        self._name = f"sl{os.getpid() % 100_000}"
        self.near, self.far = f"10.213.{number}.1", f"10.213.{number}.2"
        self.near_device, self._far_device = f"{self._name}n", f"{self._name}f"

    def __enter__(self) -> Self:
        run("ip", "netns", "add", self._name)
        run(
            "ip", "link", "add", self.near_device, "type", "veth", "peer", "name", self._far_device, "netns", self._name
        )
        run("ip", "addr", "add", f"{self.near}/30", "dev", self.near_device)
        run("ip", "link", "set", self.near_device, "up")
        self.inside("ip", "addr", "add", f"{self.far}/30", "dev", self._far_device)
        self.inside("ip", "link", "set", self._far_device, "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The pair goes with the namespace, as soon as nothing runs in it any more.
        run("ip", "link", "del", self.near_device)
        run("ip", "netns", "del", self._name)

    def command(self, *command: object) -> list[object]:
        """To be run at the far end."""
        return [program("ip"), "netns", "exec", self._name, *command]

    def inside(self, *command: str) -> None:
        subprocess.run([str(part) for part in self.command(*command)], check=True, timeout=10)

    def lose(self, tenths: int) -> None:
        """So many of ten packets that arrive at the far end are dropped at random."""
        nft = program("nft")
        self.inside(nft, "add", "table", "inet", "fault")
        self.inside(nft, "add", "chain", "inet", "fault", "in", "{ type filter hook input priority 0; }")
        self.inside(nft, "add", "rule", "inet", "fault", "in", f"numgen random mod 10 < {tenths} drop")

    def heal(self) -> None:
        self.inside(program("nft"), "delete", "table", "inet", "fault")

    def narrow(self, mbit: int) -> None:
        """What goes to the far end has to fit into so much; what does not waits, and is dropped in the end."""
        run("tc", "qdisc", "add", "dev", self.near_device, "root", "handle", "1:", "htb", "default", "1")
        run(
            "tc",
            "class",
            "add",
            "dev",
            self.near_device,
            "parent",
            "1:",
            "classid",
            "1:1",
            "htb",
            "rate",
            f"{mbit}mbit",
        )

    def widen(self) -> None:
        run("tc", "qdisc", "del", "dev", self.near_device, "root")


def run(name: str, *arguments: str) -> None:
    subprocess.run([program(name), *arguments], check=True, timeout=10)


def program(name: str) -> str:
    return shutil.which(name, path=PLACES) or name


@fault(
    39,
    f"{10 * LOSS_TENTHS} % of the packets to the upstream lost; then a link of {LINK_MBIT} Mbit/s",
    "success %, p99; others unaffected; pool whole afterwards",
    limit_s=60.0,
    needs=(packet_rules, installed("nft"), installed("ip"), installed("tc")),
)
def bad_link(stage: Stage) -> None:
    link = stage.enter(Link())
    command = link.command(sys.executable, "-m", "tests.faults.places", PORT, 1000, 1, link.far)
    stage.processes.start("far", command, frozenset(os.sched_getaffinity(0)))
    gateway = stage.gateway(
        stage.backend(),
        more_upstreams=f'  far: {{endpoints: ["{link.far}:{PORT}"],'
        f" connections: {{max: {LIMIT}, max_pending: {LIMIT}, connect_timeout: {CONNECT_S}s}}}}",
        more_routes=f"  - {{name: far, match: {{path: /far}}, upstream: far, timeouts: {{first_byte: {FIRST_BYTE_S}s}}}}",
    )
    wait_until(lambda: gateway.send("/far")[0] == 200, "the upstream at the far end answers", 10.0, 0.05)
    others = stage.load(gateway.address)
    others.run_for(WELL_S)
    began_ns = others.mark()
    link.lose(LOSS_TENTHS)
    suffer(stage, gateway, f"{10 * LOSS_TENTHS} % lost", "", SUCCESS_LEAST)
    link.heal()
    check_whole(stage, gateway, "loss")
    link.narrow(LINK_MBIT)
    suffer(stage, gateway, f"{LINK_MBIT} Mbit/s", LONG, 0.0)
    link.widen()
    check_whole(stage, gateway, "narrowness")
    ended_ns = others.mark()
    others.stop()
    stage.figure(f"others: {others.told(began_ns, ended_ns)}")
    check_others(stage, others, began_ns, ended_ns)


def far_load(stage: Stage, gateway: Gateway, query: str = "") -> Load:
    request = Request(f"GET /far{query} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode(), 200, b"well")
    return stage.load(gateway.address, RATE, lambda: request, 1024)


def suffer(stage: Stage, gateway: Gateway, name: str, query: str, least: float) -> None:
    load = far_load(stage, gateway, query)
    load.run_for(BAD_S)
    load.stop()
    good = 100 * (1 - len(load.failed()) / len(load.results))
    statuses = load.statuses()
    told = ", ".join(f"{status or 'none'} {count}" for status, count in sorted(statuses.items()))
    stage.figure(f"{name}: {good:.1f} % ({told}), p99 {load.percentile_ms(0.99):.0f} ms")
    stage.check(good >= least, f"{name}: {good:.1f} % success")
    stage.check(statuses[200], f"{name}: nothing came through")
    stage.check(set(statuses) <= {0, 200, 502, 503, 504}, f"{name}: {told}")
    slowest_s = max((each.latency_ns for each in load.results if each.status), default=0) / 1e9
    bound_s = CONNECT_S + FIRST_BYTE_S + 2.0
    stage.check(slowest_s < bound_s, f"{name}: told after {slowest_s:.1f} s, when {bound_s:.0f} s are the most")


def check_whole(stage: Stage, gateway: Gateway, after: str) -> None:
    """What was held is given back, and everything is served at once."""
    wait_until(
        lambda: gateway.metric("sightline_upstream_in_flight", upstream="far") == 0,
        f"nothing hangs after the {after}",
        12.0,
        0.1,
    )
    load = far_load(stage, gateway)
    load.run_for(WELL_S)
    load.stop()
    pooled = gateway.metric("sightline_upstream_connections", upstream="far")
    stage.figure(
        f"afterwards {len(load.failed())} of {len(load.results)} failed, p99 {load.percentile_ms(0.99):.0f} ms"
    )
    stage.check(not load.failed(), f"after the {after}: {load.told()}")
    stage.check(pooled <= 2 * LIMIT, f"{pooled:.0f} connections in the pool")
