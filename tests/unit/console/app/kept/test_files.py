"""What is kept between two starts, and what is said of a file that is no good."""

import stat
from pathlib import Path

import pytest

from console.app.kept.files import Files, UnusableFile
from console.state.views import SavedView


def files(folder: Path) -> Files:
    return Files({"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")})


def test_views_and_history_are_read_as_they_were_kept(tmp_path: Path) -> None:
    views = [SavedView(name="bad", screen="routes", filter="5xx", window_s=300)]
    files(tmp_path).keep_views(views)
    files(tmp_path).keep_history([str(number) for number in range(600)])
    assert files(tmp_path).views() == views
    assert files(tmp_path).history() == [str(number) for number in range(100, 600)]


def test_a_line_that_may_hold_a_secret_is_not_kept_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    files(tmp_path).keep_history(["routes", "x GET /a -H Authorization:secret", "x GET /a -H x-key:abc"])
    file = tmp_path / "state" / "sightline" / "history"
    assert file.read_text() == "routes\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_no_good_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "sightline"
    folder.mkdir(parents=True)
    (folder / "views.yaml").write_text("- {name: a, colour: red}\n")
    (folder / "keys.yaml").write_text("a: [")
    with pytest.raises(UnusableFile, match=r"views\.yaml cannot be used: .*colour"):
        files(tmp_path).views()
    with pytest.raises(UnusableFile, match=r"keys\.yaml cannot be used"):
        files(tmp_path).keys()


def test_without_folders_what_is_kept_lasts_as_long_as_the_console() -> None:
    nowhere = Files(None)
    assert (nowhere.views(), nowhere.keys(), nowhere.history()) == ([], {}, [])
    nowhere.keep_aliases({"a": "routes"})
    assert nowhere.aliases() == {"a": "routes"}


def test_a_visitor_uses_views_and_aliases_and_leaves_no_trace_in_them(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    owner, visitor = Files(environ), Files(environ, is_visited=True)
    owner.keep_aliases({"bad": "routes /5xx"})
    owner.keep_history(["routes"])
    visitor.keep_history(["rollback 3"])
    visitor.keep_aliases({**visitor.aliases(), "mine": "ups"})
    assert (visitor.history(), visitor.aliases()) == ([], {"bad": "routes /5xx", "mine": "ups"})
    assert (owner.history(), owner.aliases()) == (["routes"], {"bad": "routes /5xx"})
