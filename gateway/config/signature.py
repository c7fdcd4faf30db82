"""Reading a file once, whole and bounded, and knowing later whether it is another one now."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path


class UnreadableFile(Exception):  # noqa: N818 - the name says what is the case
    """A few words on why a file could not be read; never holds its content."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Of the file a path leads to once all symbolic links are followed."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    """The inode's own time: it moves even where a tool puts the old modification time back."""


def signature_of(path: str) -> Signature | None:
    """The signature of the file at a path; None while there is none or it cannot be reached."""
    try:
        return _to_signature(Path(path).stat())
    except (OSError, ValueError):  # ValueError: a path with a NUL in it.
        return None


def read_bounded(path: str, limit: int) -> tuple[bytes, Signature]:
    """Content of a regular file of at most `limit` bytes, and its signature from before it was read.

    Raises UnreadableFile.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO by mistake would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile("it is not a regular file")
            content = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFile((error.strerror or str(error)).lower()) from None
    except ValueError:
        raise UnreadableFile("the name holds a NUL character") from None
    if len(content) > limit:
        raise UnreadableFile(f"it is longer than {limit} bytes")
    return content, _to_signature(status)


def _to_signature(status: os.stat_result) -> Signature:
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
