"""The file cut into its objects: each one validated by itself, so that one that is wrong hides nothing of the others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.config.document import Document
from gateway.config.errors import ConfigError, Verdict
from gateway.config.forms.fields import Name
from gateway.config.forms.form import Form
from gateway.config.forms.listener import ListenerForm
from gateway.config.forms.route import RouteForm
from gateway.config.forms.schema import FileForm, SettingsForm
from gateway.config.forms.upstream import UpstreamForm
from gateway.config.secrets import Path
from gateway.config.validation import check_keys, got, validate

F = TypeVar("F", bound=Form)

_NAME = TypeAdapter(Name)


@dataclass(slots=True)
class Declared(Generic[F]):
    """One object as the file declares it, and what was found about it so far."""

    kind: str
    path: Path
    document: Document
    raw: dict[str, Any]
    """The mapping as it was written, for rules that must see it whatever else is wrong with it; empty if it is none."""
    form: F | None
    """None if a value in it is wrong."""
    errors: list[ConfigError]

    @property
    def name(self) -> str:
        """As configured (and then to be `shown` in messages), or its place in the list where there is no name."""
        last = self.path[-1] if self.path else self.kind
        if isinstance(last, str):
            return last
        name = self.raw.get("name")
        return name if isinstance(name, str) else f"[{last}]"

    def fail(self, path: Path, message: str) -> None:
        """Add an error; `path` starts at the object."""
        self.errors.append(self.document.error((*self.path, *path), message))

    def verdict(self) -> Verdict:
        return Verdict(
            self.kind, str(self.name), self.document.name, self.document.line_of(self.path), tuple(self.errors)
        )


@dataclass(slots=True)
class Sections:
    """The whole file. A list is empty where its section is missing, or is something else."""

    document: Document
    settings: Declared[SettingsForm]
    listeners: list[Declared[ListenerForm]] = field(default_factory=list)
    upstreams: list[Declared[UpstreamForm]] = field(default_factory=list)
    routes: list[Declared[RouteForm]] = field(default_factory=list)
    errors: list[ConfigError] = field(default_factory=list)
    """Those that belong to no object."""

    def objects(self) -> Iterator[Declared[Any]]:
        yield from self.listeners
        yield from self.upstreams
        yield from self.routes
        yield self.settings


def read_sections(document: Document) -> Sections:
    """Every object of the file, valid or not."""
    value = document.value
    if not isinstance(value, dict):
        sections = Sections(document, _declare("settings", SettingsForm, {}, (), document))
        if not document.broken:
            sections.errors.append(document.error((), got(value, "a mapping with at least `listeners`")))
        sections.errors += document.broken.values()
        return sections
    settings = {key: value[key] for key in SettingsForm.model_fields if key in value}
    sections = Sections(document, _declare("settings", SettingsForm, settings, (), document))
    sections.errors += check_keys(FileForm, value, document)
    sections.listeners = _listed(sections, "listeners", "listener", ListenerForm)
    sections.upstreams = _named(sections, "upstreams", "upstream", UpstreamForm)
    sections.routes = _listed(sections, "routes", "route", RouteForm)
    if value.get("listeners") == []:
        sections.errors.append(document.error(("listeners",), "got an empty list; expected at least one listener"))
    claimed = {error for declared in sections.objects() for error in declared.errors}
    sections.errors += [error for error in document.broken.values() if error not in claimed]
    return sections


def _listed(sections: Sections, key: str, kind: str, form: type[F]) -> list[Declared[F]]:
    items = sections.document.value.get(key, [])
    if not isinstance(items, list):
        _fail_section(sections, key, got(items, "a list"))
        return []
    return [_declare(kind, form, raw, (key, index), sections.document) for index, raw in enumerate(items)]


def _named(sections: Sections, key: str, kind: str, form: type[F]) -> list[Declared[F]]:
    objects = sections.document.value.get(key, {})
    if not isinstance(objects, dict):
        _fail_section(sections, key, got(objects, "a mapping from names"))
        return []
    declared = [_declare(kind, form, raw, (key, name), sections.document) for name, raw in objects.items()]
    for one in declared:
        _check_name(one)
    return declared


def _fail_section(sections: Sections, key: str, message: str) -> None:
    if (key,) not in sections.document.broken:
        sections.errors.append(sections.document.error((key,), message))


def _check_name(declared: Declared[Any]) -> None:
    try:
        _NAME.validate_python(declared.name)
    except ValidationError as invalid:
        declared.fail((), got(declared.name, invalid.errors()[0]["ctx"]["expected"]))


def _declare(kind: str, form: type[F], raw: Any, path: Path, document: Document) -> Declared[F]:
    made, errors = validate(form, raw, path, document)
    if document.broken:
        keys = (path,) if path else tuple((key,) for key in form.model_fields)
        errors += [error for where, error in document.broken.items() if any(where[: len(key)] == key for key in keys)]
        made = None if errors else made
    return Declared(kind, path, document, raw if isinstance(raw, dict) else {}, made, errors)
