"""From options to a running console."""

import os
from collections.abc import Mapping

from console.app.app import ConsoleApp
from console.app.destinations import BY_NAME
from console.app.kept.files import Files
from console.client.contexts import Context, Target, contexts_file, read_contexts
from console.client.problems import WrongUsage
from console.render.palette import as_palette_name, is_ascii_wanted, usual_palette
from console.sources.deferred import Deferred
from console.sources.recordable import Recordable
from console.sources.source import Source
from console.state.selection import Destination


def open_console(
    context: Context, environ: Mapping[str, str] = os.environ, *, is_read_only: bool = False, theme: str | None = None,
    is_ascii: bool = False,
) -> int:  # fmt: skip
    """Until the operator leaves; returns the exit code. Raises WrongUsage."""
    if theme is not None and as_palette_name(theme) is None:
        raise WrongUsage(f"there is no theme {theme!r}")
    app = ConsoleApp(
        source_of(context.target),
        palette=as_palette_name(theme or "") or usual_palette(environ),
        ascii_only=is_ascii or is_ascii_wanted(environ),
        is_read_only=is_read_only,
        first=first_screen(context),
        files=Files(environ),
    )
    app.use_context_of(context)
    app.read_contexts = lambda: read_contexts(contexts_file(environ))
    app.connect = lambda other: source_of(other.target)
    if environ.get("SSH_CONNECTION"):
        app.is_far = True
        app.animation_level = "none"
    app.run()
    return app.return_code or 0


def source_of(target: Target) -> Source:
    """A gateway that is to be listened to, and may be recorded."""
    return Recordable(Deferred(lambda: _load(target)))


def first_screen(context: Context) -> Destination | None:
    """The one that a context begins with, where there is such a screen."""
    name = context.default_screen
    return Destination(name) if name is not None and name in BY_NAME else None


def _load(target: Target) -> Source:
    # Here, on a thread, because aiohttp takes as long to load as all the rest of the console.
    from console.sources.live import LiveSource  # noqa: PLC0415

    return LiveSource(target)
