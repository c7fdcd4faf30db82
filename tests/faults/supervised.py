"""A row in a process of its own: bounded in time, and with whatever it started ended behind it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.row import Row, State, Verdict

_CLEARING_S: Final = 10.0
"""How long a row may take over its bound to end what it has started."""


def supervise(row: Row, subject: str, limit_s: float) -> Verdict:
    """The verdict of the row; a row that is not over in time, or that died without one, has failed."""
    with tempfile.TemporaryDirectory(prefix="sightline-faults-") as folder:
        out, said = Path(folder, "verdict.json"), Path(folder, "said.txt")
        began_s = time.monotonic()
        with said.open("wb") as talk:
            command = [sys.executable, "-m", "tests.faults", "--one", row.key, "--subject", subject, "--out", str(out)]
            process = subprocess.Popen(command, stdout=talk, stderr=talk, start_new_session=True)
        try:
            process.wait(limit_s + _CLEARING_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end_session(process)
        took_s = time.monotonic() - began_s
        if out.exists():
            return msgspec.json.decode(out.read_bytes(), type=Verdict)
        words = said.read_text(errors="replace").strip().splitlines()
    if took_s >= limit_s:
        return Verdict(State.FAILED, why=(f"it was not over within {limit_s:.0f} s",), took_s=took_s)
    return Verdict(
        State.FAILED, why=(f"it ended without a verdict: {(words or ['no word'])[-1][:300]}",), took_s=took_s
    )


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what still runs in the row's session: its number is that of the process which began it, and free only once
    everything in it has ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
