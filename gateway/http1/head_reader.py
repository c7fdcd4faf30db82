"""What reading the head of a request and of a response share: find its end across reads, feed the parser no further.

Bodies never reach httptools, so that it and we cannot disagree about framing.
"""

from abc import abstractmethod
from typing import TypeAlias

import httptools

from gateway.model.headers import Fields

HEAD_END = b"\r\n\r\n"
REPEATED_AT_MOST = 4 * 1024
"""Bytes of a head that are remembered for when it comes again; an idle connection holds no more than these."""

Parser: TypeAlias = httptools.HttpRequestParser | httptools.HttpResponseParser


class FieldsByName:
    """What a parser calls for each field, when no two have one name in one spelling; C calling C, without a step of ours."""

    __slots__ = ("by_name", "on_header")

    def __init__(self) -> None:
        self.by_name: dict[bytes, bytes] = {}
        self.on_header = self.by_name.setdefault


class FieldsInOrder:
    """What a parser calls where names repeat."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: Fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


class HeadReader:
    """Reads one head at a time. `feed` takes what arrived and returns how much of it belonged to the head, or -1 when
    all did and more is needed. It raises a refusal, after which the reader must not be fed again."""

    __slots__ = ("_held", "_judge", "_parser", "_seen", "size_so_far")

    _new_parser: type[Parser]

    def __init__(self) -> None:
        self._seen = FieldsByName()
        """The fields of the head that is being read. For `Transfer-Encoding: identity` the parser raises after the last
        field, so nothing is decided while they are gathered; and what refuses a head leaves the reader unusable."""
        self._parser = self._new_parser(self._seen)
        self._held: bytearray | None = None
        """A head that comes in pieces, as far as it has come, without the empty lines before it."""
        self._judge: Parser | None = None
        """Sees the pieces as they come, so that what is broken is refused at once and not when it is complete."""
        self.size_so_far = 0
        """Bytes of a head that comes in pieces, with the empty lines before it, which are allowed (RFC 9112 section 2.2);
        0 between heads."""

    def feed(self, data: bytes) -> int:
        end = data.find(HEAD_END) + 4
        if end < 4 or self.size_so_far or data[0] < 32:
            return self._feed_in_pieces(data)
        # Nearly always the whole head is in one read, and starts with a letter.
        whole = data if end == len(data) else data[:end]
        try:  # `_parse` written out: it runs for every head.
            self._parser.feed_data(whole)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            raise self._refusal_of(error, whole) from None
        self._finish(whole, end)
        return end

    def _feed_in_pieces(self, data: bytes) -> int:
        if self._judge is None or self._held is None:
            self._judge, self._held = self._new_parser(object()), bytearray()
        held = self._held
        text = data if held else data.lstrip(b"\r\n")
        before = len(held)
        held += text
        found = held.find(HEAD_END, max(before - 3, 0)) if held else -1
        end = len(data) if found < 0 else found + 4 - before + len(data) - len(text)
        self.size_so_far += end
        self._check_so_far(held)
        self._parse(self._judge, data[:end])
        if found < 0:
            return -1
        whole, size = bytes(held[: found + 4]), self.size_so_far
        self._held = self._judge = None
        self.size_so_far = 0
        self._parse(self._parser, whole)
        self._finish(whole, size)
        return end

    def _parse(self, parser: Parser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # It comes at the end of a head that asks for a tunnel; whether there will be one is ours to say.
        except httptools.HttpParserError as error:
            raise self._refusal_of(error, data) from None

    def _fields_in_order(self, whole: bytes) -> Fields:
        """All fields of a head that has been parsed, for when names repeat."""
        ordered = FieldsInOrder()
        self._parse(self._new_parser(ordered), whole)
        return ordered.fields

    @abstractmethod
    def _check_so_far(self, held: bytearray) -> None:
        """Raise the refusal when a limit is passed by what has come of a head, of which `size_so_far` belongs to it."""

    @abstractmethod
    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> Exception:
        """The refusal for what the parser raised."""

    @abstractmethod
    def _finish(self, whole: bytes, size: int) -> None:
        """Interpret the complete head, whose fields are in `_seen`. size: its bytes, with empty lines before it."""
