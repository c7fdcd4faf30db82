"""What is legal in a configuration and yet hardly meant."""

from collections.abc import Iterator

from gateway.config.errors import ConfigError
from gateway.config.forms.upstream import UpstreamForm
from gateway.config.sections import Declared, Sections
from gateway.model.upstream import Balance


def find_warnings(sections: Sections) -> list[ConfigError]:
    """Warnings about valid objects, one by one; what routes do to each other is found through the compiled table."""
    return [*_upstream_warnings(sections), *_split_warnings(sections)]


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


def _has_zone(sections: Sections) -> bool:
    settings = sections.settings.form
    return settings is None or settings.zone is not None


def _split_warnings(sections: Sections) -> Iterator[ConfigError]:
    for route in sections.routes:
        if route.form is not None and route.form.split and not any(share.weight for share in route.form.split):
            yield route.document.error((*route.path, "split"), "all weights are 0; every request is answered with 503")


def _warn(upstream: Declared[UpstreamForm], key: str, message: str) -> ConfigError:
    return upstream.document.error((*upstream.path, key), message)
