"""Which revisions are remembered, and by what they are found."""

from gateway.config import load_text
from gateway.config.diff.archive import Archive
from gateway.runtime.changes.revisions import Revision, Revisions

TEXT = "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
ARCHIVE = Archive.of(load_text(TEXT, "test.yaml", 1, {}))


def revision(sequence: int, name: str = "") -> Revision:
    return Revision(sequence, name or f"{sequence:012x}", float(sequence), "file", "", "file:test.yaml", ARCHIVE)


def sequences(revisions: Revisions) -> list[int]:
    return [each.sequence for each in revisions.newest_first()]


def found(revisions: Revisions, reference: str) -> int | None:
    each = revisions.find(reference)
    return None if each is None else each.sequence


def test_the_newest_are_kept_and_the_others_counted() -> None:
    revisions = Revisions(at_most=3)
    for sequence in range(1, 6):
        revisions.add(revision(sequence))
    assert (sequences(revisions), revisions.dropped) == ([5, 4, 3], 2)


def test_the_running_one_and_the_one_before_are_kept_whatever_they_take() -> None:
    revisions = Revisions(max_bytes=1)
    for sequence in range(1, 4):
        revisions.add(revision(sequence))
    assert (sequences(revisions), revisions.dropped) == ([3, 2], 1)


def test_bytes_are_bounded_too() -> None:
    revisions = Revisions(max_bytes=4 * ARCHIVE.size)
    for sequence in range(1, 10):
        revisions.add(revision(sequence))
    assert sequences(revisions) == [9, 8, 7, 6]


def test_a_revision_is_found_by_its_name_its_sequence_or_its_role() -> None:
    revisions = Revisions()
    for sequence, name in ((1, "aaaaaaaaaaaa"), (2, "bbbbbbbbbbbb"), (3, "aaaaaaaaaaaa")):
        revisions.add(revision(sequence, name))
    assert found(revisions, "aaaaaaaaaaaa") == 3
    assert found(revisions, "bbbbbbbbbbbb") == 2
    assert found(revisions, "1") == 1
    assert (found(revisions, "running"), found(revisions, "previous")) == (3, 2)
    assert [found(revisions, other) for other in ("cccccccccccc", "4", "", "-1", "٣", "running ")] == [None] * 6


def test_before_the_first_there_is_nothing() -> None:
    revisions = Revisions()
    assert (revisions.running, revisions.find("running"), revisions.newest_first()) == (None, None, [])


def test_each_knows_what_it_replaced_and_what_replaced_it() -> None:
    revisions = Revisions(at_most=2)
    one, two, three = (revision(sequence) for sequence in (1, 2, 3))
    for each in (one, two, three):
        revisions.add(each)
    assert (revisions.before(three), revisions.after(two)) == (two, three)
    assert (revisions.before(two), revisions.after(three)) == (None, None)
