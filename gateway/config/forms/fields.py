"""The kinds of values a configuration holds, as annotated types: each reads its text strictly and says what it expects.

A form keeps values in the shape of the file (so it can be dumped as one), except durations, sizes and ratios, which
become numbers and are written back by their serialisers.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.config.forms.addresses import (
    ENDPOINT_EXPECTED,
    HOST_EXPECTED,
    LISTEN_EXPECTED,
    NETWORK_EXPECTED,
    parse_endpoint,
    parse_host,
    parse_listen_address,
    parse_network,
)
from gateway.config.forms.scalars import (
    DURATION_PATTERN,
    RATIO_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_ratio,
    format_size,
    parse_duration,
    parse_percentage,
    parse_ratio,
    parse_size,
)
from gateway.config.interpolation import Interpolated
from gateway.model.clock import MILLISECOND_NS, NEVER_NS
from gateway.model.tracing import TraceFormat, TrustIncoming

T = TypeVar("T")

_DURATION_EXPECTED: Final = "a duration such as 250ms, 5s, 2m or 1h"
_INTERVAL_EXPECTED: Final = "a duration of at least 100ms, such as 1m"
LEAST_INTERVAL_NS: Final = 100 * MILLISECOND_NS
_TIMEOUT_EXPECTED: Final = f"{_DURATION_EXPECTED} of at least 1ms, or none"
_SIZE_EXPECTED: Final = "a size such as 512B, 64KiB or 10MiB"
_COUNT_OR_NONE_EXPECTED: Final = "a whole number of at least 1, or none"
_RATIO_EXPECTED: Final = "a ratio such as 1% or 99.9%"
_LOAD_EXPECTED: Final = "a ratio of at least 100%, such as 125%, or none"
_WHOLE_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}")
_NAME_EXPECTED: Final = "a name of at most 128 letters, digits and . _ ~ : - that begins with a letter or a digit"
_LABEL_VALUE: Final = re.compile(r"[A-Za-z0-9._~:/-]{1,256}")
_LABEL_VALUE_EXPECTED: Final = "at most 256 letters, digits and . _ ~ : / -"
_COOKIE_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_COOKIE_NAME_EXPECTED: Final = "the name of a cookie, at most 64 letters, digits and ! # $ % & ' * + - . ^ _ ` | ~"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_FIELD_VALUE: Final = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]{0,8190}[\x21-\x7e])?)?")
_METHOD: Final = re.compile(r"[A-Z][A-Z-]{0,31}")
_SECRET_EXPECTED: Final = "at least 16 printable characters without a space"  # noqa: S105 - words for the operator
_SECRET: Final = re.compile(r"[\x21-\x7e]{16,4096}")


def expected(what: str, detail: str = "") -> PydanticCustomError:
    """The error of a value that is not what it must be; the reader is told what was expected.

    detail: what is wrong with it, where that may repeat part of the value; left out if the value is not to be shown.
    """
    return PydanticCustomError("expected", "{expected}", {"expected": what, "detail": detail})


def _text_as(parse: Callable[[str], T], what: str) -> Callable[[object], T]:
    """A validator that parses text; a ValueError with a message of its own says more precisely what was expected."""

    def validate(value: object) -> T:
        if not isinstance(value, str):
            raise expected(what)
        try:
            return parse(value)
        except ValueError:
            raise expected(what) from None

    return validate


def _checked_by(parse: Callable[[str], object], what: str) -> Callable[[object], str]:
    """A validator of text that keeps the text; what `parse` expects is the message of its ValueError."""

    def validate(value: object) -> str:
        if not isinstance(value, str):
            raise expected(what)
        try:
            parse(value)
        except ValueError as error:
            raise expected(str(error)) from None
        return str(value)

    return validate


def text_matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def validate(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise expected(what)
        return value

    return AfterValidator(validate)


def _json_text(pattern: str | None, description: str) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "description": description}
    return WithJsonSchema(schema if pattern is None else {**schema, "pattern": pattern})


def _timeout(text: str) -> int:
    return NEVER_NS if text == "none" else _duration_above_zero(text)


def _duration_above_zero(text: str) -> int:
    if (duration_ns := parse_duration(text)) == 0:
        raise ValueError
    return duration_ns


def _interval(text: str) -> int:
    if (interval_ns := parse_duration(text)) < LEAST_INTERVAL_NS:
        raise ValueError
    return interval_ns


def whole_number(value: object) -> object:
    """A value from the environment is text, also where it stands for a number."""
    if isinstance(value, Interpolated) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    return value


def _truth(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, Interpolated) else value


def check_secret(token: str) -> str:
    """The token, if it is one; otherwise ValueError, which does not repeat it."""
    if _SECRET.fullmatch(token) is None:
        raise ValueError(f"not a token; expected {_SECRET_EXPECTED}")
    return token


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _parse_size_or_none(text: str) -> int | None:
    return None if text == "none" else parse_size(text)


def _count_or_none(value: object) -> int | None:
    if value == "none":
        return None
    number = whole_number(value)
    if type(number) is not int or number < 1:
        raise expected(_COUNT_OR_NONE_EXPECTED)
    return number


def _true_or_reject(value: object) -> bool:
    truth = _truth(value)
    if truth is True or truth == "reject":
        return truth is True
    raise expected("true or reject")


def _open_ratio(text: str) -> float:
    ratio = parse_ratio(text)
    if not 0 < ratio < 1:
        raise ValueError
    return ratio


def _load_factor_or_none(text: str) -> float | None:
    if text == "none":
        return None
    factor = parse_percentage(text)
    if factor < 1:
        raise ValueError
    return factor


def _positive_size(text: str) -> int:
    if (size := parse_size(text)) == 0:
        raise ValueError
    return size


_or_none = "^none$|"

Duration: TypeAlias = Annotated[
    int,
    PlainValidator(_text_as(parse_duration, _DURATION_EXPECTED)),
    PlainSerializer(format_duration),
    _json_text(DURATION_PATTERN, _sentence(_DURATION_EXPECTED)),
]
"""Nanoseconds."""

Interval: TypeAlias = Annotated[
    int,
    PlainValidator(_text_as(_interval, _INTERVAL_EXPECTED)),
    PlainSerializer(format_duration),
    _json_text(DURATION_PATTERN, _sentence(_INTERVAL_EXPECTED)),
]
"""Nanoseconds between two times something is done, LEAST_INTERVAL_NS at least."""

Limit: TypeAlias = Annotated[
    int,
    PlainValidator(_text_as(_duration_above_zero, f"{_DURATION_EXPECTED} of at least 1ms")),
    PlainSerializer(format_duration),
    _json_text(DURATION_PATTERN, _sentence(f"{_DURATION_EXPECTED} of at least 1ms")),
]
"""Nanoseconds, at least a millisecond: a timeout that there must be."""

Timeout: TypeAlias = Annotated[
    int,
    PlainValidator(_text_as(_timeout, _TIMEOUT_EXPECTED)),
    PlainSerializer(format_duration),
    _json_text(_or_none + DURATION_PATTERN, _sentence(_TIMEOUT_EXPECTED)),
]
"""Nanoseconds, at least a millisecond; NEVER_NS for `none`."""

Size: TypeAlias = Annotated[
    int,
    PlainValidator(_text_as(_positive_size, f"{_SIZE_EXPECTED}, at least 1B")),
    PlainSerializer(format_size),
    _json_text(SIZE_PATTERN, _sentence(_SIZE_EXPECTED)),
]
SizeOrNone: TypeAlias = Annotated[
    int | None,
    PlainValidator(_text_as(_parse_size_or_none, f"{_SIZE_EXPECTED}, or none")),
    PlainSerializer(format_size),
    _json_text(_or_none + SIZE_PATTERN, _sentence(f"{_SIZE_EXPECTED}, or none")),
]

Ratio: TypeAlias = Annotated[
    float,
    PlainValidator(_text_as(parse_ratio, f"{_RATIO_EXPECTED}, at most 100%")),
    PlainSerializer(format_ratio),
    _json_text(RATIO_PATTERN, _sentence(_RATIO_EXPECTED)),
]
Objective: TypeAlias = Annotated[
    float,
    PlainValidator(_text_as(_open_ratio, f"{_RATIO_EXPECTED}, more than 0% and less than 100%")),
    PlainSerializer(format_ratio),
    _json_text(RATIO_PATTERN, _sentence(f"{_RATIO_EXPECTED}, more than 0% and less than 100%")),
]
"""A share that may be missed: an objective of 100% would leave no budget to divide by."""

LoadFactorOrNone: TypeAlias = Annotated[
    float | None,
    PlainValidator(_text_as(_load_factor_or_none, _LOAD_EXPECTED)),
    PlainSerializer(lambda factor: "none" if factor is None else format_ratio(factor)),
    _json_text(_or_none + RATIO_PATTERN, _sentence(_LOAD_EXPECTED)),
]
"""How many times a fair share; 1 at least."""

Count: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000_000), BeforeValidator(whole_number)]
CountOrZero: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000_000), BeforeValidator(whole_number)]
Weight: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole_number)]
WeightOrZero: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(whole_number)]
Priority: TypeAlias = Annotated[int, Field(ge=-1_000_000, le=1_000_000), BeforeValidator(whole_number)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535), BeforeValidator(whole_number)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_truth)]

CountOrNone: TypeAlias = Annotated[
    int | None,
    PlainValidator(_count_or_none),
    PlainSerializer(lambda count: "none" if count is None else count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "none"}]}),
]
TrueOrReject: TypeAlias = Annotated[
    bool,
    PlainValidator(_true_or_reject),
    PlainSerializer(lambda merges: merges or "reject"),
    WithJsonSchema({"enum": [True, "reject"]}),
]

Items: TypeAlias = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of the file; a tuple, so that an empty one can be the default of many forms."""

