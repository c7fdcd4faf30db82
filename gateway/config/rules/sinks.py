"""Rules between the keys of sinks, and between sinks: names of their own, credentials that are whole, batches that fit."""

from typing import Any, Final

from gateway.config.forms.form import Form, broken_rules
from gateway.config.forms.scalars import format_size
from gateway.config.forms.schema import SettingsForm
from gateway.config.forms.sinks import ElasticsearchForm, LogSinkForm, LokiForm, sink_name
from gateway.config.secrets import SINKS, Path
from gateway.config.sections import Declared
from gateway.config.validation import shown

RESERVED: Final = frozenset({"access_log", "recent"})
"""The names that stdout and the recent lines of the admin API have in metrics."""
_STRUCTURED: Final = frozenset({"elasticsearch", "logstash", "otlp"})
_FORMS: Final[dict[str, type[Form]]] = {"elasticsearch": ElasticsearchForm, "loki": LokiForm}


def check_sinks(settings: Declared[SettingsForm]) -> None:
    """Add what is found to the settings."""
    names: set[str] = set()
    for index, raw in enumerate(_sinks(settings.raw)):
        if not isinstance(raw, dict):
            continue
        path: Path = (*SINKS, index)
        _check_rules(settings, raw, path)
        _check_name(settings, raw, path, names)
        for kind in LogSinkForm.one_of:
            _check_password(settings, raw.get(kind), (*path, kind))
        if raw.get("format") == "clf" and not _STRUCTURED.isdisjoint(raw):
            settings.fail((*path, "format"), "got clf; expected json or ecs, since this sink takes objects")
    _check_batches(settings)


def _sinks(raw: Any) -> list[Any]:
    for key in SINKS:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw if isinstance(raw, list) else []


def _check_rules(settings: Declared[Any], raw: dict[str, Any], path: Path) -> None:
    for key, message in broken_rules(LogSinkForm, raw):
        settings.fail(path if key is None else (*path, key), message)
    for kind, form in _FORMS.items():
        if isinstance(raw.get(kind), dict):
            for key, message in broken_rules(form, raw[kind]):
                settings.fail((*path, kind) if key is None else (*path, kind, key), message)


def _check_name(settings: Declared[Any], raw: dict[str, Any], path: Path, names: set[str]) -> None:
    name = sink_name(raw)
    if name is None:
        return
    if name in RESERVED:
        settings.fail((*path, "name"), f"{shown(name)} has another meaning in metrics; expected a name of its own")
    elif name in names:
        settings.fail(path, f"{shown(name)} is the name of another sink; expected a name of its own")
    names.add(name)


def _check_password(settings: Declared[Any], raw: Any, path: Path) -> None:
    if isinstance(raw, dict) and ("username" in raw) != ("password" in raw):
        there, missing = ("username", "password") if "username" in raw else ("password", "username")
        settings.fail((*path, there), f"incomplete; expected {missing} too")


def _check_batches(settings: Declared[SettingsForm]) -> None:
    for index, form in enumerate(settings.form.telemetry.access_log.sinks if settings.form else ()):
        path: Path = (*SINKS, index, "batch")
        if form.batch.lines > form.queue.lines:
            settings.fail((*path, "lines"), f"got {form.batch.lines}; expected at most the {form.queue.lines} of queue")
        if form.batch.bytes > form.queue.bytes:
            limit, got = format_size(form.queue.bytes), format_size(form.batch.bytes)
            settings.fail((*path, "bytes"), f"got {got}; expected at most the {limit} of queue")
