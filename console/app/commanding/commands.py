"""The commands of the command bar, as data: the grammar of each, and what it does to the console."""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias

from console.app.destinations import BY_NAME, PLACES
from console.state.commands import Argument, Command, Parsed
from console.state.selection import Destination
from gateway.wire.actions import EndpointAction


class Commanded(Protocol):
    """The console, as commands know it."""

    def go(self, destination: Destination, *, is_fresh: bool = False) -> None: ...
    def open(self, destination: Destination) -> None: ...
    def say(self, text: str) -> None: ...
    def leave(self) -> None: ...
    def look_at(self, moment: str) -> None: ...
    def look_at_now(self) -> None: ...
    def look_back(self, duration: str) -> None: ...
    def sort_by(self, field: str) -> None: ...
    def use_view(self, name: str) -> None: ...
    def save_view(self, name: str) -> None: ...
    def use_theme(self, name: str) -> None: ...
    def act_on_endpoint(self, action: EndpointAction, name: str, weight: str = "") -> None: ...
    def roll_back(self, reference: str) -> None: ...
    def undo(self) -> None: ...
    def edit(self, kind: str, name: str) -> None: ...
    def mute(self, alert: str, duration: str) -> None: ...
    def allow_writing(self, duration: str) -> None: ...
    def switch_context(self, name: str) -> bool: ...
    def list_contexts(self) -> None: ...
    def record(self, file: str) -> None: ...
    def export(self, folder: str) -> None: ...
    def write_copied(self, file: str) -> None: ...
    def use_alias(self, name: str, line: str) -> None: ...


Run: TypeAlias = Callable[[Commanded, Parsed], None]


class Entry(NamedTuple):
    """A command and what it does."""

    command: Command
    run: Run


_DETAILS: Final = {"routes": ("route", "route"), "upstreams": ("upstream", "upstream")}
"""The screen that is about one of them, and what they are."""


def _screen(name: str) -> Run:
    detail = _DETAILS.get(name, ("", ""))[0]

    def run(console: Commanded, given: Parsed) -> None:
        if given.words and detail in BY_NAME:
            console.open(Destination(detail, given.words[0]))
        elif given.words:
            console.go(Destination(name, filter=given.words[0]))
        else:
            console.go(Destination(name, filter=given.filter or ""), is_fresh=given.filter is not None)

    return run


def _screens() -> list[Entry]:
    entries = []
    for place in PLACES:
        if place.key:
            kind = _DETAILS[place.name][1] if place.name in _DETAILS else "text"
            arguments = (Argument("name", kind, is_required=False),)  # type: ignore[arg-type]
            command = Command(
                place.name, f"the screen of {place.name} (key {place.key})", arguments, place.aliases, takes_filter=True
            )
            entries.append(Entry(command, _screen(place.name)))
    return entries


def _opens(screen: str) -> Run:
    return lambda console, given: console.open(Destination(screen, " ".join(given.words)))


def _context(console: Commanded, words: tuple[str, ...]) -> None:
    if words:
        console.switch_context(words[0])
    else:
        console.list_contexts()


