"""Clients that close one side, leave in the middle, or send what no client would."""

import contextlib
import socket
import struct
import time
from collections import Counter
from typing import Final

from perf.compare.processes import cpu_ns
from tests.faults.crowd import Crowd, gather, open_towards, send_each
from tests.faults.row import fault
from tests.faults.rows.processes import HANDSHAKE, SWITCHING
from tests.faults.rows.slowness import settled_memory, workers_memory
from tests.faults.rows.upstreams import get, told_of
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.origin import Origin, OriginConnection, PeerGone
from tests.support.raw_client import RawClient, Truncated
from tests.support.waiting import wait_until

HALF_CLOSERS: Final = 100
TUNNELS: Final = 50
ABORTS: Final = 100
PROMPT_MS: Final = 250.0


async def say_bye(connection: OriginConnection) -> None:
    """An echo that answers the end of the other side with a last word and its own end."""
    await connection.read_request()
    await connection.send(SWITCHING)
    while True:
        try:
            await connection.send(await connection.read_bytes(1))
        except PeerGone:
            await connection.send(b"bye")
            await connection.close()
            return


def port_of(origin: Origin) -> int:
    return int(origin.address.rpartition(":")[2])


@fault(
    29,
    f"half-close by {HALF_CLOSERS} clients that have asked, and in {TUNNELS} WebSockets",
    "delivered 100 %; leaked sockets 0",
    limit_s=20.0,
    fast=True,
)
def half_closes(stage: Stage) -> None:
    echo, backend = stage.origin(say_bye), stage.backend()
    gateway = stage.gateway(
        backend,
        more_upstreams=f'  sockets: {{endpoints: ["{echo.address}"]}}',
        more_routes="  - {name: sockets, match: {path_prefix: /socket}, upstream: sockets}",
    )
    with Crowd(gateway.address) as crowd:
        crowd.open(HALF_CLOSERS)
        send_each(crowd.sockets, get("/after/100"))
        for client in crowd.sockets:
            client.shutdown(socket.SHUT_WR)
        answers = gather(crowd.sockets, 10.0)
    delivered = sum(answer.status == 200 and len(answer.body) == 100 for answer in answers)
    tunnels = sum(half_close_tunnel(gateway.client()) for _ in range(TUNNELS))
    leaked = await_leaks(gateway, port_of(echo))
    stage.figure(
        f"{delivered} of {HALF_CLOSERS} answers and {tunnels} of {TUNNELS} last words delivered; {leaked} sockets leaked"
    )
    stage.check(delivered == HALF_CLOSERS, f"{delivered} answers came: {told_of(answers)}")
    stage.check(tunnels == TUNNELS, f"{tunnels} of {TUNNELS} WebSockets were half-closed in good order")
    stage.check(not leaked, f"{leaked} sockets leaked")


def half_close_tunnel(client: RawClient) -> bool:
    with client:
        client.send(HANDSHAKE)
        client.read_response()
        client.send(b"word")
        client.read_until(b"word")
        client.half_close()
        return client.read_to_end() == (b"bye", "FIN")


