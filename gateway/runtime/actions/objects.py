"""Single routes and upstreams of the running configuration, read and replaced as text."""

import asyncio
from typing import Final

import structlog
from msgspec.structs import replace

from gateway.admin.state import EditableKind, NotEditable
from gateway.config.configuration import Configuration
from gateway.config.editing.object_text import CannotCut, ObjectText, Replaced
from gateway.runtime.reload import API_SOURCE, HandedIn, Reloads
from gateway.wire.actions import ObjectTextView
from gateway.wire.views import ApplyResult, ConfigErrorView

_ELSEWHERE: Final = "the configuration with it"

_log = structlog.get_logger("sightline.admin")


class ObjectTexts:
    """Implements gateway.admin.state.ObjectsState. Texts are read beside the loop, one at a time."""

    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads
        self._one_at_a_time = asyncio.Lock()

    async def read(self, kind: EditableKind, name: str) -> ObjectTextView | None:
        running = self._reloads.running
        found = await self._cut(running.configuration, kind, name)
        if found is None:
            return None
        return ObjectTextView(
            kind=kind,
            name=name,
            text=found.shown,
            revision=running.revision,
            sequence=running.sequence,
            file=self._reloads.source,
            line=found.line,
        )

    async def replace(
        self, kind: EditableKind, name: str, text: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult | None:
        running = self._reloads.running
        configuration = running.configuration
        found = await self._cut(configuration, kind, name)
        if found is None:
            return None
        try:
            replaced = await asyncio.to_thread(found.replaced, text)
        except CannotCut as verdict:
            raise NotEditable(str(verdict)) from verdict
        handed = HandedIn(
            replaced.text, API_SOURCE, actor, "", configuration.files, configuration.variables, reason=reason
        )
        # What the text was put into must be what runs when it comes to run.
        expected = running.sequence if if_match is None else if_match
        result = await self._reloads.apply(handed, if_match=expected, dry_run=dry_run)
        _log.info(
            "config_object", kind=kind, name=name, actor=actor, dry_run=dry_run, outcome=result.outcome,
            revision=result.revision, running_revision=result.running_revision,
        )  # fmt: skip
        return replace(result, errors=[_placed(error, f"{kind} {name}", replaced) for error in result.errors])

    async def _cut(self, configuration: Configuration, kind: EditableKind, name: str) -> ObjectText | None:
        objects: dict[str, int | str]
        if kind == "route":
            objects = {route.name: route.index for route in configuration.snapshot.routes}
        else:
            objects = {upstream.name: upstream.name for upstream in configuration.snapshot.upstreams}
        if name not in objects:
            return None
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(ObjectText, configuration.text, kind, objects[name])
            except CannotCut as verdict:
                raise NotEditable(str(verdict)) from verdict


def _placed(error: ConfigErrorView, name: str, replaced: Replaced) -> ConfigErrorView:
    """With its line in the text that was handed in, or in the whole configuration where it is not about that."""
    line = error.line - replaced.first_line + 1
    if 1 <= line <= replaced.lines:
        return replace(error, file=name, line=line)
    return replace(error, file=_ELSEWHERE if error.line else "")
