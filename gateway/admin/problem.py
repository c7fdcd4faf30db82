"""Every refusal of the admin API is a Problem: raised anywhere in a handler, written as JSON (RFC 9457) in one place."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus

import msgspec
from aiohttp import web

from gateway.wire.views import ConfigErrorView, ProblemView


class ProblemReason(StrEnum):
    """Why a call was refused: a closed list that scripts can rely on."""

    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID_REQUEST = "invalid_request"
    FILTER_INVALID = "filter_invalid"
    CONFIG_INVALID = "config_invalid"
    METRICS_DISABLED = "metrics_disabled"
    TOO_MANY_FOLLOWERS = "too_many_followers"
    NOT_UPGRADABLE = "not_upgradable"
    LEAVING = "leaving"
    INTERNAL_ERROR = "internal_error"


STATUS_OF_PROBLEM: dict[ProblemReason, int] = {
    ProblemReason.BAD_REQUEST: 400,
    ProblemReason.UNAUTHORIZED: 401,
    ProblemReason.FORBIDDEN: 403,
    ProblemReason.NOT_FOUND: 404,
    ProblemReason.METHOD_NOT_ALLOWED: 405,
    ProblemReason.CONFLICT: 412,
    ProblemReason.BODY_TOO_LARGE: 413,
    ProblemReason.UNSUPPORTED_MEDIA_TYPE: 415,
    ProblemReason.INVALID_REQUEST: 422,
    ProblemReason.FILTER_INVALID: 400,
    ProblemReason.CONFIG_INVALID: 422,
    ProblemReason.METRICS_DISABLED: 404,
    ProblemReason.TOO_MANY_FOLLOWERS: 503,
    ProblemReason.NOT_UPGRADABLE: 409,
    ProblemReason.LEAVING: 503,
    ProblemReason.INTERNAL_ERROR: 500,
}


class Problem(Exception):  # noqa: N818 - RFC 9457's word for it
    """A call that is refused. `detail` is one sentence for a reader and repeats nothing secret."""

    def __init__(
        self,
        reason: ProblemReason,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[ConfigErrorView] = (),
        sequence: int | None = None,
    ) -> None:
        super().__init__(detail)
        status = STATUS_OF_PROBLEM[reason]
        self.headers = headers or {}
        self.view = ProblemView(
            title=HTTPStatus(status).phrase,
            status=status,
            reason=reason.value,
            detail=detail,
            errors=list(errors),
            sequence=sequence,
        )

    def to_response(self) -> web.Response:
        return web.Response(
            status=self.view.status,
            body=msgspec.json.encode(self.view),
            content_type="application/problem+json",
            headers=self.headers,
        )
