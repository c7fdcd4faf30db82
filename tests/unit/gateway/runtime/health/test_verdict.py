"""What a row of answers makes of an endpoint."""

import pytest

from gateway.model.health import ActiveCheck
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.verdict import Verdict
from tests.support.health import BAD, GOOD

NOTHING = Finding(None, "timeout after 1 s", 1000.0)


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        pytest.param("+", "+", id="the first good answer is believed"),
        pytest.param("---", "??-", id="before it is judged it takes as many bad ones as later"),
        pytest.param("--+", "??+", id="one good answer among them is enough"),
        pytest.param("+--+--", "++++++", id="failures that are not in a row change nothing"),
        pytest.param("+---", "+++-", id="so many in a row do"),
        pytest.param("---+-++", "??----+", id="back by so many good ones in a row"),
        pytest.param("---+-+-+-", "??-------", id="one that flaps stays out"),
        pytest.param("+-.-.-", "+++++-", id="what says nothing neither counts nor interrupts"),
    ],
)
def test_a_verdict_changes_by_answers_alike_in_a_row(answers: str, verdicts: str) -> None:
    verdict = Verdict(ActiveCheck(healthy_after=2, unhealthy_after=3))
    became = ""
    for answer in answers:
        before = verdict.is_up
        has_changed = verdict.take({"+": GOOD, "-": BAD, ".": NOTHING}[answer])
        assert has_changed is (verdict.is_up is not before)
        became += {None: "?", True: "+", False: "-"}[verdict.is_up]
    assert became == verdicts


def test_the_last_finding_is_kept() -> None:
    verdict = Verdict(ActiveCheck())
    for finding in (GOOD, BAD, NOTHING):
        verdict.take(finding)
    assert verdict.last is BAD
