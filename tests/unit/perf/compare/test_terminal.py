"""A program in a terminal: its size, its keys, its bytes."""

import os
import sys

import pytest

from perf.compare.processes import StartError
from perf.compare.terminal import Terminal

PROGRAM = (
    "import os, sys; print(os.get_terminal_size(), flush=True); print('you typed', sys.stdin.readline(), flush=True)"
)
CORES = frozenset(os.sched_getaffinity(0))


def test_a_program_sees_the_size_takes_keys_and_its_bytes_are_counted() -> None:
    with Terminal([sys.executable, "-c", PROGRAM], (100, 30), CORES, {}) as terminal:
        assert terminal.wait_for(b"columns=100, lines=30") > 0
        written = terminal.written
        terminal.press("hello\n")
        terminal.wait_for(b"you typed hello")
        assert terminal.written > written


def test_what_is_never_shown_is_an_error_that_says_what_was() -> None:
    quiet = Terminal([sys.executable, "-c", "print('good bye')"], (80, 24), CORES, {})
    with quiet, pytest.raises(StartError, match="good bye"):
        quiet.wait_for(b"hello", within_s=5.0)