_OTHERS: Final = (
    Entry(Command("req", "a request by its id", (Argument("id", "id"),)), _opens("request")),
    Entry(Command("trace", "a trace by its id", (Argument("id", "id"),)), _opens("trace")),
    Entry(
        Command("x", "which route would take a request: x GET https://host/path -H name:value", (Argument("request", takes_rest=True),), ("explain",)),
        _opens("explain"),
    ),
    Entry(Command("top", "who or what makes the traffic: top client", (Argument("by", "ranking"),), takes_filter=True),
          lambda console, given: console.open(Destination("live", given.words[0], given.filter or ""))),
    Entry(Command("inflight", "what is running right now", takes_filter=True),
          lambda console, given: console.open(Destination("inflight", filter=given.filter or ""))),
    Entry(Command("unmatched", "where requests go that no route takes", takes_filter=True),
          lambda console, given: console.open(Destination("unmatched", filter=given.filter or ""))),
    Entry(Command("raw", "an object as the gateway tells it: raw route:orders, raw config", (Argument("object", "object"),)), _opens("raw")),
    Entry(Command("diff", "what two revisions differ in", (Argument("old", "revision"), Argument("new", "revision"))),
          lambda console, given: console.open(Destination("diff", "..".join(given.words)))),
    Entry(Command("at", "everything as it was at a time of day, or -10m", (Argument("time", "clock", takes_rest=True),)),
          lambda console, given: console.look_at(given.words[0])),
    Entry(Command("now", "back from there"), lambda console, _given: console.look_at_now()),
    Entry(Command("w", "the window figures are of: w 30m", (Argument("duration", "duration"),), ("window",)),
          lambda console, given: console.look_back(given.words[0])),
    Entry(Command("sort", "the order of rows", (Argument("field", "field"),)), lambda console, given: console.sort_by(given.words[0])),
    Entry(Command("view", "a saved view of this screen", (Argument("name", "view", takes_rest=True),)),
          lambda console, given: console.use_view(given.words[0])),
    Entry(Command("save", "filter, order and window of this screen as a view", (Argument("name", takes_rest=True),)),
          lambda console, given: console.save_view(given.words[0])),
    Entry(Command("alias", "a word for a command line: alias bad routes /5xx", (Argument("name"), Argument("line", takes_rest=True, is_required=False))),
          lambda console, given: console.use_alias(given.words[0], " ".join(given.words[1:]))),
    Entry(Command("theme", "colours: dark, light, high-contrast, mono, ansi-16", (Argument("name", "theme"),)),
          lambda console, given: console.use_theme(given.words[0])),
    Entry(Command("mute", "silence an alert for a while: mute NAME 30m", (Argument("alert", "alert"), Argument("duration", "duration"))),
          lambda console, given: console.mute(*given.words)),
    Entry(Command("write", "lift read-only for a while: write 15m", (Argument("duration", "duration"),)),
          lambda console, given: console.allow_writing(given.words[0])),
    Entry(Command("ctx", "another gateway, of contexts.yaml", (Argument("name", "context", is_required=False),), ("context",)),
          lambda console, given: _context(console, given.words)),
    Entry(Command("record", "what is heard, into a file to be played back; without one, the end of it",
                  (Argument("file", "file", is_required=False, takes_rest=True),)),
          lambda console, given: console.record(" ".join(given.words))),
    Entry(Command("export", "the screen as SVG and JSON, and the commands that print it, into a folder",
                  (Argument("folder", "file", is_required=False, takes_rest=True),)),
          lambda console, given: console.export(" ".join(given.words))),
    Entry(Command("copied", "what was copied last, to a file: no clipboard? tmux: set -s set-clipboard on",
                  (Argument("file", "file", is_required=False, takes_rest=True),), ("clipboard",)),
          lambda console, given: console.write_copied(" ".join(given.words))),
    Entry(Command("help", "keys, filters, colours", aliases=("?",)), lambda console, _given: console.open(Destination("help"))),
    Entry(Command("q", "leave the console", aliases=("quit", "exit")), lambda console, _given: console.leave()),
)  # fmt: skip

_ENDPOINT: Final = Argument("endpoint", "endpoint")
_ACTIONS: Final = (
    Entry(Command("drain", "give an endpoint no new requests", (_ENDPOINT,)),
          lambda console, given: console.act_on_endpoint("drain", given.words[0])),
    Entry(Command("undrain", "give requests to a drained endpoint again", (_ENDPOINT,)),
          lambda console, given: console.act_on_endpoint("undrain", given.words[0])),
    Entry(Command("weight", "weigh an endpoint otherwise; `configured` undoes it", (_ENDPOINT, Argument("weight"))),
          lambda console, given: console.act_on_endpoint("weight", *given.words)),
    Entry(Command("rollback", "run a configuration again that ran before", (Argument("revision", "revision"),)),
          lambda console, given: console.roll_back(given.words[0])),
    Entry(Command("edit", "a route or an upstream as text: edit route orders", (Argument("kind"), Argument("name", "route", takes_rest=True))),
          lambda console, given: console.edit(given.words[0], given.words[1])),
    Entry(Command("undo", "take back what was done last"), lambda console, _given: console.undo()),
)  # fmt: skip

ENTRIES: Final = (*_screens(), *_OTHERS, *_ACTIONS)
COMMANDS: Final = tuple(entry.command for entry in ENTRIES)
RUNS: Final = {entry.command.name: entry.run for entry in ENTRIES}
