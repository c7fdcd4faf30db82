"""What the fuzzers begin with: a corpus of texts, the words of the protocol, and ways to spoil them.

A corpus file has an input to a line, with what is not printable escaped as in Python; empty lines and those that begin with
`#` are comments. In `responses.txt` a line begins with the name of its mode.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from tests.fuzz import parsers, request_side, response_side

FOLDER: Final = Path(__file__).parent / "corpus"


def judge_response(data: bytes) -> None:
    """The first byte chooses the mode."""
    response_side.judge(response_side.NAMES[data[0] % len(response_side.NAMES)] if data else "get-fin", data[1:])


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "requests": request_side.judge,
    "responses": judge_response,
    "parsers": parsers.judge,
}


def escape(data: bytes) -> str:
    return data.decode("latin-1").encode("unicode_escape").decode()


def unescape(line: str) -> bytes:
    return line.encode().decode("unicode_escape").encode("latin-1")


def read_corpus(target: str) -> list[bytes]:
    """The inputs of this target, as its judge takes them."""
    if target == "responses":
        named = [line.split(" ", 1) for line in _lines(target)]
        return [bytes([response_side.NAMES.index(name)]) + unescape(raw) for name, raw in named]
    own = [unescape(line) for line in _lines(target)]
    if target != "parsers":
        return own
    # Heads are the other corpora's affair, and read by the readers as well.
    return own + read_corpus("requests") + [raw[1:] for raw in read_corpus("responses")]


def _lines(target: str) -> list[str]:
    return [line for line in (FOLDER / f"{target}.txt").read_text().splitlines() if line and line[0] != "#"]


def as_corpus_line(target: str, data: bytes) -> str:
    """How an input that was found is written into the corpus."""
    if target != "responses" or not data:
        return escape(data)
    return f"{response_side.NAMES[data[0] % len(response_side.NAMES)]} {escape(data[1:])}"


WORDS: Final = [
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b" ", b"\t", b":", b": ", b";", b",", b"/", b"//", b"/../", b"%2e", b"%2F", b"%00",
    b"?", b"#", b"*", b"\x00", b"\x0b", b"\x7f", b"\x80", b"\xff", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n", b"GET ", b"HEAD ", b"POST ", b"OPTIONS ",
    b"TRACE ", b"CONNECT ", b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n", b"Host: a.test\r\n", b"Host: b.test\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: +5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Transfer_Encoding: chunked\r\n", b"Connection: close\r\n",
    b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"Connection: Host\r\n",
    b"Expect: 100-continue\r\n", b"Expect: x\r\n", b"TE: trailers\r\n", b"Trailer: A\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n",
    b"1;a=b\r\nx\r\n", b"ffffffffffffffff\r\n", b"http://a.test/", b"http://b.test/", b"[::1]:80", b"a" * 64, b"A: b\r\n" * 8,
]  # fmt: skip
"""Words of the protocol, which random bytes would hardly ever hit upon."""


def spoil(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """At each place so many bytes are taken away and others are put in."""
    for place, count, put in edits:
        start = place % (len(data) + 1)
        data = data[:start] + put + data[start + count :]
    return data


def spoiled(target: str) -> st.SearchStrategy[bytes]:
    """Inputs near those of the corpus, two of which may stand one behind the other."""
    corpus = read_corpus(target)
    seeds = st.sampled_from(corpus) | st.builds(
        lambda one, two: one + two, st.sampled_from(corpus), st.sampled_from(corpus)
    )
    put = st.sampled_from(WORDS) | st.binary(max_size=4)
    edits = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 12), put), min_size=1, max_size=4)
    return st.builds(spoil, seeds, edits)
