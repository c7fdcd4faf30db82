"""`sightline check`: what is wrong with a configuration file, all of it, without running anything."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from gateway.cli.options import add_config_file, add_format
from gateway.config import ConfigError, ConfigInvalid, Verdict, load_file
from gateway.model.wording import counted
from gateway.wire.exit_codes import ExitCode

_KINDS: Final = ("listener", "upstream", "route")


class CheckCommand:
    name = "check"
    help = "check a configuration file; errors and warnings go to stderr, the count of objects to stdout"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_config_file(parser, required=True)
        add_format(parser)
        parser.add_argument("--strict", action="store_true", help="fail on warnings too, such as routes never reached")

    def run(self, arguments: argparse.Namespace) -> int:
        errors: Sequence[ConfigError] = ()
        revision = ""
        try:
            accepted = load_file(arguments.config, 1, os.environ)
            verdicts, warnings, revision = accepted.verdicts, accepted.warnings, accepted.snapshot.revision
        except ConfigInvalid as invalid:
            errors, warnings, verdicts = invalid.errors, invalid.warnings, invalid.verdicts
        fails = bool(errors or (arguments.strict and warnings))
        if arguments.format == "json":
            print(json.dumps(_report(errors, warnings, verdicts, revision, valid=not fails), indent=2))
        else:
            _tell(errors, warnings)
            print(_summary(errors, warnings, verdicts, revision))
        return ExitCode.CONFIG_INVALID if fails else ExitCode.OK


def _tell(errors: Sequence[ConfigError], warnings: Sequence[ConfigError]) -> None:
    for error in errors:
        print(error, file=sys.stderr)
    for warning in warnings:
        print(f"{_place(warning)}: warning: {warning.message}", file=sys.stderr)


def _place(error: ConfigError) -> str:
    return f"{error.file}:{error.line}: {error.key}"


def _summary(
    errors: Sequence[ConfigError], warnings: Sequence[ConfigError], verdicts: Sequence[Verdict], revision: str
) -> str:
    counts = ", ".join(_count(verdicts, kind) for kind in _KINDS)
    found = f"{counted(len(errors), 'error')}, {counted(len(warnings), 'warning')}"
    return f"{counts}; {found}" + (f"; revision {revision}" if revision else "")


def _count(verdicts: Sequence[Verdict], kind: str) -> str:
    of_kind = Counter(verdict.accepted for verdict in verdicts if verdict.kind == kind)
    rejected = f" ({of_kind[False]} rejected)" if of_kind[False] else ""
    return counted(of_kind.total(), kind) + rejected


def _report(
    errors: Sequence[ConfigError],
    warnings: Sequence[ConfigError],
    verdicts: Sequence[Verdict],
    revision: str,
    *,
    valid: bool,
) -> dict[str, Any]:
    return {
        "valid": valid,
        "revision": revision,
        "errors": [asdict(error) for error in errors],
        "warnings": [asdict(warning) for warning in warnings],
        "objects": [
            {"kind": each.kind, "name": each.name, "file": each.file, "line": each.line, "accepted": each.accepted}
            for each in verdicts
        ],
    }


command = CheckCommand()
