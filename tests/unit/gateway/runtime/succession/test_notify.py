"""A service manager is told, where there is one."""

import socket
from pathlib import Path

import pytest

from gateway.runtime.succession.notify import notify


@pytest.mark.parametrize("is_abstract", [False, True])
def test_facts_go_to_the_socket_the_environment_names(tmp_path: Path, *, is_abstract: bool) -> None:
    name = f"@{tmp_path}/notify" if is_abstract else f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(5.0)
        notify({"NOTIFY_SOCKET": name}, "READY=1", "MAINPID=17")
        assert manager.recv(100) == b"READY=1\nMAINPID=17"


def test_nobody_is_told_where_nobody_listens(tmp_path: Path) -> None:
    notify({}, "READY=1")
    notify({"NOTIFY_SOCKET": str(tmp_path / "gone")}, "READY=1")
    assert list(tmp_path.iterdir()) == []
