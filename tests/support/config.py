"""Configuration texts for the live tests: one listener, one upstream of scripted origins, one route, and what a test
adds to each of them in YAML's flow style."""

import socket
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
    """A port of the loopback address that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _also(keys: str) -> str:
    return f", {keys}" if keys else ""
