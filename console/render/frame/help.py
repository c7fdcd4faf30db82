"""Help as rows: the keys of the screen one came from, commands, the filter language, colours, and what this console is connected to."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from console.render.cells import Cell, Severity, glyph
from console.render.frame.hints import key_label
from console.render.frame.questions import QUESTIONS, keys_told
from console.render.grid import Grid, GridColumn, GridRow
from console.render.health.overview_grids import ARROWS, ASCII_ARROWS
from console.state.commands import Command

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("KEY", 22, grows=True, is_prose=True, most=36),
    GridColumn("WHAT IT DOES  [its name in keys.yaml, for another key]", 40, grows=True, is_prose=True),
)

_LEGEND: Final[tuple[tuple[Severity, str], ...]] = (
    ("ok", "as it should be"),
    ("warn", "to be looked at"),
    ("crit", "wrong"),
    ("draining", "taken out by hand"),
    ("unknown", "not known: nothing was sent there, or nobody checks it"),
)

_SIGNS: Final = (
    ("<14:02:10", "since before that: it was so already when what is known begins"),
    ("x4.0", "so many times what it was in the window before"),
    ("RO  RW", "what runs can be looked at; it can be changed"),
    ("file differs", "what runs was applied by hand or rolled back: the file says otherwise"),
)

_FILTERS: Final = (
    ("orders", "a bare word: part of the path"),
    ("route:orders,search", "one of these; different fields all have to hold"),
    ("status:5xx  status:404", "a class, or one"),
    ("latency:>500ms  latency:100ms..2s", "more than, or between; units us ms s m"),
    ("size.res:>64KiB", "sizes: B KiB MiB GiB"),
    ('path~"^/v1/"', "a regular expression (RE2)"),
    ("client:10.0.0.0/8", "addresses of a network"),
    ("!route:health  -err", "not"),
    ("a | b  ( a b )", "or; groups"),
)


Taker: TypeAlias = Literal["app", "screen", "rows"]
"""The app, the screen in front, or the rows in it."""


class KeyHelp(NamedTuple):
    """A key of a screen and who takes it."""

    keys: tuple[str, ...]
    description: str
    id: str = ""
    place: Taker = "screen"
    is_possible: bool = True
    label: str = ""
    """The same as `description` in a word or two, for the line at the bottom."""


class HelpContent(NamedTuple):
    """What there is to tell. facts: of the connection, each with its name."""

    screen: str
    keys: Sequence[KeyHelp]
    everywhere: frozenset[str]
    """Ids of keys that mean the same on every screen."""
    commands: Sequence[Command]
    facts: Sequence[tuple[str, str]]


def help_grid(content: HelpContent, wanted: str, *, ascii_only: bool) -> Grid:
    """Rows that hold every word of `wanted`; headings only of sections that have one."""
    rows = list[GridRow]()
    count = 0
    for title, begun_by, lines in _sections(content, ascii_only=ascii_only):
        found = [line for line in lines if _holds(line, wanted)]
        count += len(lines)
        if found:
            rows.append(GridRow(title, (Cell(" "), Cell(title, "strong"), Cell(begun_by, "dim"))))
            rows += found
    return Grid(_COLUMNS, rows, f"Nothing about {wanted!r} among {count} lines of help")


def _vocabulary() -> Iterable[tuple[str, str]]:
    # Imported here: the filter language takes its time, and the first screen does without it.
    from gateway.wire.filter.fields import FIELDS, MACROS  # noqa: PLC0415

    names = tuple(FIELDS)
    yield from (("fields", " ".join(names[start : start + 8])) for start in range(0, len(names), 8))
    yield from MACROS.items()


def section_keys(grid: Grid) -> list[str]:
    """Of the rows that are headings."""
    return [row.key for row in grid.rows if row.cells[1].severity == "strong"]


def _sections(content: HelpContent, *, ascii_only: bool) -> Iterable[tuple[str, str, list[GridRow]]]:
    """The heading, how what is under it is begun, and the rows."""
    own = [key for key in content.keys if key.id not in content.everywhere and key.place != "app"]
    same = [key for key in content.keys if key.id in content.everywhere or key.place == "app"]
    yield f"KEYS OF {content.screen.upper()}", "", [_key(key) for key in own]
    known = {key.id: key.keys for key in content.keys if key.id}
    yield "QUESTIONS", "", [_plain(keys_told(each, known), each.asked) for each in QUESTIONS]
    yield "KEYS EVERYWHERE", "", [_key(key) for key in _with_digits(same)]
    yield "COMMANDS", ": begins one, Tab completes", [_plain(f":{each.usage}", each.help) for each in content.commands]
    yield "FILTERS", "/ begins one", [_plain(*each) for each in (*_FILTERS, *_vocabulary())]
    legend = [_sign(severity, meaning, ascii_only=ascii_only) for severity, meaning in _LEGEND]
    arrows = ASCII_ARROWS if ascii_only else ARROWS
    trends = f"{arrows['up']} {arrows['flat']} {arrows['down']}", "more of it, as much, less than before"
    yield "SIGNS", "", [*legend, *(_plain(*each) for each in (trends, *_SIGNS))]
    yield "CONNECTION", "", [_plain(*each) for each in content.facts]


def _with_digits(keys: Sequence[KeyHelp]) -> list[KeyHelp]:
    digits = [key for key in keys if key.keys[0].isdigit()]
    rest = [key for key in keys if not key.keys[0].isdigit()]
    if digits:
        span = f"{digits[0].keys[0]}-{digits[-1].keys[0]}"
        rest.append(KeyHelp((span,), "the screens, as the row at the top names them", place="app"))
    return rest


def _key(key: KeyHelp) -> GridRow:
    severity: Severity = "plain" if key.is_possible else "dim"
    label = " ".join(key_label(each) for each in key.keys)
    what = key.description if key.is_possible else f"{key.description} (not now)"
    told = f"{what}  [{key.id}]" if key.id else what
    return GridRow(
        f"{key.place} {label}",
        (Cell(" "), Cell(label, "accent" if key.is_possible else "dim"), Cell(told, severity)),
    )


def _plain(term: str, meaning: str) -> GridRow:
    return GridRow(f"{term} {meaning}", (Cell(" "), Cell(term, "accent"), Cell(meaning)))


def _sign(severity: Severity, meaning: str, *, ascii_only: bool) -> GridRow:
    sign = glyph(severity, ascii_only=ascii_only).text
    return GridRow(severity, (Cell(" "), Cell(f"{sign} {severity}", severity), Cell(meaning)))


def _holds(row: GridRow, wanted: str) -> bool:
    text = " ".join(cell.text for cell in row.cells).casefold()
    return all(word in text for word in wanted.casefold().split())
