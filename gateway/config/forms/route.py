"""The form of a route: `routes[]` of the file."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from gateway.config.forms.faults import FaultsForm
from gateway.config.forms.fields import (
    FieldValue,
    Flag,
    Host,
    Items,
    LabelName,
    LabelValue,
    Method,
    Name,
    Network,
    Objective,
    Port,
    Priority,
    Ratio,
    Scheme,
    Timeout,
    TraceFormats,
    Trust,
    WeightOrZero,
)
from gateway.config.forms.form import Form, NotYet
from gateway.config.forms.paths import (
    Authority,
    DeadlineField,
    EditedField,
    FieldName,
    NewPath,
    OneHost,
    Path,
    PathPrefix,
    Pattern,
)
from gateway.config.forms.predicates import Predicate, names_once
from gateway.config.forms.retries import RetriesForm
from gateway.model.route import Criticality, Redirect, Respond, RouteTimeouts

_TIMEOUTS = RouteTimeouts()
_REDIRECT = Redirect()
_RESPOND = Respond()


class MatchForm(Form):
    """Which requests a route takes: every predicate that is set must hold."""

    exclusive: ClassVar = ("path", "path_prefix", "path_regex")

    hosts: Items[Host] = Field(default=(), description="Any of these hosts; none named is any.")
    path: Path | None = Field(default=None, description="The whole path; {name} takes one segment, {name*} the rest.")
    path_prefix: PathPrefix | None = Field(default=None, description="The first whole segments of the path.")
    path_regex: Pattern | None = Field(default=None, description="A pattern, in RE2's syntax, of the whole path.")
    methods: Items[Method] = Field(default=(), description="Any of these methods; none named is any.")
    headers: Annotated[dict[FieldName, Predicate], AfterValidator(names_once)] = Field(
        default_factory=dict, description="Header fields, all of which must hold."
    )
    query: dict[str, Predicate] = Field(default_factory=dict, description="Query parameters, all of which must hold.")
    clients: Items[Network] = Field(default=(), description="Networks of the client's address; none named is any.")
    listeners: Items[str] = Field(default=(), description="Names of listeners; none named is all.")


class ShareForm(Form):
    upstream: str = Field(description="Name of an upstream.")
    weight: WeightOrZero = Field(default=1, description="Its share, against the weights of the others.")


class HeaderEditForm(Form):
    """`remove` first, then `set`, which replaces every field of that name, then `add`."""

    set: dict[EditedField, FieldValue] = Field(default_factory=dict, description="Fields to replace or make.")
    add: dict[EditedField, FieldValue] = Field(
        default_factory=dict, description="Fields to add to those of the same name."
    )
    remove: Items[EditedField] = Field(default=(), description="Fields to remove.")


class RewriteForm(Form):
    """Edits of the request as it is forwarded, and of the answer's header."""

    exclusive: ClassVar = ("path", "path_prefix")

    path: NewPath | None = Field(
        default=None, description="Replaces the path; {name} stands for a parameter of match.path."
    )
    path_prefix: PathPrefix | None = Field(default=None, description="Replaces the prefix that matched.")
    host: Authority | None = Field(default=None, description="Replaces the Host field.")
    headers: HeaderEditForm | None = Field(default=None, description="Edits of the request's header.")
    response_headers: HeaderEditForm | None = Field(default=None, description="Edits of the answer's header.")


class RedirectForm(Form):
    """Answer with a Location; the parts left out are those of the request."""

    exclusive: ClassVar = ("path", "path_prefix")

    status: Literal[301, 302, 303, 307, 308] = Field(default=302, description="Status of the answer.")
    scheme: Scheme | None = Field(default=None, description="http or https.")
    host: OneHost | None = Field(default=_REDIRECT.host, description="Another host.")
    port: Port | None = Field(default=_REDIRECT.port, description="Another port.")
    path: NewPath | None = Field(
        default=_REDIRECT.path, description="Another path; {name} is a parameter of match.path."
    )
    path_prefix: PathPrefix | None = Field(
        default=_REDIRECT.path_prefix, description="Replaces the prefix that matched."
    )
    keep_query: Flag = Field(default=_REDIRECT.keep_query, description="Whether the query stays.")


