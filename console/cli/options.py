"""Options that all twins have, so that they read and mean the same everywhere."""

import argparse
import math
import os
from datetime import datetime, time, timedelta
from typing import Final

from console.client.contexts import (
    CA_FILE_VARIABLE,
    CONTEXT_VARIABLE,
    HOME_URL,
    TOKEN_FILE_VARIABLE,
    URL_VARIABLE,
    Target,
    Wished,
    find_context,
)  # fmt: skip
from console.client.problems import WrongUsage

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_SHORTEST_S: Final = 10
_LONGEST_S: Final = 6 * 3600

FORMATS: Final = ("table", "json", "ndjson")
CSV: Final = "csv"


def add_gateway(parser: argparse.ArgumentParser) -> None:
    """Which gateway is asked."""
    parser.add_argument(
        "--url", metavar="ADMIN_URL", help=f"the admin API of the gateway (default: ${URL_VARIABLE}, or {HOME_URL})"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", help=f"a file that holds the token for it (default: ${TOKEN_FILE_VARIABLE})"
    )
    parser.add_argument(
        "--context",
        metavar="NAME",
        help=f"a gateway of $XDG_CONFIG_HOME/sightline/contexts.yaml (default: ${CONTEXT_VARIABLE}, or its `current`)",
    )

    parser.add_argument(
        "--ca-file", metavar="FILE", help=f"who may vouch for it, where it speaks TLS (default: ${CA_FILE_VARIABLE})"
    )


def add_replay(parser: argparse.ArgumentParser) -> None:
    """A recording instead of a gateway."""
    parser.add_argument("--replay", metavar="FILE", help="answer from a recording of the console instead")
    parser.add_argument(
        "--replay-at", metavar="DURATION", type=duration, help="so long after its beginning (default: at its end)"
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """How stdout reads."""
    _add_formats(parser, FORMATS, "a table for people, one document, or one object a line")


def add_row_format(parser: argparse.ArgumentParser) -> None:
    """The same of a command that prints rows."""
    told = "a table for people, one document, one object a line, or comma-separated with the names of the fields first"
    _add_formats(parser, (*FORMATS, CSV), told)
    parser.add_argument(
        "--fields",
        metavar="NAME,..",
        type=_names,
        default=(),
        help="of ndjson and csv, these alone, as json names them: name,traffic.requests (default: all)",
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names with commas between, got {text!r}")
    return names


def _add_formats(parser: argparse.ArgumentParser, choices: tuple[str, ...], told: str) -> None:
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--format", choices=choices, default="table", help=told)
    formats.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")


def add_look(parser: argparse.ArgumentParser, default: str = "60s") -> None:
    """Which window of time the figures are of. default: the one the command asks for by itself."""
    parser.add_argument(
        "--window",
        metavar="DURATION",
        type=_window,
        default=None,
        help=f"that the figures are of, 10s to 6h (default: {default})",
    )
    parser.add_argument(
        "--at", metavar="TIME", type=moment, help="when the window ends, within 6 hours: 14:05, 14:05:30, or RFC 3339"
    )


def look_query(arguments: argparse.Namespace) -> dict[str, str]:
    """What the admin API is to be asked for by these options."""
    asked = {"window": arguments.window, "at": arguments.at}
    return {name: str(value) for name, value in asked.items() if value is not None}


def _window(text: str) -> int:
    value = seconds(text)
    if _SHORTEST_S <= value <= _LONGEST_S and value == int(value):
        return int(value)
    raise argparse.ArgumentTypeError(f"expected whole seconds from 10s to 6h, got {text!r}")


def moment(text: str) -> int:
    """For argparse: a time of day of this place, that of yesterday if it has not come yet; or RFC 3339. Unix seconds."""
    now = datetime.now().astimezone()
    try:
        if len(text) <= len("14:05:30"):
            at = datetime.combine(now.date(), time.fromisoformat(text)).astimezone()
            if at > now:
                at = datetime.combine(now.date() - timedelta(days=1), time.fromisoformat(text)).astimezone()
        else:
            at = datetime.fromisoformat(text).astimezone()
        return int(at.timestamp())
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 14:05 or 2026-01-31T08:00:00Z, got {text!r}"
        ) from error


def whole_number(text: str) -> int:
    """For argparse: 0 or more."""
    if text.isascii() and text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a whole number of 0 or more, got {text!r}")


def seconds(text: str) -> float:
    """For argparse: `5`, `5s`, `500ms`, `2m`; more than nothing."""
    number, in_seconds = text, 1.0
    for unit, of_unit in _UNITS.items():
        if text.endswith(unit):
            number, in_seconds = text.removesuffix(unit), of_unit
            break
    try:
        value = float(number) * in_seconds
    except ValueError:
        value = math.nan
    if 0 < value < math.inf:
        return value
    raise argparse.ArgumentTypeError(f"expected a duration such as 5s or 2m, got {text!r}")


def duration(text: str) -> float:
    """For argparse: seconds; also none at all."""
    return 0.0 if text in {"0", "0s"} else seconds(text)


def checked_filter(text: str) -> str:
    """The text, if it is a filter. Raises WrongUsage, with a mark under the place that is not understood."""
    if text:
        # Imported here: the parser takes as long to load as all the rest, and most calls have no filter.
        from gateway.wire.filter import FilterError, parse_filter  # noqa: PLC0415

        try:
            parse_filter(text)
        except FilterError as error:
            hint = f" ({error.suggestion})" if error.suggestion else ""
            raise WrongUsage(f"{text}\n{' ' * error.position}^ {error.message}{hint}") from error
    return text


def wished(arguments: argparse.Namespace, *, read_only: bool | None = None) -> Wished:
    """What the options say about the gateway."""
    return Wished(
        url=arguments.url, token_file=arguments.token_file, context=arguments.context, ca_file=arguments.ca_file,
        read_only=read_only,
    )  # fmt: skip


def target_of(arguments: argparse.Namespace) -> Target:
    """The gateway that the options mean. Raises WrongUsage."""
    if getattr(arguments, "replay", None) is not None:
        raise WrongUsage("this needs a gateway that runs, not a recording")
    return find_context(wished(arguments), os.environ).target
