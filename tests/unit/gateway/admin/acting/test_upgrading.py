"""Asking for an upgrade over the admin API."""

from typing import Final

import msgspec
import pytest

from gateway.admin.acting import examples
from gateway.admin.state import NotUpgradable
from gateway.wire.actions import UpgradeView
from tests.support.admin_api import AdminApi

JSON: Final = {"Content-Type": "application/json"}


def test_an_upgrade_begins_for_whom_and_why(api: AdminApi) -> None:
    reply = api.call("POST", "/api/v1/upgrade", body=b'{"reason": "1.4.2\\n"}', headers=JSON)
    assert (reply.status, msgspec.json.decode(reply.body, type=UpgradeView)) == (200, examples.UPGRADE)
    assert api.call("POST", "/api/v1/upgrade", body=b"", headers=JSON).status == 200
    assert api.state.actions.upgraded == [("loopback", "1.4.2"), ("loopback", "")]


def test_one_that_cannot_begin_is_a_conflict_with_the_reason(api: AdminApi) -> None:
    api.state.actions.verdict = NotUpgradable("an upgrade is under way already")
    reply = api.call("POST", "/api/v1/upgrade", body=b"{}", headers=JSON)
    assert (reply.status, reply.json()["reason"]) == (409, "not_upgradable")
    assert reply.json()["detail"] == "an upgrade is under way already"


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b'{"colour": "red"}', 422), (b'{"reason": 1}', 422)])
def test_what_is_no_wish_is_refused(api: AdminApi, body: bytes, status: int) -> None:
    assert api.call("POST", "/api/v1/upgrade", body=body, headers=JSON).status == status
    assert api.state.actions.upgraded == []


def test_it_takes_an_operator(guarded_api: AdminApi) -> None:
    viewer = {**JSON, "Authorization": "Bearer viewer-secret"}
    assert guarded_api.call("POST", "/api/v1/upgrade", body=b"{}", headers=viewer).status == 403
