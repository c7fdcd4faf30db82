"""Telling the service manager that started us which process is the gateway, where one wants to know (sd_notify(3))."""

import os
import socket
from collections.abc import Mapping

import structlog

_log = structlog.get_logger("sightline")


def notify(environ: Mapping[str, str], *facts: str) -> None:
    """Send facts such as `READY=1` or `MAINPID=17` to NOTIFY_SOCKET; nothing happens where there is none."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto("\n".join(facts).encode(), socket.MSG_DONTWAIT, name)
    except OSError as failure:
        _log.warning("service_manager_not_told", facts=facts, error=os.strerror(failure.errno or 0))
