"""A configuration packed away: small enough to keep many, complete enough to be compared and run again."""

import zlib
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.config.configuration import Configuration
from gateway.config.diff.semantic import Comparable

_LEVEL: Final = 1
"""Of compression: 10,000 routes take 6 ms and a thirtieth of their size; more effort gains little."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Of one accepted configuration. Its text may hold secrets and is never answered; see `Configuration.text`."""

    text_size: int
    files: tuple[str, ...]
    variables: frozenset[str]
    objects: dict[str, int]
    """How many there are of each kind."""
    _text: bytes = field(repr=False)
    _canonical: bytes = field(repr=False)
    _sealed: bytes = field(repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> "Archive":
        text, snapshot = configuration.text.encode(errors="surrogatepass"), configuration.snapshot
        return cls(
            text_size=len(text),
            files=configuration.files,
            variables=configuration.variables,
            objects={
                "listener": len(snapshot.listeners),
                "upstream": len(snapshot.upstreams),
                "route": len(snapshot.routes),
            },
            _text=zlib.compress(text, _LEVEL),
            _canonical=zlib.compress(configuration.canonical, _LEVEL),
            _sealed=zlib.compress(orjson.dumps(configuration.sealed), _LEVEL),
        )

    @classmethod
    def unpacked(
        cls, packed: tuple[bytes, bytes, bytes], text_size: int, files: tuple[str, ...], variables: frozenset[str],
        objects: dict[str, int],
    ) -> "Archive":  # fmt: skip
        """Of what `packed` gave."""
        text, canonical, sealed = packed
        return cls(text_size, files, variables, objects, text, canonical, sealed)

    @property
    def packed(self) -> tuple[bytes, bytes, bytes]:
        """Text, canonical form and sealed places, to be passed on to a program of ours."""
        return self._text, self._canonical, self._sealed

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return len(self._text) + len(self._canonical) + len(self._sealed)

    def text(self) -> str:
        return zlib.decompress(self._text).decode(errors="surrogatepass")

    def comparable(self) -> Comparable:
        sealed = orjson.loads(zlib.decompress(self._sealed))
        return Comparable(zlib.decompress(self._canonical), tuple((tuple(path), digest) for path, digest in sealed))
