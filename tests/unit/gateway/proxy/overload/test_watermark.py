"""Two marks, and a step back before either is left."""

from gateway.proxy.overload.watermark import Level, Watermark


def test_above_each_mark_the_level_rises_and_it_falls_only_well_beneath() -> None:
    mark = Watermark(0.95, 0.98)
    course = (0.9, 0.955, 0.94, 0.985, 0.97, 0.955, 0.92)
    assert [mark.look(share) for share in course] == [
        Level.FINE,
        Level.SHED,
        Level.SHED,
        Level.REFUSE,
        Level.REFUSE,
        Level.SHED,
        Level.FINE,
    ]
