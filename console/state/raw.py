"""An object as the gateway tells it: which reading has it, and how it is found there."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from console.state import reading
from console.state.model import Model
from console.state.reading import AnyReading

_Find = Callable[[Any, str], Any]


class RawObject(NamedTuple):
    """`of` gives plain values, or None while nothing is known."""

    reading: AnyReading
    name: str
    find: _Find
    twin: str

    def of(self, model: Model) -> Any:
        view = model.view(self.reading)
        found = None if view is None else self.find(view, self.name)
        return None if found is None else msgspec.to_builtins(found, str_keys=True)


def raw_object(subject: str) -> RawObject | None:
    """subject: kind and name, as in `route:orders`. None for kinds that nothing is told of."""
    kind, _, name = subject.partition(":")
    make = _KINDS.get(kind)
    return make(name) if make is not None and (name or kind in _WITHOUT_NAME) else None


def _whole(view: Any, _name: str) -> Any:
    return view


def _lines(view: Any, _name: str) -> Any:
    """One exchange as it is, several as a list."""
    found = [msgspec.json.decode(bytes(each)) for each in view.exchanges]
    return found[0] if len(found) == 1 else found


def _endpoint(view: Any, address: str) -> Any:
    return next(
        (
            msgspec.to_builtins(endpoint) | {"upstream": upstream.name}
            for upstream in view.upstreams
            for endpoint in upstream.endpoints
            if endpoint.address == address.rsplit("/", 1)[-1]
        ),
        None,
    )


def _worker(view: Any, name: str) -> Any:
    """By its index, as in `0` or `worker 0`."""
    return next((worker for worker in view.workers if str(worker.index) == name.rpartition(" ")[2]), None)


def _log(view: Any, wanted: str) -> Any:
    return next((record for record in view.records if str(record.id) == wanted), None)


def _objectives(view: Any, route: str) -> Any:
    return [objective for objective in view.objectives if objective.route == route] or None


def _incident(view: Any, wanted: str) -> Any:
    return next((incident for incident in view.incidents if str(incident.id) == wanted), None)


_WITHOUT_NAME: Final = frozenset({"config", "status"})
_KINDS: Final[dict[str, Callable[[str], RawObject]]] = {
    "route": lambda name: RawObject(reading.route(name), name, _whole, f"sightline routes {name} --json"),
    "upstream": lambda name: RawObject(reading.upstream(name), name, _whole, f"sightline upstreams {name} --json"),
    "endpoint": lambda name: RawObject(reading.UPSTREAMS, name, _endpoint, "sightline upstreams --json"),
    "exchange": lambda name: RawObject(reading.exchange(name), name, _lines, f"sightline req {name} --json"),
    "trace": lambda name: RawObject(reading.exchange(name), name, _lines, f"sightline trace {name} --json"),
    "revision": lambda name: RawObject(reading.revision(name), name, _whole, "sightline changes --json"),
    "node": lambda name: RawObject(reading.STATUS, name, _whole, "sightline nodes --json"),
    "log": lambda name: RawObject(reading.LOGS, name, _log, "sightline logs --json"),
    "objective": lambda name: RawObject(reading.OBJECTIVES, name, _objectives, "sightline slo --json"),
    "incident": lambda name: RawObject(reading.INCIDENTS, name, _incident, "sightline incidents --json"),
    "worker": lambda name: RawObject(reading.STATUS, name, _worker, "sightline status --json"),
    "config": lambda name: RawObject(reading.CONFIG, name, _whole, "sightline status --json"),
    "status": lambda name: RawObject(reading.STATUS, name, _whole, "sightline status --json"),
}

RAW_KINDS: Final = tuple(kind if kind in _WITHOUT_NAME else f"{kind}:" for kind in _KINDS)
"""How subjects begin, to be completed from."""
