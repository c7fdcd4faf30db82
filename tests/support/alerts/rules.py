"""What is shipped in `alerts/`, as values."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[3]
ALERTS: Final = ROOT / "alerts"
RULES: Final = ALERTS / "rules"
CASES: Final = ALERTS / "tests"
RUNBOOKS: Final = ALERTS / "runbooks"
RULE_FILES: Final = tuple(sorted(RULES.glob("*.yaml")))


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording or an alerting rule, with the file it is in."""

    file: Path
    keys: dict[str, Any]

    @property
    def name(self) -> str:
        name: str = self.keys.get("alert") or self.keys["record"]
        return name

    @property
    def is_alert(self) -> bool:
        return "alert" in self.keys

    @property
    def expression(self) -> str:
        expression: str = self.keys["expr"]
        return expression

    @property
    def hold(self) -> str:
        """How long the condition has to last, as it is written; empty for an alert that fires at once."""
        hold: str = self.keys.get("for", "")
        return hold


@cache
def all_rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(path, keys)
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for keys in group["rules"]
    )


@cache
def alert_rules() -> tuple[Rule, ...]:
    """All alerting rules; an alert that is a warning and, further on, critical has two."""
    return tuple(rule for rule in all_rules() if rule.is_alert)


ALERT_NAMES: Final = tuple(sorted({rule.name for rule in alert_rules()}))


@cache
def cases_of(alert: str) -> tuple[dict[str, Any], ...]:
    """The promtool test cases of an alert, in order."""
    return tuple(yaml.safe_load((CASES / f"{alert}.yaml").read_text())["tests"])
