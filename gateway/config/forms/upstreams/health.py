"""The forms of health: `upstreams.NAME.health` of the file."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from gateway.config.forms.fields import Count, FieldValue, Interval, Items, Limit, Ratio, expected, whole_number
from gateway.config.forms.form import Form
from gateway.config.forms.scalars import RATIO_PATTERN, format_ratio, parse_ratio
from gateway.model.health import ActiveCheck, CheckType, PassiveCheck, Question

_QUESTION: Final = Question()
_ACTIVE: Final = ActiveCheck()
_PASSIVE: Final = PassiveCheck()

_STATUSES_EXPECTED: Final = "a status such as 200, or a range such as 200-299, from 100 to 599"
_STATUSES: Final = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_PATH: Final = re.compile(r"/[!-~]{0,2047}")
_PATH_EXPECTED: Final = "a path that begins with / and has neither spaces nor #, of at most 2048 characters"
_BODY_CHARACTERS: Final = 1024
_FACTOR_EXPECTED: Final = "a number from 1.1 to 1000, or none"


def parse_statuses(value: object) -> tuple[int, int]:
    """The first and the last of a range such as `200-299`, or of a single status. Raises the error of the form."""
    found = _STATUSES.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        raise expected(_STATUSES_EXPECTED)
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise expected(_STATUSES_EXPECTED)
    return first, last


def _statuses(value: object) -> str | int:
    parse_statuses(value)
    return value if isinstance(value, int) else str(value)


def _some(statuses: tuple[str | int, ...]) -> tuple[str | int, ...]:
    if not statuses:
        raise expected(f"at least {_STATUSES_EXPECTED}")
    return statuses


def _path(value: object) -> str:
    if not isinstance(value, str) or _PATH.fullmatch(value) is None or "#" in value:
        raise expected(_PATH_EXPECTED)
    return str(value)


def _or_none(parse: Callable[[object], float], what: str) -> Callable[[object], float | None]:
    def validate(value: object) -> float | None:
        if value == "none":
            return None
        try:
            return parse(value)
        except (ValueError, TypeError):
            raise expected(what) from None

    return validate


def _some_ratio(value: object) -> float:
    if not isinstance(value, str) or (ratio := parse_ratio(value)) <= 0:
        raise ValueError
    return ratio


def _factor(value: object) -> float:
    number = whole_number(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 1.1 <= number <= 1000:
        raise ValueError
    return number


Statuses: TypeAlias = Annotated[
    str | int,
    PlainValidator(_statuses),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": f"^{_STATUSES.pattern}$"},
            ]
        }
    ),
]
CheckPath: TypeAlias = Annotated[
    str, PlainValidator(_path), WithJsonSchema({"type": "string", "pattern": f"^{_PATH.pattern}$"})
]
RatioOrNone: TypeAlias = Annotated[
    float | None,
    PlainValidator(_or_none(_some_ratio, "a ratio such as 50%, more than 0% and at most 100%, or none")),
    PlainSerializer(lambda ratio: "none" if ratio is None else format_ratio(ratio)),
    WithJsonSchema({"type": "string", "pattern": f"^none$|{RATIO_PATTERN}"}),
]
FactorOrNone: TypeAlias = Annotated[
    float | None,
    PlainValidator(_or_none(_factor, _FACTOR_EXPECTED)),
    PlainSerializer(lambda factor: "none" if factor is None else factor),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1.1, "maximum": 1000}, {"const": "none"}]}),
]


class ActiveForm(Form):
    """Questions of the gateway's own, put to each endpoint by its supervisor."""

    type: Annotated[CheckType, Field(strict=False)] = Field(
        default=_QUESTION.type, description="http asks for an answer, tcp only for a connection."
    )
    path: CheckPath = Field(default=_QUESTION.path, description="What is asked for.")
    method: Literal["GET", "HEAD", "OPTIONS", "POST"] = Field(default="GET", description="How it is asked for.")
    host: FieldValue | None = Field(
        default=None, description="The Host of the question; the endpoint's own if left out."
    )
    expected_status: Annotated[Items[Statuses], AfterValidator(_some)] = Field(
        default=("200-299",), description="Statuses and ranges of them that are good."
    )
    expected_body: Annotated[str, Field(min_length=1, max_length=_BODY_CHARACTERS)] | None = Field(
        default=None, description="What must be found in the first 64 KiB of the answer's body."
    )
    interval: Interval = Field(default=_ACTIVE.interval_ns, description="Between two questions.")
    unhealthy_interval: Interval | None = Field(
        default=None, description="The same while the endpoint is unhealthy; `interval` if left out."
    )
    timeout: Limit = Field(default=_ACTIVE.timeout_ns, description="For a whole answer.")
    healthy_after: Count = Field(
        default=_ACTIVE.healthy_after, description="Good answers in a row until it is healthy."
    )
    unhealthy_after: Count = Field(
        default=_ACTIVE.unhealthy_after, description="Bad ones in a row until it is unhealthy."
    )
    jitter: Ratio = Field(default=_ACTIVE.jitter_ratio, description="By which each interval is longer or shorter.")

    def compiled(self) -> ActiveCheck:
        question = Question(
            type=self.type,
            path=self.path,
            method=self.method,
            host=self.host or "",
            statuses=tuple(parse_statuses(each) for each in self.expected_status),
            body=self.expected_body or "",
        )
        return ActiveCheck(
            question=question,
            interval_ns=self.interval,
            unhealthy_interval_ns=self.unhealthy_interval or self.interval,
            timeout_ns=self.timeout,
            healthy_after=self.healthy_after,
            unhealthy_after=self.unhealthy_after,
            jitter_ratio=self.jitter,
        )


class PassiveForm(Form):
    """Ejection of an endpoint for what comes of the traffic sent to it."""

    consecutive_failures: Count = Field(
        default=_PASSIVE.consecutive_failures, description="In a row, in one worker: 5xx, resets, timeouts, refusals."
    )
    failure_ratio: RatioOrNone = Field(
        default=_PASSIVE.failure_ratio, description="Share of failures within the window."
    )
    latency_factor: FactorOrNone = Field(
        default=_PASSIVE.latency_factor,
        description="How many times slower than the median of the other endpoints, by the 90th percentile.",
    )
    min_requests: Count = Field(
        default=_PASSIVE.min_requests, description="Within the window, before ratio and latency are judged."
    )
    window: Interval = Field(default=_PASSIVE.window_ns, description="Over which ratio and latency are judged.")
    eject_for: Interval = Field(
        default=_PASSIVE.eject_for_ns, description="The first time; twice as long with each further one."
    )
    max_eject_for: Interval = Field(default=_PASSIVE.max_eject_for_ns, description="At most.")
    max_ejected: Ratio = Field(
        default=_PASSIVE.max_ejected_ratio, description="Share of the endpoints that may be ejected at once."
    )

    def compiled(self) -> PassiveCheck:
        return PassiveCheck(
            consecutive_failures=self.consecutive_failures,
            failure_ratio=self.failure_ratio,
            latency_factor=self.latency_factor,
            min_requests=self.min_requests,
            window_ns=self.window,
            eject_for_ns=self.eject_for,
            max_eject_for_ns=max(self.eject_for, self.max_eject_for),
            max_ejected_ratio=self.max_ejected,
        )


class HealthForm(Form):
    """How the health of endpoints is known; each kind acts only where it is there."""

    active: ActiveForm | None = Field(default=None, description="Questions of the gateway's own.")
    passive: PassiveForm | None = Field(default=None, description="What comes of the traffic.")
