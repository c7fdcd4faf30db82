"""`sightline schema`."""

import json
import subprocess
from collections.abc import Callable

from gateway.config import json_schema

Sightline = Callable[..., subprocess.CompletedProcess[str]]


def test_the_schema_is_printed_as_json(sightline: Sightline) -> None:
    run = sightline("schema")
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == json.loads(json.dumps(json_schema()))
