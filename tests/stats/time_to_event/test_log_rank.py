from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import survdiff

from tests.stats.published import AML_MAINTAINED, AML_OTHER, GEHAN_PLACEBO, GEHAN_TREATED
from wearoff.stats import cox, log_rank

rows = st.lists(
    st.tuples(st.integers(1, 9), st.booleans(), st.sampled_from("ab"), st.sampled_from("xy")),
    min_size=8,
    max_size=40,
)


def test_the_groups_of_aml_have_the_published_statistic() -> None:
    found = log_rank(
        AML_MAINTAINED[0] + AML_OTHER[0], AML_MAINTAINED[1] + AML_OTHER[1], ["with"] * 11 + ["without"] * 12
    )
    assert found.statistic == pytest.approx(3.396, abs=5e-4)
    assert found.p == pytest.approx(0.0653, abs=5e-5)
    assert found.observed == (7, 11)
    assert found.expected == pytest.approx((10.69, 7.31), abs=5e-3)


def test_gehans_pairs_have_the_published_statistic() -> None:
    times, events = GEHAN_TREATED[0] + GEHAN_PLACEBO[0], GEHAN_TREATED[1] + GEHAN_PLACEBO[1]
    found = log_rank(times, events, [0] * 21 + [1] * 21)
    assert found.statistic == pytest.approx(16.79, abs=5e-3)
    assert found.expected == pytest.approx((19.25, 10.75), abs=5e-3)


@given(rows)
def test_strata_agree_with_an_independent_library(found: list[tuple[int, bool, str, str]]) -> None:
    times, events, groups, strata = (list(column) for column in zip(*found, strict=True))
    mine = log_rank(times, events, groups, strata=strata)
    if mine.statistic is None:
        assert mine.note
        return
    codes = np.array([group == "b" for group in groups], dtype=int)
    layers = np.array([stratum == "y" for stratum in strata], dtype=int)
    args = (np.array(times, dtype=float), np.array(events, dtype=int), codes)
    if len(set(strata)) == 1:
        statistic, p = survdiff(*args)
    else:
        statistic, p = survdiff(*args, strata=layers)
    assert mine.statistic == pytest.approx(statistic, rel=1e-8)
    assert mine.p == pytest.approx(p, abs=1e-10)


@given(rows)
def test_names_and_order_of_groups_do_not_matter(found: list[tuple[int, bool, str, str]]) -> None:
    times, events, groups, _ = (list(column) for column in zip(*found, strict=True))
    mine = log_rank(times, events, groups)
    other = log_rank(times[::-1], events[::-1], ["a" if group == "b" else "b" for group in groups[::-1]])
    if mine.statistic is None:
        assert other.statistic is None
    else:
        assert other.statistic == pytest.approx(mine.statistic, abs=1e-9)
        assert other.observed == mine.observed[::-1]
    assert sum(mine.observed) == pytest.approx(sum(mine.expected))


def test_it_is_the_score_test_of_cox_where_no_two_events_coincide() -> None:
    rng = np.random.default_rng(4)
    times, events, group = rng.exponential(1, 50), rng.random(50) < 0.7, rng.integers(0, 2, 50)
    entry = times * rng.random(50)
    found = log_rank(times, events, group.tolist(), entry=entry)
    # The score at 0 over its information is had from a step of Newton: compare with small effects.
    fit = cox(times, events, group.astype(float), names=["group"], entry=entry)
    assert found.statistic == pytest.approx(fit.likelihood_ratio, rel=0.05, abs=0.02)


def test_four_groups_have_three_degrees_of_freedom() -> None:
    rng = np.random.default_rng(8)
    groups = rng.integers(0, 4, 200)
    found = log_rank(rng.exponential(1 + groups), np.ones(200), groups.tolist())
    assert found.freedom == 3
    assert found.p is not None
    assert found.p < 0.001


def test_without_events_or_a_second_group_there_is_no_p() -> None:
    silent = log_rank([1, 2, 3], [0, 0, 0], list("abb"))
    assert silent.p is None
    assert silent.note == "no event occurred"
    assert log_rank([1, 2, 3], [1, 0, 1], list("aaa")).p is None
    apart = log_rank([1, 2, 5, 6], [1, 1, 1, 1], list("aabb"), entry=[0, 0, 3, 3])
    assert apart.p is None
    assert "at risk together" in str(apart.note)


def test_a_row_without_group_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        log_rank([1, 2], [1, 0], ["a", None])
    assert "group is missing" in str(caught.value)
