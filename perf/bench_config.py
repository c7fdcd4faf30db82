"""How long a configuration of many routes takes to load: read, validated, compiled and searched for dead routes.

python perf/bench_config.py [ROUTES] [ROUNDS]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from gateway.config import FileSource, load_file
from gateway.config.source import POLL_S

_HEAD: Final = """\
listeners:
  - {name: public, address: 127.0.0.1:9080}
upstreams:
"""
_POLLS: Final = 2000


def configuration(routes: int) -> str:
    """A configuration such as an API catalogue makes: a few hosts, an upstream for every hundred routes."""
    upstreams = max(1, routes // 100)
    lines = [_HEAD]
    lines += [f"  service-{i}: {{endpoints: [127.0.0.1:{20000 + i % 30000}]}}\n" for i in range(upstreams)]
    lines.append("routes:\n")
    lines += [_route(index, upstreams) for index in range(routes)]
    return "".join(lines)


def _route(index: int, upstreams: int) -> str:
    template, exact, prefix = f"/v1/things-{index}/{{id}}", f"/v1/things-{index}", f"/v2/things-{index}"
    path = (f'path: "{template}"', f"path: {exact}", f"path_prefix: {prefix}")[index % 3]
    return (
        f"  - name: route-{index}\n"
        f"    match: {{hosts: [api-{index % 20}.example.com], {path}, methods: [GET, PUT]}}\n"
        f"    upstream: service-{index % upstreams}\n"
    )


def main() -> None:
    routes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sightline.yaml"
        path.write_text(configuration(routes))
        loads = [_timed_load(path) for _ in range(rounds)]
        poll_us = _poll_us(path)
        size = path.stat().st_size / 1e6
    print(f"{routes} routes, {size:.1f} MB: {statistics.median(loads):.2f} s of CPU to load (median of {rounds})")
    print(f"a poll of the file source: {poll_us:.1f} us, {poll_us / 1e4 / POLL_S:.3f} % of a core")


def _timed_load(path: Path) -> float:
    began = time.process_time()
    load_file(path, 1, {})
    return time.process_time() - began


def _poll_us(path: Path) -> float:
    source = FileSource(path)
    began = time.process_time()
    for _ in range(_POLLS):
        source.poll()
    return (time.process_time() - began) / _POLLS * 1e6


if __name__ == "__main__":
    main()
