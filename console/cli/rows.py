"""Rows for scripts: one object a line, or comma-separated, with the fields that are asked for."""

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from console.cli.options import CSV
from console.client.problems import WrongUsage

_CONTROLS: Final = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def escaped(text: str) -> str:
    """Controls that JSON allows in a text, and a terminal obeys, as JSON escapes."""
    return text.translate(_CONTROLS)


def json_text(body: bytes, indent: int = 2) -> str:
    """The same JSON in lines, or in one where `indent` is -1."""
    return escaped(msgspec.json.format(body, indent=indent).decode())


class RowPrinter:
    """Prints objects, given as JSON, in the format and with the fields of the arguments. Fields are named as in the JSON, those of an
    object in an object with a dot between. Without any, an object is printed as it came, and the columns are those of the first ones.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._is_csv = arguments.format == CSV
        self._fields: tuple[str, ...] = arguments.fields
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._has_begun = False

    def print(self, rows: Iterable[bytes]) -> None:
        """Raises WrongUsage where none of them has a field that is asked for."""
        if self._is_csv or self._fields:
            self._print_fields([flattened(msgspec.json.decode(row)) for row in rows])
        else:
            for row in rows:
                print(json_text(row, indent=-1))
        sys.stdout.flush()

    def _print_fields(self, flat: Sequence[Mapping[str, Any]]) -> None:
        if flat and not self._has_begun:
            self._begin(flat)
        for row in flat:
            if self._is_csv:
                self._writer.writerow([_cell(row.get(name)) for name in self._fields])
            else:
                print(escaped(msgspec.json.encode({name: row.get(name) for name in self._fields}).decode()))

    def _begin(self, flat: Sequence[Mapping[str, Any]]) -> None:
        self._has_begun = True
        there_are = tuple(dict.fromkeys(name for row in flat for name in row))
        for name in self._fields:
            if name not in there_are:
                raise WrongUsage(f"no field {name}; there are: {', '.join(there_are)}")
        self._fields = self._fields or there_are
        if self._is_csv:
            self._writer.writerow(self._fields)


def check_fields(arguments: argparse.Namespace) -> None:
    """Raises WrongUsage where some are asked for of a format that has all."""
    if arguments.fields and arguments.format not in {"ndjson", CSV}:
        raise WrongUsage(f"--fields goes with --format ndjson or csv, not with {arguments.format}")


def flattened(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Fields of objects within beside those of their object, their names joined by a dot; lists stay."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            flat |= flattened(inner, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = inner
    return flat


def _cell(value: Any) -> str:
    """Nothing for what is not there; text as it is, with controls as escapes; all else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in value)
    return msgspec.json.encode(value).decode()
