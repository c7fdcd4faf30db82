"""The smuggling corpus against the whole program: an attacker and a victim share one connection to the upstream."""

from collections.abc import Iterable
from typing import Any, Final

from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.live.test_http1_refused_requests import CASES
from tests.live.test_http1_smuggling import ATTACKS, POISONED, VICTIM
from tests.support.origin import OriginConnection, PeerGone, say_target
from tests.support.raw_client import Truncated

ATTACK: Final = b" /attack HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def ask_as_victim(gateway: Gateway) -> bool:
    """Whether the victim gets its own answer."""
    with gateway.client() as victim:
        return victim.request(VICTIM).body == b"/victim"


@fault(
    32,
    f"the smuggling corpus: {len(CASES)} to refuse (A), {len(ATTACKS)} to disarm (B), {len(POISONED)} poisoned answers (C)",
    "cross-talk 0; A: must-reject pass %",
    limit_s=60.0,
)
def smuggling(stage: Stage) -> None:
    accepted = refuse_all(stage)
    stage.figure(f"A: {100 * (1 - len(accepted) / len(CASES)):.1f} % refused")
    stage.check(not accepted, f"not refused: {accepted}")
    crossed = [*disarm_all(stage), *poison_all(stage)]
    stage.figure(f"cross-talk {len(crossed)} of {len(ATTACKS) + len(POISONED)}")
    stage.check(not crossed, f"cross-talk: {crossed}")


def refuse_all(stage: Stage) -> list[str]:
    """The names of those in which anything but a refusal came back, or of which the upstream saw anything."""
    origin = stage.origin(say_target)
    gateway = stage.gateway(origin.address, workers=1, upstream="connections: {max: 1}")
    wrong = []
    for case in CASES:
        raw, statuses = parts_of(case)
        seen = origin.received_size
        with gateway.client() as attacker:
            attacker.send_until_refused(raw)
            try:
                status = attacker.read_response().status
            except Truncated:
                status = 0
        if status not in statuses or origin.received_size != seen:
            wrong.append(str(case.id))
    return wrong


def disarm_all(stage: Stage) -> list[str]:
    """The names of those after which the victim got another's answer, or the upstream a request that nobody made."""
    origin = stage.origin(say_target)
    gateway = stage.gateway(origin.address, workers=1, upstream="connections: {max: 1}", match="path_regex: '/[^m].*'")
    wrong = []
    for name, attack in ATTACKS.items():
        with gateway.client() as attacker:
            attacker.send_until_refused(attack)
            try:
                attacker.read_final(attack.split(b" ", 1)[0].decode())
            except Truncated:
                wrong.append(f"{name} is not answered")
            if not all(ask_as_victim(gateway) for _ in range(2)):
                wrong.append(name)
    targets = {target.split(b"%")[0] for target in origin.targets}
    secrets = [request.target for request in origin.requests if b"session=secret" in request.body]
    return [*wrong, *(str(target) for target in targets - {b"/victim", b"/attack"}), *map(str, secrets)]


def poison_all(stage: Stage) -> list[str]:
    """The names of those after which the victim got what was left on the connection."""
    current = [b""]

    async def poison(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            own = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n/victim"
            try:
                await connection.send(current[0] if request.target == b"/attack" else own)
            except PeerGone:
                return

    origin = stage.origin(poison)
    gateway = stage.gateway(origin.address, workers=1, upstream="connections: {max: 1}")
    wrong = []
    for case in POISONED:
        method, current[0] = parts_of(case)
        with gateway.client() as attacker:
            attacker.send(method.encode() + ATTACK)
            attacker.read_final(method)
            if not ask_as_victim(gateway):
                wrong.append(str(case.id))
    return wrong


def parts_of(case: Any) -> Iterable[Any]:
    """What a case of the tests of the engine is made of."""
    values: tuple[Any, ...] = case.values
    return values
