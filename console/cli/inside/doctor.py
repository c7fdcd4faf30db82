"""`sightline doctor`: what is wrong between here and a gateway, or with it, and what to do. Exit code 1 where something is broken."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from console.cli.knowing import known
from console.cli.options import add_format, add_gateway, wished
from console.cli.rows import escaped
from console.cli.twin import API, run_asking
from console.client.call import decode, get, get_dated
from console.client.contexts import Context, Target, find_context
from console.client.problems import AdminProblem
from console.render.inside.checkup import check_of, render_checkup
from console.render.table import plain_lines
from console.state import reading
from console.state.health.attention import attention, courses_wanted, needed_for_attention
from console.state.inside.checkup import Check, exit_code, of_answer, of_clock, of_rights, of_terminal, of_token
from console.state.model import Model
from console.state.reading import AnyReading
from gateway.wire.actions import MeView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import StatusView


class DoctorTwin:
    name = "doctor"
    help = "look for what is wrong here, on the way to a gateway, and with it"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_format(parser)
        add_gateway(parser)
        parser.set_defaults(window=None, at=None, replay=None)

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: self._examine(arguments))

    def _examine(self, arguments: argparse.Namespace) -> int:
        context = find_context(wished(arguments), os.environ)
        checks, met = list(_here(context)), ExitCode.OK
        try:
            checks += _on_the_way(context)
            checks += _in_the_gateway(arguments)
        except AdminProblem as problem:
            met = problem.exit_code
            checks.append(Check(verdict="fail", name="gateway", told=str(problem), advice=_ADVICE.get(met, "")))
        checks += _beside(context)
        _print(arguments, checks)
        return exit_code(checks, met)


_ADVICE = {
    ExitCode.NOT_REACHABLE: "does it run, and is this the address of `admin` in its configuration?",
    ExitCode.DENIED: "--token-file, or token_file of the context: one of those under `admin` of the configuration",
    ExitCode.USAGE: "what is said of it in contexts.yaml, or by options",
}


def _here(context: Context) -> Iterator[Check]:
    size, encoding = shutil.get_terminal_size(), sys.stdout.encoding
    yield of_terminal(size.columns, size.lines, encoding or sys.getdefaultencoding(), os.environ.get("TERM", ""))
    yield Check(verdict="ok", name="context", told=f"{context.name}, {context.target.shown}")
    if context.token_file is not None:
        yield of_token(f"of the file {context.token_file}", _mode(context.token_file))
    else:
        yield of_token("of the command token_cmd" if context.token_cmd else "", None)


def _mode(file: str) -> int | None:
    try:
        return Path(file).expanduser().stat().st_mode
    except OSError:
        return None  # That it cannot be read is told when it is needed.


def _on_the_way(context: Context) -> Iterator[Check]:
    """Raises AdminProblem."""
    target, asked_s = context.target, time.time()
    body, date = get_dated(target, f"{API}/status")
    answered_s = time.time()
    yield of_answer(decode(body, StatusView), answered_s - asked_s, version("sightline"))
    yield of_clock(date, asked_s, answered_s)
    me = decode(get(target, f"{API}/me"), MeView)
    yield of_rights(me, is_read_only=context.starts_read_only)


def _in_the_gateway(arguments: argparse.Namespace) -> Iterator[Check]:
    """What the overview has, and that there is nothing. Raises AdminProblem."""
    model = known(arguments, _wanted)
    found = attention(model)
    if not found:
        yield Check(verdict="ok", name="its state", told="nothing needs attention")
    yield from (check_of(each, model.now_s) for each in found)


def _wanted(model: Model) -> Iterable[AnyReading]:
    return (reading.STATUS, *needed_for_attention(model), *courses_wanted(attention(model)))


def _beside(context: Context) -> Iterator[Check]:
    """Others that the console asks, where the context names them. The token of the gateway is not for them."""
    for name, url in (("prometheus", context.prometheus), ("alertmanager", context.alertmanager)):
        if url is None:
            continue
        target = Target(url=url.rstrip("/"))
        host = urlsplit(target.shown).netloc  # Who may read the one may not have the password of the other.
        try:
            get(target, "/-/ready")
        except AdminProblem as problem:
            told = f"{host}{str(problem).rpartition(target.shown)[2] or ': it is not ready'}"
            yield Check(verdict="warn", name=name, told=told, advice="alerts on screen 6 lack what it knows")
        else:
            yield Check(verdict="ok", name=name, told=f"{host} is ready")


def _print(arguments: argparse.Namespace, checks: list[Check]) -> None:
    if arguments.format == "table":
        print(plain_lines(render_checkup(checks)))
    elif arguments.format == "json":
        print(escaped(msgspec.json.format(msgspec.json.encode({"checks": checks})).decode()))
    else:
        for check in checks:
            print(escaped(msgspec.json.encode(check).decode()))


command = DoctorTwin()
