"""All that operators can do to a running gateway beside handing it a configuration."""

from dataclasses import dataclass

from gateway.runtime.actions.endpoints import EndpointActions, Facts
from gateway.runtime.actions.objects import ObjectTexts
from gateway.runtime.incidents import Incidents
from gateway.runtime.intake import Intake
from gateway.runtime.reload import Reloads
from gateway.runtime.succession.upgrades import Upgrades
from gateway.runtime.vitals.endpoint_states import EndpointStates


@dataclass(frozen=True, slots=True)
class Actions:
    """Implements gateway.admin.state.ActionsState."""

    endpoints: EndpointActions
    objects: ObjectTexts
    upgrades: Upgrades


def build_actions(
    reloads: Reloads, intake: Intake, endpoints: EndpointStates, incidents: Incidents, upgrades: Upgrades
) -> Actions:
    """Upon what the supervisor keeps."""
    facts = Facts(lambda: reloads.running.configuration.snapshot, intake.loads, intake.history)
    return Actions(EndpointActions(facts, endpoints, incidents), ObjectTexts(reloads), upgrades)
