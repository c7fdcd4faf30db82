"""Widgets that draw cells in the palette of the app."""

from typing import ClassVar, Protocol, cast

from textual.widget import Widget

from console.render.palette import PaletteName
from console.widgets.styles import Styles, styles_of


class HasPalette(Protocol):
    """The app."""

    @property
    def palette_name(self) -> PaletteName: ...

    @property
    def ascii_only(self) -> bool: ...

    @property
    def is_faded(self) -> bool: ...


class Styled(Widget):
    """`look_changed` is called when the palette is another one, or when values fade: those that are old."""

    FADES: ClassVar[bool] = True

    @property
    def styles_of_cells(self) -> Styles:
        app = cast("HasPalette", self.app)
        return styles_of(app.palette_name, is_faded=self.FADES and app.is_faded)

    def look_changed(self) -> None:
        self.refresh()
