"""One target under atheris, with the engine instrumented for coverage: `python -m tests.fuzz.guided TARGET FOLDER -OPTION…`.

The options are libFuzzer's; `tests.fuzz` gives them.
"""

import sys

import atheris

with atheris.instrument_imports(include=["gateway.http1", "gateway.proxy", "gateway.upstreams", "gateway.net"]):
    from tests.fuzz.inputs import TARGETS


def main() -> None:
    target = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
