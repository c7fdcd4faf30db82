"""Admin APIs over prepared views: `api` needs no token, `guarded_api` knows a viewer's and an operator's."""

from collections.abc import Iterator
from typing import Final

import pytest

from gateway.admin.access import AccessRules, Role, Token
from tests.support.admin_api import AdminApi, PreparedState

TOKENS: Final = (Token("grafana", Role.VIEWER, "viewer-secret"), Token("ci", Role.OPERATOR, "operator-secret"))


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
