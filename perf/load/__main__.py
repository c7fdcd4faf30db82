"""`python -m perf.load`: the demo's services and gateway, locust's users on them, and what both of them counted.

Exit code 0 only if every objective was kept and locust's own counts equal the gateway's for every route, method and code.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.demo.comparison import Counts, counts_of_metrics, differences
from gateway.demo.config_text import config_text
from gateway.demo.page import Places
from gateway.demo.ports import HOST, choose_ports, ports_from
from gateway.demo.stage import SETTLE_S, DemoSettings, Stage

ROOT: Final = Path(__file__).resolve().parents[2]
STOP_S: Final = 30
"""Users finish what they are at before they end, so that both sides have counted it."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m perf.load", description="Load the demo's gateway with locust.")
    parser.add_argument("--users", type=int, default=40, help="how many (default: 40)")
    parser.add_argument("--spawn-rate", type=float, default=20, help="how many start in a second (default: 20)")
    parser.add_argument("--for", dest="run_time", default="30s", help="how long, as in 30s or 2m (default: 30s)")
    parser.add_argument("--html", default="load-report.html", help="the report (default: load-report.html)")
    return asyncio.run(run(parser.parse_args(arguments)))


async def run(options: argparse.Namespace) -> int:
    ports, _ = choose_ports(ports_from(0))
    with tempfile.TemporaryDirectory(prefix="sightline-load-") as folder:
        places = Places(Path(folder))
        places.config.write_text(config_text(ports))
        stage = Stage(DemoSettings(None, ports), ports, places)
        try:
            await stage.open()
            counts_file = places.folder / "counts.json"
            code = await _load(options, f"http://{HOST}:{ports.gateway}", counts_file)
            sent = _read_counts(counts_file)
            recorded = await _settled(stage, sent)
        finally:
            await stage.close()
    _print_side_by_side(sent, recorded)
    found = differences(sent, recorded)
    for difference in found:
        print(f"DIFFERS  {difference}")
    print(f"report: {options.html}")
    return 1 if found or code else 0


async def _load(options: argparse.Namespace, url: str, counts_file: Path) -> int:
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(ROOT / "perf" / "load" / "users.py"),
        "--headless",
        "--only-summary",
    ]
    command += ["--host", url, "--users", str(options.users), "--spawn-rate", str(options.spawn_rate)]
    command += ["--run-time", options.run_time, "--stop-timeout", str(STOP_S), "--html", options.html]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*command, "--counts", str(counts_file), env=environment)
    return await process.wait()


def _read_counts(file: Path) -> Counts:
    counts: Counts = Counter()
    for _, route, method, code, number in json.loads(file.read_text()):
        counts[route, method, str(code)] += number
    return counts


async def _settled(stage: Stage, sent: Counts) -> Counts:
    """What the gateway has counted, once it agrees or has had time to."""
    ends_s = time.monotonic() + SETTLE_S
    recorded = counts_of_metrics(await stage.scrape())
    while recorded != sent and time.monotonic() < ends_s:
        await asyncio.sleep(0.2)
        recorded = counts_of_metrics(await stage.scrape())
    return recorded


def _print_side_by_side(sent: Counts, recorded: Counts) -> None:
    print(f"\n{'route':<16} {'method':<7} {'code':<5} {'locust':>8} {'gateway':>8}")
    for key in sorted(sent.keys() | recorded.keys()):
        route, method, code = key
        print(f"{route:<16} {method:<7} {code:<5} {sent[key]:>8} {recorded[key]:>8}")
    print(f"{'all':<16} {'':<7} {'':<5} {sent.total():>8} {recorded.total():>8}")


if __name__ == "__main__":
    sys.exit(main())
