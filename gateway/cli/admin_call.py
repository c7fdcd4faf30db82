"""One call of a gateway's admin API from a command, with what its failures mean for the exit code."""

import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final

import msgspec

from gateway.cli.command import UsageError
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import ProblemView

URL_VARIABLE: Final = "SIGHTLINE_URL"
TOKEN_FILE_VARIABLE: Final = "SIGHTLINE_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""Which gateway is asked, and with which token, where no option says it: as for all commands that ask one."""

TIMEOUT_S: Final = 10.0
_ANSWER_BYTES: Final = 16 * 1024 * 1024
_DENIED: Final = frozenset({401, 403})
_WRONG_REQUEST: Final = frozenset({400, 422})


class AdminUnreachable(Exception):  # noqa: N818 - the name says what is the case
    """Nobody answers there, or not as an admin API would."""


class AdminRefused(Exception):  # noqa: N818 - the same
    """The gateway answered and refused."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the gateway refuses: {status} {detail}")
        self.exit_code = (
            ExitCode.DENIED if status in _DENIED else ExitCode.USAGE if status in _WRONG_REQUEST else ExitCode.FAILED
        )


def post_json(url: str, body: bytes, token: str | None) -> bytes:
    """POST a JSON document and return the answer's body. Raises AdminUnreachable, AdminRefused or UsageError."""
    return _call(url, body, token)


def get_json(url: str, token: str | None) -> bytes:
    """GET, and return the answer's body. Raises as `post_json`."""
    return _call(url, None, token)


def _call(url: str, body: bytes | None, token: str | None) -> bytes:
    if not url.lower().startswith(("http://", "https://")):
        raise UsageError(f"expected the URL of an admin API such as http://127.0.0.1:9900, got {url!r}")
    fields = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body is not None else {})
    request = urllib.request.Request(url, body, fields)  # noqa: S310 - the scheme has just been checked
    if token is not None:
        # Not sent on where a redirect leads: it is a secret of this gateway's.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    # Proxies of the environment are for the world outside, not for a gateway's own admin address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(_ANSWER_BYTES)
            return content
    except urllib.error.HTTPError as error:
        raise AdminRefused(error.code, _detail(error)) from None
    except urllib.error.URLError as error:
        raise AdminUnreachable(str(error.reason)) from None
    except (OSError, HTTPException, ValueError) as error:
        raise AdminUnreachable(str(error) or type(error).__name__) from None


def read_token(path: str | None) -> str | None:
    """From a file, if one is named. Raises UsageError."""
    if path is None:
        return None
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the token file cannot be read: {error}") from error


def _detail(error: urllib.error.HTTPError) -> str:
    with error:
        try:
            return msgspec.json.decode(error.read(_ANSWER_BYTES), type=ProblemView).detail
        except (msgspec.DecodeError, OSError):
            return str(error.reason)
