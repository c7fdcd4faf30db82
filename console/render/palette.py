"""Looks of the severities. Colours are told apart by people who see few of them, and never say anything alone."""

from typing import Final, Literal, NamedTuple, TypeAlias

from console.render.cells import Severity

PaletteName: TypeAlias = Literal["dark", "light", "high-contrast", "mono", "ansi-16"]


class Look(NamedTuple):
    """Colours as `#rrggbb` or names of the 16 of a terminal; None for the terminal's or the surface's own."""

    colour: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False
    underline: bool = False


class Palette(NamedTuple):
    """`text` and `surface` are what all is written in and on; `cursor` is the row that is selected."""

    name: PaletteName
    text: str | None
    surface: str | None
    panel: str | None
    accent: str | None
    cursor: Look
    looks: dict[Severity, Look]


DARK: Final = Palette(
    "dark", "#e0e0e0", "#121212", "#1e1e1e", "#56B4E9", Look("#ffffff", "#264f78", bold=True),
    {
        "ok": Look("#56B4E9"), "warn": Look("#F5D547"), "crit": Look("#FF5F5F", bold=True),
        "draining": Look("#b0b0b0", reverse=True), "unknown": Look("#b0b0b0"), "dim": Look("#9a9a9a"),
        "strong": Look("#ffffff", bold=True), "accent": Look("#56B4E9", bold=True),
    },
)  # fmt: skip

PALETTES: Final[dict[PaletteName, Palette]] = {"dark": DARK}
