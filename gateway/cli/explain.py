"""`sightline explain`: which route would take a request, and why; from a file, or asked of a running gateway."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from gateway.cli.admin_call import AdminRefused, AdminUnreachable, post_json
from gateway.cli.command import UsageError
from gateway.cli.exit_codes import ExitCode
from gateway.cli.options import add_format
from gateway.config import ConfigInvalid, explain_request, load_file
from gateway.wire.views import ConsideredView, ExplainRequest, ExplanationView

_PATH: Final = "/api/v1/explain"


class ExplainCommand:
    name = "explain"
    help = "tell which route would take a request, and why; nothing is sent"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("-c", "--config", metavar="FILE", help="the configuration file to ask")
        where.add_argument(
            "--url", metavar="ADMIN_URL", dest="admin_url", help="the admin API of a running gateway to ask"
        )
        parser.add_argument("--token-file", metavar="FILE", help="a file that holds the token for the admin API")
        parser.add_argument("method", metavar="METHOD")
        parser.add_argument("target", metavar="URL", help="http://host[:port]/path?query, or a path alone")
        parser.add_argument(
            "-H", dest="headers", metavar="'NAME: VALUE'", action="append", default=[], help="a header field"
        )
        parser.add_argument(
            "--client", metavar="IP", default="127.0.0.1", help="the client's address (default: 127.0.0.1)"
        )
        parser.add_argument("--listener", metavar="NAME", help="the listener it arrives at (default: the first)")
        add_format(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        request = ExplainRequest(
            method=arguments.method,
            url=arguments.target,
            headers=[_field(text) for text in arguments.headers],
            client=arguments.client,
            listener=arguments.listener,
        )
        try:
            view = _ask_gateway(arguments, request) if arguments.admin_url else _ask_file(arguments.config, request)
        except ConfigInvalid as invalid:
            print(invalid, file=sys.stderr)
            return ExitCode.CONFIG_INVALID
        except AdminUnreachable as error:
            print(f"no gateway answers at {arguments.admin_url}: {error}", file=sys.stderr)
            return ExitCode.NOT_REACHABLE
        except AdminRefused as refused:
            print(refused, file=sys.stderr)
            return refused.exit_code
        print(msgspec.json.format(msgspec.json.encode(view)).decode() if arguments.format == "json" else _told(view))
        return ExitCode.FAILED if view.route is None else ExitCode.OK


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"-H expects 'name: value', got {text!r}")
    return name.strip(), value.strip()


def _ask_file(path: str, request: ExplainRequest) -> ExplanationView:
    configuration = load_file(path, 1, os.environ)
    try:
        return explain_request(configuration.snapshot, configuration.table, request)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _ask_gateway(arguments: argparse.Namespace, request: ExplainRequest) -> ExplanationView:
    answer = post_json(
        f"{arguments.admin_url.rstrip('/')}{_PATH}", msgspec.json.encode(request), _token(arguments.token_file)
    )
    try:
        return msgspec.json.decode(answer, type=ExplanationView)
    except msgspec.DecodeError as error:
        raise AdminUnreachable(f"the answer is not an explanation ({error})") from error


def _token(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the token file cannot be read: {error}") from error


def _told(view: ExplanationView) -> str:
    lines = [f"{view.method} {view.host}{view.path}", *_outcome(view)]
    lines += [f"{name} = {value}" for name, value in view.parameters.items()]
    if view.considered:
        lines += ["", "considered, in order:", *(_considered(each) for each in view.considered)]
    lines += ["", f"revision {view.revision}"]
    return "\n".join(lines)


def _outcome(view: ExplanationView) -> list[str]:
    if view.route is None:
        return [f"no route: {view.status} {view.reason}", view.detail]
    lines = [f"route {view.route}: {view.detail}"]
    if view.action == "forward":
        shares = ", ".join(_share(view, index) for index in range(len(view.upstreams)))
        return [*lines, f"forwarded to {shares} as {view.forwarded_path} with Host {view.forwarded_host}"]
    location = f" to {view.location}" if view.location is not None else ""
    return [*lines, f"answered by the gateway with {view.status}{location}"]


def _share(view: ExplanationView, index: int) -> str:
    share = view.upstreams[index]
    return share.upstream if len(view.upstreams) == 1 else f"{share.upstream} (weight {share.weight})"


def _considered(each: ConsideredView) -> str:
    mark = "+" if each.matched else "-"
    return f"  {mark} {each.route} ({each.place.file}:{each.place.line}): {each.because}"


command = ExplainCommand()
