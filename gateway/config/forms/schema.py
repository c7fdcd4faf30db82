"""The form of the whole file (design section 7): every key, its default and what it means; JSON Schema for editors."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, NoDefault
from pydantic_core import core_schema
from typing_extensions import override

from gateway.config.forms.fields import Items, Name, Zone
from gateway.config.forms.form import Form
from gateway.config.forms.listener import ListenerForm
from gateway.config.forms.route import RouteForm
from gateway.config.forms.settings import AdminForm, DrainForm, OverloadForm, TelemetryForm, Workers
from gateway.config.forms.upstream import UpstreamForm

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_SCALAR_TYPES: Final = ("integer", "boolean")
_CONSTRAINTS: Final = frozenset({"pattern", "enum", "const"})


class SettingsForm(Form):
    """What there is one of."""

    later: ClassVar = frozenset({"policies", "tls", "cluster", "control_plane", "kubernetes"})

    telemetry: TelemetryForm = Field(default=TelemetryForm(), description="What the gateway says about the traffic.")
    admin: AdminForm = Field(default=AdminForm(), description="The admin API.")
    drain: DrainForm = Field(default=DrainForm(), description="What SIGTERM does.")
    zone: Zone | None = Field(
        default=None, description="Where this gateway runs; upstreams that prefer their zone mean this one."
    )
    overload: OverloadForm = Field(default=OverloadForm(), description="When requests are turned away.")
    workers: Workers = Field(
        default="auto", description="Worker processes; auto is one for each processor that may be used."
    )


class FileForm(SettingsForm):
    """Configuration of a Sightline gateway."""

    listeners: Annotated[Items[ListenerForm], Field(min_length=1)] = Field(description="Where requests arrive.")
    upstreams: dict[Name, UpstreamForm] = Field(default={}, description="Where requests are forwarded to, by name.")
    routes: Items[RouteForm] = Field(default=(), description="Which requests are taken, and what becomes of them.")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors and for checks elsewhere."""
    schema = _accept_references(FileForm.model_json_schema(schema_generator=_EditorSchema))
    schema["$defs"]["Reference"] = {
        "type": "string",
        "pattern": r"\$\{.*\}",
        "description": "Text with ${NAME}, ${NAME:-default} or ${file:/path} in it.",
    }
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "Sightline configuration"}


def _accept_references(node: Any) -> Any:
    """A copy in which whatever may stand in the file may also come from the environment or a file."""
    if isinstance(node, list):
        return [_accept_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") in _SCALAR_TYPES or not _CONSTRAINTS.isdisjoint(node):
        outer = {key: node[key] for key in ("description", "default") if key in node}
        inner = {key: value for key, value in node.items() if key not in outer}
        return {"anyOf": [inner, {"$ref": "#/$defs/Reference"}], **outer}
    return {key: value if key == "default" else _accept_references(value) for key, value in node.items()}


class _EditorSchema(GenerateJsonSchema):
    """Says what may be written in the file: defaults as they read there, no null, and no titles made from names."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    @override
    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        default = super().get_default_value(schema)
        written: Any = schema["schema"].get("serialization", {})
        if default is not NoDefault and written.get("type") == "function-plain":
            default = written["function"](default)
        return NoDefault if default is None else default

    @override
    def encode_default(self, dft: Any) -> Any:
        return _without_none(super().encode_default(dft))


def _without_none(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_none(item) for key, item in value.items() if item is not None}
