"""A command that asks a gateway once and prints the answer: as a table, as it came, or one object a line."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from console.cli.options import add_gateway, add_replay, add_row_format, target_of
from console.cli.rows import RowPrinter, check_fields, json_text
from console.client.call import decode, get, send
from console.client.problems import AdminProblem
from console.render.table import plain_lines
from gateway.wire.exit_codes import ExitCode

if TYPE_CHECKING:
    from console.sources.archive import Archive, Found
    from console.state.messages import Request

V = TypeVar("V")

API: Final = "/api/v1"


@dataclass(frozen=True)
class Reading(Generic[V]):
    """One thing that can be read. `path` is below the API; `told` is the answer for people; `objects` are its rows.

    `holds` is what the exit code says: 1 where it is false, as for a gateway that is not ready.
    """

    path: str
    view: type[V]
    told: Callable[[V], str]
    objects: str | None = None
    """The key of the list in the answer; None where the answer is one object."""
    chosen: Callable[[V], Sequence[int]] | None = None
    """Positions of the rows that were asked for, in the order asked for; None for all as they came."""
    holds: Callable[[V], bool] = lambda _: True


def body_of(arguments: argparse.Namespace, path: str, query: dict[str, str]) -> bytes:
    """The answer to a path below the API. Raises AdminProblem."""
    if getattr(arguments, "replay", None) is None:
        return get(target_of(arguments), f"{API}/{path}", query)
    archive, at_s = _replayed(arguments)
    return _told(archive.at(path, query, at_s))


def answer_to(arguments: argparse.Namespace, question: "Request") -> bytes:
    """The same of what is asked with a body and changes nothing. Raises AdminProblem."""
    if getattr(arguments, "replay", None) is None:
        return send(target_of(arguments), question)
    from console.sources.recording import name_of_question  # noqa: PLC0415 - most commands ask a gateway

    archive, at_s = _replayed(arguments)
    return _told(archive.answer_to(name_of_question(question), at_s))


def _replayed(arguments: argparse.Namespace) -> "tuple[Archive, float]":
    archive = _archive(arguments.replay)
    return archive, archive.recording.ends_s if arguments.replay_at is None else arguments.replay_at


def _told(found: "Found") -> bytes:
    if found.status == 200:
        return found.body
    raise AdminProblem(found.problem if found.status in {0, 404} else f"it was refused: {found.status} {found.problem}")


@cache
def _archive(file: str) -> "Archive":
    # Imported here: most commands ask a gateway, and are to answer at once.
    from console.sources.archive import Archive  # noqa: PLC0415
    from console.sources.recording import read_recording  # noqa: PLC0415

    return Archive(read_recording(file))


class Twin:
    """A subcommand of `sightline`."""

    name: str
    help: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        self.configure_own(parser)
        add_row_format(parser)
        add_gateway(parser)
        add_replay(parser)

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        """Arguments that no other twin has."""

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: self._ask(arguments))

    def _ask(self, arguments: argparse.Namespace) -> int:
        check_fields(arguments)
        return self.ask(arguments)

    def ask(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code. AdminProblem is told and becomes its exit code."""
        return show(arguments, self.reading(arguments), self.query(arguments))

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        raise NotImplementedError

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        """Parameters of the call."""
        return {}


def run_asking(ask: Callable[[], int]) -> int:
    """What `ask` returns, or the exit code of the problem it met, which is told on stderr."""
    try:
        return ask()
    except AdminProblem as problem:
        print(plain_lines(str(problem)), file=sys.stderr)
        return problem.exit_code


def show(arguments: argparse.Namespace, reading: Reading[Any], query: dict[str, str]) -> int:
    """Read it and print it in the format that is asked for; returns the exit code."""
    printer = RowPrinter(arguments)
    body = body_of(arguments, reading.path, query)
    view = decode(body, reading.view)
    if arguments.format == "table":
        print(plain_lines(reading.told(view)))
        return ExitCode.OK if reading.holds(view) else ExitCode.FAILED
    if reading.objects is not None and reading.chosen is not None:
        body = _with_rows(body, reading.objects, reading.chosen(view))
    if arguments.format == "json":
        print(json_text(body))
    else:
        printer.print(rows_of(body, reading.objects))
    return ExitCode.OK if reading.holds(view) else ExitCode.FAILED


def _with_rows(body: bytes, objects: str, positions: Sequence[int]) -> bytes:
    """The answer with these rows alone, each as it came."""
    document = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    rows = msgspec.json.decode(document[objects], type=list[msgspec.Raw])
    document[objects] = msgspec.Raw(msgspec.json.encode([rows[position] for position in positions]))
    return msgspec.json.encode(document)


def rows_of(body: bytes, objects: str | None) -> list[bytes]:
    """Each object of the answer as it came; the answer itself where it is one."""
    if objects is None:
        return [body]
    document = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return [bytes(row) for row in msgspec.json.decode(document[objects], type=list[msgspec.Raw])]
