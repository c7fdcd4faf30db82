"""Which gateway is meant: options before environment before `contexts.yaml` before the address of a gateway at home."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from console.client.problems import WrongUsage

HOME_URL: Final = "http://127.0.0.1:9900"
URL_VARIABLE: Final = "SIGHTLINE_URL"
CONTEXT_VARIABLE: Final = "SIGHTLINE_CONTEXT"
TOKEN_FILE_VARIABLE: Final = "SIGHTLINE_TOKEN_FILE"  # noqa: S105 - the name of a variable


class Context(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gateway of `contexts.yaml`, under its name."""

    name: str
    url: str = HOME_URL
    token_file: str | None = None


class _Contexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    contexts: list[Context]
    current: str | None = None
    """The one that is meant when none is named; the first if this is left out."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway a command talks to. `url` has no slash at its end; `token` is None where none is needed."""

    url: str
    token: str | None = None


def contexts_file(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/sightline/contexts.yaml`; the default of the variable is that of the XDG specification."""
    home = environ.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else Path(environ.get("HOME", "~")) / ".config"
    return folder.expanduser() / "sightline" / "contexts.yaml"


def find_target(url: str | None, token_file: str | None, context: str | None, environ: Mapping[str, str]) -> Target:
    """The gateway that the options and the environment mean. Raises WrongUsage for a file or name that is no good."""
    url = url or environ.get(URL_VARIABLE)
    token_file = token_file or environ.get(TOKEN_FILE_VARIABLE)
    context = context or environ.get(CONTEXT_VARIABLE)
    chosen = None
    if context is not None or url is None:
        chosen = _chosen(contexts_file(environ), context)
    if url is None:
        url = chosen.url if chosen is not None else HOME_URL
    if token_file is None and chosen is not None:
        token_file = chosen.token_file
    if not _is_url(url):
        raise WrongUsage(f"expected the URL of an admin API such as {HOME_URL}, got {url!r}")
    return Target(url=url.rstrip("/"), token=None if token_file is None else _read_token(token_file))


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _chosen(file: Path, name: str | None) -> Context | None:
    """The context of that name, or the one that is current; None where there is no file and none was asked for."""
    if not file.exists():
        if name is None:
            return None
        raise WrongUsage(f"there is no context {name!r}: {file} does not exist")
    known = _read(file)
    wanted = name or known.current
    if wanted is None:
        return known.contexts[0] if known.contexts else None
    for context in known.contexts:
        if context.name == wanted:
            return context
    names = ", ".join(context.name for context in known.contexts) or "none"
    raise WrongUsage(f"there is no context {wanted!r} in {file}; there are: {names}")


def _read(file: Path) -> _Contexts:
    # Imported here: most calls have no such file, and a command is to answer at once.
    import yaml  # noqa: PLC0415

    try:
        content: Any = yaml.safe_load(file.read_text())
        return msgspec.convert(content, _Contexts)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise WrongUsage(f"{file} cannot be used: {error}") from error


def _read_token(file: str) -> str:
    try:
        return Path(file).expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"the token file cannot be read: {error}") from error
