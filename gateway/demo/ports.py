"""Which ports the demo uses: fixed ones, so that examples can be copied, or free ones where those are taken."""

import socket
from dataclasses import dataclass, fields
from typing import Final

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each thing that listens; `down` is an endpoint on which nothing does."""

    gateway: int = 9080
    admin: int = 9900
    catalog: int = 9081
    catalog_twin: int = 9082
    reports: int = 9083
    payments: int = 9084
    down: int = 9085


def ports_from(base: int) -> Ports:
    """Consecutive ports, beginning with the gateway's; from 0, ports the kernel chooses."""
    count = len(fields(Ports))
    return Ports(*([0] * count if base == 0 else range(base, base + count)))


def choose_ports(wanted: Ports) -> tuple[Ports, dict[str, tuple[int, int]]]:
    """The wanted ports with free ones in place of those that are taken; by name, what was taken and what stands for it."""
    chosen: dict[str, int] = {}
    replaced: dict[str, tuple[int, int]] = {}
    held: list[socket.socket] = []
    try:
        for field in fields(Ports):
            port: int = getattr(wanted, field.name)
            holding = _hold(port)
            if holding is None:
                holding = socket.create_server((HOST, 0))
                replaced[field.name] = (port, holding.getsockname()[1])
            held.append(holding)
            chosen[field.name] = holding.getsockname()[1]
    finally:
        # Held until all are chosen, so that no free port is chosen twice.
        for holding in held:
            holding.close()
    return Ports(**chosen), replaced


def _hold(port: int) -> socket.socket | None:
    try:
        return socket.create_server((HOST, port))
    except OSError:
        return None
