"""The forms of the sinks of access lines: `telemetry.access_log.sinks[]` of the file."""

import re
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway.config.forms.fields import Count, Duration, Flag, Name, Size, Timeout, expected, text_matching
from gateway.config.forms.form import Form
from gateway.config.forms.paths import FieldName
from gateway.model.snapshot import LogFormat
from gateway.telemetry.shipping.settings import BatchLimits, HttpAccess, QueueLimits, SplunkTarget

_QUEUE: Final = QueueLimits()
_BATCH: Final = BatchLimits()
_HTTP: Final = HttpAccess("")
_SPLUNK: Final = SplunkTarget(_HTTP)
_CREDENTIAL: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?")
_WORD: Final = re.compile(r"[\x21-\x7e]{1,256}")
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_INDEX: Final = re.compile(r"[^A-Z\x00-\x20\"*+/\\|?#>,<_-][^A-Z\x00-\x20\"*/\\|?#>,<]{0,254}")
_MAX_LABELS: Final = 10


def _http_url(text: str) -> str:
    what = "a URL such as https://127.0.0.1:9200 without a user, query or fragment"
    try:
        url = urlsplit(text)
        valid = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        raise expected(what) from None
    if not valid or url.username is not None or url.query or url.fragment or not _WORD.fullmatch(text):
        raise expected(what)
    return text.rstrip("/")


def _few_labels(labels: dict[str, str]) -> dict[str, str]:
    if len(labels) > _MAX_LABELS or "level" in labels:
        raise expected(f"at most {_MAX_LABELS} labels, and none called level, which is ours")
    return labels


SinkUrl = Annotated[str, AfterValidator(_http_url), Field(max_length=256)]
Credential = Annotated[str, text_matching(_CREDENTIAL, "printable ASCII on one line, without white space around it")]
Word = Annotated[str, text_matching(_WORD, "at most 256 printable characters without a space")]
FilePath = Annotated[str, text_matching(re.compile(r"/[^\x00]{1,4095}"), "an absolute path")]


class QueueForm(Form):
    """How much may wait for the sink; beyond it sampled successes are dropped first, then the oldest, and counted."""

    lines: Count = Field(default=_QUEUE.lines, description="Lines.")
    bytes: Size = Field(default=_QUEUE.bytes, description="Their size.")


class BatchForm(Form):
    """When a batch goes: whichever comes first."""

    lines: Count = Field(default=_BATCH.lines, description="Lines in a batch.")
    bytes: Size = Field(default=_BATCH.bytes, description="Their size.")
    age: Duration = Field(default=_BATCH.age_ns, description="Since the first of them.")


class FileSinkForm(Form):
    """Written to a file, which others may rotate: it is opened anew on SIGUSR1, and when it was moved or removed."""

    path: FilePath = Field(description="The file; its folder must exist.")


class HttpSinkForm(Form):
    """What all sinks that are spoken to over HTTP have in common."""

    url: SinkUrl = Field(description="Where it listens, without the path of its API.")
    headers: dict[FieldName, Credential] = Field(
        default_factory=dict, description="Further header fields; never shown."
    )
    timeout: Timeout = Field(default=_HTTP.timeout_ns, description="How long one delivery may take.")
    gzip: Flag = Field(default=_HTTP.gzip, description="Compress what is sent.")
    ca_file: FilePath | None = Field(default=None, description="Certificates to trust instead of the system's.")


class BasicAuthForm(HttpSinkForm):
    username: Word | None = Field(default=None, description="For Basic authentication, with a password.")
    password: Credential | None = Field(default=None, description="Better ${NAME} or ${file:/path}; never shown.")


class ElasticsearchForm(BasicAuthForm):
    """The bulk API of Elasticsearch or OpenSearch."""

    exclusive: ClassVar = ("api_key", "username")

    index: Annotated[str, text_matching(_INDEX, "the name of an index, alias or data stream")] = Field(
        default="logs-sightline.access-default", description="Index, alias or data stream."
    )
    api_key: Credential | None = Field(default=None, description="An API key, encoded; never shown.")


class LokiForm(BasicAuthForm):
    """Loki's push API."""

    exclusive: ClassVar = ("token", "username")

    token: Credential | None = Field(default=None, description="A bearer token; never shown.")
    tenant: Word | None = Field(default=None, description="The tenant (X-Scope-OrgID).")
    labels: Annotated[
        dict[Annotated[str, text_matching(_LABEL, "a label's name")], Word], AfterValidator(_few_labels)
    ] = Field(default_factory=dict, description="Labels beside service_name, instance and level.")


class SplunkForm(HttpSinkForm):
    """Splunk's HTTP event collector."""

    token: Credential = Field(description="The collector's token; never shown.")
    index: Word | None = Field(default=None, description="An index other than the token's own.")
    source: Word = Field(default=_SPLUNK.source, description="The events' source.")
    sourcetype: Word = Field(default=_SPLUNK.sourcetype, description="The events' source type.")


class LogstashForm(BasicAuthForm):
    """Logstash's http input: an array of objects in each request."""


class OtlpForm(HttpSinkForm):
    """An OpenTelemetry collector: log records over HTTP, in protobuf."""


class LogSinkForm(Form):
    """One place that access lines go to, beside stdout."""

    one_of: ClassVar = ("file", "elasticsearch", "loki", "splunk", "logstash", "otlp")

    name: Name | None = Field(default=None, description="Its name in metrics and logs; its kind unless given.")
    file: FileSinkForm | None = Field(default=None, description="A file.")
    elasticsearch: ElasticsearchForm | None = Field(default=None, description="Elasticsearch or OpenSearch.")
    loki: LokiForm | None = Field(default=None, description="Loki.")
    splunk: SplunkForm | None = Field(default=None, description="Splunk.")
    logstash: LogstashForm | None = Field(default=None, description="Logstash.")
    otlp: OtlpForm | None = Field(default=None, description="An OpenTelemetry collector.")
    format: Annotated[LogFormat, Field(strict=False)] | None = Field(
        default=None, description="json, ecs or clf; ecs for elasticsearch and logstash, else that of access_log."
    )
    queue: QueueForm = Field(default=QueueForm(), description="How much may wait.")
    batch: BatchForm = Field(default=BatchForm(), description="How much goes at once.")

    @property
    def kind(self) -> str:
        """Which of `one_of` it is."""
        return next(kind for kind in self.one_of if getattr(self, kind) is not None)


def sink_name(raw: dict[str, Any]) -> str | None:
    """The name an entry of the file comes to; None where that cannot be told."""
    name = raw.get("name") or next((kind for kind in LogSinkForm.one_of if kind in raw), None)
    return name if isinstance(name, str) else None
