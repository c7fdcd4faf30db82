"""`sightline overview`: what needs attention, worst first, as the console's first screen has it. Exit code 1 if the gateway is not
ready."""

import argparse
from collections.abc import Iterable

import msgspec

from console.cli.knowing import known
from console.cli.options import add_look
from console.cli.rows import RowPrinter
from console.cli.twin import Twin
from console.render.health.overview_text import overview_text, told
from console.render.table import plain_lines
from console.state.health.attention import attention, courses_wanted
from console.state.health.overview import needed_for_overview
from console.state.model import Model
from console.state.reading import STATUS, AnyReading
from gateway.wire.exit_codes import ExitCode


class OverviewTwin(Twin):
    name = "overview"
    help = "tell what needs attention, worst first, with the cause, the slowest routes and the last changes"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        add_look(parser, "5m")

    def ask(self, arguments: argparse.Namespace) -> int:
        model = known(arguments, _wanted)
        found = attention(model)
        if arguments.format == "table":
            print(plain_lines(overview_text(model)))
        elif arguments.format == "json":
            document = {"attention": told(found, model.now_s), "status": model.status}
            print(msgspec.json.format(msgspec.json.encode(document)).decode())
        else:
            RowPrinter(arguments).print(msgspec.json.encode(each) for each in told(found, model.now_s))
        is_ready = model.status is not None and model.status.ready
        return ExitCode.OK if is_ready else ExitCode.FAILED


def _wanted(model: Model) -> Iterable[AnyReading]:
    return (STATUS, *needed_for_overview(model), *courses_wanted(attention(model)))


command = OverviewTwin()
