"""What the demo says."""

from pathlib import Path

import pytest

from gateway.demo.comparison import Difference
from gateway.demo.incidents import INCIDENTS
from gateway.demo.page import Places, Running, account, page, traffic_table
from gateway.demo.ports import Ports
from gateway.demo.traffic import Count, Tally

MORE = Difference("a", "GET", "200", sent=2, recorded=3)
FEWER = Difference("a", "GET", "200", sent=2, recorded=1)


def test_an_account_that_agrees_says_so() -> None:
    assert account("/metrics", 3, [], is_shared=False).endswith("agrees for every route, method and code")


@pytest.mark.parametrize(("found", "is_shared"), [([MORE], False), ([FEWER], True), ([MORE, FEWER], True)])
def test_an_account_that_differs_says_in_what(found: list[Difference], is_shared: bool) -> None:
    text = account("/metrics", 3, found, is_shared=is_shared)
    assert "DIFFERS" in text
    assert str(found[0]) in text


def test_what_others_sent_while_the_demo_was_theirs_to_try_is_no_disagreement() -> None:
    text = account("/metrics", 3, [MORE], is_shared=True)
    assert "DIFFERS" not in text
    assert str(MORE) in text


def test_the_table_has_a_line_for_each_route_with_its_codes() -> None:
    tally = Tally(
        [Count("a", "GET", 200, 2), Count("a", "HEAD", 200, 1), Count("a", "GET", 502, 1)], 0, [], {"a": [1, 9]}
    )
    [_, line] = traffic_table(tally).splitlines()
    assert line.split() == ["a", "4", "9.0", "9.0", "200:", "3", "502:", "1"]


def test_what_a_killed_worker_took_with_it_is_no_disagreement() -> None:
    text = account("/metrics", 3, [FEWER, MORE], is_shared=True, restarts=1)
    assert "DIFFERS" not in text
    assert "lacks what a killed worker had not reported" in text
    assert "DIFFERS" in account("/metrics", 3, [FEWER], is_shared=False, restarts=1)


def page_with(round_s: float | None) -> str:
    names = ("gateway", "catalog", "reports", "payments", "traffic")
    pids = {name: number for number, name in enumerate(names)}
    return page(Running(Ports(), Places(Path("demo")), pids, [7, 8], 50.0, None, round_s))


def test_the_page_says_what_will_go_wrong_and_where_it_shows() -> None:
    told = page_with(180.0)
    assert "again every 3:00 minutes" in told
    for incident in INCIDENTS:
        (line,) = [line for line in told.splitlines() if incident.what in line]
        assert incident.screen in line
        assert line.endswith(incident.twins)
    assert not any(incident.what in page_with(None) for incident in INCIDENTS)
