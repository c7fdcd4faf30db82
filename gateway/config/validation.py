"""Values against forms: what pydantic finds, in the operator's words, each finding at its key and line."""

import difflib
import re
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config.document import Document
from gateway.config.errors import ConfigError
from gateway.config.forms.form import Form
from gateway.config.interpolation import Interpolated
from gateway.config.secrets import REDACTED, Path, is_secret

F = TypeVar("F", bound=Form)

_SHOWN_CHARACTERS: Final = 60
_USERINFO: Final = re.compile(r"(://)[^/@\s]*@")
_KEY_MARK: Final = "[key]"
"""What pydantic ends the path of an error with that is about a key of a mapping."""

_NOT_YET: Final = "not yet supported by this version"
_ALIKE: Final = 0.6
_NEAR: Final = 0.75
"""How much of two keys is the same, from 0 to 1; that alike they must be if they do not begin alike."""

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "greater_than_equal": "a whole number of at least {ge}",
    "less_than_equal": "a whole number of at most {le}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} character",
    "too_short": "at least {min_length} item",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "expected": "{expected}",
    "not_yet": "{expected}",
}


def check_keys(form: type[Form], value: dict[str, Any], document: Document) -> list[ConfigError]:
    """What is wrong with the keys of the whole file; its sections are validated one by one."""
    unknown = [document.error((key,), _unknown(form, key)) for key in value if key not in form.model_fields]
    required = [key for key, field in form.model_fields.items() if field.is_required()]
    return unknown + [document.error((key,), _missing(form, key)) for key in required if key not in value]


def got(value: object, wanted: str) -> str:
    """The message about a value that is not what it must be."""
    return f"got {shown(value)}; expected {wanted}"


def validate(form: type[F], value: Any, path: Path, document: Document) -> tuple[F | None, list[ConfigError]]:
    """The form a value makes, or None and everything that is wrong with it. `path` leads to the value."""
    try:
        return form.model_validate(value), []
    except ValidationError as invalid:
        found = [_to_error(form, detail, path, document) for detail in invalid.errors(include_url=False)]
        return None, [error for where, error in found if where not in document.broken]


def shown(value: object) -> str:
    """A value as an error may repeat it: bounded, and never one that was interpolated."""
    if isinstance(value, Interpolated):
        return "a value that is not shown"
    if isinstance(value, str):
        text = _USERINFO.sub(rf"\1{REDACTED}@", value)
        return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
    if isinstance(value, dict | list | tuple):
        kind = "mapping" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)[:_SHOWN_CHARACTERS]


def _to_error(form: type[Form], detail: ErrorDetails, path: Path, document: Document) -> tuple[Path, ConfigError]:
    inner = tuple(detail["loc"])
    if inner[-1:] == (_KEY_MARK,):
        inner = inner[:-1]
    where = document.known_part((*path, *inner))
    return where, document.error(where, _message(form, detail, inner, secret=is_secret((*path, *inner))))


def _message(form: type[Form], detail: ErrorDetails, inner: Path, *, secret: bool) -> str:
    kind, value = detail["type"], detail["input"]
    if kind in {"missing", "extra_forbidden"}:
        owner = _form_at(form, inner[:-1])
        key = str(inner[-1])
        return _missing(owner, key) if kind == "missing" else _unknown(owner, key)
    if secret:
        value = Interpolated.of("", "")
    context = detail.get("ctx", {})
    wanted = _EXPECTED[kind].format(**context)
    if kind == "not_yet":
        return f"{_NOT_YET}; expected {wanted}"
    if kind in {"literal_error", "enum"}:
        wanted = wanted.replace("'", "")
    if context.get("detail") and not isinstance(value, Interpolated):
        wanted += f": {context['detail']}"
    hint = " (in quotes, if text is meant)" if kind == "string_type" and isinstance(value, bool | int | float) else ""
    return got(value, wanted + hint)


def _missing(owner: type[Form] | None, key: str) -> str:
    described = owner.model_fields[key].description if owner is not None else None
    return f"missing; expected {_clause(described)}" if described else "missing"


def _unknown(owner: type[Form] | None, key: str) -> str:
    if owner is not None and key in owner.later:
        return f"{_NOT_YET}; expected the key to be left out"
    known = list(owner.model_fields) if owner is not None else []
    alike = difflib.get_close_matches(key, known, len(known) or 1, _ALIKE)
    nearest = next((each for each in alike if _is_near(key, each)), None)
    meant = f", perhaps {nearest} was meant" if nearest else ""
    return f"unknown key{meant}; expected one of {', '.join(known)}"


def _is_near(key: str, known: str) -> bool:
    """A slip of the pen, or another form of the same word (`retry`, `retries`); `auth` is not near `match`."""
    return key[:3] == known[:3] or difflib.SequenceMatcher(None, key, known).ratio() >= _NEAR


def _clause(sentence: str) -> str:
    text = sentence.removesuffix(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _form_at(form: type[Form], path: Path) -> type[Form] | None:
    """The form whose mapping a path leads to."""
    owner: type[Form] | None = form
    in_collection = False
    for step in path:
        if in_collection:
            in_collection = False
        elif owner is None or step not in owner.model_fields:
            return None
        else:
            owner, in_collection = _content(owner.model_fields[str(step)].annotation)
    return owner


def _content(annotation: Any) -> tuple[type[Form] | None, bool]:
    """The form a field holds, if any, and whether it holds a collection of them."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in {dict, tuple}:
        return _content(parts[1 if origin is dict else 0])[0], True
    if origin is Annotated:
        return _content(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, Form):
        return annotation, False
    return next((found for part in parts if (found := _content(part))[0] is not None), (None, False))
