"""What reading the head of a request and of a response share: find its end across reads, feed the parser no further.

Bodies never reach httptools, so that it and we cannot disagree about framing.
"""

from abc import abstractmethod

import httptools

from gateway.model.headers import Fields

HEAD_END = b"\r\n\r\n"


class HeadReader:
    """Reads one head at a time. `feed` takes what arrived and returns how much of it belonged to the head, or -1 when
    all did and more is needed. It raises a refusal, after which the reader must not be fed again."""

    __slots__ = ("_fields", "_is_complete", "_parser", "_passed", "_size", "_special", "_tail")

    _parser: httptools.HttpRequestParser | httptools.HttpResponseParser

    def _start_over(self) -> None:
        self._fields: Fields = []
        self._passed: Fields = []
        self._special: list[tuple[int, bytes]] = []
        self._is_complete = False
        self._size = 0
        self._tail = b""

    @property
    def has_begun(self) -> bool:
        """Whether bytes of an incomplete head have been read."""
        return self._size > 0

    def on_headers_complete(self) -> None:
        # For `Transfer-Encoding: identity` this is called before the parser raises, so nothing is decided here.
        self._is_complete = True

    def feed(self, data: bytes) -> int:
        end = data.find(HEAD_END) + 4
        if self._size or end < 4 or data[0] in b"\r\n":
            return self._feed_in_pieces(data)
        # Nearly always the whole head is in one read.
        piece = data if end == len(data) else data[:end]
        self._size = end
        self._parse(piece)
        self._finish(piece)
        return end

    def _feed_in_pieces(self, data: bytes) -> int:
        position = 0
        while True:
            end = self._end_of_head(data, position)
            piece = data[position:end]
            self._look_at(piece)
            self._size += len(piece)
            self._parse(piece)
            if self._is_complete:
                self._finish(b"")
                return end
            self._check_size()
            if end == len(data):
                self._tail = (self._tail + piece[-3:])[-3:]
                return -1
            position = end
            self._tail = b""

    def _end_of_head(self, data: bytes, position: int) -> int:
        """The index after the next empty line, or the length of `data`; an empty line may straddle two reads."""
        if self._tail and not position:
            straddling = (self._tail + data[:3]).find(HEAD_END)
            if straddling >= 0:
                return straddling + 4 - len(self._tail)
        found = data.find(HEAD_END, position)
        return found + 4 if found >= 0 else len(data)

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            # Raised at the end of a head that asks for a tunnel; whether there will be one is ours to decide.
            self._is_complete = True
        except httptools.HttpParserError as error:
            raise self._refusal_of(error, piece) from None

    @abstractmethod
    def _look_at(self, piece: bytes) -> None:
        """Measure what the parser does not, when a head comes in pieces."""

    @abstractmethod
    def _check_size(self) -> None:
        """Raise the refusal when a limit is passed."""

    @abstractmethod
    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> Exception:
        """The refusal for what the parser raised."""

    @abstractmethod
    def _finish(self, whole: bytes) -> None:
        """Interpret the complete head and get ready for the next. whole: its bytes, empty when it came in pieces."""
