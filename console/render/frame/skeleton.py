"""The frame of the console as plain text of a terminal, for the moment in which what draws the screens is being loaded."""

from typing import Final

from console.render.band import SCREENS

_ALTERNATE: Final = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H"
LEAVE: Final = "\x1b[?25h\x1b[?1049l"
"""Back to what was on the terminal before."""


def skeleton(context_name: str, columns: int) -> str:
    """The band and the row of screens on an otherwise empty alternate screen (xterm control sequences)."""
    lines = [f" {context_name}  connecting", " " + " ".join(f"{key}{title}" for key, title, _ in SCREENS)]
    return _ALTERNATE + "\r\n".join("".join(filter(str.isprintable, line))[:columns] for line in lines)
