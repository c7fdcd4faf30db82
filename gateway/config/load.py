"""From a file or a text to a configuration that can run, or to everything that is wrong with it.

Nothing here touches what runs: whoever calls decides what becomes of the result. The source is strict: one rejected
object rejects the whole.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.config.canonical import canonical_form
from gateway.config.compile import compile_listener, compile_route, compile_upstream
from gateway.config.configuration import Configuration, References
from gateway.config.document import Document
from gateway.config.errors import ConfigError, ConfigInvalid
from gateway.config.explaining.key_lines import match_lines
from gateway.config.forms.schema import SettingsForm
from gateway.config.interpolation import Interpolation
from gateway.config.rules.advice import find_warnings
from gateway.config.rules.reachability import build_checked_table, check_reachability
from gateway.config.rules.written import check_sections
from gateway.config.sections import Sections, read_sections
from gateway.config.settings import (
    admin_settings,
    drain_settings,
    log_sinks,
    overload_settings,
    read_tokens,
    telemetry_settings,
    worker_count,
)
from gateway.config.signature import Signature, UnreadableFile, read_bounded
from gateway.model.route import Place, Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream

MAX_FILE_BYTES: Final = 64 * 1024 * 1024

_FIXED_KEYS: Final = (("workers",), ("admin", "address"))


def load_file(path: str | Path, sequence: int, environ: Mapping[str, str]) -> Configuration:
    """Read a configuration file. Raises ConfigInvalid, also for a file that cannot be read.

    sequence: the number the snapshot gets. environ: what `${NAME}` and the OTEL_* variables refer to.
    """
    name, absolute = str(path), Path(path).absolute()
    signatures: dict[str, Signature | None] = {str(absolute): None}
    try:
        content, signatures[str(absolute)] = read_bounded(str(absolute), MAX_FILE_BYTES)
        text = content.decode("utf-8-sig")
    except UnreadableFile as error:
        raise ConfigInvalid([ConfigError(name, 0, "", f"cannot be read: {error}")], signatures=signatures) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigInvalid([ConfigError(name, line, "", "not UTF-8; expected text")], signatures=signatures) from None
    interpolation = Interpolation(environ, str(absolute.parent))
    with _no_collection():
        return _load(text, name, sequence, environ, interpolation, signatures)


def load_text(
    text: str, name: str, sequence: int, environ: Mapping[str, str], *, within: References | None = None
) -> Configuration:
    """Read a configuration, YAML or JSON, that did not come from a file; `name` stands for it in errors.

    within: the configuration of the file. With it, the text may refer only to the files and variables that this one
    refers to: whoever may hand in a configuration could otherwise read any file and variable of this process through it.
    Raises ConfigInvalid.
    """
    if len(text) > MAX_FILE_BYTES:
        raise ConfigInvalid([ConfigError(name, 0, "", f"longer than {MAX_FILE_BYTES} bytes; expected a configuration")])
    if within is None:
        interpolation = Interpolation(environ, str(Path.cwd()))
    else:
        folder = str(Path(within.files[0]).parent) if within.files else "/"
        readable, usable = frozenset(within.files), within.variables
        interpolation = Interpolation(environ, folder, readable.__contains__, usable.__contains__)
    with _no_collection():
        return _load(text, name, sequence, environ, interpolation, {})


def unchangeable(old: Configuration, new: Configuration) -> list[ConfigError]:
    """The keys in which a new configuration differs from the running one although they cannot change while it runs."""
    changed = {
        # The same `auto` may come to another number by now; that is no change of the configuration.
        "workers": new.declared_workers != old.declared_workers and new.workers != old.workers,
        "admin.address": new.admin.address != old.admin.address,
    }
    message = (
        "cannot change while the gateway runs; expected the running value,"
        " or `sightline upgrade` (or a restart) with it in the file"
    )
    places = {key: new.places[key] for key, differs in changed.items() if differs}
    return [ConfigError(place.file, place.line, key, message) for key, place in places.items()]


def _load(
    text: str,
    name: str,
    sequence: int,
    environ: Mapping[str, str],
    interpolation: Interpolation,
    signatures: dict[str, Signature | None],
) -> Configuration:
    sections = read_sections(Document(text, name, interpolation))
    check_sections(sections)
    tokens = read_tokens(sections.settings, interpolation)
    routes = _routes(sections)
    table = build_checked_table(sections, routes)
    warnings = sorted([*find_warnings(sections), *check_reachability(sections, table)])
    signatures.update(interpolation.signatures)
    verdicts = tuple(declared.verdict() for declared in sections.objects())
    errors = [*sections.errors, *(error for verdict in verdicts for error in verdict.errors)]
    settings = sections.settings.form
    if errors or settings is None:
        raise ConfigInvalid(errors, warnings, verdicts, signatures)
    canonical = canonical_form(sections, tokens)
    return Configuration(
        snapshot=_snapshot(sections, routes, settings, canonical.revision, sequence, environ),
        table=table,
        workers=worker_count(settings.workers),
        declared_workers=settings.workers,
        admin=admin_settings(settings.admin, tokens),
        log_sinks=log_sinks(settings.telemetry),
        verdicts=verdicts,
        warnings=tuple(warnings),
        text=text,
        canonical=canonical.shown,
        sealed=canonical.sealed,
        files=tuple(signatures),
        signatures=signatures,
        variables=frozenset(interpolation.variables),
        match_lines=tuple(match_lines(route.document, route.path, route.raw) for route in sections.routes),
        places={".".join(key): Place(name, sections.document.line_of(key)) for key in _FIXED_KEYS},
    )


def _snapshot(
    sections: Sections,
    routes: list[Route],
    settings: SettingsForm,
    revision: str,
    sequence: int,
    environ: Mapping[str, str],
) -> Snapshot:
    return Snapshot(
        revision=revision,
        sequence=sequence,
        listeners=tuple(compile_listener(one.form) for one in sections.listeners if one.form is not None),
        upstreams=_upstreams(sections, routes),
        routes=tuple(routes),
        telemetry=telemetry_settings(settings.telemetry, environ),
        drain=drain_settings(settings.drain),
        overload=overload_settings(settings.overload),
        zone=settings.zone or "",
    )


def _upstreams(sections: Sections, routes: list[Route]) -> tuple[Upstream, ...]:
    asking: dict[str, list[Route]] = {}
    for route in routes:
        if route.subset:
            for share in route.upstreams:
                asking.setdefault(share.upstream, []).append(route)
    return tuple(
        compile_upstream(one.name, one.form, asking.get(one.name, ()))
        for one in sections.upstreams
        if one.form is not None
    )


def _routes(sections: Sections) -> list[Route]:
    """The accepted ones; the others' places in the order of the file stay free."""
    name = sections.document.name
    lines = sections.document.lines_of(("routes",))
    return [
        compile_route(route.form, index, Place(name, lines[index]))
        for index, route in enumerate(sections.routes)
        if route.form is not None and not route.errors
    ]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector: it would walk a growing heap again and again, and take most of the time to load."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
