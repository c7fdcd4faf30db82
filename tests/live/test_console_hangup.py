"""A terminal that goes away without a signal, as where the console does not lead the terminal's session."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.wire.exit_codes import ExitCode
from tests.support.waiting import DEADLINE_S, wait_until

RECORDING = Path(__file__).parents[1] / "recordings" / "demo.ndjson.gz"


@pytest.mark.timeout(90)
def test_a_console_ends_when_its_terminal_has_gone(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "gateway", "console", "--replay", str(RECORDING)]
    console = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True)
    try:
        os.close(theirs)
        written = bytearray()

        def is_running() -> bool:
            if select.select([ours], [], [], 0.1)[0]:
                written.extend(os.read(ours, 65_536))
            return b"NEEDS ATTENTION" in written

        wait_until(is_running, "the first screen of the recording")
        os.close(ours)
        assert console.wait(DEADLINE_S) == ExitCode.FAILED
    finally:
        console.kill()
        console.wait()
