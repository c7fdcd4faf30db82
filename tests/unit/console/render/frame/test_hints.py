"""The line of keys, and the mark under what is wrong."""

from console.render.frame.hints import Hint, caret_line, hint_line, key_label


def test_keys_are_written_as_people_write_them() -> None:
    assert [key_label(key) for key in ("question_mark", "ctrl+f", "escape", "G")] == ["?", "^f", "esc", "G"]


def test_a_key_that_does_nothing_now_is_greyed() -> None:
    possible, grey = hint_line([Hint("a", "act")]), hint_line([Hint("a", "act", is_possible=False)])
    assert [cell.text for cell in possible] == [cell.text for cell in grey]
    assert {cell.severity for cell in grey[1:]} == {"dim"}
    assert "dim" not in {cell.severity for cell in possible[1:]}


def test_a_problem_is_marked_under_its_column() -> None:
    [cell] = caret_line(4, "expected a unit", 2)
    assert cell.text == "      ^ expected a unit"
    [cell] = caret_line(None, "no", 2)
    assert cell.text == "  no"


def test_where_there_is_no_room_the_way_to_all_keys_is_kept() -> None:
    hints = [Hint("enter", "open"), Hint("l", "live"), Hint("a", "act"), Hint("question_mark", "help")]
    assert "".join(cell.text for cell in hint_line(hints, 30)).split() == ["enter", "open", "l", "live", "?", "help"]
    assert len(hint_line(hints)) == 9
