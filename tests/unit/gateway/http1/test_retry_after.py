"""Retry-After in seconds, as a date, and as neither."""

import pytest

from gateway.http1.retry_after import parse_retry_after
from gateway.model.clock import SECOND_NS

NOW_NS = 1_790_000_000 * SECOND_NS
"""Mon, 21 Sep 2026 14:13:20 GMT."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0),
        (b" 120 ", 120),
        (b"99999999999999999999", 999_999_999),
        (b"Mon, 21 Sep 2026 14:13:25 GMT", 5),
        (b"Mon, 21 Sep 2026 14:13:15 GMT", 0),
        (b"Monday, 21-Sep-26 14:13:25 GMT", 5),
        (b"-5", 0),
        (b"1.5", 0),
        (b"soon", 0),
        (b"", 0),
        (b"\xff", 0),
        (b"Mon, 21 Sep 99999999999999999 14:13:25 GMT", 0),
    ],
)
def test_it_is_read_as_the_time_from_now(value: bytes, seconds: int) -> None:
    assert parse_retry_after(value, NOW_NS) == seconds * SECOND_NS
