"""A program in a terminal of its own: started with a size, given keys, and what it writes read with its times."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from perf.compare.cores import core_list
from perf.compare.processes import StartError

_CHUNK = 65_536


class Terminal:
    """`written` counts bytes since the start. What is read is thrown away but for what `wait_for` looks for."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int], cores: frozenset[int], more: Mapping[str, str]
    ) -> None:
        """size: columns and rows. more: variables besides those of this process."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}
        self.started_ns = time.monotonic_ns()
        self.popen = subprocess.Popen(
            ["taskset", "-c", core_list(cores), *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self._descriptor = ours
        self.written = 0
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self.popen.pid

    def wait_for(self, text: bytes, within_s: float = 20.0) -> float:
        """Seconds from the start until this was written. Raises StartError."""
        deadline_s = time.monotonic() + within_s
        while text not in self._seen:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self.read(left_s):
                raise StartError(f"the terminal never showed {text!r}: {self._seen[-300:]!r}")
        return (time.monotonic_ns() - self.started_ns) / 1e9

    def press(self, keys: str) -> None:
        """Type, and forget what was seen before."""
        self._seen = b""
        os.write(self._descriptor, keys.encode())

    def read(self, within_s: float) -> int:
        """Take what is written next, up to a deadline; how many bytes it was, 0 for none."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, within_s))
        if not ready:
            return 0
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError:
            return 0
        self.written += len(data)
        self._seen = (self._seen + data)[-200_000:]
        return len(data)

    def drain(self, seconds: float) -> int:
        """Read for so long; how many bytes came."""
        before, deadline_s = self.written, time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            self.read(left_s)
        return self.written - before

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            deadline_s = time.monotonic() + 5.0
            while self.popen.poll() is None and time.monotonic() < deadline_s:
                self.read(0.1)
            if self.popen.poll() is None:
                self.popen.kill()
            self.popen.wait()
        os.close(self._descriptor)


def program_of(environment_python: str, name: str) -> str:
    """A command of the environment that this Python belongs to."""
    return str(Path(environment_python).with_name(name))
