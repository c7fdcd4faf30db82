"""A record as a request that can be explained."""

from gateway.config.explaining.record import Record
from gateway.wire.explain import ExplainRequest
from gateway.wire.live import AccessLine


def record(wanted: ExplainRequest | None = None, **facts: str) -> Record:
    line = AccessLine(**{"method": "GET", "path": "/a", "host": "api.test", **facts})  # type: ignore[arg-type]
    return Record(line, "a" * 12, wanted or ExplainRequest(exchange="x"))


def test_the_url_is_put_together_from_its_parts() -> None:
    assert record().request.url == "http://api.test/a"
    assert record(query="b=c").request.url == "http://api.test/a?b=c"
    assert record(host="::1").request.url == "http://[::1]/a"
    assert record(host="").request.url == "/a"
    assert record(path="*").request.url == "*"


def test_fields_that_were_given_count_beside_the_recorded_ones() -> None:
    wanted = ExplainRequest(exchange="x", headers=[("X-Tenant", "blue")])
    given = record(wanted, user_agent="curl")
    assert given.request.headers == [("User-Agent", "curl"), ("X-Tenant", "blue")]
    assert [given.knows(f"headers.{name}") for name in ("x-tenant", "user-agent", "host", "other")] == [
        True,
        True,
        True,
        False,
    ]


def test_redacted_parameters_are_not_known_and_the_others_are() -> None:
    given = record(query="a=REDACTED&b=1")
    assert [given.knows(key) for key in ("query.a", "query.b", "query.c", "path", "methods")] == [
        False,
        True,
        True,
        True,
        True,
    ]
