"""What the admin API asks about changes, answered from the incidents and revisions the supervisor keeps."""

from collections.abc import Collection

from gateway.runtime.incidents import Incidents
from gateway.wire.changes import IncidentListView


class Changes:
    """Implements gateway.admin.state.ChangesState."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def incidents(self, after: int | None, kinds: Collection[str], limit: int) -> IncidentListView:
        return self._incidents.view(after, kinds, limit)
