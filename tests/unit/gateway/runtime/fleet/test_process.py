"""How the end of a worker process reads in the log."""

import signal

import pytest

from gateway.runtime.fleet.process import describe_exit


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (1, "exit code 1"), (-signal.SIGKILL, "SIGKILL"), (-99, "signal 99")]
)
def test_an_exit_is_told_by_code_or_signal(code: int, words: str) -> None:
    assert describe_exit(code) == words
