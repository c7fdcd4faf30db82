"""What is found in a report's lines, and that no more of them is decoded than must be."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.runtime.live import arrival as module
from gateway.runtime.live.arrival import SURE_BYTES, Arrival, Found, Lines, Seen
from gateway.runtime.live.ring import Position
from gateway.runtime.live.screen import screen_of
from gateway.wire.filter import EVERYTHING, Expression, compile_filter, parse_filter
from gateway.wire.live import AccessLine, decode_line
from tests.support.filters import EXPRESSIONS, LINES

IS_REMARKABLE = compile_filter(parse_filter("err | slow | retried"))


def line(number: int, **facts: object) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(AccessLine(), span_id=str(number), **facts))


def arrival(*lines: bytes, more: tuple[bytes, ...] = (), are_sampled: bool = False) -> Arrival:
    """As a worker reports them: with copies of what is remarkable, and more of which there are only copies."""
    copies = [each for each in lines if IS_REMARKABLE(decode_line(each))] + list(more)
    recent, remarkable = (b"".join(each + b"\n" for each in some) for some in (lines, copies))
    return Arrival(Lines(7, recent, len(lines), remarkable, are_sampled), IS_REMARKABLE)


def plain_of(found: Found) -> list[Seen]:
    return [pool[index] for pool in found.plain for index in range(len(pool))]


def numbers(found: Found) -> list[int]:
    return sorted(int(decode_line(seen.line).span_id) for seen in [*plain_of(found), *found.always])


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every line that is decoded from here on."""
    taken: list[bytes] = []

    def decode(each: bytes) -> AccessLine:
        taken.append(each)
        return decode_line(each)

    monkeypatch.setattr(module, "decode_line", decode)
    return taken


@given(EXPRESSIONS, st.lists(LINES, max_size=6))
def test_a_filter_finds_the_same_with_and_without_its_screen(expression: Expression, lines: list[AccessLine]) -> None:
    encoded = [msgspec.json.encode(msgspec.structs.replace(each, span_id=str(at))) for at, each in enumerate(lines)]
    looked = arrival(*encoded[:4], more=tuple(each for each in encoded[4:] if IS_REMARKABLE(decode_line(each))))
    predicate = compile_filter(expression)
    assert numbers(looked.find(predicate, screen_of(expression))) == numbers(looked.find(predicate, None))


@given(st.lists(LINES, max_size=8))
def test_who_wants_everything_finds_all_in_its_place(lines: list[AccessLine]) -> None:
    encoded = [msgspec.json.encode(msgspec.structs.replace(each, span_id=str(at))) for at, each in enumerate(lines)]
    looked = arrival(*encoded)
    found = looked.find_all()
    seen = sorted([*plain_of(found), *found.always])
    assert [(one.position, one.line) for one in seen] == [(Position(7, 0, at), each) for at, each in enumerate(encoded)]
    assert (found.matched, found.estimated, looked.scanned) == (len(lines), len(lines), len(lines))
    assert all(IS_REMARKABLE(decode_line(one.line)) for one in found.always)
    assert not any(IS_REMARKABLE(decode_line(one.line)) for one in plain_of(found))


def test_of_everything_only_the_copies_are_decoded(decoded: list[bytes]) -> None:
    broken, unmatched = line(2, status=500), line(4, status=404)
    looked = arrival(line(1), broken, line(3), more=(unmatched,))
    found = looked.find_all()
    assert numbers(found) == [1, 2, 3, 4]
    assert decoded == [broken, unmatched]
    assert looked.scanned == 4
    assert [one.position for one in plain_of(found)] == [Position(7, 1, 1), Position(7, 0, 0), Position(7, 0, 2)]


def test_a_filter_has_decoded_what_it_may_find_and_once_for_all(decoded: list[bytes]) -> None:
    lines = [line(number, route=f"r{number}") for number in range(20)]
    looked = arrival(*lines)
    for text in ("route:r5", "route:r5 status:0", "err"):
        wanted = parse_filter(text)
        looked.find(compile_filter(wanted), screen_of(wanted))
    assert decoded == [lines[5]]


def test_where_copies_may_be_missing_every_line_is_looked_at() -> None:
    long = "x" * 1000
    lines = [line(number, status=500, path=long) for number in range(SURE_BYTES // 1000 + 1)]
    remarkable = b"".join(each + b"\n" for each in lines)
    recent = remarkable + line(500, status=503) + b"\n"
    looked = Arrival(Lines(1, recent, len(lines) + 1, remarkable, are_sampled=False), IS_REMARKABLE)
    assert len(looked.find_all().always) == len(lines) + 1
    assert looked.find(compile_filter(parse_filter("err")), screen_of(parse_filter("err"))).matched == len(lines) + 1


def test_lines_stand_for_as_many_as_they_say() -> None:
    rates = (0.1, 1.0, 1e-05, 0.25)
    looked = arrival(*[line(at, sample_rate=rate) for at, rate in enumerate(rates)], b'{"no":"rate"}', are_sampled=True)
    found = looked.find_all()
    assert [round(one.stands_for, 3) for one in plain_of(found)] == [10, 1, 100_000, 4, 1]
    assert found.estimated == pytest.approx(100_016)
    filtered = looked.find(compile_filter(EVERYTHING), None)
    assert filtered.estimated == pytest.approx(100_016)


def test_what_is_no_access_line_is_left_out_by_filters() -> None:
    looked = Arrival(Lines(1, b"nonsense\n" + line(1) + b"\n", 2, b"", are_sampled=False), IS_REMARKABLE)
    assert numbers(looked.find(compile_filter(parse_filter("!route:a")), None)) == [1]
    looked.forget()
    assert looked.scanned == 2
