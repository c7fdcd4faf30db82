"""How many retries a route may make: never more than its share, whatever the order of events, and again after a while."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.clock import SECOND_NS
from gateway.model.retry import BUDGET_FLOOR_PER_S, BUDGET_WINDOW_NS
from gateway.upstreams.retry_budget import RetryBudget, RetryBudgets

START_NS = 1_000 * SECOND_NS + 1
FLOOR = BUDGET_FLOOR_PER_S * BUDGET_WINDOW_NS // SECOND_NS


def spend(budget: RetryBudget, now_ns: int) -> int:
    """Take all there is."""
    taken = 0
    while budget.take(now_ns):
        taken += 1
    return taken


def try_often(budget: RetryBudget, times: int, now_ns: int) -> None:
    for _ in range(times):
        budget.tried(now_ns)


def test_a_route_without_requests_has_the_floor() -> None:
    assert spend(RetryBudget(0.2, FLOOR), START_NS) == 30


def test_every_first_try_adds_its_share() -> None:
    budget = RetryBudget(0.2, 0)
    try_often(budget, 100, START_NS)
    assert budget.use(START_NS) == (0, 20.0)
    assert spend(budget, START_NS) == 20
    assert budget.use(START_NS) == (20, 20.0)
    assert not budget.has_room(START_NS)


def test_first_tries_are_forgotten_within_the_window() -> None:
    budget = RetryBudget(0.5, 0)
    try_often(budget, 10, START_NS)
    assert budget.use(START_NS + 9 * SECOND_NS)[1] == 5
    assert budget.use(START_NS + BUDGET_WINDOW_NS)[1] == 0


def test_retries_are_held_against_it_for_the_whole_window() -> None:
    budget = RetryBudget(0.2, FLOOR)
    assert spend(budget, START_NS) == 30
    assert spend(budget, START_NS + BUDGET_WINDOW_NS - 1) == 0
    assert spend(budget, START_NS + BUDGET_WINDOW_NS + SECOND_NS // 2) == 30


def test_after_a_long_silence_it_is_as_new() -> None:
    budget = RetryBudget(0.2, FLOOR)
    try_often(budget, 1_000, START_NS)
    spend(budget, START_NS)
    assert budget.use(START_NS + 3_600 * SECOND_NS) == (0, 30.0)


events = st.lists(st.tuples(st.sampled_from(["first", "retry"]), st.integers(0, 3 * SECOND_NS)), max_size=200)


@given(events, st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 5))
def test_at_no_retry_there_are_more_in_the_ten_seconds_before_it_than_its_share_of_first_tries_and_the_floor(
    happened: list[tuple[str, int]], ratio: float, floor: int
) -> None:
    budget = RetryBudget(ratio, floor)
    now_ns = START_NS
    firsts: list[int] = []
    retries: list[int] = []
    for kind, passed_ns in happened:
        now_ns += passed_ns // 10
        if kind == "first":
            budget.tried(now_ns)
            firsts.append(now_ns)
        elif budget.take(now_ns):
            retries.append(now_ns)
            recent = [at for at in retries if at > now_ns - BUDGET_WINDOW_NS]
            assert len(recent) <= ratio * len([at for at in firsts if at > now_ns - BUDGET_WINDOW_NS]) + floor


def test_workers_share_the_floor() -> None:
    assert [spend(RetryBudgets(workers).of_route("a", 0.2), START_NS) for workers in (1, 2, 4, 8)] == [30, 15, 7, 3]


def test_what_a_route_has_used_outlives_a_reload_and_a_change_of_its_ratio() -> None:
    budgets = RetryBudgets(1)
    first = budgets.of_route("a", 0.2)
    budgets.activate({"a": (first, 0.2)})
    try_often(first, 100, START_NS)
    assert spend(first, START_NS) == 50
    assert budgets.of_route("b", 0.2) is not first
    again = budgets.of_route("a", 0.5)
    assert again is first
    assert spend(first, START_NS) == 0  # What is only in preparation gives nothing yet.
    budgets.activate({"a": (again, 0.5)})
    assert budgets.uses(START_NS) == [("a", 50, 80.0)]
    assert spend(first, START_NS) == 30
    budgets.activate({})
    assert budgets.uses(START_NS) == []
