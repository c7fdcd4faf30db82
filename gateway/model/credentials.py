"""Which header fields and query parameters carry credentials, by their name: their values are never shown."""

import re
from typing import Final

CREDENTIAL_NAME: Final = re.compile(
    r"(proxy-)?authorization|(set-)?cookie2?|(.*[-_.])?(token|secret|password|passwd|credentials?|api[-_]?key|apikey)",
    re.IGNORECASE,
)


def carries_credentials(name: str) -> bool:
    """Whether a field or parameter of this name is to be withheld."""
    return CREDENTIAL_NAME.fullmatch(name) is not None
