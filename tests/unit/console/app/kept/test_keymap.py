"""Other keys: what can be had, and words about what cannot."""

import pytest

from console.app.destinations import load_screens
from console.app.kept.keymap import keymap_of


@pytest.fixture(autouse=True, scope="module")
def screens() -> None:
    """The classes whose keys these are have to be there."""
    load_screens()


def test_keys_are_given_by_id() -> None:
    assert keymap_of({"live": "ctrl+l", "back": "escape, ctrl+h"}) == ({"live": "ctrl+l", "back": "escape,ctrl+h"}, [])


def test_what_is_no_id_or_no_key_is_said_and_the_rest_holds() -> None:
    keymap = keymap_of({"liv": "z", "live": "two words", "freeze": "z"})
    assert keymap.keys == {"freeze": "z"}
    assert keymap.problems[0] == "no key has the id 'liv'; did you mean 'live'?"
    assert keymap.problems[1] == "'two words' for 'live' is no key"


def test_a_key_that_is_taken_is_said() -> None:
    assert keymap_of({"live": "f"}).problems == ["'f' is the key of 'failing' and of 'live'"]
    assert keymap_of({"live": "f", "failing": "ctrl+f2"}).problems == []


def test_a_key_that_two_have_from_the_start_is_no_clash_when_it_is_given_once_more() -> None:
    import console.screens.acting.editor  # noqa: F401, PLC0415 - its own escape is bound then

    assert keymap_of({"back": "escape"}).problems == []
