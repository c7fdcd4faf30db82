"""Where a token comes from, and that what is none is refused without being shown."""

import sys
from pathlib import Path

import pytest

from console.client import tokens
from console.client.problems import WrongUsage
from console.client.tokens import token_from


def say(what: str) -> list[str]:
    return [sys.executable, "-c", what]


def test_a_token_is_what_a_file_or_a_command_says(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("of-the-file\n")
    assert token_from(str(file), None) == "of-the-file"
    assert token_from(None, say("print('of-the-command')")) == "of-the-command"
    assert token_from(None, None) is None


def test_a_command_is_words_and_not_run_by_a_shell() -> None:
    assert token_from(None, "echo 'a;b$HOME'") == "a;b$HOME"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-command-anywhere", "cannot be run"),
        ("false", "ended with code 1"),
        (say("print('two words')"), "says no token"),
        (say("print('x' * 20_000)"), "more than 16384 bytes"),
        (say("pass"), "says no token"),
        ("'unbalanced", "cannot be used"),
        ("   ", "empty"),
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated(command: str | list[str], words: str) -> None:
    with pytest.raises(WrongUsage, match=words) as raised:
        token_from(None, command)
    assert "two words" not in str(raised.value)
    assert "xxx" not in str(raised.value)


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "COMMAND_S", 0.2)
    with pytest.raises(WrongUsage, match=r"said nothing for 0\.2 s"):
        token_from(None, "sleep 30")
