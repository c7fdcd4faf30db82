"""A configuration read, checked and made ready to be sent, in a thread beside the supervisor's loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gateway.config.configuration import Configuration, References
from gateway.config.diff.archive import Archive
from gateway.config.errors import ConfigInvalid
from gateway.config.load import load_file, load_text
from gateway.config.source import FileSource, SourceChange
from gateway.runtime.fleet.package import encode_slices


@dataclass(frozen=True, slots=True)
class Candidate:
    """An accepted configuration that may come to run, its upstreams and routes as they travel to the workers, and what is
    kept of it once another one runs."""

    configuration: Configuration
    slices: tuple[bytes, ...]
    archive: Archive

    @property
    def revision(self) -> str:
        return self.configuration.snapshot.revision

    @property
    def sequence(self) -> int:
        return self.configuration.snapshot.sequence


class Loader:
    """The file source and the texts handed in, read in one thread, so that two are never compiled at once.

    sequence: the number a snapshot will have if it comes to run.
    """

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        self.path = path
        self._environ = environ
        self._watch = FileSource(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compile")

    async def load_file(self, sequence: int) -> Candidate:
        """Raises ConfigInvalid. Either way `changes` then waits for the next change of what was read here."""
        try:
            candidate = await self._prepare(lambda: load_file(self.path, sequence, self._environ))
        except ConfigInvalid as invalid:
            self._watch.loaded(invalid.signatures)
            raise
        self._watch.loaded(candidate.configuration.signatures)
        return candidate

    async def load_text(self, text: str, name: str, sequence: int, within: References) -> Candidate:
        """within: the files and variables that the text may refer to. Raises ConfigInvalid."""
        return await self._prepare(lambda: load_text(text, name, sequence, self._environ, within=within))

    def changes(self) -> AsyncIterator[SourceChange]:
        """Of the file, and of the secret files it reads."""
        return self._watch.changes()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _prepare(self, load: Callable[[], Configuration]) -> Candidate:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _prepare, load)


def _prepare(load: Callable[[], Configuration]) -> Candidate:
    configuration = load()
    return Candidate(configuration, encode_slices(configuration.snapshot), Archive.of(configuration))