class RespondForm(Form):
    """A fixed answer made by the gateway."""

    status: Annotated[int, Field(ge=200, le=599)] = Field(default=_RESPOND.status, description="Status of the answer.")
    headers: dict[EditedField, FieldValue] = Field(default_factory=dict, description="Its header fields.")
    body: Annotated[str, Field(max_length=1_048_576)] = Field(
        default=_RESPOND.body, description="Its body, sent as UTF-8."
    )


class RouteTimeoutsForm(Form):
    request: Timeout = Field(
        default=_TIMEOUTS.request_ns, description="First byte of the request to the last of its answer."
    )
    first_byte: Timeout = Field(
        default=_TIMEOUTS.first_byte_ns, description="End of the forwarded request to the first byte of the answer."
    )
    upstream_idle: Timeout = Field(default=_TIMEOUTS.upstream_idle_ns, description="Between two pieces of an answer.")
    deadline_header: DeadlineField = Field(
        default=_TIMEOUTS.deadline_header,
        description="Field that tells the upstream the milliseconds left of `request`; of a trusted proxy it is obeyed.",
    )


class LatencyForm(Form):
    target: Objective = Field(description="The share of requests that shall be fast enough.")
    under: Timeout = Field(description="The duration that is fast enough.")


class SloForm(Form):
    """What the route promises; alerts and budgets are worked out from it."""

    availability: Objective | None = Field(default=None, description="The share of requests that shall not fail.")
    latency: LatencyForm | None = Field(default=None, description="How many requests shall be how fast.")


class RouteTracesForm(Form):
    """Its traces, where they are not to be as `telemetry.traces` says."""

    sample: Ratio | None = Field(default=None, description="Share of new traces that are kept from the start.")
    formats: TraceFormats | None = Field(default=None, description="Forms of trace context to send besides W3C's.")


class RouteSampleForm(Form):
    success: Ratio = Field(description="Share of its successful exchanges that get a line; the rate is in the line.")


class RouteAccessLogForm(Form):
    """Where a route wants something else than `telemetry.access_log` says."""

    sample: RouteSampleForm | None = Field(
        default=None, description="Which of its exchanges get a line; failed, slow and retried ones always do."
    )


class RouteForm(Form):
    """Which requests are taken, and what becomes of them."""

    one_of: ClassVar = ("upstream", "split", "redirect", "respond")
    later: ClassVar = frozenset(
        {"rate_limit", "rate_limits", "auth", "authentication", "cors", "transform", "transforms"}
    )

    name: Name = Field(description="Its name in metrics, logs and traces.")
    match: MatchForm = Field(default=MatchForm(), description="Which requests it takes; an empty match takes all.")
    priority: Priority = Field(default=0, description="Higher wins over every other rule of precedence.")
    upstream: str | None = Field(default=None, description="Name of the upstream that requests are forwarded to.")
    split: Annotated[Items[ShareForm], Field(min_length=1)] | None = Field(
        default=None, description="Several upstreams, and their shares of the requests."
    )
    subset: dict[LabelName, LabelValue] | None = Field(
        default=None, description="Labels that an endpoint must have to get its requests."
    )
    faults: FaultsForm | None = Field(default=None, description="What is injected into its requests on purpose.")
    redirect: RedirectForm | None = Field(default=None, description="Answer with a redirect.")
    respond: RespondForm | None = Field(default=None, description="Answer by itself.")
    rewrite: RewriteForm | None = Field(default=None, description="What is changed before requests are forwarded.")
    timeouts: RouteTimeoutsForm = Field(default=RouteTimeoutsForm(), description="How long the upstream may take.")
    criticality: Annotated[Criticality, Field(strict=False)] = Field(
        default=Criticality.NORMAL, description="Who is turned away last, or first, when there is not enough for all."
    )
    slo: SloForm | None = Field(default=None, description="What the route promises.")
    access_log: RouteAccessLogForm | None = Field(default=None, description="Its own share of the access log.")
    trailers: Literal["drop", "forward"] = Field(
        default="drop", description="What becomes of trailer fields, both ways."
    )
    trust_incoming: Trust | None = Field(
        default=None, description="What becomes of the trace context of its requests; default: as their listener says."
    )
    traces: RouteTracesForm | None = Field(default=None, description="How its traces are sampled and sent on.")
    retries: RetriesForm | None = Field(default=None, description="Further attempts where one failed.")
    policies: Annotated[object, NotYet(list)] = Field(default=None, description="Policies, in order.")
