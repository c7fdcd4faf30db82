"""All about one request, from a recording."""

from pathlib import Path

import msgspec
import pytest

from console.sources.recorder import Recorder
from console.state.messages import Event, Request, Response
from gateway.cli.main import main
from gateway.wire.explain import ExplainRequest
from tests.support.console import NOW_S
from tests.support.exchanges import line
from tests.support.explanations import explanation


def test_why_it_went_there_is_what_the_recording_says_and_no_gateway_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = line(1)
    recorder = Recorder(str(tmp_path / "a.ndjson"))
    told = msgspec.json.encode({"weight": 1.0, "exchange": exchange}).decode()
    recorder.take(NOW_S, Event("exchange", told))
    question = Request("POST", "explain", body=msgspec.json.encode(ExplainRequest(exchange=exchange.request_id)))
    recorder.take_answer(NOW_S, question, Response(200, msgspec.json.encode(explanation())))
    recorder.close()
    assert main(["req", exchange.request_id, "--replay", recorder.file, "--url", "http://127.0.0.1:1"]) == 0
    assert "the only route that takes the request" in " ".join(capsys.readouterr().out.split())
