"""What the gateway would answer where no endpoint would get the request."""

from collections.abc import Callable

import pytest

from gateway.cli.explanation import told
from gateway.config import Configuration, explain_request
from gateway.config.explaining.refusing import EndpointFacts, Refused
from gateway.model.outcome import Reason
from gateway.wire.explain import ExplainRequest, ExplanationView

TEXT = """
listeners: [{name: public, address: 127.0.0.1:9080}]
upstreams:
  prio: {endpoints: [127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3]}
  spare: {endpoints: [127.0.0.1:4]}
routes:
  - {name: one, match: {path: /one}, upstream: prio, rewrite: {path: /v2/one}}
  - {name: none, match: {path: /none}, split: [{upstream: prio, weight: 0}, {upstream: spare, weight: 0}]}
  - name: two
    match: {path: /two}
    split: [{upstream: prio, weight: 3}, {upstream: spare, weight: 1}]
    faults: {delay: {share: 10%, duration: 20ms}, abort: {share: 2%, headers: {x-game: day}}}
"""
WELL = EndpointFacts(("127.0.0.1",), workers=1)


def out(why: str) -> EndpointFacts:
    return EndpointFacts(("127.0.0.1",), state="unhealthy", why=why, workers=1)


ALL_OUT = {"127.0.0.1:1": out("bad_status, 503 in 1 ms"), "127.0.0.1:2": out("bad_status, 503 in 2 ms")} | {
    "127.0.0.1:3": EndpointFacts(("127.0.0.1",), state="draining", weight=0)
}


@pytest.fixture
def explain(load: Callable[..., Configuration]) -> Callable[..., ExplanationView]:
    configuration = load(TEXT, bare=True)

    def explain_it(path: str, known: dict[str, EndpointFacts]) -> ExplanationView:
        return explain_request(configuration, ExplainRequest(url=path), lambda _, endpoint: known.get(endpoint, WELL))

    return explain_it


Explain = Callable[..., ExplanationView]


def test_without_an_endpoint_the_answer_comes_first_and_nothing_is_said_to_be_forwarded(explain: Explain) -> None:
    view = explain("/one", ALL_OUT)
    assert (view.action, view.status, view.reason) == ("forward", 503, "no_healthy_endpoint")
    assert told(view).splitlines()[2] == (
        "would be answered 503 no_healthy_endpoint: 2 of 3 unhealthy (bad_status), 1 of 3 drained"
    )
    assert "forwarded to" not in told(view)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (WELL, ""),
        (EndpointFacts(("127.0.0.1",), state="ejected", in_panic=True, workers=1), ""),
        (
            EndpointFacts(("127.0.0.1",), refused=Refused(Reason.CIRCUIT_OPEN, "it is open"), workers=1),
            "would be answered 503 circuit_open: it is open",
        ),
        (
            EndpointFacts(("127.0.0.1",), workers=2, full=2, queue_full=2),
            "would be answered 503 pool_exhausted: every worker has all its connections in use and its queue full",
        ),
    ],
)
def test_the_verdict_is_what_the_first_obstacle_on_the_way_answers(
    explain: Explain, facts: EndpointFacts, verdict: str
) -> None:
    view = explain("/one", {f"127.0.0.1:{number}": facts for number in (1, 2, 3)})
    assert view.verdict == verdict
    assert (view.status is None) == (not verdict)


def test_one_endpoint_that_can_be_chosen_is_enough(explain: Explain) -> None:
    view = explain("/one", ALL_OUT | {"127.0.0.1:2": WELL})
    assert (view.verdict, view.status, view.choices[0].reason) == ("", None, "none")


def test_of_a_split_the_share_that_fails_is_told_and_the_rest_is_forwarded(explain: Explain) -> None:
    view = explain("/two", ALL_OUT)
    assert (view.status, view.reason) == (None, "none")
    assert view.verdict == (
        "75% would be answered 503 no_healthy_endpoint: prio: 2 of 3 unhealthy (bad_status), 1 of 3 drained"
    )
    assert "forwarded to prio (weight 3), spare (weight 1)" in told(view)


def test_weights_that_are_all_zero_are_known_from_the_file(explain: Explain) -> None:
    assert explain("/none", {}).verdict == "would be answered 503 no_healthy_endpoint: all weights are 0"


def test_faults_on_purpose_are_told_with_what_is_applied(explain: Explain) -> None:
    lines = told(explain("/two", {})).splitlines()
    assert "  on purpose: 10% of the requests are held back for 20 ms" in lines
    assert "  on purpose: 2% of the requests whose headers match are answered with 503" in lines
