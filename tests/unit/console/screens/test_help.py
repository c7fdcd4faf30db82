"""Help: the keys of the screen one came from, searched by typing, without a gateway."""

from pathlib import Path

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.kept.files import Files
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from tests.support.console import GivenSource, play, screen_text


def rows(app: ConsoleApp) -> list[str]:
    grid = app.screen.query_one(LiveTable).grid
    return [" ".join(cell.text for cell in row.cells).strip() for row in grid.rows]


def test_help_tells_of_keys_commands_filters_signs_and_the_connection() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        told = "\n".join(rows(app))
        for part in ("KEYS OF ROUTES", "KEYS EVERYWHERE", "COMMANDS", "FILTERS", "SIGNS", "CONNECTION"):
            assert part in told
        assert "first (not now) act" in told
        assert "1-9 the screens" in told
        await pilot.press(*"p99")
        assert rows(app) == []
        assert "Nothing about 'p99'" in screen_text(app)
        await pilot.press("backspace", "backspace", "backspace", *"by_lat")
        assert rows(app) == ["KEYS EVERYWHERE", "L by latency by_latency"]
        await pilot.press("down", "enter", "escape")
        assert app.front is not None
        assert app.front.NAME == "routes"

    play(ConsoleApp(GivenSource(), first=Destination("routes")), story)


def test_keys_are_told_as_they_are_after_others_were_given(tmp_path: Path) -> None:
    (tmp_path / "sightline").mkdir()
    (tmp_path / "sightline" / "keys.yaml").write_text("help: f1\nlive: z\nnone: x\n")
    files = Files({"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        assert "keys.yaml: no key has the id 'none'" in screen_text(app)
        assert "z live" in screen_text(app).splitlines()[-1]
        await pilot.press("f1", *"live")
        assert "z live traffic of what is selected live" in rows(app)
        await pilot.press("escape", "escape", "z")
        assert "nothing is selected" in screen_text(app)

    play(ConsoleApp(GivenSource(), first=Destination("routes"), files=files), story)
