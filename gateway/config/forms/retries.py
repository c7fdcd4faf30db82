"""The form of further attempts: `routes[].retries` of the file."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from gateway.config.forms.fields import Items, Ratio, Size, Timeout, expected, whole_number
from gateway.config.forms.form import Form
from gateway.model.retry import Backoff, Retries, RetryMethods, RetryOn

_RETRIES: Final = Retries()
_BACKOFF: Final = Backoff()
_CONDITIONS: Final = {condition.value: condition for condition in RetryOn}
_FIRST_STATUS: Final = 400
_LAST_STATUS: Final = 599
ATTEMPTS_AT_MOST: Final = 10


def _condition(value: object) -> RetryOn | int:
    if isinstance(value, str) and value in _CONDITIONS:
        return _CONDITIONS[value]
    status = whole_number(value)
    if type(status) is not int or not _FIRST_STATUS <= status <= _LAST_STATUS:
        raise expected(f"{', '.join(_CONDITIONS)}, or a status from {_FIRST_STATUS} to {_LAST_STATUS}")
    return status


Condition: TypeAlias = Annotated[
    RetryOn | int,
    PlainValidator(_condition),
    PlainSerializer(lambda condition: condition.value if isinstance(condition, RetryOn) else condition),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(_CONDITIONS)},
                {"type": "integer", "minimum": _FIRST_STATUS, "maximum": _LAST_STATUS},
            ]
        }
    ),
]
"""How an attempt may end such that another is made."""


class BackoffForm(Form):
    """A random time of at most `first` before the first retry, of twice that before the next, and so on up to `max`."""

    first: Timeout = Field(default=_BACKOFF.first_ns, description="The most before the first retry.")
    max: Timeout = Field(
        default=_BACKOFF.max_ns,
        description="The most before any; an upstream that asks for longer by Retry-After is not tried again.",
    )


class RetriesForm(Form):
    """Further attempts where one failed and nothing of its answer has gone to the client: at another endpoint first."""

    attempts: Annotated[int, Field(ge=1, le=ATTEMPTS_AT_MOST)] = Field(
        default=_RETRIES.attempts, description="How many at most; the first one counts."
    )
    on: Items[Condition] = Field(
        default=_RETRIES.on,
        description="How an attempt must end for another to be made: connect_error, reset, timeout, or statuses.",
    )
    methods: Annotated[RetryMethods, Field(strict=False)] = Field(
        default=_RETRIES.methods,
        description="Whose requests may be sent again: idempotent ones, or any; one that was not sent always may.",
    )
    per_try_timeout: Timeout = Field(
        default=_RETRIES.per_try_timeout_ns,
        description="From the start of one attempt to the first byte of its answer.",
    )
    backoff: BackoffForm = Field(default=BackoffForm(), description="How long is waited before a retry.")
    budget: Ratio = Field(
        default=_RETRIES.budget_ratio,
        description="Retries for each first try over the last 10 s, beside 3 a second that are always allowed.",
    )
    body_buffer: Size = Field(
        default=_RETRIES.body_buffer, description="How much of a request's body is kept to be sent again."
    )
    hedge_after: Timeout = Field(
        default=_RETRIES.hedge_after_ns,
        description="A GET or HEAD without an answer by then is also sent to another endpoint; the first answer wins.",
    )
