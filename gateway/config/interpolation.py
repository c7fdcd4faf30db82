"""`${NAME}`, `${NAME:-default}` and `${file:/path}` inside values, and what was read to replace them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gateway.config.signature import Signature, UnreadableFile, read_bounded

SECRET_BYTES: Final = 64 * 1024
"""The longest secret file: far above any key or token, far below anything that would be a mistake to read."""

_REFERENCE: Final = re.compile(r"\$\$|\$\{([^}]*)\}?")
_VARIABLE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_FORMS: Final = "${NAME}, ${NAME:-default} or ${file:/path}, with $$ for a dollar sign"


class Interpolated(str):
    """Text that came, in part or whole, from the environment or a file. Never shown: `template` is shown instead."""

    __slots__ = ("template",)

    template: str

    @classmethod
    def of(cls, text: str, template: str) -> "Interpolated":
        made = cls(text)
        made.template = template
        return made


class InterpolationError(ValueError):
    """One sentence on a reference that cannot be replaced; never holds a value."""


class Interpolation:
    """Replaces references, and remembers what it read.

    folder: where relative file names start. may_read, may_use: whether a file or a variable may be referred to at all.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: str,
        may_read: Callable[[str], bool] = lambda path: True,
        may_use: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._may_read = may_read
        self._may_use = may_use
        self.variables: set[str] = set()
        self.signatures: dict[str, Signature | None] = {}
        """Of every file that was asked for, under its absolute path; None for one that could not be read."""
        self._contents: dict[str, str] = {}

    def expand(self, template: str) -> str:
        """The text with every reference replaced once. Raises InterpolationError."""
        text = _REFERENCE.sub(self._replace, template)
        return Interpolated.of(text, template) if "${" in template.replace("$$", "") else text

    def read_secret(self, name: str) -> str:
        """A file's text without the line end that closes it. Each file is read once. Raises InterpolationError."""
        path = str(Path(self._folder) / name)
        if path not in self._contents:
            if not self._may_read(path):
                raise InterpolationError(f"the file {name} is not one that the running configuration reads")
            self.signatures[path] = None
            self._contents[path] = self._read(path, name)
        return self._contents[path]

    def _replace(self, reference: re.Match[str]) -> str:
        if reference[0] == "$$":
            return "$"
        if not reference[0].endswith("}"):
            raise InterpolationError(f"a reference is not closed; expected {_FORMS}")
        kind, colon, path = reference[1].partition(":")
        if kind == "file" and colon and not path.startswith("-"):
            return self.read_secret(path)
        return self._variable(reference[1])

    def _variable(self, inner: str) -> str:
        variable = _VARIABLE.fullmatch(inner)
        if variable is None:
            raise InterpolationError(f"a reference cannot be read; expected {_FORMS}")
        name, default = variable.groups()
        if not self._may_use(name):
            raise InterpolationError(f"the variable {name} is not one that the running configuration uses")
        self.variables.add(name)
        value = self._environ.get(name)
        # As in a shell, the default of `:-` also stands in for an empty value.
        if not value and default is not None:
            return str(default)
        if value is None:
            raise InterpolationError(
                f"the environment variable {name} is not set; expected it, or ${{{name}:-default}}"
            )
        return value

    def _read(self, path: str, name: str) -> str:
        try:
            content, self.signatures[path] = read_bounded(path, SECRET_BYTES)
            text = content.decode()
        except UnicodeDecodeError:
            raise InterpolationError(f"the file {name} is not UTF-8 text") from None
        except UnreadableFile as error:
            raise InterpolationError(f"the file {name} cannot be read: {error}") from None
        return text.removesuffix("\n").removesuffix("\r")
