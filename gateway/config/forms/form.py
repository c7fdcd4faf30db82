"""What every form of the file has in common: strict, closed, immutable, and with the rules that tie its keys together.

A form is one mapping of the configuration file, checked value by value; nothing in it is compiled yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import override

from gateway.config.forms.fields import expected


class Form(BaseModel):
    """One mapping of the file. Frozen, so that one instance can be the default of many."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    one_of: ClassVar[tuple[str, ...]] = ()
    """Keys of which exactly one must be there."""
    exclusive: ClassVar[tuple[str, ...]] = ()
    """Keys of which no two may be there."""
    later: ClassVar[frozenset[str]] = frozenset()
    """Keys that a later version will have: refused as any key that is not known, but in words of their own."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        made = handler(schema)
        described = handler.resolve_ref_schema(made)
        if cls.one_of:
            described["oneOf"] = [{"required": [key]} for key in cls.one_of]
        if cls.exclusive:
            pairs = combinations(cls.exclusive, 2)
            described["not"] = {"anyOf": [{"required": list(pair)} for pair in pairs]}
        return made


@dataclass(frozen=True)
class OrText:
    """Annotates a form that may also be written as a bare text: the value of its key `key`."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._to_mapping, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    def _to_mapping(self, value: object) -> object:
        if isinstance(value, str):
            return {self.key: value}
        if not isinstance(value, dict):
            raise expected("text (in quotes, if it looks like a number), or a mapping")
        return value


def not_yet(instead: str) -> PydanticCustomError:
    """The error of a key or value that a later version will support: refused, never ignored."""
    return PydanticCustomError("not_yet", "not yet supported", {"expected": instead})


@dataclass(frozen=True)
class NotYet:
    """Annotates a key of a later version: only an empty mapping or list, which asks for nothing, is accepted."""

    kind: type

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._refuse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        limit = {"type": "array", "maxItems": 0} if self.kind is list else {"type": "object", "maxProperties": 0}
        return {**limit, "description": "Not yet supported."}

    def _refuse(self, value: object) -> None:
        """An empty one counts as left out."""
        if value != self.kind() or type(value) is not self.kind:
            raise not_yet("the key to be left out")


def broken_rules(form: type[Form], raw: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """Which rules between keys a mapping breaks: the key to point at (None: the mapping itself) and what was wrong.

    Looks at the mapping as it was written, so that a wrong value elsewhere in it hides nothing.
    """
    found: list[tuple[str | None, str]] = []
    present = [key for key in form.one_of if key in raw]
    if form.one_of and not present:
        found.append((None, f"incomplete; expected one of {', '.join(form.one_of)}"))
    exclusive = [key for key in form.exclusive if key in raw]
    for group, names in ((present, form.one_of), (exclusive, form.exclusive)):
        found += [(key, f"excluded by {group[0]}; expected only one of {', '.join(names)}") for key in group[1:]]
    return found
