"""Out of the console: to the clipboard, to a page in a browser, into a folder of evidence."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from console.app.acting.editing import Editing
from console.app.kept.files import may_hold_secret
from console.client.naming import reaching
from console.state.links import link_to
from console.state.selection import Selection

if TYPE_CHECKING:
    from console.render.copying.copies import Copy


_COPIED: Final = "sightline-copied.txt"


class Handing(Editing):
    """The part of the app that hands something on."""

    def copy(self, text: str) -> None:
        """By OSC 52, which also reaches the clipboard of who is connected by SSH. No terminal says whether it took it."""
        self.copy_to_clipboard(text)
        first, *more = text.split("\n")
        what = f"{len(more) + 1} lines: {first}" if more else first
        self.say(f"{sent_to(os.environ)}: {what}")

    def write_copied(self, file: str) -> None:
        """What was copied last, at the end of a file: for whom no clipboard takes it."""
        if self.is_web:
            self.say("a browser writes no files on the machine that serves it")
            return
        if not self.clipboard:
            self.say("nothing was copied yet: y copies the command that prints this, Y one thing of what is selected")
            return
        path = Path(file or _COPIED).expanduser().absolute()
        try:
            # May hold what a request carried: for its owner alone.
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8"
            ) as stream:
                stream.write(f"{self.clipboard}\n")
        except OSError as error:
            self.say(f"{path} cannot be written: {error.strerror}")
            return
        self.say(f"added to {path}")

    def offer_copies(self, selection: Selection | None, row: str) -> None:
        """What can be copied of it, its link, and what stands there of it. The texts are those of now: the row may move on."""
        # Imported here: the first paint does not wait for it.
        from console.render.copying.copies import Copy, copies_of  # noqa: PLC0415

        screen = self.front
        found = copies_of(selection, self.model) if selection is not None else []
        if selection is not None and (link := self._link(selection)):
            found.append(Copy("o", "link", link))
        if row:
            found.append(Copy("s", "row", row))
        if screen is None or not found:
            self.say("nothing is selected")
            return
        by_key = {each.key: each for each in found}
        screen.choose("copy", {each.key: each.label for each in found}, lambda key: self._hand(by_key[key]))

    def _hand(self, chosen: "Copy") -> None:
        if chosen.is_command:
            self.copy_command(chosen.text)
        else:
            self.copy(chosen.text)

    def _link(self, selection: Selection) -> str:
        """Empty where the context has no template for it."""
        try:
            return self._link_to(selection)
        except ValueError:
            return ""

    def copy_command(self, line: str) -> None:
        """So that it asks the gateway that is looked at, wherever it is pasted."""
        self.copy(self._whole(line))

    def _whole(self, line: str) -> str:
        return line if self.context is None else reaching(line, self.context, os.environ)

    def open_link(self, selection: Selection) -> None:
        """In a browser where there is one; copied where there is none."""
        try:
            url = self._link_to(selection)
        except ValueError as problem:
            self.say(str(problem))
            return
        if self.is_web or has_browser(os.environ):
            self.open_url(url)
            self.say(f"opened: {url}")
        else:
            self.copy(url)

    def _link_to(self, selection: Selection) -> str:
        """Raises ValueError with words about what is missing."""
        context, model = self.context, self.model
        return link_to(
            selection,
            trace_url=context.trace_url if context is not None else None,
            grafana_url=context.grafana_url if context is not None else None,
            ends_s=model.at_s or model.now_s,
            window_s=model.window_s,
        )

    def export(self, folder: str) -> None:
        """What is on the screen and how to print it, into a new folder; says where."""
        screen = self.front
        if screen is None:
            return
        if self.is_web:
            self.say("a browser writes no files on the machine that serves it")
            return
        now = datetime.fromtimestamp(self.live_model.now_s, UTC)
        path = Path(folder or f"sightline-{screen.NAME}-{now:%Y%m%dT%H%M%SZ}").expanduser().absolute()
        # When the command bar has gone: it would stand in the picture.
        screen.say("")
        _ = self.call_after_refresh(self._write_evidence, path, now)

    def _write_evidence(self, path: Path, now: datetime) -> None:
        try:
            path.mkdir(mode=0o700, parents=True)
            (path / "screen.svg").write_text(
                self.export_screenshot(title=f"{self.context_name} {now:%Y-%m-%d %H:%M:%S}Z")
            )
            (path / "data.json").write_bytes(msgspec.json.format(msgspec.json.encode(self._evidence(now))))
            (path / "commands.txt").write_text("".join(f"{line}\n" for line in self._commands()))
        except OSError as error:
            self.say(f"{path} cannot be written: {error.strerror}")
            return
        self.say(f"written to {path}: screen.svg, data.json, commands.txt")

    def _evidence(self, now: datetime) -> dict[str, Any]:
        """As the twins' JSON: what, when, and whether all of it is there."""
        model, screen = self.model, self.front
        readings = screen.readings() if screen is not None else ()
        answers = [(reading, model.get(reading)) for reading in readings]
        return {
            "schema": "sightline.export/1",
            "generated_at": now.isoformat(),
            "partial": any(answer.view is None or answer.problem for _, answer in answers),
            "context": self.context_name,
            "gateway": model.status,
            "screen": screen.NAME if screen is not None else "",
            "subject": screen.subject if screen is not None else "",
            "filter": screen.filter if screen is not None else "",
            "window_s": model.window_s,
            "at_s": model.at_s,
            "readings": [
                {
                    "path": reading.target,
                    "query": dict(reading.query),
                    "at_s": answer.at_s,
                    "problem": answer.problem,
                    "answer": answer.view,
                }
                for reading, answer in answers
            ],
            "incidents": list(model.incidents),
        }

    def _commands(self) -> list[str]:
        twins = [line for line in dict.fromkeys(self.looked_at) if line != "sightline help"]
        shown = [self._whole(line) for line in twins if not may_hold_secret(line)]
        given = [f"# :{line}" for line in self.given if not may_hold_secret(line)]
        return ["# Prints what was looked at, in that order:", *shown, "# Given in the command bar:", *given]


def sent_to(environ: Mapping[str, str]) -> str:
    """What became of a copy: tmux keeps it from the terminal unless it is told to hand it on."""
    if environ.get("TMUX"):
        return "sent to tmux (handed on if `set -s set-clipboard on`, else :copied)"
    return "sent to the terminal's clipboard"


def has_browser(environ: Mapping[str, str]) -> bool:
    """Whether a page would open beside this terminal, and not in it or on a machine far away."""
    if environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in {"darwin", "win32"} or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
