"""An operator's question, the keys that answer it, and the account of how many they were and how long it took."""

import time
from dataclasses import dataclass, field
from typing import Final

from tests.support.terminal import PATIENCE_S, Terminal

ALLOWANCE_S: Final = 30.0
"""On top of the seconds a task may take, for a machine that does something else meanwhile."""

KEY_S: Final = 0.28
"""How long a person takes to press a key, by the keystroke-level model; a test presses faster."""


TOLD_AT_THE_END: Final = "told at the end"
"""The name of properties of tests that the end of a run shows, in order, for whoever reads."""


@dataclass(frozen=True, slots=True)
class Step:
    """Keys to press one after the other, or a text to paste; then what has to stand on the screen before the next."""

    keys: tuple[str, ...]
    shows: tuple[str, ...] = ()
    pasted: str = ""


def press(keys: str, *shows: str) -> Step:
    """keys: separated by blanks, as in `2 L Enter`."""
    return Step(tuple(keys.split()), shows)


def write(text: str, *shows: str) -> Step:
    """A key for each character, blanks too."""
    return Step(tuple(text), shows)


def paste(text: str, *shows: str) -> Step:
    return Step((), shows, text)


@dataclass(frozen=True, slots=True)
class Task:
    """`number` is its row in the operator task benchmark. most_keys, target_s: what the benchmark allows."""

    number: int
    question: str
    most_keys: int
    target_s: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """What a task took. `machine_s` is from the first key to the answer, without the time a person needs for keys."""

    task: Task
    keys: int
    machine_s: float

    @property
    def person_s(self) -> float:
        """With the time a person needs to press the keys."""
        return self.machine_s + self.keys * KEY_S

    def line(self) -> str:
        task = self.task
        return (
            f"{task.number:>2}  {task.question:<52} {self.keys:>3} of {task.most_keys:>2} keys"
            f"  {self.machine_s:>5.2f} s, typed {self.person_s:>5.2f} of {task.target_s:g} s"
        )


@dataclass(slots=True)
class Benchmark:
    """Performs tasks on one console and keeps the accounts."""

    terminal: Terminal
    accounts: list[Account] = field(default_factory=list)

    def perform(self, task: Task) -> str:
        """The screen with the answer; Overdue where it does not come. AssertionError for more keys than are allowed, or where
        a person would have had to wait for far too long."""
        self.terminal.keys = 0
        started_s = time.monotonic()
        screen = ""
        for step in task.steps:
            screen = self._take(step)
        account = Account(task, self.terminal.keys, time.monotonic() - started_s)
        assert account.keys <= task.most_keys, account.line()
        assert account.person_s <= task.target_s + ALLOWANCE_S, account.line()
        self.accounts.append(account)
        return screen

    def _take(self, step: Step) -> str:
        if step.pasted:
            self.terminal.paste(step.pasted)
        self.terminal.press(*step.keys)
        return self.terminal.await_text(*step.shows, within_s=PATIENCE_S)
