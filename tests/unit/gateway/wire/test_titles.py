"""What a supervisor calls itself, and how that is read."""

import pytest

from gateway.wire.titles import SUPERVISOR, UpgradeTold, read_title, upgrade_title


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (SUPERVISOR, UpgradeTold(0, "", 0)),
        (upgrade_title(3, "runs", 4242), UpgradeTold(3, "runs", 4242)),
        (upgrade_title(1, "failed"), UpgradeTold(1, "failed", 0)),
        (upgrade_title(2, "done", 17), UpgradeTold(2, "done", 17)),
    ],
)
def test_a_title_says_how_the_last_upgrade_goes(title: str, told: UpgradeTold) -> None:
    assert read_title(title) == told


@pytest.mark.parametrize("title", ["", "sightline worker 1", f"{SUPERVISOR} [upgrade soon]", f"vi {SUPERVISOR}"])
def test_what_is_no_supervisor_is_none(title: str) -> None:
    assert read_title(title) is None
