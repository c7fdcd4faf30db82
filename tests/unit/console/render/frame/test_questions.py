"""The questions of help, and the keys that answer them."""

import pytest

from console.app.commanding.commands import COMMANDS
from console.app.destinations import BY_KEY
from console.render.frame.help import HelpContent, KeyHelp, help_grid
from console.render.frame.questions import QUESTIONS, Question, keys_told
from console.screens.keys import EVERYWHERE
from console.state.commands import Parsed, parse


def test_keys_are_told_as_they_are_now() -> None:
    keys = {"by_latency": ("L",), "drill": ("enter",), "command": ("colon",), "filter": ("slash",)}
    assert keys_told(Question(("2", "by_latency", "drill"), ""), keys) == "2 L enter"
    assert keys_told(Question(("2", "by_latency", "drill"), ""), keys | {"drill": ("ctrl+o", "enter")}) == "2 L ^o"
    assert keys_told(Question(("command", "req ID"), ""), keys) == ":req ID"
    assert keys_told(Question(("2", "filter", "NAME"), ""), keys) == "2 /NAME"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: " ".join(question.keys))
def test_each_begins_with_a_screen_or_a_command_there_is(question: Question) -> None:
    first, *more = question.keys
    if first == "command":
        assert isinstance(parse(more[0], COMMANDS), Parsed)
    else:
        assert first in BY_KEY
        assert all(each in EVERYWHERE or len(each) == 1 or each in {"NAME", "enter"} for each in more)


@pytest.mark.parametrize(
    "word", ["p99", "slow", "unhealthy", "down", "failing", "404", "503", "changed", "drain", "roll back", "SLO", "retries", "deploy", "why"]
)  # fmt: skip
def test_the_words_an_operator_comes_with_are_found(word: str) -> None:
    content = HelpContent("routes", [KeyHelp(("enter",), "open", "drill")], frozenset({"drill"}), [], [])
    rows = [row.key for row in help_grid(content, word, ascii_only=False).rows]
    assert "QUESTIONS" in rows
