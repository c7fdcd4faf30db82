"""Widgets that draw cells in the palette of the app."""

from typing import Protocol, cast

from textual.widget import Widget

from console.render.palette import PaletteName
from console.widgets.styles import Styles, styles_of


class HasPalette(Protocol):
    """The app."""

    @property
    def palette_name(self) -> PaletteName: ...

    @property
    def ascii_only(self) -> bool: ...


class Styled(Widget):
    """`look_changed` is called when the palette is another one."""

    @property
    def styles_of_cells(self) -> Styles:
        return styles_of(cast("HasPalette", self.app).palette_name)

    def look_changed(self) -> None:
        self.refresh()
