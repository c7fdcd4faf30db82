"""A model as screens have it, filled once: so that a command says the sentences of the screen, from the same functions."""

import argparse
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from console.cli.twin import body_of
from console.client.call import decode
from console.client.problems import AdminProblem, Refused
from console.state.messages import Answered, Failed, Message
from console.state.model import Model
from console.state.reading import AnyReading

_ROUNDS: Final = 3
"""What is learnt may call for more: the changes of revisions, the course of what is in trouble."""
_AT_ONCE: Final = 4


def known(
    arguments: argparse.Namespace, wanted: Callable[[Model], Iterable[AnyReading]], window_s: int | None = None
) -> Model:
    """What the gateway, or the recording, answers to all that is wanted. Raises AdminProblem where nothing is answered at all."""
    model, asked = Model(), set[AnyReading]()
    model.now_s = _moment(arguments)
    model.window_s = arguments.window or window_s or model.window_s
    model.at_s = arguments.at
    if model.at_s is not None:
        model.now_s = float(model.at_s)
    for _ in range(_ROUNDS):
        new = [reading for reading in dict.fromkeys(wanted(model)) if reading not in asked]
        if not new:
            break
        asked.update(new)
        with ThreadPoolExecutor(_AT_ONCE) as several:
            for message in several.map(lambda reading: _ask(arguments, reading), new):
                model.take(message)
    return model


def _ask(arguments: argparse.Namespace, reading: AnyReading) -> Message:
    try:
        body = body_of(arguments, reading.target.removeprefix("/api/v1/"), dict(reading.query))
    except Refused as problem:
        return Failed(reading, 404, str(problem))
    except AdminProblem:
        if arguments.replay is None:
            raise
        return Failed(reading, 404, "not in the recording")
    return Answered(reading, decode(body, reading.view))


def _moment(arguments: argparse.Namespace) -> float:
    """Now, or the moment of the recording that is looked at."""
    if arguments.replay is None:
        return time.time()
    from console.sources.recording import read_recording  # noqa: PLC0415 - most commands ask a gateway

    recording = read_recording(arguments.replay)
    return recording.header.started_s + (recording.ends_s if arguments.replay_at is None else arguments.replay_at)
