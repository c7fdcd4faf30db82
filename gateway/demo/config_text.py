"""The demo's configuration: a dozen routes of the kinds people really write, in front of three services."""

from string import Template
from typing import Final

from gateway.demo.ports import Ports

_TEMPLATE: Final = Template("""\
# The demo's configuration. Change it while the demo runs: it is read again as soon as it is saved, and a mistake changes
# nothing. `sightline check -c THIS_FILE` says what is wrong before you save it.
listeners:
  - name: public
    address: 127.0.0.1:$gateway

upstreams:
  catalog:                       # fast; two endpoints, one stronger than the other
    endpoints:
      - {address: 127.0.0.1:$catalog, weight: 2}
      - 127.0.0.1:$catalog_twin
    balance: least_request
    health:                      # who fails gets nothing until checks and time say that it is well again
      active: {path: /healthz, interval: 2s, healthy_after: 2, unhealthy_after: 2}
      passive: {consecutive_failures: 3, eject_for: 5s}
    slow_start: 5s
  reports:                       # slow, with a long tail
    endpoints: [127.0.0.1:$reports]
  payments:                      # fails now and then
    endpoints: [127.0.0.1:$payments]
    connections: {connect_timeout: 500ms}
    breaker: {failure_ratio: 50%, min_requests: 10, open_for: 5s}
  recommendations:               # not there: nothing listens on this port
    endpoints: [127.0.0.1:$down]

routes:
  - name: products
    match: {path: /v1/products, methods: [GET, HEAD]}
    upstream: catalog
    retries: {attempts: 2}       # at the other endpoint; of a connection that fails, 502 and 503
    slo: {availability: 99.9%, latency: {target: 99%, under: 100ms}}
  - name: product
    match: {path: "/v1/products/{id}", methods: [GET, HEAD]}
    upstream: catalog
    retries: {attempts: 2}
    slo: {availability: 99.9%, latency: {target: 99%, under: 100ms}}
  - name: product-edit
    match: {path: "/v1/products/{id}", methods: [PUT, DELETE]}
    upstream: catalog
  - name: products-blue          # the same path for one tenant, told apart by a header
    match: {path: /v1/products, methods: [GET], headers: {x-tenant: blue}}
    upstream: catalog
    rewrite: {headers: {set: {x-price-list: blue}}}
  - name: search
    match: {path: /v1/search, query: {q: {present: true}}}
    upstream: catalog
  - name: live                   # a WebSocket
    match: {path: /v1/live}
    upstream: catalog
  - name: assets
    match: {path_prefix: /assets}
    upstream: catalog
    rewrite: {path_prefix: /static}
  - name: reports
    match: {path: "/v1/reports/{name*}"}
    upstream: reports
    slo: {availability: 99.9%, latency: {target: 90%, under: 300ms}}
  - name: export
    match: {path_regex: "/v1/exports/[0-9]{4}-[0-9]{2}\\\\.csv"}
    upstream: reports
  - name: orders
    match: {path: /v1/orders, methods: [POST]}
    upstream: payments
    timeouts: {first_byte: 1s}
    slo: {availability: 90%, latency: {target: 95%, under: 500ms}}
  - name: order
    match: {path: "/v1/orders/{id}", methods: [GET]}
    upstream: payments
    timeouts: {first_byte: 1s}
    retries: {attempts: 2, on: [reset, 500]}
    slo: {availability: 90%, latency: {target: 95%, under: 500ms}}
  - name: receipt
    match: {path: "/v1/orders/{id}/receipt", methods: [GET]}
    upstream: payments
    slo: {availability: 80%}
  - name: partners
    match: {hosts: ["*.partners.example"], path_prefix: /}
    upstream: reports
    rewrite: {path: /partner, host: reports.internal}
  - name: recommendations
    match: {path: "/v1/products/{id}/recommendations"}
    upstream: recommendations
    slo: {availability: 1%}       # not there yet, and nobody is promised that it is
  - name: old-shop
    match: {path_prefix: /shop}
    redirect: {status: 308, path_prefix: /v1}
  - name: hello
    match: {path: /}
    respond: {status: 200, headers: {content-type: text/plain}, body: "Sightline is listening.\\n"}

telemetry:
  access_log: {sink: stdout}
  traces: {sample: 10%}

admin: {address: 127.0.0.1:$admin}
drain: {deadline: 5s}
workers: 2
""")

ROUTES: Final = (
    "products",
    "product",
    "product-edit",
    "products-blue",
    "search",
    "live",
    "assets",
    "reports",
    "export",
    "orders",
    "order",
    "receipt",
    "partners",
    "recommendations",
    "old-shop",
    "hello",
)


def config_text(ports: Ports) -> str:
    return _TEMPLATE.substitute(
        gateway=ports.gateway,
        admin=ports.admin,
        catalog=ports.catalog,
        catalog_twin=ports.catalog_twin,
        reports=ports.reports,
        payments=ports.payments,
        down=ports.down,
    )


def with_unknown_upstream(text: str) -> str:
    """A mistake that makes the gateway reject the file: a route names an upstream that is not there."""
    return _replaced(
        text,
        "match: {path_prefix: /assets}\n    upstream: catalog",
        "match: {path_prefix: /assets}\n    upstream: katalog",
    )


def with_short_timeout(text: str) -> str:
    """A change that is accepted and does harm: half of the reports take longer than they are given now."""
    match = 'match: {path: "/v1/reports/{name*}"}\n'
    return _replaced(text, match, f"{match}    timeouts: {{first_byte: 40ms}}\n")


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the configuration has no {old!r}")
    return text.replace(old, new, 1)
