"""Large bodies: CPU per GiB each way against nginx, and memory while a reader or an upstream takes nothing."""

import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from perf.compare.bench import Bench, Gateway
from perf.compare.peers import start_all, start_envoy, start_nginx
from perf.compare.processes import StartError, resident_bytes
from perf.compare.report import Check, Findings, Table
from perf.compare.scenarios.idle import serving_pid
from perf.compare.sightline import Settings, start_sightline

GIB = 1 << 30
MIB = 1 << 20
PIECE = bytes(MIB)
OURS, STREAMED, BUFFERED = "sightline, all telemetry", "nginx, buffering off", "nginx, buffering on"
Costs = dict[str, list[float]]


def run(bench: Bench) -> Findings:
    """Rounds of one download and one upload through each gateway, then the stalls."""
    gateways = start_all(
        bench,
        {
            STREAMED: partial(start_nginx, bench, "nginx-streamed", buffering=False, bulk=True),
            BUFFERED: partial(start_nginx, bench, "nginx-buffered", bulk=True),
            "envoy": partial(start_envoy, bench, "envoy", bulk=True),
            OURS: partial(start_sightline, bench, "sightline", Settings(bulk=True)),
        },
    )
    findings = Findings("Large bodies")
    add_stalls(bench, findings, gateways)
    size = GIB // 16 if bench.quick else GIB
    down, up = cost(bench, gateways, download, size), cost(bench, gateways, upload, size)
    rows = [[name, f"{statistics.median(down[name]):.3f}", f"{statistics.median(up[name]):.3f}"] for name in gateways]
    title = f"CPU seconds per GiB ({size // MIB:,} MiB bodies, medians)"
    findings.tables.append(Table(title, ["gateway", "down", "up"], rows))
    findings.data = {"down": down, "up": up}
    if OURS in gateways and STREAMED in gateways and BUFFERED in gateways:
        findings.checks += [against_nginx("down", down), against_nginx("up", up)]
    return findings


def against_nginx(way: str, costs: Costs) -> Check:
    """Against whichever of nginx's two modes is the cheaper one in this direction."""
    cheaper = min(statistics.median(costs[STREAMED]), statistics.median(costs[BUFFERED]))
    return Check(f"1 GiB {way} / nginx's cheaper mode", statistics.median(costs[OURS]) / cheaper, 2.0, 1.3)


def cost(bench: Bench, gateways: dict[str, Gateway], transfer: Callable[[int, int], None], size: int) -> Costs:
    """CPU seconds per GiB of each gateway, a figure per round."""
    costs: Costs = {name: [] for name in gateways}
    for number in range(2 if bench.quick else 3):
        bench.say(f"{transfer.__name__}, round {number + 1}")
        for name, gateway in gateways.items():
            before = gateway.process.cpu_ns()
            transfer(gateway.port, size)
            time.sleep(0.3)
            costs[name].append((gateway.process.cpu_ns() - before) / 1e9 * GIB / size)
    return costs


def download(port: int, size: int) -> None:
    """Read a body of this size to its end. Raises StartError if it is cut short."""
    with _connect(port) as client:
        client.sendall(b"GET /bytes/%d HTTP/1.1\r\nHost: a\r\n\r\n" % size)
        _read_rest(client, size - _body_part(client))


def upload(port: int, size: int) -> None:
    """Send a body of this size; the origin must have counted all of it. Raises StartError otherwise."""
    with _connect(port) as client:
        _send_body(client, b"/count", size)


def _body_part(client: socket.socket) -> int:
    """Read the head of the answer; the number of bytes of its body that came along."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(65536)
        if not piece:
            raise StartError("connection closed before an answer")
        head += piece
    return len(head.partition(b"\r\n\r\n")[2])


def _read_rest(client: socket.socket, left: int) -> None:
    buffer = bytearray(MIB)
    while left > 0:
        count = client.recv_into(buffer)
        if not count:
            raise StartError(f"download cut short with {left} bytes missing")
        left -= count


def _send_body(client: socket.socket, path: bytes, size: int) -> None:
    client.sendall(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, size))
    for _ in range(size // MIB):
        client.sendall(PIECE)
    answer = client.recv(65536)
    if not answer.endswith(b"\r\n%d" % size):
        raise StartError(f"upload of {size} bytes answered with {answer[-200:]!r}")


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def add_stalls(bench: Bench, findings: Findings, gateways: dict[str, Gateway]) -> None:
    """How much the serving process grows while nobody takes what it is sent. Done before anything large went through,
    so that memory kept from earlier cannot hide growth."""
    seconds = 2 if bench.quick else 6
    rows: list[list[str]] = []
    for name, gateway in gateways.items():
        pid = serving_pid(gateway)
        download(gateway.port, 1000)
        bench.say(f"stalls of {name}")
        reader, upstream = stalled_download(gateway.port, pid, seconds), stalled_upload(gateway.port, pid, seconds)
        rows.append([name, f"{reader / MIB:.1f}", f"{upstream / MIB:.1f}"])
        if name == OURS:
            growth = max(reader, upstream) / MIB
            findings.checks.append(Check("growth while a reader or upstream stalls", growth, 16, unit=" MiB"))
    columns = ["gateway", "client stops reading, MiB", "upstream stops reading, MiB"]
    findings.tables.append(Table(f"Growth of resident memory during a stall of {seconds} s in 1 GiB", columns, rows))


def stalled_download(port: int, pid: int, seconds: int) -> int:
    """Ask for a GiB and pause after the first bytes; the largest growth of the process seen meanwhile, bytes. The rest of
    the body must still arrive: a connection given up would not grow either."""
    before = resident_bytes(pid)
    with _connect(port) as client:
        client.sendall(b"GET /bytes/%d HTTP/1.1\r\nHost: a\r\n\r\n" % GIB)
        left = GIB - _body_part(client)
        growth = _largest(pid, seconds) - before
        _read_rest(client, left)
        return growth


def stalled_upload(port: int, pid: int, seconds: int) -> int:
    """Send a GiB to an origin that reads nothing at first; the largest growth of the process meanwhile, bytes. The origin
    must count all of it in the end."""
    before = resident_bytes(pid)
    with _connect(port) as client, ThreadPoolExecutor(1) as watcher:
        watched = watcher.submit(_largest, pid, seconds)
        _send_body(client, b"/stall/%d" % seconds, GIB)
        return watched.result() - before


def _largest(pid: int, seconds: float) -> int:
    until = time.monotonic() + seconds
    largest = 0
    while time.monotonic() < until:
        largest = max(largest, resident_bytes(pid))
        time.sleep(0.02)
    return largest
