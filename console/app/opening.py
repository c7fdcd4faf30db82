"""From options to a running console."""

import os

from console.app.app import ConsoleApp
from console.app.files import Files
from console.client.contexts import Target
from console.sources.live import LiveSource


def open_console(target: Target, *, is_read_only: bool) -> int:
    """Until the operator leaves; returns the exit code."""
    app = ConsoleApp(LiveSource(target), is_read_only=is_read_only, files=Files(os.environ))
    app.run()
    return app.return_code or 0
