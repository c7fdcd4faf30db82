"""Twenty live edits of routes under 200 requests a second: every answer must be the one its configuration gives."""

import asyncio
import itertools
import time
from typing import Any

import uvloop

from perf.compare.bench import ANSWER, SECOND_ANSWER, Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline, to_yaml
from perf.loadgen import OpenLoop, Result, get

RATE = 200
EDITS = 20
EVERY_S = 1.5
SETTLE_S = 1.0
"""An edit must be served by every worker after this time; until then the answer before it is right as well."""

PATHS = ("/fixed", "/swapped", "/sometimes", "/moved/even", "/moved/odd", "/revision")


def routes_of(version: int) -> list[dict[str, Any]]:
    """The routes after so many edits: an upstream swapped, a route added and removed, one moved, an answer changed."""
    side = "odd" if version % 2 else "even"
    routes: list[dict[str, Any]] = [
        {"name": "fixed", "match": {"path": "/fixed"}, "upstream": "origin"},
        {"name": "swapped", "match": {"path": "/swapped"}, "upstream": "second" if version % 2 else "origin"},
        {"name": "moved", "match": {"path": f"/moved/{side}"}, "upstream": "origin"},
        {"name": "revision", "match": {"path": "/revision"}, "respond": {"status": 200, "body": f"edit {version}"}},
    ]
    if version % 3 == 1:
        routes.append({"name": "sometimes", "match": {"path": "/sometimes"}, "upstream": "second"})
    return routes


def is_expected(version: int, result: Result) -> bool:
    """Whether this answer is what the routes after so many edits give."""
    one, other = ANSWER.encode(), SECOND_ANSWER.encode()
    right: dict[str, tuple[int, bytes | None]] = {
        "/fixed": (200, one),
        "/swapped": (200, other if version % 2 else one),
        "/sometimes": (200, other) if version % 3 == 1 else (404, None),
        "/moved/even": (404, None) if version % 2 else (200, one),
        "/moved/odd": (200, one) if version % 2 else (404, None),
        "/revision": (200, f"edit {version}".encode()),
    }
    status, body = right[result.request.key]
    return result.status == status and body in {None, result.body}


def run(bench: Bench) -> Findings:
    """Two workers, so that both must follow each edit."""
    edits = 4 if bench.quick else EDITS
    gateway = start_sightline(bench, "edits", Settings(routes_of(0), workers=2))
    results, changed_ns = uvloop.run(load_and_edit(gateway, edits))
    wrong = [result for result in results if not judge(result, changed_ns)]
    slowest = max(adoption_s(results, changed_ns))
    rows = [
        [
            path,
            str(sum(result.request.key == path for result in results)),
            str(sum(result.request.key == path for result in wrong)),
        ]
        for path in PATHS
    ]
    findings = Findings(
        "Live edits",
        [Table(f"{edits} edits at {RATE} requests/s, two workers", ["path", "requests", "wrong or failed"], rows)],
        [
            Check("wrong or failed answers", len(wrong), 0),
            Check("last old answer after an edit", slowest, SETTLE_S, unit=" s"),
        ],
    )
    findings.notes += [
        f"{one.request.key}: {one.failure or one.status} {one.body[:60]!r}, {nearest_s(one, changed_ns):.3f} s after an edit"
        for one in wrong[:10]
    ]
    return findings


async def load_and_edit(gateway: Sightline, edits: int) -> tuple[list[Result], list[int]]:
    """All results, and when each version was put in place; the first entry stands for the start."""
    cycle = itertools.cycle([get(path, status=0, key=path) for path in PATHS])
    load = OpenLoop(gateway.port, RATE, lambda: next(cycle), connections=16)
    running = asyncio.get_running_loop().create_task(load.run((edits + 1) * EVERY_S), name="load")
    changed_ns = [time.monotonic_ns() - 10_000_000_000]
    for version in range(1, edits + 1):
        await asyncio.sleep(EVERY_S)
        changed_ns.append(gateway.rewrite(to_yaml(gateway.document | {"routes": routes_of(version)})))
    await running
    return load.results, changed_ns


def judge(result: Result, changed_ns: list[int]) -> bool:
    """Whether the answer is right for a version that may have been in force while the request ran."""
    if result.failure:
        return False
    settle_ns = int(SETTLE_S * 1e9)
    for version, since_ns in enumerate(changed_ns):
        until_ns = changed_ns[version + 1] + settle_ns if version + 1 < len(changed_ns) else 1 << 62
        if since_ns <= result.ended_ns and result.sent_ns <= until_ns and is_expected(version, result):
            return True
    return False


def adoption_s(results: list[Result], changed_ns: list[int]) -> list[float]:
    """For each edit, how long after it the answer before it was still given; seconds."""
    delays: list[float] = []
    for version, since_ns in enumerate(changed_ns[1:], 1):
        old = f"edit {version - 1}".encode()
        late = [result.sent_ns for result in results if result.body == old and result.sent_ns > since_ns]
        delays.append((max(late) - since_ns) / 1e9 if late else 0.0)
    return delays


def nearest_s(result: Result, changed_ns: list[int]) -> float:
    """Seconds from the last edit before the request to the request."""
    return (result.sent_ns - max(since for since in changed_ns if since <= max(result.sent_ns, changed_ns[0]))) / 1e9
