"""The canonical form of a configuration: JSON with sorted keys and every default filled in.

Its digest is the revision, which covers every value. What is shown of it holds neither secrets nor anything that was
interpolated, and reads back as the same configuration wherever no secret had to be taken out.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.config.interpolation import Interpolated
from gateway.config.secrets import REDACTED, Path, secret_places, value_at
from gateway.config.sections import Declared, Sections

_REVISION_DIGITS: Final = 12
BARE_REFERENCE: Final = re.compile(r"\$\{(file:)?[^}:]*\}")
"""Without a default, which could be the secret itself."""


@dataclass(frozen=True, slots=True)
class CanonicalForm:
    """revision: of every value. shown: the JSON. sealed: the digest of each value that is not in it, by its path there;
    it never leaves the process, and tells whether a secret changed."""

    revision: str
    shown: bytes
    sealed: tuple[tuple[Path, str], ...]


def canonical_form(sections: Sections, token_secrets: tuple[str, ...]) -> CanonicalForm:
    """Of a configuration without errors. `token_secrets` are the admin tokens, in order."""
    dump = _dump(sections)
    secrets = set(secret_places(dump))
    templates = dict(_templates(sections.document.value, ())) if sections.document.has_interpolated else {}
    shown = _shown_texts(secrets, templates)
    sealed = {path: _digest(value_at(dump, path)) for path in shown}
    for path, digest in sealed.items():
        _put(dump, path, digest)
    whole = hashlib.sha256(orjson.dumps(dump, option=orjson.OPT_SORT_KEYS))
    whole.update(_digest(token_secrets).encode())
    # A text that was in the file as it is must not become a reference when the form is read back.
    if b"${" in (plain := orjson.dumps(dump)) or b"$$" in plain:
        dump = _escaped(dump)
    for path, text in shown.items():
        _put(dump, path, text)
    # What a token file holds is no value of the dump, and yet it may change.
    sealed |= {("admin", "tokens", at, "token"): _digest(token) for at, token in enumerate(token_secrets)}
    return CanonicalForm(
        whole.hexdigest()[:_REVISION_DIGITS], orjson.dumps(dump, option=orjson.OPT_SORT_KEYS), tuple(sealed.items())
    )


def _dump(sections: Sections) -> dict[str, Any]:
    dump: dict[str, Any] = _plain(sections.settings)
    # A listener has no keys that may be absent, but limits that are None and read `none`.
    dump["listeners"] = [_plain(listener, exclude_none=False) for listener in sections.listeners]
    dump["upstreams"] = {upstream.name: _plain(upstream) for upstream in sections.upstreams}
    dump["routes"] = [_plain(route) for route in sections.routes]
    return dump


def _plain(declared: Declared[Any], *, exclude_none: bool = True) -> Any:
    return {} if declared.form is None else declared.form.model_dump(mode="json", exclude_none=exclude_none)


def _templates(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every interpolated text of the file as it was written there."""
    if isinstance(value, Interpolated):
        yield path, value.template
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _templates(item, (*path, key))


def _shown_texts(secrets: set[Path], templates: dict[Path, str]) -> dict[Path, str]:
    """What stands in the shown form in place of secrets and interpolated texts."""
    shown = dict.fromkeys(secrets, REDACTED)
    for path, template in templates.items():
        is_part_of_secret = path[:-1] in secrets
        if not is_part_of_secret and (path not in secrets or BARE_REFERENCE.fullmatch(template)):
            shown[path] = template
    return shown


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(orjson.dumps(value)).hexdigest()}"


def _put(root: Any, path: Path, value: str) -> None:
    value_at(root, path[:-1])[path[-1]] = value


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$") if "${" in value or "$$" in value else value
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value
