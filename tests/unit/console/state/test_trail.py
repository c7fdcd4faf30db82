"""Ways between screens: down, back up, to the one before, and never without an end."""

from console.state.trail import Trail


def test_back_leads_up_the_path_and_then_along_the_roads_taken_before() -> None:
    trail = Trail("routes")
    trail.drill("route")
    trail.enter("live")
    assert trail.current == "live"
    assert trail.back()
    assert trail.current == "route"
    assert trail.back()
    assert trail.current == "routes"
    assert not trail.back()


def test_previous_goes_to_and_fro() -> None:
    trail = Trail("routes")
    assert not trail.previous()
    trail.drill("route")
    trail.enter("live")
    assert trail.previous()
    assert trail.current == "route"
    assert trail.previous()
    assert trail.current == "live"


def test_a_screen_that_is_on_the_path_is_gone_back_to() -> None:
    trail = Trail("routes")
    trail.drill("route")
    trail.drill("live")
    trail.drill("route")
    assert trail.path == ("routes", "route")


def test_what_can_be_come_back_to_is_bounded() -> None:
    trail = Trail(0)
    for step in range(1, 1_000):
        trail.drill(step)
        if step % 7 == 0:
            trail.enter(-step)
    assert len(set(trail.steps())) < 400
    for step in range(1_000, 1_100):
        trail.drill(step)
    assert len(trail.path) <= 16
