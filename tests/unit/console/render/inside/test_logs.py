"""Records as rows and lines, the header's account of them, and words where there are none."""

from console.render.inside.logs import COLUMNS, details, header, log_cells, log_line, nothing_said, record_grid
from console.state.inside.log_book import LogBook, Logged
from gateway.wire.logs import LogListView
from tests.support.gateway_views import record

DIED = record(2, "error", "worker_died", worker=2, reason="killed", how="SIGKILL")
APPLIED = record(3, "info", "config_apply", actor="ana", outcome="applied", dry_run=False)
RAISED = record(4, "warning", "task_failed", exception="Traceback:\n  File a\nValueError: no good", at_fault=[1, "a"])


def book(*records: object) -> LogBook:
    made = LogBook()
    for each in records:
        made.add(each)  # type: ignore[arg-type]
    return made


def test_a_row_has_its_level_in_sign_and_word_and_says_who_did_it() -> None:
    cells = log_cells(Logged(1, DIED))
    assert len(cells) == len(COLUMNS)
    assert [cell.text for cell in cells[1:6]] == [
        "✖",
        "error",
        "worker_died",
        "",
        "reason=killed  worker=2  how=SIGKILL",
    ]
    assert (cells[2].severity, cells[1].severity) == ("crit", "crit")
    assert log_cells(Logged(1, APPLIED))[4].text == "ana"
    assert log_cells(Logged(1, RAISED), ascii_only=True)[1].text == "^"


def test_a_line_tells_the_same_and_of_a_traceback_the_last_line() -> None:
    assert log_line(DIED).endswith("error     worker_died  reason=killed  worker=2  how=SIGKILL")
    assert "config_apply  by ana  outcome=applied  dry_run=false" in log_line(APPLIED)
    assert details(RAISED) == 'exception=ValueError: no good  at_fault=[1, "a"]'
    assert log_line(record(1)) == log_line(record(1)).rstrip()


def test_a_record_is_shown_whole_line_by_line() -> None:
    rows = [(row.cells[0].text, row.cells[1].text) for row in record_grid(RAISED).rows]
    assert rows[:2] == [("time", RAISED.at), ("level", "warning")]
    assert rows[-4:] == [
        ("exception", "Traceback:"),
        ("", "  File a"),
        ("", "ValueError: no good"),
        ("at_fault", '[1, "a"]'),
    ]
    assert "by" not in dict(rows)
    assert ("by", "ana") in [(row.cells[0].text, row.cells[1].text) for row in record_grid(APPLIED).rows]


def test_the_header_tells_what_is_missing_and_how_the_view_moves() -> None:
    made = book(DIED, APPLIED, RAISED)
    made.merge(LogListView(records=[], last_id=4, dropped={"info": 12}))
    made.lose(3)
    left, right = header(made, list(made.rows)[:2], None, is_following=True)
    told = "".join(cell.text for cell in left)
    assert told.startswith(" 2 of 3 records since ")
    assert told.endswith("1 error  0 warnings  12 older ones dropped  3 lost  ")
    assert right[0].text == "following "
    assert header(made, [], None, is_following=False)[1][0].text == "F follows "
    assert header(made, [], 4, is_following=False)[1][0].text == "FROZEN, 4 came since "


def test_words_say_why_there_is_no_row() -> None:
    assert nothing_said(LogBook(), "", "")[0].startswith("waiting")
    assert nothing_said(LogBook(), "", "403 denied") == ["the gateway does not tell its log: 403 denied"]
    known = LogBook()
    known.merge(LogListView(records=[], last_id=0))
    assert nothing_said(known, "", "") == ["the gateway has said nothing yet that it remembers"]
    assert nothing_said(book(DIED), "audit", "")[0].startswith("0 of 1 records since")
