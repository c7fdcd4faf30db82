"""What routes ask of the endpoints of their upstreams must be there: a subset without an endpoint would answer nothing."""

from gateway.config.forms.route import RouteForm
from gateway.config.forms.upstream import UpstreamForm
from gateway.config.sections import Declared, Sections
from gateway.config.validation import shown


def check_subsets(sections: Sections) -> None:
    """Add an error to each route whose `subset` no endpoint of one of its upstreams has."""
    upstreams = {upstream.name: upstream.form for upstream in sections.upstreams if upstream.form is not None}
    for route in sections.routes:
        if route.form is not None and route.form.subset:
            _check(route, route.form, route.form.subset, upstreams)


def _check(
    route: Declared[RouteForm], form: RouteForm, subset: dict[str, str], upstreams: dict[str, UpstreamForm]
) -> None:
    names = [form.upstream] if form.upstream is not None else [share.upstream for share in form.split or ()]
    for name in names:
        upstream = upstreams.get(name)
        wanted = subset.items()
        if upstream is not None and not any(wanted <= endpoint.labels.items() for endpoint in upstream.endpoints):
            message = f"no endpoint of upstream {shown(name)} has these labels; expected labels that one of them has"
            route.fail(("subset",), message)
