from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from wearoff.stats import (
    PROPORTION_METHODS,
    proportion,
    proportion_interval,
    rule_of_three,
    upper_bound,
)

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.floats(0.5, 0.999)


@given(counts, levels)
def test_clopper_pearson_inverts_the_exact_binomial_tails(count: tuple[int, int], level: float) -> None:
    events, total = count
    found = proportion_interval(events, total, level=level)
    tail = (1 - level) / 2
    if events < total:
        assert stats.binom.cdf(events, total, found.high) == pytest.approx(tail, rel=1e-8)
    if events > 0:
        assert stats.binom.sf(events - 1, total, found.low) == pytest.approx(tail, rel=1e-8)


@given(counts, levels)
def test_mid_p_counts_half_of_the_observed_outcome_in_each_tail(count: tuple[int, int], level: float) -> None:
    events, total = count
    found = proportion_interval(events, total, level=level, method="mid_p")
    tail = (1 - level) / 2
    if events < total:
        at_high = stats.binom(total, found.high)
        assert at_high.cdf(events) - at_high.pmf(events) / 2 == pytest.approx(tail, rel=1e-6)
    if events > 0:
        at_low = stats.binom(total, found.low)
        assert at_low.sf(events) + at_low.pmf(events) / 2 == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize("total", [1, 2, 5, 10, 17, 28, 40])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_clopper_pearson_never_covers_less_often_than_it_claims(total: int, level: float) -> None:
    found = [proportion_interval(events, total, level=level) for events in range(total + 1)]
    low = np.array([interval.low for interval in found])
    high = np.array([interval.high for interval in found])
    # The coverage is lowest just beside a limit, so those places are asked as well as a grid.
    edges = np.concatenate([low, high])
    shares = np.concatenate([np.linspace(0, 1, 501), edges + 1e-9, edges - 1e-9]).clip(0, 1)
    chances = stats.binom.pmf(np.arange(total + 1), total, shares[:, None])
    covers = (low <= shares[:, None]) & (shares[:, None] <= high)
    assert (chances * covers).sum(axis=1).min() >= level - 1e-6


@pytest.mark.parametrize("method", PROPORTION_METHODS)
@given(count=counts)
def test_every_interval_holds_its_estimate_and_mirrors_when_events_and_non_events_swap(
    method: str, count: tuple[int, int]
) -> None:
    events, total = count
    found = proportion_interval(events, total, method=method)  # type: ignore[arg-type]
    mirrored = proportion_interval(total - events, total, method=method)  # type: ignore[arg-type]
    assert 0 <= found.low <= events / total <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    assert found.method == method


@pytest.mark.parametrize(
    ("method", "theirs"),
    [("clopper_pearson", "beta"), ("wilson", "wilson"), ("jeffreys", "jeffreys")],
)
@given(total=st.integers(2, 200), share=st.floats(0.01, 0.99), level=levels)
def test_limits_agree_with_statsmodels_between_the_edges(
    method: str, theirs: str, total: int, share: float, level: float
) -> None:
    events = min(max(round(share * total), 1), total - 1)
    found = proportion_interval(events, total, method=method, level=level)  # type: ignore[arg-type]
    expected = proportion_confint(events, total, alpha=1 - level, method=theirs)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-10)


@given(counts, levels)
def test_the_one_sided_bound_is_the_upper_limit_of_an_interval_with_twice_the_error(
    count: tuple[int, int], level: float
) -> None:
    two_sided = proportion_interval(*count, level=2 * level - 1) if level > 0.5 else None
    if two_sided is not None:
        assert upper_bound(*count, level=level) == pytest.approx(two_sided.high, abs=1e-12)


def test_no_event_in_35_gives_the_published_upper_bounds() -> None:
    assert proportion_interval(0, 35).high == pytest.approx(0.100, abs=5e-4)
    assert proportion_interval(0, 35, method="mid_p").high == pytest.approx(0.082, abs=5e-4)
    assert upper_bound(0, 35) == pytest.approx(0.082, abs=5e-4)
    assert rule_of_three(35) == pytest.approx(0.086, abs=5e-4)


def test_no_event_has_closed_forms() -> None:
    assert proportion_interval(0, 35).high == pytest.approx(1 - 0.025 ** (1 / 35), rel=1e-12)
    assert proportion_interval(0, 35, method="mid_p").high == pytest.approx(1 - 0.05 ** (1 / 35))
    assert upper_bound(0, 35) == pytest.approx(1 - 0.05 ** (1 / 35), rel=1e-12)


def test_nothing_but_events_and_35_of_40_give_the_published_intervals() -> None:
    everyone = proportion_interval(35, 35)
    assert (everyone.low, everyone.high) == (pytest.approx(0.900, abs=5e-4), 1.0)
    found = proportion(35, 40)
    assert found.estimate == 0.875
    assert found.interval.low == pytest.approx(0.732, abs=5e-4)
    assert found.interval.high == pytest.approx(0.958, abs=5e-4)
    assert 0.875 in found.interval
    assert 0.7 not in found.interval


def test_the_rule_of_three_is_never_above_one() -> None:
    assert rule_of_three(1) == 1.0


@pytest.mark.parametrize(
    ("events", "total", "reason"),
    [
        (3, 2, "more events than observations"),
        (-1, 2, "negative"),
        (0, -2, "negative"),
        (0, 0, "undefined"),
        (0.5, 2, "whole numbers"),
    ],
)
def test_impossible_counts_are_refused_with_the_reason(events: int, total: int, reason: str) -> None:
    for ask in (proportion, proportion_interval, upper_bound):
        with pytest.raises(ValueError, match=reason):
            ask(events, total)


def test_an_unknown_method_or_level_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="choose one of clopper_pearson"):
        proportion_interval(1, 2, method="wald")  # type: ignore[arg-type]
    for level in (0.0, 1.0, 95, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            proportion_interval(1, 2, level=level)
    with pytest.raises(ValueError, match="undefined"):
        rule_of_three(0)
