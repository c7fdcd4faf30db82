"""How the console looks: palette, glyphs, and the theme of what Textual draws itself."""

from textual.theme import Theme

from console.app.rights import Rights
from console.render.palette import PALETTES, Palette, PaletteName, as_palette_name


class Looks(Rights):
    """The part of the app that knows how values look."""

    palette_name: PaletteName
    ascii_only: bool

    def start_looks(self) -> None:
        for palette in PALETTES.values():
            self.register_theme(theme_of(palette))
        self.theme = f"sightline-{self.palette_name}"

    def use_theme(self, name: str) -> None:
        """One of the palettes, or `ascii` or `utf-8` for the glyphs."""
        if name in {"ascii", "utf-8"}:
            self.ascii_only = name == "ascii"
        elif (palette := as_palette_name(name)) is not None:
            self.palette_name = palette
            self.theme = f"sightline-{palette}"
        else:
            self.say(f"there is no theme {name!r}; there are: {', '.join([*PALETTES, 'ascii', 'utf-8'])}")
            return
        self.redraw()


def theme_of(palette: Palette) -> Theme:
    """For Input and TextArea, which do not draw cells."""
    accent, surface = palette.accent, palette.surface
    if surface is None:
        native = {
            "input-cursor-background": "ansi_default", "input-cursor-foreground": "ansi_default",
            "ansi-background": "ansi_default", "ansi-foreground": "ansi_default",
        }  # fmt: skip
        return Theme(
            name=f"sightline-{palette.name}", ansi=True, primary=f"ansi_{accent}" if accent else "ansi_default",
            foreground="ansi_default", background="ansi_default", surface="ansi_default", panel="ansi_default",
            boost="ansi_default", variables=native,
        )  # fmt: skip
    return Theme(
        name=f"sightline-{palette.name}", primary=accent or surface, background=surface, surface=surface,
        panel=palette.panel or surface, foreground=palette.text, dark=palette.name != "light",
    )  # fmt: skip
