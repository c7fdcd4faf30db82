"""HAProxy and nginx as the subject of a row, in front of the same origins, with as many workers and the same timeouts."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from perf.compare.processes import Process, descendants, free_port
from tests.faults.needs import PLACES
from tests.faults.stage import NotRun, Stage
from tests.support.raw_client import Address
from tests.support.waiting import Overdue, wait_until

NGINX: Final = "nginx"
_NGINX: Final = """
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log warn;
events {{ worker_connections 4000; }}
http {{
  access_log {folder}/nginx.access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000; keepalive_timeout 75s;
  upstream origin {{ {servers} keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    location = /probe {{ return 200 "{word}"; }}
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_connect_timeout {connect_ms}ms; proxy_read_timeout {first_byte_ms}ms;
    }}
  }}
}}
"""

_HAPROXY: Final = """
global
  nbthread {workers}
  maxconn 4000
defaults
  mode http
  timeout connect {connect_ms}ms
  timeout client 75s
  timeout server {first_byte_ms}ms
  timeout http-keep-alive 75s
frontend public
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string "{word}" if {{ path /probe }}
  default_backend origin
backend origin
  http-reuse always
{servers}
"""


class Peer:
    """A running peer, in the shape of a `Subject`."""

    def __init__(self, name: str, process: Process, file: Path, text: Callable[[str], str], port: int) -> None:
        self._name = name
        self._process = process
        self._file = file
        self._text = text
        self.address: Address = ("127.0.0.1", port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The children of the master."""
        return descendants(self.pid)[1:]

    def edit(self, word: str) -> int:
        """Both take up their file when they are told to. HAProxy 2.6 has to be told again where it did not notice."""
        self._file.write_text(self._text(word))
        edited_ns, workers = time.monotonic_ns(), set(self.worker_pids())
        if self._name == NGINX:
            self.signal(signal.SIGHUP)
            return edited_ns
        for _ in range(5):
            self.signal(signal.SIGUSR2)
            with contextlib.suppress(Overdue):
                wait_until(lambda: set(self.worker_pids()) - workers, "a worker with the new file", 0.5, 0.01)
                return edited_ns
        raise Overdue("it does not take up its file")

    def end_in_order(self) -> None:
        self.signal(signal.SIGQUIT if self._name == NGINX else signal.SIGUSR1)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def has_ended(self) -> bool:
        return self._process.popen.poll() is not None

    def await_exit(self, deadline_s: float) -> int:
        return self._process.popen.wait(deadline_s)


def start_peer(
    stage: Stage, name: str, endpoints: Sequence[str], workers: int, connect_s: float, first_byte_s: float
) -> Peer:
    """Listening. Raises NotRun where it is not installed."""
    program = shutil.which(name, path=PLACES)
    if program is None:
        raise NotRun(f"{name} is not installed")
    port = free_port()
    if name == NGINX:
        template, servers = _NGINX, " ".join(f"server {endpoint};" for endpoint in endpoints)
    else:
        template, servers = _HAPROXY, "\n".join(f"  server s{n} {endpoint}" for n, endpoint in enumerate(endpoints))
    values: dict[str, Any] = {"workers": workers, "folder": stage.folder, "port": port, "servers": servers}
    values |= {"connect_ms": round(connect_s * 1000), "first_byte_ms": round(first_byte_s * 1000)}

    def text(word: str) -> str:
        return template.format(**values, word=word)

    file = stage.folder / f"{name}.cfg"
    file.write_text(text("version-0"))
    command = [program, "-c", file] if name == NGINX else [program, "-W", "-db", "-f", file]
    process = stage.processes.start(name, command, frozenset(os.sched_getaffinity(0)))
    stage.processes.wait_listening(process, port)
    return Peer(name, process, file, text, port)
