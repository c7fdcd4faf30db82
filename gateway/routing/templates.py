"""Path templates: `/v1/orders/{id}/files/{name*}`. `{name}` is one segment, `{name*}` all that follows its slash."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.http1.refusal import RequestRefused
from gateway.http1.target import normalise_path
from gateway.model.listener import PathRules

_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\*?)\}")
_TEMPLATES_KEPT: Final = 1024


class Segment(NamedTuple):
    """One segment of a template: literal text, or a parameter that stands for one segment or for the rest."""

    text: str
    is_parameter: bool = False
    takes_rest: bool = False


@lru_cache(maxsize=_TEMPLATES_KEPT)
def parse_template(template: str) -> tuple[Segment, ...]:
    """The segments of a template; ValueError if it is not one.

    The slash before `{name*}` belongs to the template: `/files/{path*}` matches `/files/` (path is empty) and
    `/files/a/b`, but not `/files`.
    """
    if not template.startswith("/"):
        raise ValueError("a path begins with a slash")
    segments = tuple(_parse_segment(text) for text in template[1:].split("/"))
    names = [segment.text for segment in segments if segment.is_parameter]
    if len(set(names)) != len(names):
        raise ValueError("a parameter is named twice")
    if any(segment.takes_rest for segment in segments[:-1]):
        raise ValueError("a parameter that takes the rest, {name*}, must be the last segment")
    return segments


def _parse_segment(text: str) -> Segment:
    parameter = _PARAMETER.fullmatch(text)
    if parameter is not None:
        return Segment(parameter[1], is_parameter=True, takes_rest=bool(parameter[2]))
    if "{" in text or "}" in text:
        raise ValueError("a parameter is {name} or {name*} and takes a whole segment; a literal brace is %7B or %7D")
    return Segment(text)


def normalise_template(template: str, rules: PathRules) -> str:
    """The template with its literal segments normalised as request paths are; ValueError if it is not one."""
    segments = parse_template(template)
    spelled: list[str] = []
    for position, segment in enumerate(segments):
        if segment.is_parameter:
            spelled.append(f"{{{segment.text}{'*' if segment.takes_rest else ''}}}")
        elif segment.text or position == len(segments) - 1:
            spelled.append(_normalise_literal(segment.text, rules))
        elif not rules.merge_slashes:
            raise ValueError("the path holds an empty segment")
    return "/" + "/".join(spelled)


def _normalise_literal(text: str, rules: PathRules) -> str:
    try:
        return normalise_path("/" + text, rules)[1:]
    except RequestRefused as refused:
        raise ValueError(refused.detail) from None


def template_params(template: str, path: str) -> dict[str, str]:
    """What the parameters of a template stand for in a path that matches it, as normalised (still percent-encoded)."""
    segments = parse_template(template)
    parts = path[1:].split("/", len(segments) - 1)
    return {segment.text: part for segment, part in zip(segments, parts, strict=False) if segment.is_parameter}


def fill_template(text: str, params: dict[str, str]) -> str:
    """Replace each `{name}` in text by its value; text need not be a template. KeyError for a name without a value."""
    return _PARAMETER.sub(lambda parameter: params[parameter[1]], text)


def names_in(text: str) -> list[str]:
    """The parameters that `fill_template` would replace; ValueError if a brace is left over."""
    if "{" in (rest := _PARAMETER.sub("", text)) or "}" in rest:
        raise ValueError("a parameter is written {name}; a literal brace is %7B or %7D")
    return [parameter[1] for parameter in _PARAMETER.finditer(text)]
