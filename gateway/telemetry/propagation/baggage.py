"""W3C Baggage as it is passed on: as it came, within the limits of the recommendation (section 3.3.2)."""

from collections.abc import Sequence
from typing import Final

MAX_MEMBERS: Final = 64
MAX_BYTES: Final = 8192
_WHITESPACE: Final = b" \t"


def limit_baggage(values: Sequence[bytes]) -> bytes:
    """One value of the fields' members in their order: whole ones only, as many as fit; empty if none is there."""
    kept: list[bytes] = []
    size = -1
    for member in b",".join(values).split(b","):
        stripped = member.strip(_WHITESPACE)
        if not stripped:
            continue
        if len(kept) == MAX_MEMBERS or size + 1 + len(stripped) > MAX_BYTES:
            break
        kept.append(stripped)
        size += 1 + len(stripped)
    return b",".join(kept)
