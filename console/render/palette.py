"""Looks of the severities. Colours are told apart by people who see few of them, and never say anything alone."""

from collections.abc import Mapping
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
    "dark", "#e0e0e0", "#121212", "#1e1e1e", "#56B4E9", Look("#ffffff", "#142c46", bold=True),
    {
        "ok": Look("#56B4E9"), "warn": Look("#F5D547"), "crit": Look("#FF5F5F", bold=True),
        "draining": Look("#b0b0b0", reverse=True), "unknown": Look("#b0b0b0"), "dim": Look("#9a9a9a"),
        "strong": Look("#ffffff", bold=True), "accent": Look("#56B4E9", bold=True), "alarm": Look("#FF5F5F", bold=True, reverse=True),
    },
)  # fmt: skip
LIGHT: Final = Palette(
    "light", "#1a1a1a", "#ffffff", "#f0f0f0", "#0060b0", Look("#000000", "#dcebff", bold=True),
    {
        "ok": Look("#0060b0"), "warn": Look("#805a00"), "crit": Look("#b00050", bold=True),
        "draining": Look("#555555", reverse=True), "unknown": Look("#555555"), "dim": Look("#595959"),
        "strong": Look("#000000", bold=True), "accent": Look("#0060b0", bold=True), "alarm": Look("#b00050", bold=True, reverse=True),
    },
)  # fmt: skip
HIGH_CONTRAST: Final = Palette(
    "high-contrast", "#ffffff", "#000000", "#000000", "#7fd4ff", Look("#ffffff", reverse=True, bold=True),
    {
        "ok": Look("#7fd4ff"), "warn": Look("#ffff00", bold=True), "crit": Look("#ff8a8a", bold=True, underline=True),
        "draining": Look("#d0d0d0", reverse=True), "unknown": Look("#d0d0d0"), "dim": Look("#d0d0d0"),
        "strong": Look("#ffffff", bold=True), "accent": Look("#7fd4ff", bold=True), "alarm": Look("#ff8a8a", bold=True, reverse=True),
    },
)  # fmt: skip
MONO: Final = Palette(
    "mono", None, None, None, None, Look(reverse=True),
    {
        "ok": Look(), "warn": Look(bold=True), "crit": Look(bold=True, underline=True), "draining": Look(dim=True),
        "unknown": Look(dim=True), "dim": Look(dim=True), "strong": Look(bold=True), "accent": Look(bold=True), "alarm": Look(bold=True, reverse=True),
    },
)  # fmt: skip
ANSI_16: Final = Palette(
    "ansi-16", None, None, None, "cyan", Look(reverse=True),
    {
        "ok": Look("cyan"), "warn": Look("yellow", bold=True), "crit": Look("bright_red", bold=True, underline=True),
        "draining": Look(reverse=True, dim=True), "unknown": Look(dim=True), "dim": Look(dim=True),
        "strong": Look(bold=True), "accent": Look("cyan", bold=True), "alarm": Look("bright_red", bold=True, reverse=True),
    },
)  # fmt: skip
"""Colours and surface are the terminal's own, whatever its owner made of them. Red is the bright one: the other is too dark to be read on black."""

PALETTES: Final[dict[PaletteName, Palette]] = {
    palette.name: palette for palette in (DARK, LIGHT, HIGH_CONTRAST, MONO, ANSI_16)
}


def as_palette_name(text: str) -> PaletteName | None:
    """None for a name that no palette has."""
    return next((name for name in PALETTES if name == text), None)


def usual_palette(environ: Mapping[str, str]) -> PaletteName:
    """What a terminal can show: `NO_COLOR` (no-color.org) wants none, and few colours are better its own."""
    if environ.get("NO_COLOR"):
        return "mono"
    term = environ.get("TERM", "")
    if term in {"dumb", "vt100", "vt220"}:
        return "mono"
    has_many = environ.get("COLORTERM", "") in {"truecolor", "24bit"} or "256" in term or "direct" in term
    return "dark" if has_many or term in _MANY_COLOURS else "ansi-16"


_MANY_COLOURS: Final = frozenset({"", "alacritty", "foot", "xterm-kitty", "xterm-ghostty", "wezterm", "tmux", "screen"})
"""Terminals of more than 16 colours whose name does not say so."""


def is_ascii_wanted(environ: Mapping[str, str]) -> bool:
    """Where the locale is known and no UTF-8, glyphs come as ASCII."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return bool(locale) and "utf" not in locale.casefold()
