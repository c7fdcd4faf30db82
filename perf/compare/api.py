"""Routes of a real REST API, as configuration and as a stream of requests that reaches every one of them."""

import random
import re
from pathlib import Path
from typing import Any

from perf.compare.bench import PERF

_PARAMETER = re.compile(r"\{(\w+)(\*?)\}")
Operation = tuple[str, str]
"""Method and path template."""


def operations() -> list[Operation]:
    """The 609 operations of perf/routes/github.txt, in the order of the file."""
    lines = (PERF / "routes" / "github.txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return [(method, path) for path, *methods in rows for method in methods]


def multiplied(count: int) -> list[Operation]:
    """`count` operations: those of the API under as many prefixes (`/t0`, `/t1`, ...) as it takes."""
    single = operations()
    return [(single[i % len(single)][0], f"/t{i // len(single)}{single[i % len(single)][1]}") for i in range(count)]


def to_routes(wanted: list[Operation]) -> list[dict[str, Any]]:
    """One route each, named by its method and path, as the configuration file has them."""
    return [
        {
            "name": _name(method, path),
            "match": {"path": path, "methods": [method]},
            "upstream": "origin",
        }
        for method, path in wanted
    ]


def _name(method: str, path: str) -> str:
    plain = _PARAMETER.sub(r"\1", path).strip("/").replace("/", ".")
    return f"{method}-{plain}".lower()


def write_stream(wanted: list[Operation], target: Path, variants: int) -> Path:
    """`variants` requests for each operation, parameters filled in, shuffled the same way every time."""
    dice = random.Random(609)
    lines = [f"{method} {_fill(path, dice)}" for method, path in wanted for _ in range(variants)]
    dice.shuffle(lines)
    target.write_text("\n".join(lines) + "\n")
    return target


def write_varied(target: Path, count: int = 20_000) -> Path:
    """Requests of which no two are alike, neither path nor fields; the origin's answers to them differ as well."""
    dice = random.Random(20)
    lines = [f"GET /varied/{dice.randrange(10**8)} {dice.randbytes(16).hex()}" for _ in range(count)]
    target.write_text("\n".join(lines) + "\n")
    return target


def _fill(path: str, dice: random.Random) -> str:
    def value(parameter: re.Match[str]) -> str:
        name, rest = parameter.groups()
        if rest:
            return f"heads/branch-{dice.randrange(1000)}/file.txt"
        if name.endswith(("_id", "_number")):
            return str(dice.randrange(1, 10_000_000))
        return f"{name.replace('_', '-')}-{dice.randrange(1000)}"

    return _PARAMETER.sub(value, path)
