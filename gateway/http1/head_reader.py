"""What reading the head of a request and of a response share: find its end across reads, feed the parser no further.

Bodies never reach httptools, so that it and we cannot disagree about framing.
"""

from abc import abstractmethod

import httptools

from gateway.model.headers import Fields

HEAD_END = b"\r\n\r\n"
REPEATED_AT_MOST = 4 * 1024
"""Bytes of a head that are remembered for when it comes again; an idle connection holds no more than these."""


class HeadReader:
    """Reads one head at a time. `feed` takes what arrived and returns how much of it belonged to the head, or -1 when
    all did and more is needed. It raises a refusal, after which the reader must not be fed again."""

    __slots__ = ("_fields", "_has_text", "_parser", "_size", "_tail")

    _parser: httptools.HttpRequestParser | httptools.HttpResponseParser

    def _start_over(self) -> None:
        self._fields: Fields = []
        self._size = 0
        """Bytes of a head that comes in pieces, as far as it has come."""
        self._has_text = False
        """Whether more than empty lines has come; those before a request line are allowed (RFC 9112 section 2.2)."""
        self._tail = b""

    def close(self) -> None:
        """No more heads will be read. The parser and its reader hold each other; a reference cycle per connection would
        wait for the collector, and those alive when it is frozen for ever."""
        del self._parser

    @property
    def has_begun(self) -> bool:
        """Whether bytes of an incomplete head have been read."""
        return self._size > 0

    def on_header(self, name: bytes, value: bytes) -> None:
        # For `Transfer-Encoding: identity` the parser raises after the last field, so nothing is decided in a callback.
        self._fields.append((name, value))

    def feed(self, data: bytes) -> int:
        end = data.find(HEAD_END) + 4
        if end < 4 or self._size or data[0] < 32:
            return self._feed_in_pieces(data)
        # Nearly always the whole head is in one read, and starts with a letter.
        piece = data if end == len(data) else data[:end]
        try:
            self._parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._rescue(error, piece)
        self._finish(piece, end)
        return end

    def _feed_in_pieces(self, data: bytes) -> int:
        position = 0
        while True:
            end, is_end = self._end_of_head(data, position)
            piece = data[position:end]
            self._has_text = self._has_text or bool(piece.strip(b"\r\n"))
            self._look_at(piece)
            self._size += len(piece)
            try:
                self._parser.feed_data(piece)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                self._rescue(error, piece)
            self._check_size(self._size)
            if is_end and self._has_text:
                size = self._size
                self._finish(b"", size)
                self._start_over()
                return end
            if end == len(data):
                self._tail = b"" if is_end else (self._tail + piece[-3:])[-3:]
                return -1
            position = end
            self._tail = b""

    def _end_of_head(self, data: bytes, position: int) -> tuple[int, bool]:
        """The index after the next empty line, which may straddle two reads; else the length of `data` and False."""
        if self._tail and not position:
            straddling = (self._tail + data[:3]).find(HEAD_END)
            if straddling >= 0:
                return straddling + 4 - len(self._tail), True
        found = data.find(HEAD_END, position)
        return (found + 4, True) if found >= 0 else (len(data), False)

    def _rescue(self, error: httptools.HttpParserError | httptools.HttpParserUpgrade, piece: bytes) -> None:
        # HttpParserUpgrade comes at the end of a head that asks for a tunnel; whether there will be one is ours to say.
        if isinstance(error, httptools.HttpParserError):
            raise self._refusal_of(error, piece) from None

    @abstractmethod
    def _look_at(self, piece: bytes) -> None:
        """Measure what the parser does not, when a head comes in pieces."""

    @abstractmethod
    def _check_size(self, size: int) -> None:
        """Raise the refusal when a limit is passed."""

    @abstractmethod
    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> Exception:
        """The refusal for what the parser raised."""

    @abstractmethod
    def _finish(self, whole: bytes, size: int) -> None:
        """Interpret the complete head. whole: its bytes, empty when it came in pieces; size: their number."""
