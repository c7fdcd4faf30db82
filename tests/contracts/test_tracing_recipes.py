"""The recipes of deploy/tracing hold configurations the gateway takes, and a collector's file that is complete in itself."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from gateway.config import load_text
from gateway.model.tracing import TraceFormat
from tests.support.config import one_route

FOLDER: Final = Path(__file__).resolve().parents[2] / "deploy" / "tracing"
BLOCKS: Final = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
EXPORTING: Final = [block for block in BLOCKS if block.startswith("telemetry:")]
WHOLE: Final = [block for block in BLOCKS if block not in EXPORTING]


@pytest.mark.parametrize("block", EXPORTING)
def test_a_block_of_the_recipes_makes_a_gateway_that_exports(block: str) -> None:
    configuration = load_text(one_route("127.0.0.1:9001") + block, "recipe.yaml", 1, {})
    assert configuration.warnings == ()
    assert configuration.snapshot.telemetry.traces.export


def test_the_gateway_for_the_harness_takes_requests_and_callbacks_apart() -> None:
    (block,) = WHOLE
    configuration = load_text(block, "harness.yaml", 1, {})
    assert configuration.warnings == ()
    assert [route.match.listeners for route in configuration.snapshot.routes] == [("requests",), ("callbacks",)]


def test_the_recipes_send_what_the_receivers_libraries_read() -> None:
    formats = {form for block in EXPORTING for form in yaml.safe_load(block)["telemetry"]["traces"].get("formats", [])}
    assert formats == {TraceFormat.JAEGER, TraceFormat.B3}


def test_the_collectors_pipelines_name_only_what_its_file_defines() -> None:
    collector = yaml.safe_load((FOLDER / "zipkin-collector.yaml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= set(collector[kind])
    assert set(collector["receivers"]["otlp"]["protocols"]) == {"grpc", "http"}
