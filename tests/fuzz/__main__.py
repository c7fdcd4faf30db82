"""`python -m tests.fuzz --seconds 60 [TARGET...]`: fuzz the engine for a bounded time, guided by coverage where atheris is
installed, at random where it is not.

Each target runs in a process of its own, one after the other. What breaks an invariant is printed as the line by which it
goes into the corpus. Exit code 1 if anything did.
"""

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.fuzz.inputs import TARGETS, WORDS, as_corpus_line, read_corpus, spoil

_LONGEST: Final = 2048
_ONE_INPUT_S: Final = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random choices")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    targets = options.targets or list(TARGETS)
    is_guided = importlib.util.find_spec("atheris") is not None
    if not is_guided:
        print("atheris is not installed (`make fuzz` tries to): inputs are made at random, without a look at coverage")
    failed = 0
    for target in targets:
        run = _run_guided if is_guided else _run_at_random
        failed += not run(target, max(1, options.seconds // len(targets)), options.seed)
    print(f"{len(targets) - failed} of {len(targets)} targets held")
    return int(failed > 0)


def _run_guided(target: str, seconds: int, seed: int) -> bool:
    """Whether the target held. libFuzzer leaves its process in its own way, hence a process for each."""
    with tempfile.TemporaryDirectory() as folder:
        seeds, found = Path(folder, "corpus"), Path(folder, "found")
        seeds.mkdir()
        for number, data in enumerate(read_corpus(target)):
            (seeds / str(number)).write_bytes(data)
        limits = [f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-timeout={_ONE_INPUT_S}", f"-seed={seed}"]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.guided", target, str(seeds), *limits, f"-artifact_prefix={found}"],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=seconds + 120,
            check=False,
        )
        for artifact in Path(folder).glob("found*"):
            print(f"{target}: add to tests/fuzz/corpus/{target}.txt\n{as_corpus_line(target, artifact.read_bytes())}")
        interesting = sum(1 for _ in seeds.iterdir())
        summary = [line for line in ended.stderr.splitlines() if line.startswith("Done ")]
        print(f"{target}: {summary[0] if summary else ended.stderr[-3000:]}; {interesting} inputs reach something new")
    return ended.returncode == 0


def _run_at_random(target: str, seconds: int, seed: int) -> bool:
    choices, corpus, ends_s, tried = random.Random(seed), read_corpus(target), time.monotonic() + seconds, 0
    while time.monotonic() < ends_s:
        edits = [
            (choices.randrange(4000), choices.randrange(12), choices.choice([*WORDS, choices.randbytes(3)]))
            for _ in range(choices.randint(1, 5))
        ]
        data = spoil(choices.choice(corpus), edits)[:_LONGEST]
        tried += 1
        try:
            TARGETS[target](data)
        except Exception as error:
            print(f"{target}: {error}\nadd to tests/fuzz/corpus/{target}.txt\n{as_corpus_line(target, data)}")
            return False
    print(f"{target}: {tried} inputs in {seconds} s, seed {seed}")
    return True


if __name__ == "__main__":
    sys.exit(main())
