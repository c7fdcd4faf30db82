"""The line at the top: which gateway, how well it is heard, and what may be done."""

from dataclasses import dataclass, field

from console.render.band import band, link_state, screen_row
from console.render.cells import Cell
from console.render.palette import PaletteName
from console.state import reading
from console.state.messages import Answered, Event, Failed, Linked
from console.state.model import Model
from tests.support.situations import status
from tests.unit.console.screens.alerts_scene import OBJECTIVES

NOW_S = 1_000_000.0


@dataclass
class Around:
    """Implements Surroundings."""

    model: Model = field(default_factory=Model)
    context_name: str = "east"
    is_production: bool = False
    is_read_only: bool = False
    frozen_at_s: float | None = None
    write_left_s: float | None = None
    is_unfocused: bool = False
    is_faded: bool = False
    palette_name: PaletteName = "dark"
    ascii_only: bool = False

    @property
    def live_model(self) -> Model:
        return self.model


def around(*, heard_s_ago: float | None = 0.5) -> Around:
    model = Model()
    if heard_s_ago is not None:
        model.now_s = NOW_S - heard_s_ago
        model.take(Event("weather", "{}"))
    model.now_s = NOW_S
    return Around(model)


def told(surroundings: Around) -> str:
    return "".join(cell.text for cell in link_state(surroundings)).strip()


def test_how_well_the_gateway_is_heard_is_one_word_with_its_age() -> None:
    assert told(around(heard_s_ago=None)) == "connecting"
    assert told(around()) == "live 0.5s"
    assert told(around(heard_s_ago=4.0)) == "slow 4.0s"
    assert told(around(heard_s_ago=14.0)) == "STALE 14s"


def test_objectives_stand_there_as_far_as_there_is_room() -> None:
    surroundings = around()
    surroundings.model.take(Answered(reading.OBJECTIVES, OBJECTIVES))

    def said(width: int) -> str:
        left, right = band(surroundings, width)
        assert width < 30 or sum(len(cell.text) for cell in (*left, *right)) < width
        return "".join(cell.text for cell in left).removeprefix(" east ").strip()

    assert said(120) == "SLO ok 1 burn 2"
    assert said(35) == "SLO burn 2"
    assert said(24) == said(0) == ""
    assert [cell.severity for cell in band(surroundings, 120)[0][-2:]] == ["dim", "crit"]


def test_a_broken_link_says_when_it_is_tried_again_and_what_is_known_since_when() -> None:
    surroundings = around()
    surroundings.model.take(Linked("broken", "refused", 4.0))
    assert told(surroundings).startswith("DISCONNECTED, retry 4s, last data ")


def test_who_may_not_ask_is_told_so_and_not_that_the_link_is_gone() -> None:
    surroundings = around(heard_s_ago=None)
    surroundings.model.take(Failed(reading.ROUTES, 401, "a token is needed"))
    surroundings.model.take(Linked("broken", "a token is needed", 4.0))
    assert told(surroundings) == "DENIED 401: a token is needed"
    surroundings.model.take(Event("weather", "{}"))
    assert told(surroundings) == "live 0.0s"


def test_what_is_looked_at_instead_of_now_stands_before_how_well_now_is_heard() -> None:
    surroundings = around()
    surroundings.frozen_at_s = NOW_S
    surroundings.is_unfocused = True
    surroundings.model.at_s = int(NOW_S) - 60
    words = told(surroundings).split()
    assert (words[0], "AT" in words, words[-2:]) == ("FROZEN", True, ["live", "0.5s"])
    assert "unfocused 0.2 Hz" in told(surroundings)


def test_production_stands_out_and_the_right_to_write_is_counted_down() -> None:
    surroundings = around()
    surroundings.is_production = True
    surroundings.write_left_s = 600.0
    left, right = band(surroundings)
    assert left[0] == Cell(" east ", "alarm")
    assert right[-1] == Cell(" WRITE 10m ", "alarm")
    surroundings.write_left_s, surroundings.is_read_only = None, True
    assert band(surroundings)[1][-1] == Cell(" RO ", "dim")


def test_the_screen_in_front_is_marked_and_the_filter_stands_at_the_right() -> None:
    left, right = screen_row(around(), "routes", "5xx", "p99 reversed")
    assert [cell.text for cell in left if cell.severity == "strong"] == ["Routes "]
    assert "".join(cell.text for cell in right) == "win 5m  sort p99 reversed  filter: 5xx "


def test_how_old_a_revision_is_gives_way_where_it_would_run_into_how_well_the_gateway_is_heard() -> None:
    surroundings = around()
    surroundings.model.take(Answered(reading.STATUS, status(source_differs=True)))
    left, right = band(surroundings)
    whole = "".join(cell.text for cell in (*left, *right))
    assert " ago)" in whole

    for width in (len(whole), len(whole) + 1):
        shown, beside = band(surroundings, width)
        assert sum(len(cell.text) for cell in (*shown, *beside)) < width
        assert (" ago)" in "".join(cell.text for cell in shown)) is (width > len(whole))
