"""A terminal of a test's own: a tmux server with one window, the keys that are pressed in it, and what stands on its screen."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.waiting import Overdue

PATIENCE_S: Final = 20.0
"""For a console on a machine that is busy with other tests."""

_ENDED: Final = "the command ended with"
_SHELL: Final = f'trap : INT; "$@"; printf "\\n{_ENDED} %s\\n" $?; exec cat'
"""tmux can lose the exit code of what it runs, so it is printed."""

_NOT_PASSED_ON: Final = ("TMUX", "SIGHTLINE_", "COLUMNS", "LINES")
"""What would tell a command of another terminal than this, or of another gateway."""

_POLL_S: Final = 0.02
_NAMES: Final = {" ": "Space", ";": "\\;"}
"""Characters that tmux does not take as themselves."""
_OPTIONS: Final = """\
set -g default-terminal tmux-256color
set -s escape-time 0
set -s set-clipboard on
set -g status off
set -g history-limit 200
"""


class Terminal:
    """Runs a command in a window of `columns` by `rows`. `keys` counts what was pressed since `restart_count`."""

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 120,
        rows: int = 40,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """folder: where the command runs; one of its own unless told otherwise."""
        self._command = command
        self._size = columns, rows
        self._environ = environ or {}
        self._folder = Path(tempfile.mkdtemp(prefix="sightline-tmux-"))
        self.folder = folder or self._folder
        self.keys = 0

    def __enter__(self) -> Self:
        options = self._folder / "tmux.conf"
        options.write_text(_OPTIONS)
        columns, rows = self._size
        command = ("sh", "-c", _SHELL, "sh", *self._command)
        place = ("-x", str(columns), "-y", str(rows), "-c", str(self.folder))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_PASSED_ON)}
        environment |= {
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(self._folder),
            "XDG_STATE_HOME": str(self._folder),
            **self._environ,
        }
        for name in ("NO_COLOR", "SSH_CONNECTION"):
            if name not in self._environ:
                environment.pop(name, None)
        self._tmux("-u", "-f", str(options), "new-session", "-d", *place, "--", *command, environ=environment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server", is_checked=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def press(self, *keys: str) -> None:
        """Each is one key: a character, or a name such as `Enter`, `Escape`, `C-c`. All come in one piece, as from somebody
        who types ahead."""
        if keys:
            self._tmux("send-keys", "--", *(_NAMES.get(key, key) for key in keys))
        self.keys += len(keys)

    def paste(self, text: str) -> None:
        """Once, as a terminal pastes; it counts as one key."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")
        self.keys += 1

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What stands there now, line by line, without blanks at the ends."""
        return self._tmux("capture-pane", "-p").rstrip("\n")

    def lines(self) -> list[str]:
        return self.screen().splitlines()

    def await_text(self, *patterns: str, within_s: float = PATIENCE_S) -> str:
        """The screen once each of these regular expressions matches it; Overdue, with the screen, if that never happens."""
        wanted = [re.compile(pattern, re.MULTILINE) for pattern in patterns]
        return self.await_screen(
            lambda screen: all(pattern.search(screen) for pattern in wanted),
            " and ".join(repr(pattern) for pattern in patterns),
            within_s,
        )

    def await_screen(self, holds: Callable[[str], object], what: str, within_s: float = PATIENCE_S) -> str:
        """The same for whatever can be said of a screen."""
        ends_s = time.monotonic() + within_s
        while True:
            screen = self.screen()
            if holds(screen):
                return screen
            if time.monotonic() > ends_s:
                raise Overdue(f"not on the screen within {within_s} s: {what}\n{screen}")
            time.sleep(_POLL_S)

    def await_exit(self, within_s: float = PATIENCE_S) -> int:
        """The exit code of the command, once it has ended by itself; what it printed last is still on the screen."""
        screen = self.await_text(rf"^{_ENDED} \d+$", within_s=within_s)
        return int(screen.rpartition(f"{_ENDED} ")[2].split()[0])

    def _tmux(self, *arguments: str, environ: Mapping[str, str] | None = None, is_checked: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._folder / "socket"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env=None if environ is None else dict(environ),
        )
        if is_checked and done.returncode:
            raise AssertionError(f"tmux {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout
