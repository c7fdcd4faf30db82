"""The filter language's text: what it parses to, what it refuses and where, and that printing it is the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.filter import EVERYTHING, Expression, FilterError, parse_filter, render
from gateway.wire.filter.expression import (
    And,
    Bound,
    Exact,
    Glob,
    Macro,
    Network,
    Not,
    Number,
    Or,
    Pattern,
    Span,
    StatusClass,
    Test,
    Word,
)
from gateway.wire.filter.parser import MAX_CHARACTERS, MAX_DEPTH, MAX_TERMS
from tests.support.filters import EXPRESSIONS


@given(EXPRESSIONS)
def test_a_printed_filter_parses_to_itself(expression: Expression) -> None:
    text = render(expression)
    if len(text) <= MAX_CHARACTERS and text.count(" ") + text.count(",") < MAX_TERMS and "((((" not in text:
        assert parse_filter(text) == expression


@given(st.text(max_size=60) | st.text('route:status5x, |()!-"<>=~.*/0msKiB', max_size=60))
def test_a_text_is_parsed_or_refused_with_a_place_in_it(text: str) -> None:
    refusal: FilterError | None = None
    expression: Expression = EVERYTHING
    try:
        expression = parse_filter(text)
    except FilterError as error:
        refusal = error
    if refusal is None:
        assert parse_filter(render(expression)) == expression
    else:
        assert 0 <= refusal.position <= len(text)
        assert str(refusal).startswith(f"column {refusal.position + 1}: ")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", EVERYTHING),
        ("   ", EVERYTHING),
        ("route:orders", Test("route", (Exact("orders"),))),
        ("route:health*", Test("route", (Glob("health*"),))),
        ('route:"health*"', Test("route", (Exact("health*"),))),
        ("route=health*", Test("route", (Exact("health*"),))),
        ("route!=a", Not(Test("route", (Exact("a"),)))),
        ("status:5xx,429", Test("status", (StatusClass(5), Number(429)))),
        ("status:400..404", Test("status", (Span(400, 404),))),
        ("status>499", Test("status", (Bound(">", 499),))),
        ("latency:>500ms", Test("latency", (Bound(">", 500_000),))),
        ("latency:1.5s", Test("latency", (Number(1_500_000),))),
        ("latency:100ms..2s", Test("latency", (Span(100_000, 2_000_000),))),
        ("size.res>=10KiB", Test("size.res", (Bound(">=", 10_240),))),
        ("retries:>0", Test("retries", (Bound(">", 0),))),
        ("method:get", Test("method", (Exact("GET"),))),
        ("client:10.1.2.3/8", Test("client", (Network("10.0.0.0/8"),))),
        ("client:0:0::1", Test("client", (Exact("::1"),))),
        ('path~"^/v1/"', Pattern("path", "^/v1/")),
        (r'path~"\.js$"', Pattern("path", r"\.js$")),
        ("path!~/v1/", Not(Pattern("path", "/v1/"))),
        ("/v1/orders", Word("/v1/orders")),
        ('"err"', Word("err")),
        ("err", Macro("err")),
        ("-err", Not(Macro("err"))),
        ("!!err", Macro("err")),
        ("err slow", And((Macro("err"), Macro("slow")))),
        ("err | slow cut", Or((Macro("err"), And((Macro("slow"), Macro("cut")))))),
        ("err (slow | cut)", And((Macro("err"), Or((Macro("slow"), Macro("cut")))))),
        ("((err))", Macro("err")),
        (r'"a\"b\\c"', Word(r'a"b\c')),
    ],
)
def test_it_means(text: str, expression: Expression) -> None:
    assert parse_filter(text) == expression


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("latency:>50 0ms", "column 12: expected a unit: us, ms, s, m; did you mean 50ms?"),
        ("latency:>50sec", "column 12: sec is no unit; expected us, ms, s, m"),
        ("size.res:>1kb", "column 12: kb is no unit; expected B, KiB, MiB, GiB; did you mean 1KiB?"),
        ("latency:0.0001ms", "column 9: finer than a microsecond"),
        ("latency:fast", "column 9: expected a duration such as >500ms or 100ms..2s"),
        ("rout:orders", "column 1: rout is not a field; did you mean route?"),
        ("foo:1", "column 1: foo is not a field; put it in quotes to look for it in paths"),
        ("err consumer:acme", "column 5: exchanges have no consumer yet"),
        ("hdr.cookie:a", "column 1: of the header fields only user-agent is recorded; use hdr.user-agent"),
        ("status:6xx", "column 8: expected a status such as 404, 5xx, 400..404 or >499"),
        ("status:404..400", "column 8: the range ends before it begins"),
        ("status:1000", "column 8: the number is too large; expected a status such as 404, 5xx, 400..404 or >499"),
        ("retries:1ms", "column 9: expected a number such as >0 or 1..3"),
        ('status:"5xx"', "column 8: expected a status such as 404, 5xx, 400..404 or >499; leave the quotes away"),
        ("by:policy", "column 4: expected gateway, upstream or client"),
        ("reason:conect_refused", "column 8: expected a reason such as connect_refused; did you mean connect_refused?"),
        ("reason:nothing*", "column 8: expected a reason such as connect_refused"),
        ("client:10.0.0.300", "column 8: expected an address, or a network such as 10.0.0.0/8"),
        ("route>5", "column 7: route has no order; expected text, with * for any characters"),
        ("route:>5", "column 7: route has no order; expected text, with * for any characters"),
        (
            'status~"5"',
            "column 8: status is a number; expected a status such as 404, 5xx, 400..404 or >499 behind a colon",
        ),
        ('path~"("', "column 6: missing ): ("),
        ('path~"(abcdefgh){500}"', "column 6: the pattern is too large: repeat less often"),
        (f"path~{'a' * 201}", "column 6: a pattern has at most 200 characters"),
        ('path~""', "column 6: there is nothing between the quotes"),
        ('route:"a', "column 7: the quotes are not closed"),
        ("route:", "column 7: expected text, with * for any characters"),
        ("err |", "column 6: expected a condition, not the end"),
        ("(err", "column 5: expected ) for the ( of column 1"),
        ("err)", "column 4: unexpected )"),
        ("a\x1bb", "column 2: a character that cannot be printed"),
        ("err " * MAX_TERMS + "err", f"column {4 * MAX_TERMS + 1}: a filter has at most 32 terms"),
        ("(" * (MAX_DEPTH + 1) + "err", "column 9: groups are nested at most 8 deep"),
        ("a" * (MAX_CHARACTERS + 1), "column 1001: a filter has at most 1000 characters"),
    ],
)
def test_it_says_where_and_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(text)
    assert str(refused.value) == complaint
