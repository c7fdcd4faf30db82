"""What the command line of the demo takes."""

import argparse

import pytest

from gateway.demo.command import DemoCommand


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    DemoCommand().configure(parser)
    return parser.parse_args(words)


def test_a_round_without_time_for_what_happens_in_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("--round", "5s").round_s == 5
    for round_s in ("0s", "4s"):
        with pytest.raises(SystemExit):
            parsed("--round", round_s)
        assert "at least 5s" in capsys.readouterr().err
