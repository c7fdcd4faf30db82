"""The call for the operational log: what it asks, and what it refuses."""

import pytest

from tests.support.admin_api import AdminApi


def say(api: AdminApi) -> None:
    for number, level in enumerate(("info", "warning", "error", "info"), 1):
        api.state.logs.keep({"event": f"event_{number}", "level": level, "worker": number % 2})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3, 4]),
        ("limit=2", [3, 4]),
        ("since=1&limit=2", [2, 3]),
        ("since=4", []),
        ("level=warning", [2, 3]),
        ("filter=worker:1", [1, 3]),
        ("level=warning&filter=worker:1", [3]),
    ],
)
def test_records_are_chosen_by_level_filter_and_id(api: AdminApi, query: str, found: list[int]) -> None:
    say(api)
    answer = api.call("GET", f"/api/v1/logs?{query}").json()
    assert [record["id"] for record in answer["records"]] == found
    assert answer["last_id"] == 4


def test_what_was_understood_is_told(api: AdminApi) -> None:
    say(api)
    answer = api.call("GET", "/api/v1/logs?level=error&filter=event:*%20").json()
    assert (answer["filter"], answer["scanned"], answer["dropped"]) == ("level:error event:*", 4, {})


@pytest.mark.parametrize("query", ["level=loud", "filter=level:loud", "since=-1", "limit=0", "limit=2001", "follow=1"])
def test_what_makes_no_sense_is_refused(api: AdminApi, query: str) -> None:
    assert api.call("GET", f"/api/v1/logs?{query}").status == 400
