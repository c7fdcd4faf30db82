"""The form of a condition on a header field or a query parameter."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from gateway.config.forms.fields import expected
from gateway.config.forms.form import Form, OrText
from gateway.config.forms.paths import Pattern


class PredicateForm(Form):
    """A condition on a header field or a query parameter; a bare text is an exact value."""

    one_of: ClassVar = ("exact", "regex", "present")

    exact: str | None = Field(default=None, description="The whole value.")
    regex: Pattern | None = Field(default=None, description="A pattern, in RE2's syntax, of the whole value.")
    present: Literal[True] | None = Field(default=None, description="It is there, whatever its value.")


Predicate: TypeAlias = Annotated[PredicateForm, OrText("exact")]


def names_once(fields: dict[str, PredicateForm]) -> dict[str, PredicateForm]:
    """The mapping, unless two of its names differ in case alone."""
    if len({name.lower() for name in fields}) != len(fields):
        raise expected("each field once, in whatever case")
    return fields
