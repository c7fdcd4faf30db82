"""`python -m perf.compare [SCENARIO ...] [--quick]`: runs scenarios, prints their tables, writes perf/results."""

import argparse
import gc
import importlib
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

from perf.compare.bench import PERF, Bench
from perf.compare.cores import choose_cores
from perf.compare.processes import Stable, StartError
from perf.compare.report import Findings, to_markdown, write_results
from perf.compare.sightline import build

SCENARIOS = (
    "peers",
    "telemetry",
    "routes",
    "workers",
    "idle",
    "bodies",
    "reload",
    "edits",
    "faults",
    "latency",
    "overload",
    "watched",
    "viewers",
    "console",
    "collector",
)


def main() -> int:
    """0 if every budget was kept, 1 if not or if a scenario could not run, 130 after Ctrl-C."""
    arguments = parse()
    _raise_file_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    findings: list[Findings] = []
    failed: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name in arguments.scenarios or SCENARIOS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            found = run_scenario(name, missing, rounds=arguments.rounds, quick=arguments.quick)
        except StartError as error:
            failed[name] = str(error)
            print(f"## {name}\n\nnot run: {error}\n", flush=True)
            continue
        except KeyboardInterrupt:
            return 130
        findings.append(found)
        print(to_markdown(found), flush=True)
    path = write_results(PERF / "results", findings, missing | failed, quick=arguments.quick)
    print(f"written to {path}", file=sys.stderr)
    failed |= {name: reason for name, reason in missing.items() if name.startswith("sightline")}
    return int(bool(failed) or any(not check.passed for found in findings for check in found.checks))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m perf.compare", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"any of: {' '.join(SCENARIOS)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="short rounds: shows that it works, not what it costs")
    parser.add_argument("--rounds", type=int, help="how often each gateway has its turn (default 7)")
    arguments = parser.parse_args()
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    unknown = set(arguments.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}")
    return arguments


def run_scenario(name: str, missing: dict[str, str], *, rounds: int | None, quick: bool) -> Findings:
    """One scenario with processes and a folder of its own; both are gone when it returns. Raises StartError."""
    module = importlib.import_module(f"perf.compare.scenarios.{name}")
    cores = choose_cores()
    os.sched_setaffinity(0, cores.load)
    gc.collect()
    try:
        with tempfile.TemporaryDirectory(prefix="perf-") as folder, Stable(Path(folder)) as stable:
            Path(folder).chmod(0o755)  # nginx, started by root, works as nobody
            bench = Bench(stable, cores, Path(folder), rounds=rounds, quick=quick)
            found = module.run(bench)
            missing.update(bench.missing)
            assert isinstance(found, Findings)
            found.notes.append(f"Sightline is {build()}")
            found.notes += [f"missing: {peer}: {reason}" for peer, reason in bench.missing.items()]
            if bench.repeated:
                stolen = f"of those that count it took at most {bench.most_stolen:.1%}"
                found.notes.append(
                    f"{bench.repeated} windows were measured again, because the host took of them; {stolen}"
                )
            return found
    finally:
        os.sched_setaffinity(0, cores.gateway | cores.load | cores.spare)


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
