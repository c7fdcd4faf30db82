"""`sightline console`: the operator's window into a running gateway, or into a recording of one; also in a browser."""

import argparse
import gc
import importlib
import os
import shutil
import sys
from typing import Any, Final

from console.cli.options import add_gateway, duration, wished
from console.cli.twin import run_asking
from console.client.contexts import Context, find_context
from console.client.problems import WrongUsage
from console.render.frame.skeleton import LEAVE, skeleton
from console.render.palette import PALETTES

_SERVED: Final = "127.0.0.1:8900"


class ConsoleCommand:
    name = "console"
    help = "look into a running gateway, and act, in the terminal or in a browser"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_gateway(parser)
        rights = parser.add_mutually_exclusive_group()
        rights.add_argument(
            "--read-only", action="store_const", const=True, dest="read_only", default=None,
            help="refuse everything that would change something (the default for contexts tagged prod)",
        )  # fmt: skip
        rights.add_argument("--write", action="store_const", const=False, dest="read_only", help="do not refuse it")
        parser.add_argument(
            "--screen", metavar="NAME", help="the screen to begin with, as `routes` (default: overview)"
        )
        parser.add_argument(
            "--theme", choices=list(PALETTES), help="colours (default: what the terminal can show; mono with NO_COLOR)"
        )
        parser.add_argument(
            "--ascii", action="store_true", help="signs and bars in ASCII (default: where the locale is not UTF-8)"
        )
        _add_recording(parser)
        _add_serving(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: _serve(arguments) if arguments.serve is not None else _open(arguments))


def _add_recording(parser: argparse.ArgumentParser) -> None:
    recording = parser.add_argument_group("recordings")
    recording.add_argument("--record", metavar="FILE", help="write down what comes; `.gz` at its end compresses it")
    recording.add_argument("--replay", metavar="FILE", help="play a recording back instead of asking a gateway")
    recording.add_argument("--speed", metavar="TIMES", type=_times, default=1.0, help="how fast (default: 1)")
    recording.add_argument(
        "--at", "--replay-at", metavar="DURATION", type=duration, default=0.0, help="begin so long after its beginning"
    )


def _add_serving(parser: argparse.ArgumentParser) -> None:
    serving = parser.add_argument_group("in a browser")
    serving.add_argument(
        "--serve", metavar="HOST:PORT", nargs="?", const=_SERVED,
        help=f"serve the console to browsers, read-only (default: {_SERVED}); another address than loopback needs a token",
    )  # fmt: skip
    serving.add_argument("--serve-token-file", metavar="FILE", help="a file with the token that browsers must show")
    serving.add_argument("--serve-write", action="store_true", help="let browsers change things too; needs a token")


def _times(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0.01 <= value <= 1_000:
        return value
    raise argparse.ArgumentTypeError(f"expected how many times as fast, 0.01 to 1000, got {text!r}")


def _open(arguments: argparse.Namespace) -> int:
    if arguments.replay is not None and arguments.record is not None:
        raise WrongUsage("a recording that is played back is not recorded again: --replay or --record")
    context = find_context(wished(arguments, read_only=arguments.read_only), os.environ)
    has_skeleton = _paint_skeleton("recording" if arguments.replay is not None else context.name)
    try:
        return _run(arguments, context)
    except BaseException:
        if has_skeleton:
            sys.stderr.write(LEAVE)
        raise


def _paint_skeleton(context_name: str) -> bool:
    """Whoever waits sees at once for what. Textual draws on stderr as well, and starts from an empty screen."""
    is_drawn = sys.stderr.isatty() and sys.stdin.isatty() and "TEXTUAL_DRIVER" not in os.environ
    if is_drawn:
        sys.stderr.write(skeleton(context_name, shutil.get_terminal_size().columns))
        sys.stderr.flush()
    return is_drawn


def _run(arguments: argparse.Namespace, context: Context) -> int:
    gc.disable()  # Until all is loaded (console.app.feeding): a tenth of the time to the first rows.
    # By name: the other commands start without what a console needs.
    opening: Any = importlib.import_module("console.app.opening")
    options = opening.Options(
        is_read_only=arguments.read_only is True,
        screen=arguments.screen, theme=arguments.theme, is_ascii=arguments.ascii, record=arguments.record,
        replay=arguments.replay, speed=arguments.speed, at_s=arguments.at,
    )  # fmt: skip
    try:
        code: int = opening.open_console(context, options)
    finally:
        gc.enable()
    return code


def _serve(arguments: argparse.Namespace) -> int:
    serving: Any = importlib.import_module("console.app.serving")
    if arguments.record is not None:
        raise WrongUsage("what browsers look at is not recorded: --serve or --record")
    if arguments.serve_write and arguments.serve_token_file is None:
        # Whoever may open a port of this machine is not thereby whoever may change the gateway.
        raise WrongUsage("whoever reaches the port could change the gateway: --serve-write needs --serve-token-file")
    command = ["console", *_passed_on(arguments)]
    code: int = serving.serve(arguments.serve, arguments.serve_token_file, command)
    return code


def _passed_on(arguments: argparse.Namespace) -> list[str]:
    """The options of the console each visitor gets. A token is passed on as the name of its file alone."""
    words = [] if arguments.serve_write and arguments.read_only is not True else ["--read-only"]
    for option in ("url", "token_file", "context", "ca_file", "screen", "theme", "replay"):
        value = getattr(arguments, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}={value}"]
    if arguments.theme is None:
        words.append("--theme=dark")  # What this terminal can show says nothing about the browser.
    if arguments.ascii:
        words.append("--ascii")
    if arguments.replay is not None:
        words += [f"--speed={arguments.speed:g}", f"--at={arguments.at:g}s"]
    return words


command = ConsoleCommand()
