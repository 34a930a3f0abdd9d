from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wearoff.cohort.association import attrition_bound
from wearoff.stats import TwoByTwo


def test_all_five_lost_active_with_wearing_off_would_overturn_the_published_study() -> None:
    bound = attrition_bound(TwoByTwo(0, 12, 0, 23), exposed_lost=5, other_lost=0)
    assert (bound.worst.exposed_events, bound.worst.exposed_total) == (5, 17)
    assert (bound.worst.other_events, bound.worst.other_total) == (0, 23)
    assert bound.worst_p == pytest.approx(0.009, abs=5e-4)
    assert bound.is_overturned
    assert bound.fewest == 4


def test_nobody_lost_changes_nothing() -> None:
    bound = attrition_bound(TwoByTwo(0, 17, 0, 23), exposed_lost=0, other_lost=0)
    assert not bound.is_overturned
    assert bound.fewest is None


def test_a_p_value_of_exactly_five_percent_is_not_decided_by_rounding() -> None:
    bound = attrition_bound(TwoByTwo(8, 10, 0, 0), exposed_lost=4, other_lost=2)
    assert bound.fewest_p == pytest.approx(0.05, abs=1e-15)
    assert bound.fewest == 4
    assert bound.is_overturned


counts = st.integers(0, 12)


@given(counts, counts, counts, counts, st.integers(0, 4), st.integers(0, 4))
def test_overturned_means_that_some_outcome_of_the_lost_crosses_five_percent(
    events: int, free: int, other_events: int, other_free: int, exposed_lost: int, other_lost: int
) -> None:
    table = TwoByTwo(events, events + free, other_events, other_events + other_free)
    bound = attrition_bound(table, exposed_lost, other_lost)

    def is_shown(a: int, b: int) -> bool:
        rows = [
            [events + a, free + exposed_lost - a],
            [other_events + b, other_free + other_lost - b],
        ]
        return bool(stats.fisher_exact(rows).pvalue <= 0.05 + 1e-12)

    observed = bool(stats.fisher_exact([[events, free], [other_events, other_free]]).pvalue <= 0.05 + 1e-12)
    outcomes = {is_shown(a, b) for a in range(exposed_lost + 1) for b in range(other_lost + 1)}
    assert bound.is_overturned == (outcomes != {observed})
