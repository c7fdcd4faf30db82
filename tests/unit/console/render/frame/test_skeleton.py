"""What stands on the terminal before the screens are loaded."""

from console.render.frame.skeleton import LEAVE, skeleton


def test_the_frame_names_the_gateway_and_the_screens_within_the_terminal() -> None:
    text = skeleton("prod", 40)
    *_, band, screens = text.replace("\x1b[H", "\r\n").split("\r\n")
    assert (band, screens) == (" prod  connecting", " 1Over 2Routes 3Ups 4Live 5Trace 6Alert 7Chg"[:40])
    assert text.startswith("\x1b[?1049h")
    assert LEAVE.endswith("\x1b[?1049l")


def test_a_name_cannot_speak_to_the_terminal() -> None:
    assert " a]2;b" in skeleton("a\x1b]2;b\x07", 80)
