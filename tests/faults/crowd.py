"""Many clients at once: plain sockets in one thread, from several addresses of the loopback network."""

import contextlib
import itertools
import json
import select
import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.support.messages import NeedMore, parse_response
from tests.support.raw_client import Address

_SOURCES: Final = tuple(f"127.0.0.{number}" for number in range(2, 10))
"""28,000 ports each."""
_READ_SIZE: Final = 64 * 1024
_CONNECT_S: Final = 10.0


class Told(NamedTuple):
    """What a client was told. status: 0 where its connection ended without an answer. reason: of the gateway's own answer.

    took_s: from the beginning of the gathering. ended: `FIN`, `RST`, or empty where neither an end nor an answer came.
    """

    status: int
    took_s: float
    reason: str = ""
    ended: str = ""
    body: bytes = b""


class Crowd:
    """Clients of one address. To be used as a context: leaving it closes all of them."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._from = itertools.cycle(_SOURCES)
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, count: int, *, receive_buffer: int | None = None) -> list[socket.socket]:
        """So many more; one that is refused raises."""
        opened = []
        for _ in range(count):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.sockets.append(client)
            opened.append(client)
            if receive_buffer is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.settimeout(_CONNECT_S)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_IP, _BIND_ADDRESS_NO_PORT, 1)
            client.bind((next(self._from), 0))
            client.connect(self._address)
        return opened

    def close(self) -> None:
        for client in self.sockets:
            client.close()
        self.sockets.clear()


_BIND_ADDRESS_NO_PORT: Final = 24
"""IP_BIND_ADDRESS_NO_PORT: the port is chosen by connect, so that there are as many as for each destination."""


def send_each(sockets: Iterable[socket.socket], data: bytes) -> int:
    """To each of them, as far as it takes it at once; how many took all of it."""
    taken = 0
    for client in sockets:
        with contextlib.suppress(OSError):
            taken += client.send(data) == len(data)
    return taken


def gather(
    sockets: Sequence[socket.socket], deadline_s: float, method: str = "GET", *, drip: bytes = b"", every_s: float = 0.5
) -> list[Told]:
    """What each is told until then, in the order of the sockets: one answer, or how its connection ended.

    drip: what those that have been told nothing yet send again and again.
    """
    began_s = time.monotonic()
    buffers = [b""] * len(sockets)
    told: list[Told | None] = [None] * len(sockets)
    with selectors.DefaultSelector() as selector:
        for number, client in enumerate(sockets):
            client.setblocking(False)  # noqa: FBT003 - the signature of the standard library
            selector.register(client, selectors.EVENT_READ, number)
        drips = 0
        while (left_s := began_s + deadline_s - time.monotonic()) > 0 and selector.get_map():
            if drip and deadline_s - left_s >= (drips + 1) * every_s:
                drips += 1
                send_each([client for client, known in zip(sockets, told, strict=True) if known is None], drip)
            for key, _ in selector.select(min(left_s, every_s / 5) if drip else left_s):
                number = key.data
                data, ended = _receive(sockets[number])
                buffers[number] += data
                told[number] = _read(buffers[number], method, ended, time.monotonic() - began_s)
                if told[number] is not None:
                    selector.unregister(key.fileobj)
    return [each or Told(0, deadline_s, body=buffers[number]) for number, each in enumerate(told)]


def await_cut(sockets: Sequence[socket.socket], deadline_s: float) -> list[float]:
    """Seconds until each connection is aborted by its peer, without a byte being read; those that are not are left out."""
    began_s, cut_s = time.monotonic(), list[float]()
    poll = select.poll()
    for client in sockets:
        poll.register(client, 0)
    while (left_s := began_s + deadline_s - time.monotonic()) > 0 and len(cut_s) < len(sockets):
        for number, _ in poll.poll(left_s * 1000):
            poll.unregister(number)
            cut_s.append(time.monotonic() - began_s)
    return cut_s


def ask_all(address: Address, requests: Sequence[bytes], deadline_s: float) -> list[Told]:
    """Each request on a connection of its own, all at once."""
    with Crowd(address) as crowd:
        for client, request in zip(crowd.open(len(requests)), requests, strict=True):
            client.sendall(request)
        return gather(crowd.sockets, deadline_s)


def open_towards(port: int) -> int:
    """Connections of this machine to a port of its own that are not over, as those who made them hold them."""
    remote = f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for fields in lines if fields[2].endswith(remote) and fields[3] not in _OVER)


_OVER: Final = {"06", "07", "0A"}
"""TIME_WAIT, CLOSE and LISTEN."""


def _receive(client: socket.socket) -> tuple[bytes, str]:
    try:
        data = client.recv(_READ_SIZE)
    except BlockingIOError:
        return b"", ""
    except OSError:
        return b"", "RST"
    return data, "" if data else "FIN"


def _read(data: bytes, method: str, ended: str, took_s: float) -> Told | None:
    """None while more is to come."""
    with contextlib.suppress(NeedMore):
        answer = parse_response(data, method, ended=ended == "FIN")
        reason = ""
        if answer.value("server") == b"sightline" and answer.body.startswith(b"{"):
            reason = str(json.loads(answer.body).get("reason", ""))
        return Told(answer.status, took_s, reason, ended, answer.body)
    return Told(0, took_s, ended=ended, body=data) if ended else None
