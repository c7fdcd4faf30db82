"""The form of an upstream: `upstreams.NAME` of the file."""

import re
from typing import Annotated, ClassVar, Final

from pydantic import Field

from gateway.config.forms.breaker import BreakerForm, ConcurrencyForm, UpstreamLimitsForm
from gateway.config.forms.fields import (
    CookieName,
    Count,
    CountOrZero,
    EndpointAddress,
    Flag,
    Items,
    LabelName,
    LabelValue,
    LoadFactorOrNone,
    Ratio,
    Secret,
    Timeout,
    Weight,
    Zone,
    text_matching,
)
from gateway.config.forms.form import Form, OrText
from gateway.config.forms.upstreams.health import HealthForm
from gateway.model.clock import NEVER_NS
from gateway.model.health import Health
from gateway.model.upstream import Balance, ConnectionLimits, Upstream

_LIMITS: Final = ConnectionLimits()
_UPSTREAM: Final = Upstream("", ())
_HASH_ON: Final = re.compile(r"client_address|path|host|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[\x21-\x7e]+")


class EndpointForm(Form):
    """One address of an upstream; a bare address is one of weight 1."""

    address: EndpointAddress = Field(description="HOST:PORT, [IPV6]:PORT or unix:/PATH.")
    weight: Weight = Field(default=1, description="Its share, against the weights of the others.")
    zone: Zone | None = Field(default=None, description="Where it runs, such as an availability zone.")
    priority: CountOrZero = Field(
        default=0, description="Of its group; a group serves while enough of those with lower numbers cannot."
    )
    labels: dict[LabelName, LabelValue] = Field(
        default_factory=dict, description="What routes may choose it by, in their `subset`."
    )


class ConnectionsForm(Form):
    max: Count = Field(default=_LIMITS.max, description="Connections to each endpoint, of each worker.")
    max_pending: CountOrZero = Field(
        default=_LIMITS.max_pending, description="Requests that wait for one; beyond it 503."
    )
    connect_timeout: Timeout = Field(
        default=_LIMITS.connect_timeout_ns,
        description="To open a connection; beyond it 504. Looked at 20 times a second.",
    )
    idle_timeout: Timeout = Field(default=_LIMITS.idle_timeout_ns, description="A connection that carries no request.")


class StickyForm(Form):
    """A cookie that leads each client back to the endpoint that answered it before, while that may be chosen."""

    cookie: CookieName = Field(description="The name of the cookie.")
    secret: Secret = Field(description="What its value is signed with; better ${NAME} or ${file:/path}.")
    lifetime: Timeout = Field(default=NEVER_NS, description="How long browsers keep it; none: until they end.")
    secure: Flag = Field(default=False, description="Whether browsers shall send it back over TLS only.")


class UpstreamForm(Form):
    """A named group of endpoints, and how requests are spread over them."""

    later: ClassVar = frozenset({"tls", "protocol", "protocols", "http2", "grpc"})

    endpoints: Items[Annotated[EndpointForm, OrText("address")]] = Field(description="Where the service listens.")
    balance: Annotated[Balance, Field(strict=False)] = Field(
        default=_UPSTREAM.balance, description="Who gets the next request."
    )
    hash_on: Annotated[
        str,
        text_matching(_HASH_ON, "client_address, path, host, header:NAME, query:NAME or cookie:NAME"),
    ] = Field(
        default=_UPSTREAM.hash_on,
        description="What consistent_hash looks at: client_address, path, host, header:NAME, query:NAME or cookie:NAME.",
    )
    hash_max_load: LoadFactorOrNone = Field(
        default=_UPSTREAM.hash_max_load,
        description="How many times its share of what is in flight consistent_hash may give an endpoint.",
    )
    prefer_zone: Flag = Field(
        default=_UPSTREAM.prefer_zone, description="Choose endpoints in the gateway's own zone before others."
    )
    failover_below: Ratio = Field(
        default=_UPSTREAM.failover_below,
        description="Share of a group's weight that can serve, below which the next group takes over in part.",
    )
    sticky: StickyForm | None = Field(default=None, description="Sticky sessions, by a signed cookie.")
    connections: ConnectionsForm = Field(
        default=ConnectionsForm(), description="Bounds and timeouts of its connections."
    )
    limits: UpstreamLimitsForm = Field(
        default=UpstreamLimitsForm(), description="Bounds of all its endpoints together."
    )
    breaker: BreakerForm | None = Field(default=None, description="Its circuit breaker; none where this is left out.")
    concurrency: ConcurrencyForm | None = Field(
        default=None, description="Its adaptive limit on requests; none where this is left out."
    )
    health: HealthForm = Field(default=HealthForm(), description="Active and passive health.")
    panic_below: Ratio = Field(
        default=_UPSTREAM.health.panic_below_ratio,
        description="Share of usable endpoints below which all are used, whatever their health; only with health.",
    )
    slow_start: Timeout = Field(
        default=NEVER_NS,
        description="Over which an endpoint that came back gets its whole share again, or none for at once.",
    )

    def compiled_health(self) -> Health:
        """What is checked, and what follows from it."""
        return Health(
            active=None if self.health.active is None else self.health.active.compiled(),
            passive=None if self.health.passive is None else self.health.passive.compiled(),
            panic_below_ratio=self.panic_below,
            slow_start_ns=0 if self.slow_start >= NEVER_NS else self.slow_start,
        )
