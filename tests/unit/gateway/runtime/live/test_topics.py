"""What a stream carries besides exchanges: each second of the history, told once, and incidents as they happen."""

import json

from gateway.runtime.incidents import Incidents
from gateway.runtime.live.topics import history_topic, incidents_topic, logs_topic, status_topic
from gateway.telemetry.log_ring import LogRing
from gateway.wire.filter import EVERYTHING
from tests.unit.gateway.telemetry.history.windows import NOW, Scene, route_delta


def test_each_second_is_told_once_it_is_over_and_only_once() -> None:
    scene = Scene()
    ask = history_topic(scene.history).ask
    scene.report(route_delta(count=3))
    scene.pass_s()
    [told] = ask("", EVERYTHING)
    assert (told.place, told.lost) == (str(NOW), 0)
    tick = json.loads(told.data)
    assert {series["name"]: series["point"]["requests"] for series in tick["series"]} == {"": 3, "orders": 3}
    assert list(ask(told.place, EVERYTHING)) == []
    scene.pass_s()
    [following] = ask(told.place, EVERYTHING)
    assert json.loads(following.data)["series"] == []


def test_followers_share_what_was_made_for_the_first() -> None:
    scene = Scene()
    ask = history_topic(scene.history).ask
    scene.pass_s()
    [first], [second] = ask("", EVERYTHING), ask("", EVERYTHING)
    assert first.data is second.data


def test_the_state_is_made_once_for_all_who_are_told_at_the_same_time() -> None:
    now_s, made = [100.0], iter([b"first", b"second"])
    topic = status_topic(lambda: next(made), lambda: now_s[0])

    def told() -> bytes:
        (only,) = topic.ask("", EVERYTHING)
        return only.data

    assert (told(), told()) == (b"first", b"first")
    now_s[0] += 0.75  # Before a follower is told again: that is once a second.
    assert told() == b"second"


def test_seconds_that_were_missed_are_counted() -> None:
    scene = Scene()
    ask = history_topic(scene.history).ask
    scene.pass_s()
    [told] = ask("", EVERYTHING)
    scene.pass_s(4)
    [later] = ask(told.place, EVERYTHING)
    assert later.lost == 3


def test_incidents_are_told_from_the_moment_somebody_follows() -> None:
    incidents = Incidents()
    incidents.add("worker_died", "worker 1", "before")
    topic = incidents_topic(incidents)
    (first,) = topic.ask("", EVERYTHING)
    assert (first.data, first.place) == (b"", "1")
    incidents.add("worker_died", "worker 1", "after")
    (told,) = topic.ask(first.place, EVERYTHING)
    assert (json.loads(told.data)["text"], told.place, told.lost) == ("after", "2", 0)
    assert list(topic.ask(told.place, EVERYTHING)) == []


def test_incidents_that_are_not_remembered_any_more_are_said_to_be_lost() -> None:
    incidents = Incidents(capacity=3)
    for number in range(10):
        incidents.add("worker_died", "worker 1", f"incident {number}")
    told = list(incidents_topic(incidents).ask("2", EVERYTHING))
    assert [one.place for one in told] == ["8", "9", "10"]
    assert [one.lost for one in told] == [5, 0, 0]


def test_log_records_are_told_from_the_moment_somebody_follows_and_the_lost_are_counted() -> None:
    logs = LogRing(capacity=3)
    logs.keep({"event": "before"})
    topic = logs_topic(logs)
    (first,) = topic.ask("", EVERYTHING)
    assert (first.data, first.place) == (b"", "1")
    logs.keep({"event": "after", "level": "error"})
    (told,) = topic.ask(first.place, EVERYTHING)
    record = json.loads(told.data)
    assert (record["event"], record["level"], told.place, told.lost) == ("after", "error", "2", 0)
    assert list(topic.ask(told.place, EVERYTHING)) == []
    for number in range(8):
        logs.keep({"event": f"record {number}"})
    assert [(one.place, one.lost) for one in topic.ask("2", EVERYTHING)] == [("8", 5), ("9", 0), ("10", 0)]
