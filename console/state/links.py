"""Links out of the console: templates of a context, filled with what is selected."""

import re
from typing import Final
from urllib.parse import quote

from console.state.selection import Selection

_FIELD: Final = re.compile(r"\{(\w+)\}")


def link_to(
    selection: Selection, *, trace_url: str | None, grafana_url: str | None, ends_s: float, window_s: int
) -> str:
    """The trace's page where a trace is selected, the dashboard otherwise. Raises ValueError with words about what is missing.

    Templates may have `{trace_id} {request_id} {route} {upstream} {endpoint} {from} {to}`; times are Unix milliseconds.
    """
    wants_trace = bool(selection.trace_id) and trace_url is not None
    template = trace_url if wants_trace else grafana_url
    if template is None:
        missing = "grafana_url" if not selection.trace_id else "trace_url"
        raise ValueError(f"this context has no {missing} in contexts.yaml")
    if not template.startswith(("http://", "https://")):
        raise ValueError(f"{template!r} is no link to a page")
    values = {
        "trace_id": selection.trace_id, "request_id": selection.request_id, "route": selection.route,
        "upstream": selection.upstream, "endpoint": selection.endpoint,
        "from": str(int((ends_s - window_s) * 1_000)), "to": str(int(ends_s * 1_000)),
    }  # fmt: skip
    for name in _FIELD.findall(template):
        if name not in values:
            raise ValueError(f"{{{name}}} of the template is nothing this console knows")
    return _FIELD.sub(lambda found: quote(values[found[1]], safe=""), template)
