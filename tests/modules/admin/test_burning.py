"""How fast budgets burn, and when somebody is told"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from threadly.modules.admin.rules.burning import (
    POLICY,
    budget_left,
    burn_points,
    burn_rate,
    burning,
    lasts_days,
)
from threadly.modules.admin.rules.durations import bucket_of, no_durations, percentile_ms
from threadly.modules.admin.types.objectives import AvailabilityIndicator, Objective, Tally

NOW = datetime(2027, 3, 1, 12, 30, tzinfo=UTC)
SITE = Objective(
    name="site",
    title="The site answers",
    description="Requests without a server error.",
    target=99.9,
    category="site",
    runbook="server-errors",
    indicator=AvailabilityIndicator(("* *",)),
)
tallies = st.builds(lambda good, bad: Tally(good, good + bad), st.integers(0, 10**9), st.integers(0, 10**9))


def of(bad: int, total: int) -> Tally:
    return Tally(total - bad, total)


def test_a_rate_of_one_spends_the_budget_exactly() -> None:
    assert burn_rate(SITE, of(1, 1_000)) == pytest.approx(1.0)
    assert budget_left(SITE, of(1, 1_000)) == pytest.approx(0.0)
    assert budget_left(SITE, of(1, 4_000)) == pytest.approx(0.75)


def test_what_was_not_measured_burns_nothing() -> None:
    assert burn_rate(SITE, Tally()) == 0
    assert budget_left(SITE, Tally()) == 1
    assert burning(SITE, {}) is None


@given(tallies)
def test_a_budget_is_never_more_than_whole(tally: Tally) -> None:
    assert budget_left(SITE, tally) <= 1
    assert burn_rate(SITE, tally) >= 0


@pytest.mark.parametrize(
    ("bad_by_window", "severity", "window"),
    [
        ({60: 15, 5: 15}, "critical", 60),
        ({60: 14, 5: 15}, None, None),  # not yet
        ({60: 15, 5: 14}, None, None),  # not any more
        ({360: 6, 30: 6}, "critical", 360),
        ({1_440: 3, 120: 3}, "warning", 1_440),
        ({4_320: 1, 360: 1}, "warning", 4_320),
        ({4_320: 1, 360: 0}, None, None),
        ({60: 15, 5: 15, 4_320: 1, 360: 1}, "critical", 60),
    ],
)
def test_both_windows_must_burn(
    bad_by_window: dict[int, int], severity: str | None, window: int | None
) -> None:
    """Thousandths that were bad, of ten thousand each: a rate of so many."""
    found = burning(SITE, {minutes: of(bad * 10, 10_000) for minutes, bad in bad_by_window.items()})
    assert (found and found.severity, found and found.pair.long) == (severity, window)


def test_a_few_bad_ones_are_no_alarm_however_fast_they_came() -> None:
    few = {60: of(9, 9), 5: of(9, 9)}
    assert burning(SITE, few) is None
    assert burning(replace(SITE, least_bad=9), few) is not None


def test_an_objective_that_wakes_nobody_only_warns() -> None:
    found = burning(replace(SITE, severity="warning"), {60: of(100, 100), 5: of(100, 100)})
    assert found
    assert found.severity == "warning"


def test_the_policy_is_that_of_the_workbook() -> None:
    """Of a budget of 30 days: what each pair of windows has spent when it speaks."""
    spent = [round(pair.rate * pair.long / (30 * 1_440), 3) for pair in POLICY]
    assert spent == [0.02, 0.05, 0.1, 0.1]
    assert all(pair.long == 12 * pair.short for pair in POLICY)


def test_the_rest_lasts_as_long_as_it_goes_on_like_this() -> None:
    assert lasts_days(SITE, 0.5, 1.0) == pytest.approx(15)
    assert lasts_days(SITE, 0.5, 0.0) is None
    assert lasts_days(SITE, -1.0, 2.0) == 0


def test_points_are_hours_and_the_last_is_what_is_left_now() -> None:
    hour = NOW.replace(minute=0)
    hours = [(hour - timedelta(hours=2), of(1, 1_000)), (hour, of(0, 3_000))]
    points = burn_points(SITE, hours, since=NOW - timedelta(hours=3), until=NOW)
    assert [point.at.hour for point in points] == [9, 10, 11, 12]
    assert [point.rate for point in points] == [0, 1, 0, 0]
    assert points[0].budget_left == 1
    assert points[-1].budget_left == pytest.approx(budget_left(SITE, of(1, 4_000)))


@given(st.lists(st.integers(1, 60_000_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 1.0]))
def test_percentiles_are_within_their_bucket(durations_us: list[int], share: float) -> None:
    buckets = no_durations()
    for duration_us in durations_us:
        buckets[bucket_of(duration_us)] += 1
    told = percentile_ms(buckets, share)
    assert told is not None
    rank = max(0, min(len(durations_us) - 1, round(share * len(durations_us) + 0.5) - 1))
    exact_ms = sorted(durations_us)[rank] / 1_000
    assert told <= max(0.5, exact_ms * 1.5) + 0.1


def test_no_durations_have_no_percentile() -> None:
    assert percentile_ms(no_durations(), 0.5) is None
