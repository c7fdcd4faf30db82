"""Where an answer comes from: a gateway, or a recording of one."""

import argparse
from typing import Final

from console.cli.options import target_of
from console.client.call import get
from console.client.problems import AdminProblem

API: Final = "/api/v1"


def body_of(arguments: argparse.Namespace, path: str, query: dict[str, str]) -> bytes:
    """The answer to a path below the API. Raises AdminProblem."""
    if getattr(arguments, "replay", None) is None:
        return get(target_of(arguments), f"{API}/{path}", query)
    # Imported here: most commands ask a gateway, and are to answer at once.
    from console.sources.archive import Archive  # noqa: PLC0415
    from console.sources.recording import read_recording  # noqa: PLC0415

    recording = read_recording(arguments.replay)
    at_s = recording.ends_s if arguments.replay_at is None else arguments.replay_at
    found = Archive(recording).at(path, query, at_s)
    if found.status == 200:
        return found.body
    raise AdminProblem(found.problem if found.status in {0, 404} else f"it was refused: {found.status} {found.problem}")
