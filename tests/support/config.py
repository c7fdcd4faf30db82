"""Configuration texts for the live tests: one listener, one upstream of scripted origins, one route, and what a test
adds to each of them in YAML's flow style."""

import itertools
import os
import random
import socket
from pathlib import Path
from typing import Final

LISTENER: Final = "public"
ROUTE: Final = "all"
UPSTREAM: Final = "origin"


def one_route(
    *endpoints: str,
    listener: str = "",
    upstream: str = "",
    route: str = "",
    match: str = "path_prefix: /",
    more_upstreams: str = "",
    more_routes: str = "",
    more: str = "",
    port: int = 9080,
) -> str:
    """A configuration that sends everything to the given endpoints.

    listener, upstream, route: further keys of each, such as `limits: {line: 1KiB}`. more_upstreams and more_routes: further
    items of those sections; more: further top-level sections.
    """
    addresses = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
    return f"""
listeners:
  - {{name: {LISTENER}, address: "127.0.0.1:{port}"{_also(listener)}}}
upstreams:
  {UPSTREAM}: {{endpoints: [{addresses}]{_also(upstream)}}}
{more_upstreams}
routes:
  - {{name: {ROUTE}, match: {{{match}}}, upstream: {UPSTREAM}{_also(route)}}}
{more_routes}
{more}
"""


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment, another one each time.

    It is none of those that the system gives to a connection, or to whoever listens on any port: another test, or another
    run of tests beside this one, would have it before a gateway that is still starting. The same port is often to have
    nobody at all behind it.
    """
    for port in _PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("the ports never end")


def _ports_to_choose(lowest_given: int) -> range:
    """lowest_given: the lowest port that the system gives to those who ask for any."""
    return range(10_000, lowest_given) if lowest_given > 20_000 else range(20_000, 60_000)


_RANGE: Final = _ports_to_choose(int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
_PORTS: Final = itertools.cycle(random.Random(os.getpid()).sample(_RANGE, len(_RANGE)))


def _also(keys: str) -> str:
    return f", {keys}" if keys else ""
