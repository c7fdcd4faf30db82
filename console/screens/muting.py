"""Muting an alert for a while: a silence in Alertmanager, told before it is made, and made when it is confirmed."""

from typing import Protocol

from console.render.amounts import age
from console.screens.operator_screen import OperatorScreen
from console.sources.source import Source
from console.state.alerting.alerts import ALERTS, Alert, AlertList, named, silence
from console.state.messages import Request
from console.state.model import Model
from console.state.moments import duration_s


class Muter(Protocol):
    """The app, as this needs it."""

    source: Source

    @property
    def live_model(self) -> Model: ...

    @property
    def front(self) -> OperatorScreen | None: ...

    def why_not(self, binding_id: str) -> str: ...
    def say(self, text: str) -> None: ...


def offer(app: Muter, alert: str, duration: str, who: str) -> None:
    """alert: a name, which is of all alerts that share it, or the key of one. Says what is wrong, or asks whether to do it."""
    screen = app.front
    alerts = named((app.live_model.view(ALERTS) or AlertList()).alerts, alert)
    try:
        for_s = duration_s(duration)
        request = silence(alerts, for_s, app.live_model.now_s, who)
    except ValueError as problem:
        app.say(str(problem))
        return
    reason = app.why_not("act")
    if reason or screen is None:
        app.say(reason)
        return
    screen.choose(
        f"mute {_named(alerts)} for {age(for_s)}?",
        {"y": "mute", "n": "leave it"},
        lambda key: _do(app, screen, request, f"{alerts[0].name} is muted for {age(for_s)}", is_wanted=key == "y"),
    )


def _named(alerts: list[Alert]) -> str:
    one = alerts[0]
    if len(alerts) > 1:
        return f"all {len(alerts)} {one.name}"
    about = " ".join(
        f"{name}={one.labels[name]}" for name in ("route", "upstream", "endpoint", "instance") if name in one.labels
    )
    return f"{one.name} {about}".strip()


def _do(app: Muter, screen: OperatorScreen, request: Request, done: str, *, is_wanted: bool) -> None:
    if not is_wanted:
        screen.say("left as it is")
        return

    async def post() -> None:
        response = await app.source.ask(request)
        if response.is_ok:
            screen.say(done, "ok")
        else:
            screen.say(response.problem, "crit")

    screen.run_worker(post(), group="muting")
