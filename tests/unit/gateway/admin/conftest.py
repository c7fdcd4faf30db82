"""Admin APIs over prepared views: `api` needs no token, `guarded_api` knows a viewer's and an operator's."""

from collections.abc import Iterator
from typing import Final

import pytest

from gateway.admin.access import AccessRules
from gateway.config.configuration import AdminToken, Role
from tests.support.admin_api import AdminApi, PreparedState

TOKENS: Final = (
    AdminToken("grafana", Role.VIEWER, "viewer-secret"),
    AdminToken("ci", Role.OPERATOR, "operator-secret"),
)


@pytest.fixture
def api() -> Iterator[AdminApi]:
    running = AdminApi(PreparedState(), AccessRules())
    yield running
    running.close()


@pytest.fixture
def guarded_api() -> Iterator[AdminApi]:
    running = AdminApi(PreparedState(), AccessRules(TOKENS))
    yield running
    running.close()
