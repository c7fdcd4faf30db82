"""The subcommand `sightline demo`."""

import argparse
import math
from typing import Final

import uvloop

from gateway.config.forms.scalars import parse_duration
from gateway.demo.ports import Ports, ports_from
from gateway.demo.stage import DemoSettings, run_demo
from gateway.model.clock import SECOND_NS

_HIGHEST_BASE: Final = 65_000
_HIGHEST_RATE: Final = 500.0


class DemoCommand:
    name = "demo"
    help = "start a gateway, three services and gentle traffic, to look at; Ctrl-C ends it"

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

    def run(self, arguments: argparse.Namespace) -> int:
        ports = Ports() if arguments.port_base is None else ports_from(arguments.port_base)
        return uvloop.run(run_demo(DemoSettings(arguments.for_s, ports, arguments.rate)))


def _duration_s(text: str) -> float:
    try:
        return parse_duration(text) / SECOND_NS
    except ValueError:
        raise argparse.ArgumentTypeError("expected a duration such as 20s or 5m") from None


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
