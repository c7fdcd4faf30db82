"""The one exception by which the HTTP/1.1 floor says that a message cannot be accepted for its form."""

from gateway.model.outcome import STATUS_OF, Reason


class RequestRefused(Exception):  # noqa: N818 - a verdict about a request, not a fault of ours
    """A request that is answered once with `status` and `Connection: close`, then discarded.

    detail: one sentence for the answer and the log; it never echoes bytes of the request.
    """

    def __init__(self, reason: Reason, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.status = status or STATUS_OF[reason]


class ResponseRefused(Exception):  # noqa: N818 - the same, for an upstream's answer
    """An upstream's answer that must not be relayed: 502, and the connection is never used again."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
