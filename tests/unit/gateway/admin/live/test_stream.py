"""The stream as a call: what it asks to follow, what it sends on, what it refuses."""

import pytest

from tests.support.admin_api import AdminApi
from tests.support.waiting import wait_until


def test_events_are_sent_as_they_are_until_there_are_no_more(api: AdminApi) -> None:
    api.state.live.events = [b"event: a\ndata: 1\n\n", b": beat\n\n"]
    reply = api.call("GET", "/api/v1/stream?topics=exchanges,status&filter=err%20/v1&rate=7&last=3")
    assert (reply.status, reply.header("Content-Type")) == (200, "text/event-stream")
    assert reply.body == b"event: a\ndata: 1\n\n: beat\n\n"
    wanted = api.state.live.followed[0]
    assert (wanted.topics, wanted.rate, wanted.last) == (("exchanges", "status"), 7, 3)
    wait_until(lambda: api.state.live.followings[0].has_ended, "the end of the stream is told")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/stream", {"Last-Event-ID": "ab;exchanges=1.0.2"}),
        ("/api/v1/stream?last_event_id=ab;exchanges%3D1.0.2", {}),
    ],
)
def test_the_last_event_can_be_named_in_a_field_or_in_the_query(
    api: AdminApi, path: str, headers: dict[str, str]
) -> None:
    api.call("GET", path, headers=headers)
    assert api.state.live.followed[0].last_event_id == "ab;exchanges=1.0.2"


@pytest.mark.parametrize("query", ["topics=none", "topics=", "rate=0", "rate=1001", "last=-1", "color=red"])
def test_a_parameter_that_makes_no_sense_is_a_bad_request(api: AdminApi, query: str) -> None:
    reply = api.call("GET", f"/api/v1/stream?{query}")
    assert (reply.status, reply.json()["reason"]) == (400, "bad_request")


def test_a_filter_that_cannot_be_understood_is_refused_with_the_column(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/stream?filter=rout:a").json()["detail"].startswith("column 1: rout is not a field")


def test_one_follower_too_many_is_asked_to_come_again(api: AdminApi) -> None:
    reply = api.call("GET", "/api/v1/stream?rate=999")
    assert (reply.status, reply.json()["reason"], reply.header("Retry-After")) == (503, "too_many_followers", "5")


def test_head_follows_nothing(api: AdminApi) -> None:
    reply = api.call("HEAD", "/api/v1/stream")
    assert (reply.status, reply.header("Content-Type"), api.state.live.followed) == (200, "text/event-stream", [])


def test_what_is_running_can_be_asked_for_with_a_filter(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/inflight?filter=latency%3E5s").json()["filter"] == "latency:>5s"
