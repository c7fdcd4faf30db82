"""When an upgrade may begin, and what is told where it may not."""

import asyncio

import pytest

from gateway.admin.state import NotUpgradable
from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.incidents import Incidents
from gateway.runtime.succession import upgrades as module
from gateway.runtime.succession.upgrades import Stage, Upgrades


@pytest.fixture(autouse=True)
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(module, "setproctitle", told.append)
    return told


def upgrades(incidents: Incidents, stage: Stage = "serving", pid: int = 4242) -> Upgrades:
    made = Upgrades(Distribution([]), incidents, lambda: None, pid)
    made.stage = stage
    return made


def test_process_one_of_a_container_refuses_with_what_to_do_instead(titles: list[str]) -> None:
    incidents = Incidents()
    with pytest.raises(NotUpgradable, match=r"process 1 of its container.*replace the container"):
        upgrades(incidents, pid=1).begin("signal")
    [told] = incidents.newest()
    assert (told.kind, told.actor) == ("upgrade_failed", "signal")
    assert titles == ["sightline supervisor [upgrade 1 failed]"]


@pytest.mark.parametrize(
    ("stage", "why", "incidents_told"),
    [
        ("starting", "is starting", 1),
        ("upgrading", "under way already", 0),
        ("succeeded", "taken this one's place", 0),
        ("ending", "is ending", 1),
    ],
)
def test_there_is_one_at_a_time_while_the_program_serves(stage: Stage, why: str, incidents_told: int) -> None:
    incidents = Incidents()
    with pytest.raises(NotUpgradable, match=why):
        upgrades(incidents, stage).begin("ana")
    assert len(incidents.newest()) == incidents_told


def test_an_end_waits_for_nothing_where_no_upgrade_is_under_way() -> None:
    waiting = upgrades(Incidents())
    asyncio.run(waiting.abort())
    assert waiting.stage == "ending"
