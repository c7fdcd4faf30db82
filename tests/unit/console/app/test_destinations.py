"""Every screen is there under its name, its aliases and its digit."""

import subprocess
import sys

import pytest

from console.app.destinations import BY_KEY, BY_NAME, PLACES, Late, Place


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_screen_can_be_made_and_calls_itself_by_its_name(place: Place) -> None:
    subject = "1..2" if place.name == "diff" else "x"
    assert isinstance(place.make, Late)
    assert place.make.load().NAME == place.make(subject, "").NAME


def test_no_name_and_no_digit_leads_to_two_screens() -> None:
    names = [name for place in PLACES for name in (place.name, *place.aliases)]
    assert sorted(names) == sorted(BY_NAME)
    assert sorted(place.key for place in PLACES if place.key) == sorted(BY_KEY)


def test_the_first_paint_waits_for_one_screen_and_not_for_aiohttp() -> None:
    asked = (
        "import sys, console.app.opening;"
        "late = [n for n in sys.modules if n.startswith('console.screens.traffic') or n in ('aiohttp', 'yaml', 're2')];"
        "print(late)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
