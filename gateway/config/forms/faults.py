"""The form of injected faults: `routes[].faults` of the file."""

from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.config.forms.fields import Duration, Ratio
from gateway.config.forms.form import Form
from gateway.config.forms.paths import FieldName
from gateway.config.forms.predicates import Predicate, names_once
from gateway.model.route import FaultAbort

Headers = Annotated[dict[FieldName, Predicate], AfterValidator(names_once)]


class DelayForm(Form):
    """Hold requests back before they are forwarded."""

    share: Ratio = Field(description="Share of the requests that is held back.")
    duration: Duration = Field(description="How long they are held back.")
    headers: Headers = Field(default_factory=dict, description="Only requests with these header fields; none is all.")


class AbortForm(Form):
    """Answer requests instead of forwarding them."""

    share: Ratio = Field(description="Share of the requests that is answered so.")
    status: Annotated[int, Field(ge=400, le=599)] = Field(
        default=FaultAbort(0.0).status, description="Status of the answer."
    )
    headers: Headers = Field(default_factory=dict, description="Only requests with these header fields; none is all.")


class FaultsForm(Form):
    """What is injected on purpose, for a game day: it is told as such in metrics, logs and traces."""

    delay: DelayForm | None = Field(default=None, description="Hold requests back.")
    abort: AbortForm | None = Field(default=None, description="Fail requests.")
