"""Numbers in sentences."""

import pytest

from gateway.model.wording import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors")])
def test_one_of_a_thing_is_told_as_one(number: int, words: str) -> None:
    assert counted(number, "error") == words