def await_leaks(gateway: Gateway, port: int) -> int:
    """Connections of clients and towards this origin that do not go away by themselves."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: open_towards(gateway.port) + open_towards(port) == 0, "all connections end", 3.0, 0.02)
    return open_towards(gateway.port) + open_towards(port)


async def never_whole(connection: OriginConnection) -> None:
    """/think is never answered, /flow never ends."""
    request = await connection.read_head()
    if request.target == b"/flow":
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
    await connection.until_peer_ends(30.0)


@fault(
    30,
    f"{ABORTS} clients leave by RST: while the upstream thinks, within their body, within the answer",
    "ms until the upstream's work is stopped; leaks 0; recorded as 499",
    limit_s=30.0,
    fast=True,
)
def client_aborts(stage: Stage) -> None:
    origin = stage.origin(never_whole)
    gateway = stage.gateway(origin.address)
    ways = {
        "thinking": (get("/think"), 0),
        "body": (b"POST /think HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nbegun", 0),
        "answer": (get("/flow"), 1),
    }
    for name, (request, answered) in ways.items():
        known = len(origin.connections)
        with Crowd(gateway.address) as crowd:
            crowd.open(ABORTS)
            send_each(crowd.sockets, request)
            work = origin.await_connections(known + ABORTS)[known:]
            wait_until(lambda: all(b"\r\n\r\n" in each.received for each in work), "all are at work")  # noqa: B023
            if answered:
                begun = [client.recv(4096) for client in crowd.sockets]
                stage.check(all(begun), "an answer has not begun")
            began_s = time.monotonic()
            for client in crowd.sockets:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
        wait_until(lambda: all(each.ended for each in work), f"the work for all of {name} is stopped")  # noqa: B023
        stopped_ms = (time.monotonic() - began_s) * 1000
        stage.figure(f"{name}: all stopped after {stopped_ms:.0f} ms")
        stage.check(stopped_ms < PROMPT_MS * 4, f"{name}: stopped after {stopped_ms:.0f} ms")
    leaked = await_leaks(gateway, port_of(origin))
    recorded = wait_until(lambda: told_to_have_left(gateway, 3 * ABORTS), f"{3 * ABORTS} lines tell of it")
    stage.figure(f"{leaked} leaks; recorded {dict(recorded)}")
    stage.check(not leaked, f"{leaked} sockets leaked")
    stage.check(
        recorded == {"499 client_disconnect": 2 * ABORTS, "200 client_disconnect": ABORTS}, f"recorded {recorded}"
    )


def told_to_have_left(gateway: Gateway, count: int) -> Counter[str]:
    """The access lines by status and reason, once there are so many; empty before."""
    lines = gateway.access_lines
    told = Counter(f"{line['http.response.status_code']} {line['reason']}" for line in lines)
    return told if len(lines) >= count else Counter()


PIPELINED: Final = 1000
CLIENTS: Final = 50
LINE: Final = 16 * 1024
HEADER: Final = 64 * 1024
KIB: Final = 1024
MOST_KIB: Final = 2 * (LINE + HEADER) // KIB
"""Twice what the limits allow a client to send of a head."""
FLOODS: Final = {
    "a URL of 1 MB": (b"GET /" + b"a" * (1 << 20), 414),
    "a field of 1 MB": (b"GET / HTTP/1.1\r\nHost: gateway.test\r\nX-A: " + b"a" * (1 << 20), 431),
    "20,000 fields": (b"GET / HTTP/1.1\r\nHost: gateway.test\r\n" + b"X-A: 1\r\n" * 20_000, 431),
    "a chunk extension of 1 MB": (
        b"POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * (1 << 20),
        400,
    ),
}


@fault(
    31,
    f"huge URL, field, fields and chunk extension, {PIPELINED:,} pipelined requests, writes of one byte",
    f"431/414/400 at the limit however delivered; peak KiB for each (at most {MOST_KIB}); CPU ms",
    limit_s=40.0,
)
def oversized(stage: Stage) -> None:
    gateway = stage.gateway(stage.backend(), workers=1)
    [worker] = gateway.worker_pids()
    with gateway.client() as client:
        client.request(get())
    for name, (flood, status) in FLOODS.items():
        before, spent_ns = settled_memory(gateway), cpu_ns(worker)
        with Crowd(gateway.address) as crowd:
            crowd.open(CLIENTS)
            peak = send_all(gateway, crowd, flood)
            answers = gather(crowd.sockets, 5.0)
        each = max(0, peak // KIB - before) / CLIENTS
        cpu_ms = (cpu_ns(worker) - spent_ns) / 1e6 / CLIENTS
        stage.figure(f"{name}: {told_of(answers)}, {each:.0f} KiB and {cpu_ms:.2f} ms of CPU each")
        stage.check(all(answer.status in {status, 0} for answer in answers), f"{name}: {told_of(answers)}")
        stage.check(sum(answer.status == status for answer in answers) >= CLIENTS * 0.9, f"{name}: {told_of(answers)}")
        stage.check(each <= MOST_KIB, f"{name}: {each:.0f} KiB each")
    byte_by_byte(stage, gateway)
    pipelined(stage, gateway, worker)


def send_all(gateway: Gateway, crowd: Crowd, flood: bytes) -> int:
    """As much of it from each as is taken, in turns; gives the peak of the workers' memory, in bytes."""
    peak, sent = 0, dict.fromkeys(crowd.sockets, 0)
    for client in crowd.sockets:
        client.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    quiet = 0
    while quiet < 20:
        moved = 0
        for client, position in sent.items():
            with contextlib.suppress(OSError):
                moved += (count := client.send(flood[position : position + 64 * KIB]))
                sent[client] += count
        peak = max(peak, workers_memory(gateway))
        quiet = 0 if moved else quiet + 1
    return peak


def byte_by_byte(stage: Stage, gateway: Gateway) -> None:
    """A head past the limit of its line, a byte in each segment."""
    with gateway.client() as client:
        sent = 0
        with contextlib.suppress(OSError):
            for byte in b"GET /" + b"a" * (LINE + 64):
                client.socket.send(bytes([byte]))
                sent += 1
        try:
            status = client.read_final().status
        except Truncated:
            status = 0
    stage.figure(f"byte by byte: {status} after {sent} bytes")
    stage.check(status == 414, f"byte by byte it was told {status}")


def pipelined(stage: Stage, gateway: Gateway, worker: int) -> None:
    before, spent_ns, began_s = settled_memory(gateway), cpu_ns(worker), time.monotonic()
    with gateway.client() as client:
        client.send(b"".join(get(f"/bytes/{number + 1}") for number in range(PIPELINED)))
        sizes = [len(client.read_final().body) for _ in range(PIPELINED)]
        memory = workers_memory(gateway) // KIB - before
    stage.figure(
        f"{PIPELINED} pipelined: {(cpu_ns(worker) - spent_ns) / 1e6:.0f} ms of CPU, "
        f"{time.monotonic() - began_s:.2f} s, {max(0, memory)} KiB"
    )
    stage.check(sizes == list(range(1, PIPELINED + 1)), "pipelined answers came out of order")
    stage.check(memory <= 1024, f"{memory} KiB for {PIPELINED} pipelined requests")
