"""The shipped rules with their waiting times shortened, so that all of them fire and recover in minutes.

Changed are windows, `for`, group intervals and those thresholds that are themselves waiting times; expressions, ratios and
labels stay. What reaches back by days keeps its days: its history is written beforehand (see `history`). One threshold
depends on the machine: a gateway's share of memory, which no test can bring to 90 % of what the machine has.
"""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.alerts.rules import RULE_FILES

WINDOWS: Final = {"5m": "8s", "15m": "20s", "30m": "10s", "1h": "12s", "6h": "15s"}
HOLDS: Final = {"1m": "2s", "2m": "2s", "3m": "2s", "5m": "3s", "10m": "3s", "15m": "3s", "1h": "4s"}
WAITS: Final = {
    "GatewayRequestStuck": ("> 300", "> 4"),
    "GatewayConfigStale": ("> 300", "> 5"),
    "GatewayTelemetryExportStalled": ("> 300", "> 5"),
    "GatewayScrapeSlow": ("> 2", "> 0.3"),
}
_WINDOW: Final = re.compile(r"\[(\w+)\](?! offset)")


def write_shortened(folder: Path, memory_ratio: float) -> list[Path]:
    """The rendered rule files. memory_ratio: the share of its memory from which a gateway here has too much."""
    folder.mkdir()
    waits = WAITS | {"GatewayMemoryHigh": ("> 0.9", f"> {memory_ratio}")}
    written = []
    for path in RULE_FILES:
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            group["interval"] = "1s"
            group["rules"] = [_shortened(rule, waits) for rule in group["rules"]]
        written.append(folder / path.name)
        written[-1].write_text(yaml.safe_dump(content, sort_keys=False))
    return written


def _shortened(rule: dict[str, Any], waits: dict[str, tuple[str, str]]) -> dict[str, Any]:
    rule = rule | {"expr": _WINDOW.sub(lambda found: f"[{WINDOWS.get(found[1], found[1])}]", rule["expr"])}
    if "for" in rule:
        rule["for"] = HOLDS[rule["for"]]
    if wait := waits.get(rule.get("alert", "")):
        assert rule["expr"].count(wait[0]) == 1, f"{rule['alert']} no longer has {wait[0]}"
        rule["expr"] = rule["expr"].replace(*wait)
    return rule
