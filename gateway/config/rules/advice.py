"""What is legal in a configuration and yet hardly meant."""

from collections.abc import Iterator

from gateway.config.errors import ConfigError
from gateway.config.forms.scalars import format_ratio
from gateway.config.forms.upstream import UpstreamForm
from gateway.config.sections import Declared, Sections
from gateway.model.clock import NEVER_NS
from gateway.model.upstream import Balance


def find_warnings(sections: Sections) -> list[ConfigError]:
    """Warnings about valid objects, one by one; what routes do to each other is found through the compiled table."""
    return [
        *_upstream_warnings(sections),
        *_split_warnings(sections),
        *_try_warnings(sections),
        *_deadline_warnings(sections),
        *_memory_warnings(sections),
    ]


def _upstream_warnings(sections: Sections) -> Iterator[ConfigError]:
    for upstream in sections.upstreams:
        form = upstream.form
        if form is None:
            continue
        if not form.endpoints:
            yield _warn(upstream, "endpoints", "no endpoint; every request for this upstream is answered with 503")
        if "hash_on" in form.model_fields_set and form.balance is not Balance.CONSISTENT_HASH:
            yield _warn(upstream, "hash_on", "without effect; only balance: consistent_hash looks at it")
        if form.hash_max_load is not None and form.balance is not Balance.CONSISTENT_HASH:
            yield _warn(upstream, "hash_max_load", "without effect; only balance: consistent_hash looks at it")
        if form.prefer_zone and not _has_zone(sections):
            yield _warn(upstream, "prefer_zone", "without effect; the gateway has no `zone` of its own")
        if "panic_below" in form.model_fields_set and not form.compiled_health().is_checked:
            yield _warn(upstream, "panic_below", "without effect; only with `health` are endpoints taken out of use")
        if form.breaker is not None and not form.breaker.failure_ratio:
            message = "the circuit opens though nothing fails; expected more than 0%"
            yield upstream.document.error((*upstream.path, "breaker", "failure_ratio"), message)


def _has_zone(sections: Sections) -> bool:
    settings = sections.settings.form
    return settings is None or settings.zone is not None


def _split_warnings(sections: Sections) -> Iterator[ConfigError]:
    for route in sections.routes:
        if route.form is not None and route.form.split and not any(share.weight for share in route.form.split):
            yield route.document.error((*route.path, "split"), "all weights are 0; every request is answered with 503")


def _try_warnings(sections: Sections) -> Iterator[ConfigError]:
    for route in sections.routes:
        retries = None if route.form is None else route.form.retries
        if route.form is None or retries is None:
            continue
        path = (*route.path, "retries")
        if retries.attempts == 1 and retries.hedge_after < NEVER_NS:
            message = "without effect; with attempts: 1 there is no second attempt"
            yield route.document.error((*path, "hedge_after"), message)
        if retries.per_try_timeout < NEVER_NS and retries.per_try_timeout > route.form.timeouts.request:
            message = "without effect; the whole exchange ends before, by `timeouts.request`"
            yield route.document.error((*path, "per_try_timeout"), message)


def _deadline_warnings(sections: Sections) -> Iterator[ConfigError]:
    """A trusted proxy may say how long it waits: then there is something to tell without a timeout of our own."""
    if any(listener.form is None or listener.form.trusted_proxies for listener in sections.listeners):
        return
    for route in sections.routes:
        timeouts = None if route.form is None else route.form.timeouts
        if timeouts is not None and timeouts.deadline_header is not None and timeouts.request >= NEVER_NS:
            message = "without effect; `timeouts.request`, of which it tells what is left, is none"
            yield route.document.error((*route.path, "timeouts", "deadline_header"), message)


def _memory_warnings(sections: Sections) -> Iterator[ConfigError]:
    settings = sections.settings.form
    memory = None if settings is None else settings.overload.memory
    if memory is not None and memory.shed_above >= memory.refuse_above:
        message = f"without effect; at {format_ratio(memory.refuse_above)} (refuse_above) all requests are turned away"
        yield sections.document.error(("overload", "memory", "shed_above"), message)


def _warn(upstream: Declared[UpstreamForm], key: str, message: str) -> ConfigError:
    return upstream.document.error((*upstream.path, key), message)
