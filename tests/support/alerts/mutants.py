"""Alert rules with one thing wrong: a comparison turned round, a threshold moved by half, a condition made optional, a
duration doubled or dropped. Whatever promtool's cases do not notice is not tested."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import promql_parser as promql
import yaml

from tests.support.alerts.expressions import metrics_of
from tests.support.alerts.rules import CASES, RULE_FILES, Rule, all_rules

_TURNED: Final = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
_TOKEN: Final = re.compile(
    r"""
    \#[^\n]* | "[^"]*" | \{[^}]*\} | \[[^\]]*\]        # comments, texts, matchers, ranges
    | offset \s+ \w+ | [a-zA-Z_:][\w:]*                 # offsets, names and words
    | (?P<comparison> >= | <= | == | != | > | <)
    | (?P<number> \d+(\.\d+)?)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """What was changed, and the keys of the rule with that change."""

    change: str
    keys: dict[str, Any]


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Every mutant of an alerting rule."""
    expression = rule.expression
    for found in _TOKEN.finditer(expression):
        for replacement in _replacements(found, 2.0 if expression.startswith("count") else 1.5):
            changed = expression[: found.start()] + replacement + expression[found.end() :]
            place = f"{found.group()} at {found.start()}"
            yield Mutant(f"{place} becomes {replacement}", rule.keys | {"expr": changed})
    if rule.hold:
        number, unit = int(rule.hold[:-1]), rule.hold[-1]
        yield Mutant("for is doubled", rule.keys | {"for": f"{number * 2}{unit}"})
        yield Mutant("for is dropped", {key: value for key, value in rule.keys.items() if key != "for"})


def _replacements(found: re.Match[str], factor: float) -> list[str]:
    """A factor of 2 for counts: between 1 and 2 there is none, so that moving the threshold by half changes nothing."""
    if comparison := found["comparison"]:
        return [_TURNED[comparison]]
    if number := found["number"]:
        value = float(number)
        return [f"{value * factor:g}", f"{value / factor:g}"] if value else ["1", "-1"]
    return ["or"] if found.group() == "and" else []


def write_cases(folder: Path, rule: Rule, mutant: Mutant | None) -> Path:
    """The test file of the rule's alert against this mutant (None: against the rule as it is), in a folder of its own.

    Of all rules only those are written that the alert reads, directly or through others: the rest cannot change the verdict
    and would cost most of the time.
    """
    needed = _needed_by(rule)
    groups = []
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            rules = [_replaced(keys, rule, mutant) for keys in group["rules"] if _name_of(keys) in needed]
            if rules:
                groups.append(group | {"rules": rules})
    folder.mkdir()
    (folder / "rules.yaml").write_text(_dump({"groups": groups}))
    cases = yaml.safe_load((CASES / f"{rule.name}.yaml").read_text())
    kept = {group["name"] for group in groups}
    cases |= {
        "rule_files": ["rules.yaml"],
        "group_eval_order": [name for name in cases["group_eval_order"] if name in kept],
    }
    file = folder / "cases.yaml"
    file.write_text(_dump(cases))
    return file


def _needed_by(rule: Rule) -> set[str]:
    needed, unread = {rule.name}, [rule.expression]
    while unread:
        for name in metrics_of(promql.parse(unread.pop())):
            if ":" in name and name not in needed:
                needed.add(name)
                unread += [recording.expression for recording in all_rules() if recording.name == name]
    return needed


def _name_of(keys: dict[str, Any]) -> str:
    name: str = keys.get("alert") or keys["record"]
    return name


def _replaced(keys: dict[str, Any], rule: Rule, mutant: Mutant | None) -> dict[str, Any]:
    return mutant.keys if mutant is not None and keys == rule.keys else keys


def _dump(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000, allow_unicode=True)
