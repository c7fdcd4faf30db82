"""Saved views: one name is one view of a screen, and there are only so many."""

from console.state.views import VIEWS, SavedView, of_screen, with_view, without_view


def test_a_view_takes_the_place_of_one_of_the_same_name_on_its_screen() -> None:
    views = with_view([], SavedView(name="bad", screen="routes", filter="a"))
    views = with_view(views, SavedView(name="bad", screen="live", filter="b"))
    views = with_view(views, SavedView(name="bad", screen="routes", filter="c"))
    assert [view.filter for view in of_screen(views, "routes")] == ["c"]
    assert [view.screen for view in without_view(views, "routes", "bad")] == ["live"]


def test_the_oldest_goes_when_there_are_too_many() -> None:
    views: list[SavedView] = []
    for number in range(VIEWS + 1):
        views = with_view(views, SavedView(name=str(number), screen="routes"))
    assert len(views) == VIEWS
    assert views[0].name == "1"
