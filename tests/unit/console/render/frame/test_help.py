"""Help as rows."""

from console.render.frame.help import HelpContent, KeyHelp, help_grid
from console.state.commands import Argument, Command

CONTENT = HelpContent(
    screen="routes",
    keys=[
        KeyHelp(("z",), "wide", "wide"), KeyHelp(("escape", "h"), "back", "back"),
        KeyHelp(("1",), "screen 1", "screen_1", "app"), KeyHelp(("2",), "screen 2", "screen_2", "app"),
    ],
    everywhere=frozenset({"back"}),
    commands=[Command("req", "a request by its id", (Argument("id", "id"),))],
    facts=[("context", "east")],
)  # fmt: skip


def told(wanted: str, *, ascii_only: bool = False) -> list[str]:
    grid = help_grid(CONTENT, wanted, ascii_only=ascii_only)
    return [" ".join(cell.text for cell in row.cells).strip() for row in grid.rows]


def test_each_key_stands_once_under_who_has_it() -> None:
    lines = told("")
    assert lines.index("z wide  [wide]") == lines.index("KEYS OF ROUTES") + 1
    assert lines.index("esc h back  [back]") == lines.index("KEYS EVERYWHERE") + 1
    assert "1-2 the screens, as the row at the top names them" in lines


def test_a_search_leaves_the_headings_of_what_it_found() -> None:
    assert told("REQUEST by its id") == ["COMMANDS : begins one, Tab completes", ":req ID a request by its id"]
    assert told("nonsense") == []


def test_signs_are_ascii_where_they_have_to_be() -> None:
    assert "✖ crit wrong" in told("crit")
    assert "x crit wrong" in told("crit", ascii_only=True)


def test_keys_of_rows_have_names_of_their_own() -> None:
    grid = help_grid(CONTENT, "", ascii_only=False)
    assert len({row.key for row in grid.rows}) == len(grid.rows)
