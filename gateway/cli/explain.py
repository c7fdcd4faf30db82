"""`sightline explain`: which route would take a request, and why; from a file, or asked of a running gateway."""

import argparse
import os
import sys
from typing import Final

import msgspec

from gateway.cli.admin_call import (
    TOKEN_FILE_VARIABLE,
    URL_VARIABLE,
    AdminRefused,
    AdminUnreachable,
    post_json,
    read_token,
)
from gateway.cli.command import UsageError
from gateway.cli.explanation import told
from gateway.cli.options import add_format
from gateway.config import ConfigInvalid, explain_request, load_file
from gateway.wire.exit_codes import ExitCode
from gateway.wire.explain import ExplainRequest, ExplanationView

_PATH: Final = "/api/v1/explain"
_TARGETS: Final = ("http://", "https://", "/", "*")
"""What a request can be for begins like one of these; the last is that of OPTIONS."""


class ExplainCommand:
    name = "explain"
    help = "tell which route would take a request, and why; nothing is sent"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("-c", "--config", metavar="FILE", help="the configuration file to ask")
        where.add_argument(
            "--url",
            metavar="ADMIN_URL",
            dest="admin_url",
            help=f"the admin API of a running gateway to ask (default: ${URL_VARIABLE})",
        )
        parser.add_argument(
            "--token-file",
            metavar="FILE",
            help=f"a file that holds the token for the admin API (default: ${TOKEN_FILE_VARIABLE})",
        )
        parser.add_argument(
            "--exchange",
            metavar="ID",
            default="",
            help="explain a recent exchange of the gateway by its request id or trace id, instead of METHOD and URL",
        )
        parser.add_argument("method", metavar="METHOD", nargs="?")
        parser.add_argument("target", metavar="URL", nargs="?", help="http://host[:port]/path?query, or a path alone")
        parser.add_argument(
            "-H", dest="headers", metavar="'NAME: VALUE'", action="append", default=[], help="a header field"
        )
        parser.add_argument(
            "--client", metavar="IP", default="127.0.0.1", help="the client's address (default: 127.0.0.1)"
        )
        parser.add_argument("--listener", metavar="NAME", help="the listener it arrives at (default: the first)")
        add_format(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        _take_environment(arguments)
        request = _request_of(arguments)
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
        print(msgspec.json.format(msgspec.json.encode(view)).decode() if arguments.format == "json" else told(view))
        return ExitCode.FAILED if view.route is None else ExitCode.OK


def _take_environment(arguments: argparse.Namespace) -> None:
    """The gateway that the environment names, where no option names one or a file: as for all commands that ask one."""
    if arguments.config is None and arguments.admin_url is None:
        arguments.admin_url = os.environ.get(URL_VARIABLE) or None
        if arguments.admin_url is None:
            raise UsageError(f"expected --config FILE, --url ADMIN_URL, or the variable {URL_VARIABLE}")
    if arguments.token_file is None:
        arguments.token_file = os.environ.get(TOKEN_FILE_VARIABLE) or None


def _request_of(arguments: argparse.Namespace) -> ExplainRequest:
    if arguments.exchange:
        if arguments.method is not None or not arguments.admin_url:
            raise UsageError("--exchange needs --url, and neither METHOD nor URL: they are in the record")
    elif arguments.target is None:
        raise UsageError("expected METHOD and URL, or --exchange with --url")
    elif not arguments.target.lower().startswith(_TARGETS):
        raise UsageError(f"got the URL {arguments.target!r}; expected http://HOST/PATH, or /PATH alone")
    return ExplainRequest(
        method=arguments.method or "GET",
        url=arguments.target or "",
        headers=[_field(text) for text in arguments.headers],
        client=arguments.client,
        listener=arguments.listener,
        exchange=arguments.exchange,
    )


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"-H expects 'name: value', got {text!r}")
    return name.strip(), value.strip()


def _ask_file(path: str, request: ExplainRequest) -> ExplanationView:
    configuration = load_file(path, 1, os.environ)
    try:
        return explain_request(configuration, request)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _ask_gateway(arguments: argparse.Namespace, request: ExplainRequest) -> ExplanationView:
    answer = post_json(
        f"{arguments.admin_url.rstrip('/')}{_PATH}", msgspec.json.encode(request), read_token(arguments.token_file)
    )
    try:
        return msgspec.json.decode(answer, type=ExplanationView)
    except msgspec.DecodeError as error:
        raise AdminUnreachable(f"the answer is not an explanation ({error})") from error


command = ExplainCommand()