Name: TypeAlias = Annotated[
    str, text_matching(_NAME, _NAME_EXPECTED), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})
]
Zone: TypeAlias = Annotated[
    str, text_matching(_NAME, _NAME_EXPECTED), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})
]
LabelName: TypeAlias = Name
LabelValue: TypeAlias = Annotated[
    str,
    text_matching(_LABEL_VALUE, _LABEL_VALUE_EXPECTED),
    Field(json_schema_extra={"pattern": f"^{_LABEL_VALUE.pattern}$"}),
]
CookieName: TypeAlias = Annotated[
    str,
    text_matching(_COOKIE_NAME, _COOKIE_NAME_EXPECTED),
    Field(json_schema_extra={"pattern": f"^{_COOKIE_NAME.pattern}$"}),
]
Method: TypeAlias = Annotated[
    str,
    text_matching(_METHOD, "a method in capital letters such as GET"),
    Field(json_schema_extra={"pattern": f"^{_METHOD.pattern}$"}),
]
FieldValue: TypeAlias = Annotated[
    str, text_matching(_FIELD_VALUE, "printable ASCII on one line, without white space around it")
]
Secret: TypeAlias = Annotated[
    str,
    text_matching(_SECRET, _SECRET_EXPECTED),
    Field(json_schema_extra={"pattern": f"^{_SECRET.pattern}$"}),
]

ListenAddress: TypeAlias = Annotated[
    str,
    PlainValidator(_checked_by(parse_listen_address, LISTEN_EXPECTED)),
    _json_text(r"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$", _sentence(LISTEN_EXPECTED)),
]
EndpointAddress: TypeAlias = Annotated[
    str,
    PlainValidator(_checked_by(parse_endpoint, ENDPOINT_EXPECTED)),
    _json_text(r"^(unix:/.+|(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):[0-9]{1,5})$", _sentence(ENDPOINT_EXPECTED)),
]
Network: TypeAlias = Annotated[
    str,
    PlainValidator(_checked_by(parse_network, NETWORK_EXPECTED)),
    _json_text(r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$", _sentence(NETWORK_EXPECTED)),
]
Host: TypeAlias = Annotated[
    str,
    PlainValidator(_checked_by(parse_host, HOST_EXPECTED)),
    _json_text(None, _sentence(HOST_EXPECTED)),
]
Trust: TypeAlias = Annotated[TrustIncoming, Field(strict=False)]
TraceFormats: TypeAlias = Items[Annotated[TraceFormat, Field(strict=False)]]
Scheme: TypeAlias = Literal["http", "https"]
