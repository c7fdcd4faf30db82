"""The console's list of alerts against a real Prometheus and a real Alertmanager."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml

from console.sources.alerting import Alerting
from console.state import reading
from console.state.alerting.alerts import ALERTS, AlertList, named, silence
from console.state.messages import Answered, Message, Request
from tests.support.alerts.servers import Alertmanager, Prometheus, Receiver
from tests.support.config import free_port
from tests.support.console import GivenSource

DEADLINE_S: Final = 30.0
RULES: Final = {
    "groups": [
        {
            "name": "console",
            "interval": "1s",
            "rules": [
                {"alert": "Fires", "expr": "vector(1)", "labels": {"severity": "critical", "route": "orders"},
                 "annotations": {"summary": "It fires"}},
                {"alert": "Waits", "expr": "vector(1)", "for": "1h", "labels": {"severity": "warning"}},
            ],
        }
    ]
}  # fmt: skip


class Told:
    """What a source told of alerts."""

    def __init__(self) -> None:
        self.lists: list[AlertList] = []
        self.others: list[Message] = []

    def take(self, _at_s: float, message: Message) -> None:
        if isinstance(message, Answered) and message.reading == ALERTS:
            self.lists.append(message.view)
        else:
            self.others.append(message)

    async def until(self, source: Alerting, holds: Callable[[AlertList], bool]) -> AlertList:
        async with asyncio.timeout(DEADLINE_S):
            while not self.lists or not holds(self.lists[-1]):
                await asyncio.sleep(0.1)
                source.refetch()
        return self.lists[-1]


def states(told: AlertList) -> dict[str, str]:
    return {alert.name: alert.state for alert in told.alerts}


@pytest.mark.real("prometheus")
@pytest.mark.real("prometheus-alertmanager")
def test_alerts_are_told_as_both_know_them_and_one_can_be_silenced(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(RULES))

    async def watch(source: Alerting, prometheus: Prometheus) -> None:
        told = Told()
        running = asyncio.create_task(source.run(told.take))
        source.want([ALERTS, reading.STATUS], None)
        found = await told.until(source, lambda each: states(each) == {"Fires": "firing", "Waits": "pending"})
        assert (found.asked, found.problems) == (["Prometheus", "Alertmanager"], [])
        fires = found.alerts[0]
        assert (fires.route, fires.severity, fires.summary) == ("orders", "critical", "It fires")
        assert fires.since

        # Told by Alertmanager, not by Prometheus alone: only then there is something to silence.
        response = await source.ask(silence(named(found.alerts, "Fires"), 600, 1_700_000_000.0, "ana"))
        assert response.status == 400
        assert "Alertmanager refuses" in response.problem
        now_s = time.time()
        assert (await source.ask(silence(named(found.alerts, "Fires"), 600, now_s, "ana"))).is_ok
        found = await told.until(source, lambda each: states(each).get("Fires") == "silenced")
        muted = named(found.alerts, "Fires")[0]
        assert (muted.silenced_by, bool(muted.until)) == ("ana: muted in the console", True)

        prometheus.stop()
        found = await told.until(source, lambda each: bool(each.problems))
        assert found.problems[0].startswith("Prometheus: ")
        assert states(found)["Fires"] == "silenced"
        running.cancel()
        await asyncio.wait([running])

    with (
        Receiver() as receiver,
        Alertmanager(tmp_path, receiver.port) as alertmanager,
        Prometheus(tmp_path, [rules], alertmanager.port) as prometheus,
    ):
        urls = [f"http://127.0.0.1:{server.port}/" for server in (prometheus, alertmanager)]
        asyncio.run(watch(Alerting(GivenSource(), *urls), prometheus))


def test_only_the_list_of_alerts_is_kept_from_the_gateway_and_nobody_is_asked_unless_it_is_wanted() -> None:
    inner = GivenSource()
    source = Alerting(inner, f"http://127.0.0.1:{free_port()}", None)

    async def watch() -> None:
        told = Told()
        running = asyncio.create_task(source.run(told.take))
        source.want([reading.STATUS], None)
        await asyncio.sleep(0)
        assert set(inner.wanted) == {reading.STATUS}
        assert not told.lists
        source.want([reading.OBJECTIVES, ALERTS], None)
        found = await told.until(source, lambda each: bool(each.problems))
        assert found.asked == ["Prometheus"]
        assert set(inner.wanted) == {reading.OBJECTIVES}
        refused = await source.ask(Request("POST", "alertmanager/silences"))
        assert "no Alertmanager is configured" in refused.problem
        await source.ask(Request("GET", "status"))
        assert [request.path for request in inner.asked] == ["status"]
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(watch())


def test_without_either_it_is_said_that_nobody_was_asked() -> None:
    source = Alerting(GivenSource(), None, None)

    async def watch() -> None:
        told = Told()
        running = asyncio.create_task(source.run(told.take))
        source.want([ALERTS], None)
        assert (await told.until(source, lambda _each: True)).asked == []
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(watch())
