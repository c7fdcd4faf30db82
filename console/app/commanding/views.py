"""Saved views of the screen in front: kept, applied, forgotten."""

from console.app.commanding.command_bar import CommandBar
from console.app.kept.files import UnusableFile
from console.state.views import SavedView, of_screen, with_view, without_view


class Views(CommandBar):
    """The part of the app that knows filters, orders and windows by name."""

    def sort_by(self, field: str) -> None:
        if self.front is not None and field in self.front.SORTS:
            self.front.apply_sort(field)
        else:
            orders = ", ".join(self.front.SORTS) if self.front is not None else ""
            self.say(f"nothing to sort by {field!r} here; there is: {orders or 'one order'}")

    def offer_views(self) -> None:
        """One key each; `+` and `-` keep and forget."""
        screen = self.front
        views = self._views()
        if screen is None or views is None:
            return
        mine = {str(number): view for number, view in zip(range(1, 10), of_screen(views, screen.NAME), strict=False)}
        options = (
            {key: view.name for key, view in mine.items()} | {"+": "save this"} | ({"-": "delete"} if mine else {})
        )

        def chosen(key: str) -> None:
            if key == "+":
                screen.ask("name of this view", self.save_view)
            elif key == "-":
                names = {key: view.name for key, view in mine.items()}
                screen.choose("delete view", names, lambda key: self._forget_view(mine[key]))
            else:
                self._apply_view(mine[key])

        screen.choose("view", options, chosen)

    def use_view(self, name: str) -> None:
        views = self._views() or []
        for view in views:
            if view.name == name and (self.front is None or view.screen == self.front.NAME):
                self._apply_view(view)
                return
        self.say(f"there is no view {name!r} of this screen")

    def save_view(self, name: str) -> None:
        screen, views = self.front, self._views()
        if screen is None or views is None or not name.strip():
            return
        view = SavedView(
            name=name.strip(), screen=screen.NAME, filter=screen.filter, sort=screen.sort, is_reversed=screen.is_reversed,
            window_s=self.model.window_s,
        )  # fmt: skip
        self._keep_views(with_view(views, view), f"kept as {view.name!r}")

    def _forget_view(self, view: SavedView) -> None:
        self._keep_views(without_view(self._views() or [], view.screen, view.name), f"{view.name!r} is forgotten")

    def _apply_view(self, view: SavedView) -> None:
        if self.front is None:
            return
        if view.window_s:
            self.look_back(f"{view.window_s}s")
        if view.sort in self.front.SORTS:
            self.front.apply_sort(view.sort, is_reversed=view.is_reversed)
        self.front.apply_filter(view.filter)
        self.say(f"view {view.name!r}")

    def _views(self) -> list[SavedView] | None:
        try:
            return self.files.views()
        except UnusableFile as problem:
            self.say(str(problem))
            return None

    def _keep_views(self, views: list[SavedView], said: str) -> None:
        try:
            self.files.keep_views(views)
        except UnusableFile as problem:
            said = str(problem)
        self.say(said)
