"""Faults of the network: names that do not resolve or move, packets that are lost, a link that is thin."""

import json
import time
from pathlib import Path
from typing import Final

from perf.compare.processes import free_port
from tests.faults.fault_proxy import FaultProxy
from tests.faults.load import Load
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.support.waiting import wait_until

NAME: Final = "origin.test"
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
REFRESH_S: Final = 6.0
"""The longest between two lookups, their jitter included."""
LATE_S: Final = 2.0
STUB: Final = """
import json, os, socket, time
from pathlib import Path
_real, _place = socket.getaddrinfo, Path(os.environ["STUB_RESOLVER"])

def _stubbed(host, *rest, **more):
    if host != "{name}":
        return _real(host, *rest, **more)
    answer = json.loads((_place / "answer.json").read_text())
    with (_place / "asked").open("a") as asked:
        asked.write(answer["kind"] + " ")
    if answer["kind"] == "failure":
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if answer["kind"] == "silence":
        time.sleep(3)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in answer["addresses"]]

socket.getaddrinfo = _stubbed
"""
"""Loaded by each process of the gateway at its start (site.py imports sitecustomize): the resolver of the system is all
that it replaces."""


class StubResolver:
    """What the gateway is told of the name from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(STUB.replace("{name}", NAME))
        self.environ = {"PYTHONPATH": str(folder), "STUB_RESOLVER": str(folder)}

    def say(self, kind: str, *addresses: str) -> None:
        """kind: `answer`, `failure` or `silence`."""
        fresh = self._folder / "fresh.json"
        fresh.write_text(json.dumps({"kind": kind, "addresses": addresses}))
        fresh.rename(self._folder / "answer.json")

    def await_asked(self, kind: str, times: int) -> None:
        """Until it has been asked so often and has said so."""

        def asked() -> bool:
            file = self._folder / "asked"
            return file.exists() and file.read_text().split().count(kind) >= times

        wait_until(asked, f"the resolver says {kind}", 2 * REFRESH_S + 3, 0.02)


@fault(
    35,
    "the resolver fails, is silent, answers with nothing, then with another set",
    "errors 0; s to follow",
    limit_s=55.0,
)
def resolver_trouble(stage: Stage) -> None:
    port, backend = free_port(), stage.backend()
    origin = ("127.0.0.1", int(backend.rpartition(":")[2]))
    places = [stage.enter(FaultProxy(origin, listen=(host, port))) for host in (FIRST, SECOND)]
    resolver = StubResolver(stage.folder / "resolver")
    resolver.say("answer", FIRST)
    gateway = stage.gateway(f"{NAME}:{port}", environ=resolver.environ)
    load = stage.load(gateway.address)
    for kind, said in (("failure", "failure"), ("silence", "silence"), ("nothing", "answer")):
        began_ns = load.mark()
        resolver.say(said)
        known = 1 if kind == "nothing" else 0
        resolver.await_asked(said, known + 1)
        load.run_for(1.0)
        stage.figure(f"{kind}: {len(load.failed(began_ns))} errors, p99 {load.percentile_ms(0.99, began_ns):.1f} ms")
    stage.check(not places[1].accepted, "it asked where nobody had sent it")
    follow(stage, load, resolver, places)


def follow(stage: Stage, load: Load, resolver: StubResolver, places: list[FaultProxy]) -> None:
    """The name stands for another place, while the first still answers."""
    resolver.say("answer", SECOND)
    began_s = time.monotonic()
    wait_until(lambda: places[1].accepted, "the new place is asked", REFRESH_S + LATE_S + 3, 0.01)
    followed_s = time.monotonic() - began_s
    wait_until(lambda: places[0].open == 0, "the old place is left", 5.0, 0.02)
    left_s = time.monotonic() - began_s
    load.run_for(1.0)
    load.stop()
    stage.figure(f"followed after {followed_s:.1f} s, the old place left after {left_s:.1f} s; {load.told()}")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed: {load.told()}")
    stage.check(followed_s < REFRESH_S + LATE_S, f"followed after {followed_s:.1f} s")
