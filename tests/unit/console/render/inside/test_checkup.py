"""What `doctor` found, in words."""

from console.render.inside.checkup import check_of, render_checkup
from console.state.health.attention import attention
from console.state.inside.checkup import Check
from tests.support.console import NOW_S
from tests.unit.console.screens.health.test_overview import incident_of_an_endpoint


def test_each_thing_has_a_line_and_the_last_one_counts_what_is_wrong() -> None:
    well = Check(verdict="ok", name="clock", told="fine")
    assert render_checkup([well]).splitlines()[-1] == "all is well"
    told = render_checkup([well, Check(verdict="warn", name="token", told="open", advice="chmod 600")])
    assert told.splitlines()[2].split() == ["warn", "token", "open", "chmod", "600"]
    assert told.splitlines()[-1] == "1 to be looked at"


def test_what_needs_attention_is_a_check_with_the_words_of_the_overview_and_where_to_look() -> None:
    [found] = attention(incident_of_an_endpoint().model())
    check = check_of(found, NOW_S)
    assert (check.verdict, check.advice) == ("fail", f"sightline routes {found.subject}")
    assert "refus" in check.told
