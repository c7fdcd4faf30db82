"""What the console keeps between two starts, in the folders of the XDG specification. A file that cannot be used is said, never fatal."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from console.client.contexts import contexts_file
from console.state.views import SavedView

T = TypeVar("T")

_HISTORY_LINES: Final = 500
# Of a header that is made up for a question nobody knows whether it is one, whatever its name.
_SECRET_WORDS: Final = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey", " -h")


class UnusableFile(Exception):  # noqa: N818 - an answer, not a fault of ours
    """`str()` names the file and what is wrong with it."""


class Files:
    """environ: as os.environ; None for a console that keeps nothing beyond its end. is_visited: somebody else than the owner of
    these files sits before it, who may use views, aliases and keys; nothing is written, and the history is nobody else's."""

    def __init__(self, environ: Mapping[str, str] | None, *, is_visited: bool = False) -> None:
        self._is_visited = is_visited
        self._folders: tuple[Path, Path] | None = None
        self._remembered: dict[str, Any] = {}
        if environ is not None:
            state = environ.get("XDG_STATE_HOME")
            folder = Path(state) if state else Path(environ.get("HOME", "~")) / ".local" / "state"
            self._folders = contexts_file(environ).parent, folder.expanduser() / "sightline"

    def views(self) -> list[SavedView]:
        """Raises UnusableFile, as all that reads or writes here."""
        return self._read("views.yaml", list[SavedView], [])

    def keep_views(self, views: Sequence[SavedView]) -> None:
        self._write("views.yaml", [msgspec.to_builtins(view) for view in views])

    def aliases(self) -> dict[str, str]:
        """First words of a command line, and what they stand for."""
        return self._read("aliases.yaml", dict[str, str], {})

    def keep_aliases(self, aliases: Mapping[str, str]) -> None:
        self._write("aliases.yaml", dict(aliases))

    def keys(self) -> dict[str, str]:
        """Ids of keys and the keys they are to have instead."""
        return self._read("keys.yaml", dict[str, str], {})

    def history(self) -> list[str]:
        """Command lines of earlier times, newest last."""
        if self._folders is None or self._is_visited:
            return []
        file = self._folders[1] / "history"
        try:
            return file.read_text("utf-8", "replace").splitlines()[-_HISTORY_LINES:]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UnusableFile(f"{file} cannot be read: {error.strerror}") from error

    def keep_history(self, lines: Sequence[str]) -> None:
        """Lines that may hold a secret are left out."""
        if self._folders is not None and not self._is_visited:
            kept = [line for line in lines if not may_hold_secret(line)]
            _store(self._folders[1] / "history", "".join(f"{line}\n" for line in kept[-_HISTORY_LINES:]))

    def _read(self, name: str, kind: type[T], otherwise: T) -> T:
        if self._folders is None or name in self._remembered:
            return msgspec.convert(self._remembered.get(name, otherwise), kind)
        return _read(self._folders[0] / name, kind, otherwise)

    def _write(self, name: str, content: object) -> None:
        if self._folders is None or self._is_visited:
            self._remembered[name] = content
        else:
            _write(self._folders[0] / name, content)


def may_hold_secret(line: str) -> bool:
    """Whether a command line is better not written down."""
    return any(word in line.casefold() for word in _SECRET_WORDS)


def _read(file: Path, kind: type[T], otherwise: T) -> T:
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return otherwise
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableFile(f"{file} cannot be read: {error}") from error
    # Imported here: most have no such file, and the first rows are to come soon.
    import yaml  # noqa: PLC0415

    try:
        content: Any = yaml.safe_load(text)
        return otherwise if content is None else msgspec.convert(content, kind)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise UnusableFile(f"{file} cannot be used: {' '.join(str(error).split())}") from error


def _write(file: Path, content: object) -> None:
    import yaml  # noqa: PLC0415 - as above

    _store(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _store(file: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.replace(file)
    except OSError as error:
        raise UnusableFile(f"{file} cannot be written: {error.strerror}") from error
