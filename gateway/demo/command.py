"""The subcommand `sightline demo`."""

import argparse
import math
import sys
from typing import Final

import uvloop

from gateway.config.forms.scalars import parse_duration
from gateway.demo.incidents import ROUND_S, SHORTEST_ROUND_S
from gateway.demo.ports import Ports, ports_from
from gateway.demo.stage import DemoSettings, run_demo
from gateway.model.clock import SECOND_NS

_HIGHEST_BASE: Final = 65_000
_HIGHEST_RATE: Final = 500.0


class DemoCommand:
    name = "demo"
    help = "start a gateway, three services and gentle traffic, with the console over them where there is a terminal"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--for",
            dest="for_s",
            metavar="DURATION",
            type=_duration_s,
            help="end after so long, as in 20s; exit code 0 then means that all counts agree",
        )
        parser.add_argument(
            "--port-base",
            metavar="PORT",
            type=_port_base,
            help="use the ports from here on instead of the usual ones; 0 lets the kernel choose",
        )
        parser.add_argument(
            "--rate", metavar="NUMBER", type=_rate, default=50.0, help="requests a second (default: 50)"
        )
        parser.add_argument("--calm", action="store_true", help="no incidents: nothing goes wrong over and over")
        parser.add_argument(
            "--round",
            dest="round_s",
            metavar="DURATION",
            type=_round_s,
            default=ROUND_S,
            help="how long it takes until the incidents begin again (default: 3m)",
        )
        parser.add_argument(
            "--no-console",
            action="store_true",
            help="on a terminal too, say what runs where instead of opening the console; Ctrl-C ends it",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        ports = Ports() if arguments.port_base is None else ports_from(arguments.port_base)
        has_console = arguments.for_s is None and not arguments.no_console and _is_on_a_terminal()
        round_s = None if arguments.calm else arguments.round_s
        return uvloop.run(run_demo(DemoSettings(arguments.for_s, ports, arguments.rate, round_s, has_console)))


def _is_on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _duration_s(text: str) -> float:
    try:
        return parse_duration(text) / SECOND_NS
    except ValueError:
        raise argparse.ArgumentTypeError("expected a duration such as 20s or 5m") from None


def _round_s(text: str) -> float:
    seconds = _duration_s(text)
    if seconds < SHORTEST_ROUND_S:
        raise argparse.ArgumentTypeError(f"expected at least {SHORTEST_ROUND_S:g}s: a round has eight things to do")
    return seconds


def _port_base(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) <= _HIGHEST_BASE:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port up to {_HIGHEST_BASE}")


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if 0 < rate <= _HIGHEST_RATE:
        return rate
    raise argparse.ArgumentTypeError(f"expected a number of requests a second, up to {_HIGHEST_RATE:g}")


command = DemoCommand()
