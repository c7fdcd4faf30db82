"""Answers as views, the large ones a few milliseconds at a time: decoding holds the interpreter, so a thread would not help
whoever types meanwhile."""

import asyncio
import time
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

V = TypeVar("V")

AT_ONCE: Final = 128 * 1024
"""Bytes that are decoded in one go: about a millisecond."""
SLICE_S: Final = 0.003
_TOGETHER: Final = 8
"""Elements between two looks at the clock."""


async def decode_gently(body: bytes, view: type[V]) -> V:
    """Raises msgspec.DecodeError."""
    if len(body) <= AT_ONCE or not issubclass(view, msgspec.Struct):
        return msgspec.json.decode(body, type=view)
    raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(view):
        text = raw.get(field.encode_name)
        if text is not None:
            await asyncio.sleep(0)
            values[field.name] = await _value(bytes(text), field.type)
    try:
        return view(**values)
    except TypeError as error:
        raise msgspec.ValidationError(str(error)) from error


async def _value(text: bytes, kind: Any) -> Any:
    if len(text) <= AT_ONCE or get_origin(kind) is not list:
        return msgspec.json.decode(text, type=kind)
    (of,) = get_args(kind)
    decoder = msgspec.json.Decoder(of)
    values: list[Any] = []
    began_s = time.perf_counter()
    for number, element in enumerate(msgspec.json.decode(text, type=list[msgspec.Raw])):
        values.append(decoder.decode(element))
        if number % _TOGETHER == 0 and time.perf_counter() - began_s > SLICE_S:
            await asyncio.sleep(0)
            began_s = time.perf_counter()
    return values
