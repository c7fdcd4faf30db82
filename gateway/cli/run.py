"""`sightline run`: the data plane, a supervisor with its workers, until it is told to end."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import MutableMapping
from pathlib import Path

import uvloop
from setproctitle import setproctitle

from gateway.cli.options import add_config_file
from gateway.config import ConfigInvalid
from gateway.runtime.candidate import Loader
from gateway.runtime.succession.estate import read_resumed
from gateway.runtime.succession.predecessor import NothingInherited, Predecessor
from gateway.runtime.supervisor import StartFailed, Supervisor
from gateway.runtime.vitals.memory_use import keep_heap
from gateway.telemetry.log_ring import LogRing
from gateway.telemetry.logs import configure_logs
from gateway.wire.exit_codes import ExitCode
from gateway.wire.titles import SUPERVISOR

_LEVELS = ("debug", "info", "warning", "error")


class RunCommand:
    name = "run"
    help = "run the gateway; access lines go to stdout, everything else to stderr"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_config_file(parser, required=True)
        parser.add_argument(
            "--log-level", choices=_LEVELS, default="info", help="of the operational log (default: info)"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        _open_standard_streams()
        logs = LogRing()
        configure_logs(arguments.log_level, keep=logs.keep)
        # Until the supervisor takes it; its default would end us.
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        setproctitle(SUPERVISOR)
        keep_heap()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_serve(arguments.config, os.environ, logs))
        except ConfigInvalid as invalid:
            print(invalid, file=sys.stderr)
            return ExitCode.CONFIG_INVALID
        except (StartFailed, NothingInherited) as failure:
            print(f"sightline: {failure}", file=sys.stderr)
            return ExitCode.FAILED
        finally:
            # The interpreter's last collections would walk a configuration of thousands of routes, for seconds.
            gc.freeze()


def _open_standard_streams() -> None:
    """A stream that was closed by whoever started us leads nowhere: its number must not become a socket's."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - it stays open as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - the same


async def _serve(path: str, environ: MutableMapping[str, str], logs: LogRing) -> int:
    predecessor = await Predecessor.meet(environ)
    sequence = predecessor.inheritance.sequence if predecessor else 0
    loader = Loader(path, environ)
    try:
        first = await loader.load_file(sequence + 1)
        text = predecessor.inheritance.text if predecessor else None
        resumed = await read_resumed(loader, first, text) if text else None
        return await Supervisor(loader, first, environ, logs, predecessor, resumed).run()
    except (ConfigInvalid, StartFailed) as failure:
        if predecessor is not None:
            await predecessor.refuse(str(failure))
        raise


command = RunCommand()
