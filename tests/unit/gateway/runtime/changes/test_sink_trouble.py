"""When a sink's losses become an incident, and when they are over."""

from gateway.runtime.changes.sink_trouble import LONG_QUIET_LOOKS, QUIET_LOOKS, SinkTrouble
from gateway.runtime.incidents import Incidents
from gateway.telemetry.store import MetricsStore


class Scene:
    def __init__(self) -> None:
        self.store = MetricsStore()
        self.incidents = Incidents()
        self.trouble = SinkTrouble(self.store, self.incidents)
        self.trouble.look()

    def lose(self, count: int, reason: str = "queue_full") -> None:
        self.store.count_dropped("span", "otlp", reason, count)
        self.trouble.look()

    def hold(self, looks: int, delivered: int = 1) -> None:
        self.store.count_exported("span", "otlp", delivered)
        for _ in range(looks):
            self.trouble.look()

    def told(self) -> list[tuple[str, str, object]]:
        return [(each.kind, each.subject, each.detail["lost"]) for each in self.incidents.since(0)]


def test_a_sink_that_begins_to_lose_is_told_once_while_it_goes_on() -> None:
    scene = Scene()
    for _ in range(10):
        scene.lose(5)
    assert scene.told() == [("sink_dropping", "otlp", 5)]
    assert "queue_full" in scene.incidents.since(0)[0].text


def test_it_has_recovered_once_it_has_lost_nothing_for_a_while() -> None:
    scene = Scene()
    scene.lose(5)
    scene.lose(2)
    scene.hold(QUIET_LOOKS - 1)
    scene.lose(1)
    scene.hold(QUIET_LOOKS - 1)
    assert len(scene.told()) == 1
    scene.hold(1)
    assert scene.told()[1:] == [("sink_recovered", "otlp", 8)]
    scene.hold(20)
    assert len(scene.told()) == 2


def test_one_that_is_tried_now_and_then_and_takes_nothing_has_not_recovered_in_between() -> None:
    scene = Scene()
    for _ in range(3):
        scene.lose(5)
        scene.hold(3 * QUIET_LOOKS, delivered=0)
    assert scene.told() == [("sink_dropping", "otlp", 5)]
    scene.hold(LONG_QUIET_LOOKS, delivered=0)
    assert scene.told()[1:] == [("sink_recovered", "otlp", 15)]


def test_another_trouble_counts_anew() -> None:
    scene = Scene()
    scene.lose(5)
    scene.hold(QUIET_LOOKS)
    scene.lose(3)
    scene.hold(QUIET_LOOKS)
    assert [lost for _, _, lost in scene.told()] == [5, 5, 3, 3]


def test_sinks_without_losses_are_not_told() -> None:
    scene = Scene()
    scene.hold(20)
    assert scene.told() == []
