"""Lines of the command bar as values: what is understood, what is said of what is not, and what a line may become."""

import pytest

from console.state.commands import Argument, Command, History, Misread, Parsed, as_id, complete, parse, ranked

ROUTES = Command("routes", "", (Argument("name", "route", is_required=False),), takes_filter=True)
REQ = Command("req", "", (Argument("id", "id"),))
TRACE = Command("trace", "", (Argument("id", "id"),))
RECORD = Command("record", "", (Argument("file", "file"),))
EXPLAIN = Command("x", "", (Argument("request", takes_rest=True),), ("explain",))
DIFF = Command("diff", "", (Argument("old", "revision"), Argument("new", "revision")))
ALL = (ROUTES, REQ, TRACE, RECORD, EXPLAIN, DIFF)

NAMES = {"route": ["orders", "orders-v2", "search"], "revision": ["412", "411"], "context": ["prod", "stage"]}


def read(line: str) -> Parsed:
    given = parse(line, ALL)
    assert isinstance(given, Parsed), given
    return given


def misread(line: str) -> Misread:
    given = parse(line, ALL)
    assert isinstance(given, Misread)
    return given


@pytest.mark.parametrize(
    ("line", "words", "wanted", "context"),
    [
        ("routes", (), None, ""),
        ("routes orders", ("orders",), None, ""),
        ("routes /status:5xx route:a @prod", (), "status:5xx route:a", "prod"),
        ("routes orders /5xx", ("orders",), "5xx", ""),
        ("routes /", (), "", ""),
        ("routes @prod", (), None, "prod"),
        (":rou orders ", ("orders",), None, ""),
    ],
)
def test_a_screen_takes_a_name_a_filter_and_a_context(
    line: str, words: tuple[str, ...], wanted: str, context: str
) -> None:
    assert read(line) == Parsed(ROUTES, words, wanted, context)


def test_the_rest_of_a_line_is_one_argument_where_a_command_says_so() -> None:
    assert read("x GET https://h/p -H a:b").words == ("GET https://h/p -H a:b",)
    assert read("explain GET /p").command is EXPLAIN


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    assert misread("ruotes").suggestion == "routes"
    assert misread("zzz") == Misread("there is no command 'zzz'")


def test_a_beginning_that_several_share_names_them() -> None:
    assert misread("r").message == "'r' may be routes, req, record"


def test_what_is_missing_or_too_much_is_said_with_the_usage() -> None:
    assert misread("diff 411").message == "new is missing: diff OLD NEW"
    assert misread("req a b").message == "too much: req ID"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("01J9ZK3V7Q8X4M2N6P5R", ("req", "01J9ZK3V7Q8X4M2N6P5R")),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ("trace", "4bf92f3577b34da6a3ce929d0e0e4736")),
        ("upstreamsandroutes", None),
        ("orders", None),
    ],
)
def test_an_id_that_is_pasted_is_a_command(text: str, means: tuple[str, str] | None) -> None:
    assert as_id(text) == means
    if means is not None:
        assert read(text).words == (means[1],)


def test_nothing_is_no_command() -> None:
    assert parse("  : ", ALL) is None


def test_an_alias_stands_for_a_line() -> None:
    given = parse("bad @prod", ALL, {"bad": "routes /5xx"})
    assert given == Parsed(ROUTES, (), "5xx", "prod")


def names(kind: str) -> list[str]:
    return NAMES.get(kind, [])


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("rou", ["routes "]),
        ("routes or", ["routes orders", "routes orders-v2"]),
        ("routes v2", ["routes orders-v2"]),
        ("routes @p", ["routes @prod"]),
        ("diff 411 ", ["diff 411 412", "diff 411 411"]),
        ("req ", []),
        ("nothing or", []),
    ],
)
def test_a_line_is_completed_from_names_that_are_known(line: str, becomes: list[str]) -> None:
    assert complete(line, ALL, names) == becomes


def test_beginnings_rank_before_parts_and_parts_before_scattered_letters() -> None:
    assert ranked("or", ["o-r", "editor", "orders"]) == ["orders", "editor", "o-r"]


def test_history_goes_back_and_forth_and_comes_home_to_what_was_typed() -> None:
    history = History(["a", "b"], most=2)
    history.add("b")
    history.add("c")
    assert history.lines == ["b", "c"]
    assert [history.recall(-1, "typed"), history.recall(-1, "c"), history.recall(-1, "b")] == ["c", "b", "b"]
    assert [history.recall(1, "b"), history.recall(1, "c")] == ["c", "typed"]
