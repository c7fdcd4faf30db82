"""Loading texts in tests: what is accepted, and the lines of what is rejected."""

from collections.abc import Callable
from typing import Final, TypeAlias

import pytest

from gateway.config import ConfigInvalid, Configuration, load_text

Load: TypeAlias = Callable[..., Configuration]
Reject: TypeAlias = Callable[..., list[str]]

NAME: Final = "gateway.yaml"
LISTENERS: Final = "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
UPSTREAMS: Final = "upstreams: {orders: {endpoints: [127.0.0.1:9001]}}\n"


@pytest.fixture
def load() -> Load:
    """Load a text; `bare` ones get a listener and the upstream `orders` on the first two lines."""

    def load_it(text: str, *, bare: bool = False, **environ: str) -> Configuration:
        return load_text(text if bare else LISTENERS + UPSTREAMS + text, NAME, 1, environ)

    return load_it


@pytest.fixture
def reject(load: Load) -> Reject:
    """The errors of a text, one line each, without the file's name. The text begins at line 3 unless it is bare."""

    def reject_it(text: str, *, bare: bool = False, **environ: str) -> list[str]:
        with pytest.raises(ConfigInvalid) as invalid:
            load(text, bare=bare, **environ)
        return [str(error).removeprefix(f"{NAME}:") for error in invalid.value.errors]

    return reject_it
