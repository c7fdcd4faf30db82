"""The watch over the configuration file and its secrets: by a fake clock for the rules, on real files for the ways in
which they change."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import FileSource, SourceChange, load_file
from gateway.config.signature import Signature, signature_of
from gateway.config.source import SETTLE_NS

FILE = "/etc/gateway.yaml"
SECRET = "/run/secrets/token"


class World:
    """Files and a clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now_ns = 1_000
        self.files: dict[str, int] = {FILE: 1, SECRET: 1}

    def look(self, path: str) -> Signature | None:
        version = self.files.get(path)
        return None if version is None else Signature(1, 1, version, version, version)

    def source(self) -> FileSource:
        source = FileSource(FILE, look=self.look, now_ns=lambda: self.now_ns)
        source.loaded({FILE: self.look(FILE), SECRET: self.look(SECRET)})
        return source


@pytest.fixture
def world() -> World:
    return World()


def settled(source: FileSource, world: World) -> SourceChange | None:
    """Poll as often as it takes for what is seen now to settle."""
    assert source.poll() is None
    world.now_ns += SETTLE_NS
    return source.poll()


def test_nothing_is_reported_while_nothing_changes(world: World) -> None:
    source = world.source()
    for _ in range(5):
        world.now_ns += SETTLE_NS
        assert source.poll() is None


@pytest.mark.parametrize("path", [FILE, SECRET])
def test_a_change_is_reported_once(world: World, path: str) -> None:
    source = world.source()
    world.files[path] = 2
    assert settled(source, world) == SourceChange((path,), ())
    world.now_ns += SETTLE_NS
    assert source.poll() is None


def test_a_file_is_not_reported_before_it_has_been_left_alone(world: World) -> None:
    source = world.source()
    for version in range(2, 10):
        world.files[FILE] = version
        assert source.poll() is None
        world.now_ns += SETTLE_NS - 1
        assert source.poll() is None
    world.now_ns += 1
    assert source.poll() == SourceChange((FILE,), ())


def test_a_change_taken_back_is_none(world: World) -> None:
    source = world.source()
    world.files[FILE] = 2
    assert source.poll() is None
    world.files[FILE] = 1
    world.now_ns += SETTLE_NS
    assert source.poll() is None


def test_a_file_that_vanishes_and_comes_back_is_reported_twice(world: World) -> None:
    source = world.source()
    del world.files[FILE]
    assert settled(source, world) == SourceChange((FILE,), (FILE,))
    world.files[FILE] = 2
    assert settled(source, world) == SourceChange((FILE,), ())


def test_a_gap_shorter_than_settling_is_not_a_loss(world: World) -> None:
    source = world.source()
    del world.files[FILE]
    assert source.poll() is None
    world.files[FILE] = 2
    assert settled(source, world) == SourceChange((FILE,), ())


def test_a_change_between_reading_and_watching_is_not_missed(world: World) -> None:
    source = world.source()
    read = {FILE: world.look(FILE)}
    world.files[FILE] = 2
    source.loaded(read)
    assert settled(source, world) == SourceChange((FILE,), ())


def test_a_secret_that_is_no_longer_referred_to_is_no_longer_watched(world: World) -> None:
    source = world.source()
    source.loaded({FILE: world.look(FILE)})
    world.files[SECRET] = 2
    assert settled(source, world) is None


def test_a_secret_that_was_missing_is_awaited(world: World) -> None:
    source = world.source()
    source.loaded({FILE: world.look(FILE), "/run/secrets/new": None})
    world.files["/run/secrets/new"] = 1
    assert settled(source, world) == SourceChange(("/run/secrets/new",), ())


class Folder:
    """A real folder with a configuration and one secret, mounted as Kubernetes does: links to a link to a version."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "gateway.yaml"
        self.make_version("v1", "one")
        (root / "..data").symlink_to("v1")
        for name in ("gateway.yaml", "token"):
            (root / name).symlink_to(f"..data/{name}")

    def make_version(self, version: str, name: str) -> None:
        (self.root / version).mkdir()
        (self.root / version / "token").write_text(f"token-of-{version}-padded\n")
        (self.root / version / "gateway.yaml").write_text(
            f"listeners: [{{name: {name}, address: 127.0.0.1:0}}]\n"
            "admin: {tokens: [{name: ci, role: viewer, token_file: token}]}\n"
        )


def in_place(folder: Folder) -> None:
    path = folder.root / "v1" / "gateway.yaml"
    path.write_text(path.read_text().replace("one", "two"))


def in_place_with_the_old_time(folder: Folder) -> None:
    path = folder.root / "v1" / "gateway.yaml"
    before = path.stat()
    in_place(folder)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_rename(folder: Folder) -> None:
    new = folder.root / "v1" / "gateway.yaml.new"
    new.write_text((folder.root / "v1" / "gateway.yaml").read_text().replace("one", "two"))
    new.rename(folder.root / "v1" / "gateway.yaml")


def by_replacing_the_link(folder: Folder) -> None:
    target = folder.root / "elsewhere.yaml"
    target.write_text(folder.path.read_text().replace("one", "two"))
    (folder.root / "link").symlink_to(target)
    (folder.root / "link").rename(folder.path)


def by_swapping_the_version(folder: Folder) -> None:
    folder.make_version("v2", "two")
    (folder.root / "..data_tmp").symlink_to("v2")
    (folder.root / "..data_tmp").rename(folder.root / "..data")


@pytest.mark.parametrize(
    "change", [in_place, in_place_with_the_old_time, by_rename, by_replacing_the_link, by_swapping_the_version]
)
def test_however_a_file_changes_it_is_seen(tmp_path: Path, change: Callable[[Folder], None]) -> None:
    folder = Folder(tmp_path)
    now_ns = 1
    source = FileSource(folder.path, now_ns=lambda: now_ns)
    source.loaded(load_file(folder.path, 1, {}).signatures)
    assert source.poll() is None
    change(folder)
    assert source.poll() is None
    now_ns += SETTLE_NS
    reported = source.poll()
    assert reported is not None
    assert str(folder.path) in reported.files
    configuration = load_file(folder.path, 2, {})
    assert configuration.snapshot.listeners[0].name == "two"
    source.loaded(configuration.signatures)
    now_ns += SETTLE_NS
    assert source.poll() is None


def test_a_secret_swapped_alone_is_seen(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    now_ns = 1
    source = FileSource(folder.path, now_ns=lambda: now_ns)
    source.loaded(load_file(folder.path, 1, {}).signatures)
    (tmp_path / "v1" / "token").write_text("another-token-of-v1")
    assert source.poll() is None
    now_ns += SETTLE_NS
    assert source.poll() == SourceChange((str(tmp_path / "token"),), ())


def test_changes_come_as_they_happen(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("one")
    source = FileSource(path)
    source.loaded({str(path): signature_of(str(path))})

    async def watch() -> list[SourceChange]:
        seen: list[SourceChange] = []
        path.write_text("second")
        async for change in source.changes():
            seen.append(change)
            if len(seen) == 2:
                return seen
            path.unlink()
        raise AssertionError("changes never end by themselves")

    first, second = asyncio.run(asyncio.wait_for(watch(), 10))
    assert first == SourceChange((str(path),), ())
    assert second == SourceChange((str(path),), (str(path),))
