"""The promtool cases are worth something: each change of an alert that matters makes at least one of them fail."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.alerts.mutants import Mutant, mutants_of, write_cases
from tests.support.alerts.rules import ALERT_NAMES, Rule, alert_rules


def passes(cases: Path) -> bool:
    run = subprocess.run(["promtool", "test", "rules", str(cases)], check=False, capture_output=True, timeout=60)
    return run.returncode == 0


@pytest.mark.proof
@pytest.mark.real("prometheus")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_every_mutant_of_an_alert_fails_one_of_its_cases(alert: str, tmp_path: Path) -> None:
    rules = [rule for rule in alert_rules() if rule.name == alert]
    jobs: list[tuple[Rule, Mutant]] = [(rule, mutant) for rule in rules for mutant in mutants_of(rule)]
    assert passes(write_cases(tmp_path / "as-it-is", rules[0], None)), "the rules that were left out matter"

    def survives(number: int) -> bool:
        return passes(write_cases(tmp_path / str(number), *jobs[number]))

    with ThreadPoolExecutor(2) as pool:
        survivors = [
            jobs[number][1].change for number, alive in enumerate(pool.map(survives, range(len(jobs)))) if alive
        ]

    assert jobs
    assert not survivors
