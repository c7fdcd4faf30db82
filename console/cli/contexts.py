"""`sightline ctx`: the gateways of `contexts.yaml`; `sightline ctx test` checks each part of one and says which fails."""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from console.cli.twin import API, run_asking
from console.client.call import decode, get
from console.client.contexts import Context, Target, Wished, contexts_file, find_context, read_contexts
from console.client.problems import AdminProblem, WrongUsage
from console.render.table import Column, render_table
from gateway.wire.actions import MeView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import StatusView

_PLACES: Final = ("prometheus", "alertmanager", "trace_url", "grafana_url")
_REACH_S: Final = 3.0


class Checked(NamedTuple):
    """One part of a context. `problem` is empty where it is well."""

    part: str
    told: str
    problem: str = ""


class ContextsCommand:
    name = "ctx"
    help = "list the gateways of contexts.yaml, or test one: each part of it, and which of them fails"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=("list", "test"), default="list", help="(default: list)")
        parser.add_argument(
            "context", nargs="?", metavar="NAME", help="the one to test (default: the one meant when none is named)"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: _test(arguments.context) if arguments.action == "test" else _list())


def _list() -> int:
    file = contexts_file(os.environ)
    known = read_contexts(file)
    if not known.contexts:
        print(f"no contexts: {file} {'has none' if file.exists() else 'does not exist'}")
        return ExitCode.OK
    current = known.current or known.contexts[0].name
    columns = (Column[Context]("", lambda each: "*" if each.name == current else ""), *_COLUMNS)
    print(render_table(columns, known.contexts))
    return ExitCode.OK


_COLUMNS: Final = (
    Column[Context]("NAME", lambda each: each.name),
    Column[Context]("URL", lambda each: each.url),
    Column[Context]("TOKEN", lambda each: "file" if each.token_file else "command" if each.token_cmd else "-"),
    Column[Context]("TAGS", lambda each: ",".join(each.tags) or "-"),
    Column[Context]("BEGINS", lambda each: "read-only" if each.starts_read_only else "may change"),
)


def _test(name: str | None) -> int:
    context = find_context(Wished(context=name), os.environ)
    checks = list(check(context))
    for checked in checks:
        print(f"{'x' if checked.problem else 'o'} {checked.part:<13} {checked.problem or checked.told}")
    return ExitCode.FAILED if any(checked.problem for checked in checks) else ExitCode.OK


def check(context: Context) -> Iterator[Checked]:
    """Each part by itself, in the order in which one needs the other."""
    yield Checked("context", f"{context.name} is {context.target.shown}")
    target = context.target
    try:
        token = target.find_token()
    except AdminProblem as problem:
        yield Checked("token", "", str(problem))
    else:
        yield Checked("token", "none is named" if token is None else "there is one")
        asked = Target(url=target.url, token=token, ca_file=target.ca_file)
        yield _tried("gateway", lambda: _status(asked))
        yield _tried("role", lambda: decode(get(asked, f"{API}/me"), MeView).role)
    for part in _PLACES:
        url = getattr(context, part)
        if url is not None:
            yield _tried(part, partial(_reached, url))


def _status(target: Target) -> str:
    began_s = time.monotonic()
    status = decode(get(target, f"{API}/status"), StatusView)
    ms = (time.monotonic() - began_s) * 1_000
    return f"{status.service_name} {status.version}, revision {status.revision}, answers in {ms:.0f} ms"


def _reached(url: str) -> str:
    """Whether somebody listens there; what it is cannot be told from here."""
    import socket  # noqa: PLC0415 - only this command opens connections by itself

    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname
    except ValueError as error:
        raise WrongUsage(f"{url} is no URL: {error}") from error
    if not host or parts.scheme not in {"http", "https"}:
        raise WrongUsage(f"{url} is no URL")
    try:
        socket.create_connection((host, port), _REACH_S).close()
    except OSError as error:
        raise AdminProblem(f"nobody answers at {host}:{port}: {error.strerror or error}") from error
    return f"somebody listens at {host}:{port}"


def _tried(part: str, attempt: Callable[[], str]) -> Checked:
    try:
        return Checked(part, attempt())
    except AdminProblem as problem:
        return Checked(part, "", str(problem))


command = ContextsCommand()
