"""Which gateway is meant, and what goes with it: options before environment before `contexts.yaml` before its defaults
before the address of a gateway at home."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from console.client.problems import WrongUsage
from console.client.tokens import token_from

HOME_URL: Final = "http://127.0.0.1:9900"
URL_VARIABLE: Final = "SIGHTLINE_URL"
CONTEXT_VARIABLE: Final = "SIGHTLINE_CONTEXT"
TOKEN_FILE_VARIABLE: Final = "SIGHTLINE_TOKEN_FILE"  # noqa: S105 - the name of a variable
CA_FILE_VARIABLE: Final = "SIGHTLINE_CA_FILE"
READ_ONLY_VARIABLE: Final = "SIGHTLINE_READ_ONLY"
PRODUCTION_TAG: Final = "prod"

_NO: Final = frozenset({"", "0", "false", "no"})


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway a command talks to. `url` has no slash at its end; at most one of the three says a token."""

    url: str
    token: str | None = None
    token_file: str | None = None
    token_cmd: str | list[str] | None = None
    ca_file: str | None = None
    """Of the authorities that may vouch for it; those of the system where there is none."""

    @property
    def shown(self) -> str:
        """Its URL for people to read, and to paste elsewhere."""
        return without_password(self.url)

    def find_token(self) -> str | None:
        """None where none is needed. May read a file or wait for a command. Raises WrongUsage."""
        return self.token if self.token is not None else token_from(self.token_file, self.token_cmd)


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every context that does not say otherwise."""

    band: str | None = None
    """Colour of the band at the top: `#rrggbb` or one of the 16 names of a terminal."""
    read_only: bool | None = None
    max_rate: int | None = None
    """Exchanges a second that the tail of live traffic may bring."""
    prometheus: str | None = None
    alertmanager: str | None = None
    trace_url: str | None = None
    """With `{trace_id}` in it."""
    grafana_url: str | None = None
    default_screen: str | None = None


class Context(Defaults, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gateway of `contexts.yaml`, under its name."""

    name: str
    url: str = HOME_URL
    token_file: str | None = None
    token_cmd: str | list[str] | None = None
    ca_file: str | None = None
    tags: list[str] = []

    @property
    def target(self) -> Target:
        return Target(
            url=self.url.rstrip("/"), token_file=self.token_file, token_cmd=self.token_cmd, ca_file=self.ca_file
        )

    @property
    def is_production(self) -> bool:
        return PRODUCTION_TAG in self.tags

    @property
    def starts_read_only(self) -> bool:
        """Production does, unless the file says otherwise."""
        return self.is_production if self.read_only is None else self.read_only


class Contexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file. `current` is the context that is meant when none is named; the first if this is left out."""

    contexts: list[Context] = []
    current: str | None = None
    defaults: Defaults = Defaults()


class Wished(msgspec.Struct, frozen=True, kw_only=True):
    """What the options of a command say; None where they say nothing."""

    url: str | None = None
    token_file: str | None = None
    context: str | None = None
    ca_file: str | None = None
    read_only: bool | None = None


def contexts_file(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/sightline/contexts.yaml`; the default of the variable is that of the XDG specification."""
    home = environ.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else Path(environ.get("HOME", "~")) / ".config"
    return folder.expanduser() / "sightline" / "contexts.yaml"


def find_context(wished: Wished, environ: Mapping[str, str]) -> Context:
    """The gateway that options and environment mean, with all that is said of it. Raises WrongUsage.

    The token of a context is not sent to a gateway that is named by its URL alone.
    """
    url = wished.url or environ.get(URL_VARIABLE)
    name = wished.context or environ.get(CONTEXT_VARIABLE)
    chosen = None
    if name is not None or url is None:
        chosen = _chosen(contexts_file(environ), name)
    context = chosen or Context(name=_host(url) if url else "local")
    changes: dict[str, Any] = {}
    if url is not None:
        changes["url"] = url
    token_file = wished.token_file or environ.get(TOKEN_FILE_VARIABLE)
    if token_file is not None:
        changes |= {"token_file": token_file, "token_cmd": None}
    ca_file = wished.ca_file or environ.get(CA_FILE_VARIABLE)
    if ca_file is not None:
        changes["ca_file"] = ca_file
    read_only = wished.read_only
    if read_only is None and READ_ONLY_VARIABLE in environ:
        read_only = environ[READ_ONLY_VARIABLE].lower() not in _NO
    if read_only is not None:
        changes["read_only"] = read_only
    context = msgspec.structs.replace(context, **changes)
    _check_url(context.url)
    return context


def named_context(name: str, environ: Mapping[str, str]) -> Context:
    """The context of this name, as the file has it. Raises WrongUsage."""
    context = _chosen(contexts_file(environ), name)
    assert context is not None  # One that is named is there, or it has been said that it is not.
    _check_url(context.url)
    return context


def find_target(url: str | None, token_file: str | None, context: str | None, environ: Mapping[str, str]) -> Target:
    """The same for a command that needs no more than to ask it."""
    return find_context(Wished(url=url, token_file=token_file, context=context), environ).target


def read_contexts(file: Path) -> Contexts:
    """All of it, each context with the defaults; empty where there is no file. Raises WrongUsage."""
    if not file.exists():
        return Contexts()
    # Imported here: most calls have no such file, and a command is to answer at once.
    import yaml  # noqa: PLC0415

    try:
        known = msgspec.convert(yaml.safe_load(file.read_text()), Contexts)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise WrongUsage(f"{file} cannot be used: {error}") from error
    for context in known.contexts:
        if context.token_file is not None and context.token_cmd is not None:
            raise WrongUsage(f"{file} cannot be used: context {context.name!r} has a token_file and a token_cmd")
    return msgspec.structs.replace(known, contexts=[_with_defaults(each, known.defaults) for each in known.contexts])


def _with_defaults(context: Context, defaults: Defaults) -> Context:
    missing = {
        field: getattr(defaults, field) for field in Defaults.__struct_fields__ if getattr(context, field) is None
    }
    return msgspec.structs.replace(context, **missing)


def _chosen(file: Path, name: str | None) -> Context | None:
    """The context of that name, or the one that is current; None where there is no file and none was asked for."""
    known = read_contexts(file)
    if not file.exists():
        if name is None:
            return None
        raise WrongUsage(f"there is no context {name!r}: {file} does not exist")
    wanted = name or known.current
    if wanted is None:
        return known.contexts[0] if known.contexts else None
    for context in known.contexts:
        if context.name == wanted:
            return context
    names = ", ".join(context.name for context in known.contexts) or "none"
    raise WrongUsage(f"there is no context {wanted!r} in {file}; there are: {names}")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise WrongUsage(f"expected the URL of an admin API such as {HOME_URL}, got {url!r}")


def without_password(url: str) -> str:
    """A URL without a name and a password that may be in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _host(url: str) -> str:
    """How a gateway is called that has no name."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url
