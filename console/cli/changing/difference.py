"""`sightline diff`: what two revisions differ in, by object and key."""

import argparse
from typing import Any
from urllib.parse import quote

from console.cli.twin import Reading, Twin
from console.render.changes.differences import difference_text
from gateway.wire.changes import RevisionDiffView


class DiffTwin(Twin):
    name = "diff"
    help = "tell what two revisions differ in"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("old", metavar="OLD", help="a revision, a sequence, `running` or `previous`")
        parser.add_argument("new", metavar="NEW", nargs="?", default="running", help="(default: running)")

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        old, new = quote(arguments.old, safe=""), quote(arguments.new, safe="")
        return Reading(f"revisions/{old}..{new}", RevisionDiffView, _told)


def _told(view: RevisionDiffView) -> str:
    title = f"rev {view.old.sequence} ({view.old.revision}) -> rev {view.new.sequence} ({view.new.revision})"
    return f"{title}\n{difference_text(view.changes)}"


command = DiffTwin()
