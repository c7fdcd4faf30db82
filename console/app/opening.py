"""From options to a running console."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from console.app.app import ConsoleApp
from console.app.destinations import BY_NAME
from console.app.kept.files import Files
from console.client.contexts import Context, contexts_file, read_contexts
from console.client.problems import WrongUsage
from console.render.palette import as_palette_name, is_ascii_wanted, usual_palette
from console.sources.deferred import Deferred
from console.sources.recordable import Recordable
from console.sources.source import Source
from console.state.selection import Destination

if TYPE_CHECKING:
    from console.sources.recorder import Recorder


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a console begins; None where that is up to the context and the terminal."""

    screen: str | None = None
    theme: str | None = None
    is_ascii: bool = False
    is_read_only: bool = False
    """Whatever the context says, and whatever is typed later."""
    record: str | None = None
    """The file that what comes is written to."""
    replay: str | None = None
    """The recording that is shown instead of the gateway of the context."""
    speed: float = 1.0
    at_s: float = 0.0
    """Where the recording begins, seconds after its beginning."""


def open_console(context: Context, options: Options, environ: Mapping[str, str] = os.environ) -> int:
    """Until the operator leaves; returns the exit code. Raises WrongUsage."""
    app = make_console(context, options, environ)
    app.run()
    return app.return_code or 0


def make_console(context: Context, options: Options, environ: Mapping[str, str] = os.environ) -> ConsoleApp:
    """The console, ready to run. Raises WrongUsage."""
    if options.theme is not None and as_palette_name(options.theme) is None:
        raise WrongUsage(f"there is no theme {options.theme!r}")
    if options.screen is not None and options.screen not in BY_NAME:
        raise WrongUsage(f"there is no screen {options.screen!r}; there are: {', '.join(BY_NAME)}")
    first = Destination(options.screen) if options.screen is not None else first_screen(context)
    app = ConsoleApp(
        _source(context, options),
        palette=as_palette_name(options.theme or "") or usual_palette(environ),
        ascii_only=options.is_ascii or is_ascii_wanted(environ),
        is_read_only=options.is_read_only or options.replay is not None,
        first=first,
        files=Files(environ, is_visited=is_served(environ)),
    )
    if options.replay is None:
        app.use_context_of(context)
    else:
        app.context_name = "recording"
    app.read_contexts = lambda: read_contexts(contexts_file(environ))
    app.connect = source_of
    if environ.get("SSH_CONNECTION"):
        app.is_far = True
        app.animation_level = "none"
    return app


def is_served(environ: Mapping[str, str]) -> bool:
    """Whether a browser is the terminal: whoever sits there need not be who this process belongs to."""
    return "web_driver" in environ.get("TEXTUAL_DRIVER", "")


def _source(context: Context, options: Options) -> Source:
    if options.replay is not None:
        # Imported here, as what is below: most consoles play nothing back, and the first paint waits.
        from console.sources.archive import Archive  # noqa: PLC0415
        from console.sources.recorded import RecordedSource  # noqa: PLC0415
        from console.sources.recording import read_recording  # noqa: PLC0415

        archive = Archive(read_recording(options.replay))
        return RecordedSource(archive, speed=options.speed, start_t=options.at_s)
    if options.record is None:
        return source_of(context)
    from console.sources.recorder import Recorder  # noqa: PLC0415

    return source_of(context, Recorder(options.record))


def source_of(context: Context, recorder: "Recorder | None" = None) -> Source:
    """A gateway that is to be listened to, and may be recorded, with the alerts that are about it."""
    return Recordable(Deferred(lambda: _load(context)), recorder)


def first_screen(context: Context) -> Destination | None:
    """The one that a context begins with, where there is such a screen."""
    name = context.default_screen
    return Destination(name) if name is not None and name in BY_NAME else None


def _load(context: Context) -> Source:
    # Here, on a thread, because aiohttp takes as long to load as all the rest of the console.
    from console.sources.alerting import Alerting  # noqa: PLC0415
    from console.sources.live import LiveSource  # noqa: PLC0415

    return Alerting(LiveSource(context.target), context.prometheus, context.alertmanager)
