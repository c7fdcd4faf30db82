"""HAProxy and nginx as the subject of a row, in front of the same origins, with as many workers and the same timeouts."""

import os
import shutil
import signal
from collections.abc import Sequence
from typing import Final

from perf.compare.processes import Process, descendants, free_port
from tests.faults.needs import PLACES
from tests.faults.stage import NotRun, Stage
from tests.support.raw_client import Address

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
  default_backend origin
backend origin
  http-reuse always
{servers}
"""


class Peer:
    """A running peer, in the shape of a `Subject`."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self.address: Address = ("127.0.0.1", port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The children of nginx's master; HAProxy has threads in one process, which is then the worker."""
        return descendants(self.pid)[1:] or [self.pid]

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
    is_nginx = name == "nginx"
    servers = (
        " ".join(f"server {endpoint};" for endpoint in endpoints)
        if is_nginx
        else "\n".join(f"  server s{number} {endpoint}" for number, endpoint in enumerate(endpoints))
    )
    text = (_NGINX if is_nginx else _HAPROXY).format(
        workers=workers,
        folder=stage.folder,
        port=port,
        servers=servers,
        connect_ms=round(connect_s * 1000),
        first_byte_ms=round(first_byte_s * 1000),
    )
    file = stage.folder / f"{name}.cfg"
    file.write_text(text)
    command = [program, "-c", file] if is_nginx else [program, "-db", "-f", file]
    process = stage.processes.start(name, command, frozenset(os.sched_getaffinity(0)))
    stage.processes.wait_listening(process, port)
    return Peer(process, port)
