"""Reading and replacing one object over the admin API."""

from typing import Final

import msgspec
import pytest

from gateway.admin.acting import examples
from gateway.admin.state import NotEditable
from gateway.wire.actions import ObjectTextView
from tests.support.admin_api import AdminApi

PATH: Final = "/api/v1/config/objects/route"
YAML: Final = {"Content-Type": "application/yaml"}


def test_the_text_of_an_object_is_told_with_the_sequence_it_is_of(api: AdminApi) -> None:
    reply = api.call("GET", f"{PATH}/orders")
    assert msgspec.json.decode(reply.body, type=ObjectTextView) == examples.OBJECT
    assert (reply.status, reply.header("ETag")) == (200, '"3"')


def test_a_text_is_handed_on_with_whom_and_why(api: AdminApi) -> None:
    path = f"{PATH}/orders?dry_run=true&reason=too%20slow"
    reply = api.call("PUT", path, body=b"name: orders", headers={**YAML, "If-Match": '"3"'})
    assert reply.status == 200
    assert api.state.actions.replaced == [("route", "orders", "name: orders", 3, True, "loopback", "too slow")]


@pytest.mark.parametrize("path", [f"{PATH}/unknown", "/api/v1/config/objects/listener/public"])
def test_what_is_no_route_or_upstream_is_not_found(api: AdminApi, path: str) -> None:
    assert api.call("GET", path).status == 404
    assert api.call("PUT", path, body=b"{}", headers=YAML).status == 404


def test_an_object_that_has_no_text_of_its_own_says_so(api: AdminApi) -> None:
    api.state.actions.verdict = NotEditable("it is an alias")
    for reply in (api.call("GET", f"{PATH}/orders"), api.call("PUT", f"{PATH}/orders", body=b"{}", headers=YAML)):
        assert (reply.status, reply.json()["detail"]) == (422, "it is an alias")


def test_a_viewer_neither_reads_nor_writes_texts(guarded_api: AdminApi) -> None:
    viewer = {**YAML, "Authorization": "Bearer viewer-secret"}
    assert guarded_api.call("GET", f"{PATH}/orders", headers=viewer).status == 403
    assert guarded_api.call("PUT", f"{PATH}/orders", body=b"{}", headers=viewer).status == 403
    assert guarded_api.state.actions.replaced == []


def test_a_web_page_reads_no_text(api: AdminApi) -> None:
    assert api.call("GET", f"{PATH}/orders", headers={"Origin": "http://example.com"}).status == 403
