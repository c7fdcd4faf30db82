"""Windows and times as they are written on the command line."""

import argparse
from datetime import datetime, timedelta

import pytest

from console.cli.options import add_look, look_query, moment


def parsed(*words: str) -> dict[str, str]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_look(parser)
    return look_query(parser.parse_args(words))


def test_a_window_is_a_duration_and_nothing_is_asked_for_that_was_not_said() -> None:
    assert parsed() == {}
    assert parsed("--window", "5m") == {"window": "300"}
    assert parsed("--window", "6h", "--at", "2026-01-31T08:00:00Z") == {"window": "21600", "at": "1769846400"}


@pytest.mark.parametrize("words", [("--window", "5s"), ("--window", "7h"), ("--window", "10.5"), ("--at", "noon")])
def test_what_no_gateway_remembers_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(argparse.ArgumentError, match="expected"):
        parsed(*words)


def test_a_time_of_day_is_the_last_that_was() -> None:
    now = datetime.now().astimezone()
    ago, ahead = now - timedelta(minutes=2), now + timedelta(minutes=2)
    assert moment(f"{ago:%H:%M:%S}") == int(ago.timestamp())
    assert moment(f"{ahead:%H:%M}") <= int((ahead - timedelta(days=1)).timestamp())
