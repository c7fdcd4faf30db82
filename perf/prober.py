"""Asks one question over one connection every millisecond: the longest answer tells how long the other side stood still.

Plain blocking sockets and, where permitted, a real-time priority, so that its own waiting is not taken for the other's.
Used by the comparison: python -m perf.prober PORT PATH OUTPUT. It runs until SIGTERM and then writes OUTPUT, a line per
probe: time of sending and of the answer in monotonic nanoseconds, and the last word of the answer.
"""

import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

PAUSE_S = 0.001


class EndedError(Exception):
    """SIGTERM has come."""


def end(_signal: int, _frame: object) -> None:
    raise EndedError


def probe(port: int, path: str, seen: list[str]) -> None:
    """Ask until ended. Raises OSError if the connection is lost."""
    question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            sent_ns = time.monotonic_ns()
            connection.sendall(question)
            answer = connection.recv(4096)
            if not answer:
                raise ConnectionResetError("closed by the gateway")
            seen.append(f"{sent_ns} {time.monotonic_ns()} {answer[answer.rfind(b' ') + 1 :].decode('latin-1')}")
            time.sleep(PAUSE_S)


def main() -> int:
    """The command line."""
    port, path, output = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    signal.signal(signal.SIGTERM, end)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        print("no real-time priority: stalls may be overstated", file=sys.stderr)
    gc.disable()
    seen: list[str] = []
    try:
        probe(port, path, seen)
    except EndedError:
        return 0
    finally:
        output.write_text("\n".join(seen) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
