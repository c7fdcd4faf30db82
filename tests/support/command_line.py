"""The command line without a process of its own, which would take longer to start than the command takes."""

import io
import os
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from gateway.cli.main import main


def sightline(*words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What `sightline` answers to these words where nobody can be asked; `environ` adds to the environment."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(said),
        redirect_stderr(complained),
        patch("sys.stdin", io.StringIO()),
        patch.dict(os.environ, environ or {}),
    ):
        code = main(words)
    return subprocess.CompletedProcess(words, code, said.getvalue(), complained.getvalue())
