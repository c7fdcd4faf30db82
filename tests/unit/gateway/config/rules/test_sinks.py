"""Rules between the keys of sinks, and between sinks: each mistake with its line and key, and no secret in it."""

from collections.abc import Callable

import pytest

Reject = Callable[..., list[str]]

BARE = "without a user, query or fragment"
NO_SPACE = "without white space around it"
AT = "telemetry.access_log.sinks"


@pytest.mark.parametrize(
    ("sinks", "error"),
    [
        (
            "[{name: a}]",
            f"{AT}[0]: incomplete; expected one of file, elasticsearch, loki, splunk, logstash, otlp",
        ),
        (
            '[{file: {path: /a}, otlp: {url: "http://a:1"}}]',
            f"{AT}[0].otlp: excluded by file; expected only one of file, elasticsearch, loki, splunk, logstash, otlp",
        ),
        (
            "[{file: {path: /a}}, {file: {path: /b}}]",
            f"{AT}[1]: 'file' is the name of another sink; expected a name of its own",
        ),
        (
            "[{name: access_log, file: {path: /a}}]",
            f"{AT}[0].name: 'access_log' has another meaning in metrics; expected a name of its own",
        ),
        (
            '[{loki: {url: "http://a:1", username: me}}]',
            f"{AT}[0].loki.username: incomplete; expected password too",
        ),
        (
            '[{logstash: {url: "http://a:1", password: s3cret}}]',
            f"{AT}[0].logstash.password: incomplete; expected username too",
        ),
        (
            '[{elasticsearch: {url: "http://a:1", api_key: s3cret, username: me, password: s3cret}}]',
            f"{AT}[0].elasticsearch.username: excluded by api_key; expected only one of api_key, username",
        ),
        (
            '[{otlp: {url: "http://a:1"}, format: clf}]',
            f"{AT}[0].format: got clf; expected json or ecs, since this sink takes objects",
        ),
        (
            "[{file: {path: /a}, queue: {lines: 10}}]",
            f"{AT}[0].batch.lines: got 1000; expected at most the 10 of queue",
        ),
        (
            "[{file: {path: /a}, queue: {bytes: 1MiB}}]",
            f"{AT}[0].batch.bytes: got 4MiB; expected at most the 1MiB of queue",
        ),
        ("[{file: {path: a}}]", f"{AT}[0].file.path: got 'a'; expected an absolute path"),
        (
            '[{splunk: {url: "http://a:1", token: "s3cret "}}]',
            f"{AT}[0].splunk.token: got a value that is not shown; expected printable ASCII on one line, {NO_SPACE}",
        ),
        (
            '[{splunk: {url: "http://a:1", token: REDACTED}}]',
            f"{AT}[0].splunk.token: got REDACTED, which stands for a secret in a dump; expected the secret itself",
        ),
        (
            '[{loki: {url: "http://me:s3cret@a:1"}}]',
            f"{AT}[0].loki.url: got 'http://REDACTED@a:1'; expected a URL such as https://127.0.0.1:9200 {BARE}",
        ),
        (
            '[{loki: {url: "http://a:1", labels: {level: x}}}]',
            f"{AT}[0].loki.labels: got a mapping; expected at most 10 labels, and none called level, which is ours",
        ),
        (
            '[{elasticsearch: {url: "http://a:1", index: Logs}}]',
            f"{AT}[0].elasticsearch.index: got 'Logs'; expected the name of an index, alias or data stream",
        ),
    ],
)
def test_a_mistake_in_a_sink_is_told_at_its_key(reject: Reject, sinks: str, error: str) -> None:
    assert reject(f"telemetry: {{access_log: {{sinks: {sinks}}}}}\n") == [f"3: {error}"]
