"""The memory limit: of the control group, however its version tells it, and of the machine where there is none."""

from pathlib import Path

import pytest

from gateway.runtime.vitals.memory_limit import memory_group, memory_limit

MIB = 1024 * 1024
NO_LIMIT = 9223372036854771712


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in {"proc/meminfo": "MemTotal:       1048576 kB\nMemFree: 1 kB\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({}, 1024 * MIB, id="none"),
        pytest.param(
            {"proc/self/cgroup": "0::/pod/gateway\n", "sys/fs/cgroup/pod/gateway/memory.max": f"{64 * MIB}\n"},
            64 * MIB,
            id="version 2",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/pod/gateway\n",
                "sys/fs/cgroup/pod/gateway/memory.max": "max\n",
                "sys/fs/cgroup/pod/memory.max": f"{128 * MIB}\n",
            },
            128 * MIB,
            id="of the group above",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/not/mounted/here\n", "sys/fs/cgroup/memory.max": f"{32 * MIB}\n"},
            32 * MIB,
            id="in a container",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "9:cpu,memory:/docker/x\n0::/\n",
                "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": f"{256 * MIB}\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{NO_LIMIT}\n",
            },
            256 * MIB,
            id="version 1",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "9:memory:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{NO_LIMIT}\n",
            },
            1024 * MIB,
            id="version 1 without a limit",
        ),
        pytest.param({"proc/self/cgroup": "nonsense\n"}, 1024 * MIB, id="nonsense"),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, files: dict[str, str], limit: int) -> None:
    assert memory_limit(tree(tmp_path, files)) == limit


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "proc/self/cgroup": "0::/gateway\n",
                "sys/fs/cgroup/gateway/memory.max": f"{64 * MIB}\n",
                "sys/fs/cgroup/gateway/memory.current": f"{50 * MIB}\n",
                "sys/fs/cgroup/gateway/memory.stat": f"anon 1\ninactive_file {6 * MIB}\nactive_file {4 * MIB}\nsock 9\n",
            },
            id="version 2",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "9:memory:/gateway\n",
                "sys/fs/cgroup/memory/gateway/memory.limit_in_bytes": f"{64 * MIB}\n",
                "sys/fs/cgroup/memory/gateway/memory.usage_in_bytes": f"{50 * MIB}\n",
                "sys/fs/cgroup/memory/gateway/memory.stat": f"inactive_file 1\ntotal_inactive_file {6 * MIB}\n"
                f"active_file 1\ntotal_active_file {4 * MIB}\n",
            },
            id="version 1",
        ),
    ],
)
def test_what_a_group_has_used_up_is_what_it_is_charged_with_but_for_cached_files(
    tmp_path: Path, files: dict[str, str]
) -> None:
    group = memory_group(tree(tmp_path, files))
    assert group is not None
    assert (group.limit, group.used()) == (64 * MIB, 40 * MIB)


def test_a_group_that_says_nothing_has_used_nothing(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/gateway\n", "sys/fs/cgroup/gateway/memory.max": f"{64 * MIB}\n"}
    group = memory_group(tree(tmp_path, files))
    assert group is not None
    assert group.used() == 0


def test_where_nothing_can_be_read_there_is_no_limit_to_tell(tmp_path: Path) -> None:
    assert memory_limit(tmp_path) == 0


def test_this_machine_has_some_memory() -> None:
    assert memory_limit() > 64 * MIB
