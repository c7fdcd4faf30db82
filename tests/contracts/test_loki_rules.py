"""The example of rules for Loki. No parser of LogQL is to be had from PyPI, so what is checked is its structure: the form of
the file, that everything that opens closes, and the order of selector, filters, range and threshold."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = sorted((ROOT / "deploy" / "loki" / "rules").glob("*.yaml"))
RULES: Final[list[dict[str, Any]]] = [
    rule for path in FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
]
INDEX_LABELS: Final = frozenset({"service_name", "instance", "level"})
STRING: Final = r'"(?:[^"\\]|\\.)*"'
PIPELINE: Final = re.compile(
    r"""\s* \{ [^{}]* \} \s*                      # selector
    ( \|[=~] \s* S \s* | ![=~] \s* S \s* )*            # line filters
    ( \| \s* (json|logfmt) (\s+ \w+ = S ,? )* \s*      # parsers
    | \| \s* \w+ \s* (=|!=|=~|!~|>|<|>=|<=|==) \s* (S|[\d.]+) \s* )*
    \[ \d+[smhd] \] \s*""".replace(" S ", f" {STRING} ").replace("(S|", f"({STRING}|"),
    re.VERBOSE,
)  # fmt: skip


def test_there_is_an_example() -> None:
    assert RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_expression_is_an_aggregation_over_a_pipeline_with_a_threshold(rule: dict[str, Any]) -> None:
    expression = rule["expr"].strip()

    outer = re.fullmatch(r"sum by \((\w+)\) \(\s*count_over_time\((.*)\)\s*\) > \d+", expression, re.DOTALL)

    assert outer, expression
    assert PIPELINE.fullmatch(outer.group(2)), outer.group(2)
    bare = re.sub(STRING, "", expression)
    assert all(bare.count(opening) == bare.count(closing) for opening, closing in ("()", "[]", "{}"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_selector_asks_for_labels_that_our_sink_sets(rule: dict[str, Any]) -> None:
    selectors = re.findall(r"\{(.*?)\}", rule["expr"])

    assert selectors
    for selector in selectors:
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) <= INDEX_LABELS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_labelled_like_those_on_metrics(rule: dict[str, Any]) -> None:
    assert set(rule["labels"]) == {"severity", "team", "component"}
    assert {"summary", "description", "runbook_url"} == set(rule["annotations"])
