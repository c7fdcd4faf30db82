"""Help: the keys of the screen one came from, searched by typing, without a gateway."""

from pathlib import Path

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.kept.files import Files
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from tests.support.console import GivenSource, play, screen_text, until


def rows(app: ConsoleApp) -> list[str]:
    grid = app.screen.query_one(LiveTable).grid
    return [" ".join(cell.text for cell in row.cells).strip() for row in grid.rows]


def test_help_tells_of_keys_commands_filters_signs_and_the_connection() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        told = "\n".join(rows(app))
        for part in ("KEYS OF ROUTES", "QUESTIONS", "KEYS EVERYWHERE", "COMMANDS", "FILTERS", "SIGNS", "CONNECTION"):
            assert part in told
        assert "first (not now)  [act]" in told
        assert "1-9 the screens" in told
        await pilot.press(*"fox")
        assert rows(app) == []
        assert "Nothing about 'fox'" in screen_text(app)
        await pilot.press("backspace", "backspace", "backspace", *"by_lat")
        assert rows(app) == ["KEYS EVERYWHERE", "L by latency  [by_latency]"]
        await pilot.press("down", "enter", "escape")
        assert app.front is not None
        assert app.front.NAME == "routes"

    play(ConsoleApp(GivenSource(), first=Destination("routes")), story)


def test_rows_are_looked_through_while_a_search_is_typed() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        lines = screen_text(app).splitlines()
        assert "type to search" in "\n".join(lines[:4])
        assert "pgup/pgdn page" in lines[-1]
        assert "j down" not in lines[-1]
        table = app.screen.query_one(LiveTable)
        seen = [table.cursor_key]
        for key in ("down", "pagedown", "ctrl+f"):
            await pilot.press(key)
            seen.append(table.cursor_key)
        assert len(set(seen)) == 4
        for key, at in (("ctrl+b", 2), ("pageup", 1), ("up", 0)):
            await pilot.press(key)
            assert table.cursor_key == seen[at]
        await pilot.press("tab", "tab", "tab")
        told = screen_text(app)
        assert ":routes" in told
        assert table.cursor_key == "COMMANDS"
        await pilot.press("tab")
        assert table.cursor_key == "FILTERS"
        await pilot.press("shift+tab", "enter", "j")
        await until(pilot, lambda: "j down" in screen_text(app).splitlines()[-1])

    play(ConsoleApp(GivenSource(), first=Destination("routes")), story, (120, 40))


def test_at_120_columns_no_text_of_help_is_cut() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        pages = []
        for _ in range(8):
            pages.append(screen_text(app))
            await pilot.press("pagedown")
        told = "\n".join(pages)
        assert "COMMANDS" in told
        cut = [line for line in told.splitlines() if line.rstrip().endswith("..") and "kube" not in line]
        assert cut == []

    play(ConsoleApp(GivenSource(), first=Destination("routes")), story, (120, 40))


def test_keys_are_told_as_they_are_after_others_were_given(tmp_path: Path) -> None:
    (tmp_path / "sightline").mkdir()
    (tmp_path / "sightline" / "keys.yaml").write_text("help: f1\nlive: z\nnone: x\n")
    files = Files({"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        assert "keys.yaml: no key has the id 'none'" in screen_text(app)
        assert "z live" in screen_text(app).splitlines()[-1]
        await pilot.press("f1", *"live")
        assert "z live traffic of what is selected  [live]" in rows(app)
        await pilot.press("escape", "escape", "z")
        assert "nothing is selected" in screen_text(app)

    play(ConsoleApp(GivenSource(), first=Destination("routes"), files=files), story)
