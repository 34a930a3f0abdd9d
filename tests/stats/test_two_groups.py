from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from wearoff.stats import (
    DIFFERENCE_METHODS,
    TwoByTwo,
    compare,
    fisher_exact,
    fisher_mid_p,
    risk_difference,
)


def group(smallest: int, largest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(smallest, largest).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


tables = st.builds(lambda a, b: TwoByTwo(*a, *b), group(1, 60), group(1, 60))


def swapped(table: TwoByTwo) -> TwoByTwo:
    return TwoByTwo(table.other_events, table.other_total, table.exposed_events, table.exposed_total)


def as_rows(table: TwoByTwo) -> list[list[int]]:
    return [
        [table.exposed_events, table.exposed_total - table.exposed_events],
        [table.other_events, table.other_total - table.other_events],
    ]


def exact_parts(table: TwoByTwo) -> tuple[Fraction, Fraction]:
    """Share of tables rarer than, and as likely as, the observed one, in whole numbers."""
    n1, n0 = table.exposed_total, table.other_total
    events = table.exposed_events + table.other_events
    ways = [comb(n1, k) * comb(n0, events - k) for k in range(events + 1)]
    seen, every = ways[table.exposed_events], comb(n1 + n0, events)
    return (
        Fraction(sum(way for way in ways if way < seen), every),
        Fraction(sum(way for way in ways if way == seen), every),
    )


@given(tables)
def test_fisher_equals_the_count_in_whole_numbers_and_scipy(table: TwoByTwo) -> None:
    rarer, equal = exact_parts(table)
    assert fisher_exact(table) == pytest.approx(float(rarer + equal), rel=1e-9)
    assert fisher_mid_p(table) == pytest.approx(float(rarer + equal / 2), rel=1e-9)
    assert fisher_exact(table) == pytest.approx(stats.fisher_exact(as_rows(table))[1], rel=1e-7)


@given(tables)
def test_fisher_does_not_change_when_the_groups_or_the_outcome_swap(table: TwoByTwo) -> None:
    other_outcome = TwoByTwo(
        table.exposed_total - table.exposed_events,
        table.exposed_total,
        table.other_total - table.other_events,
        table.other_total,
    )
    for p in (fisher_exact, fisher_mid_p):
        assert p(table) == pytest.approx(p(swapped(table)), rel=1e-9)
        assert p(table) == pytest.approx(p(other_outcome), rel=1e-9)
    assert fisher_mid_p(table) <= fisher_exact(table)


@given(st.integers(1, 25), st.integers(1, 25), st.data())
def test_the_mid_p_is_one_half_on_average_under_the_null(n1: int, n0: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n1 + n0))
    mean = 0.0
    for k in range(max(0, events - n0), min(n1, events) + 1):
        chance = comb(n1, k) * comb(n0, events - k) / comb(n1 + n0, events)
        mean += chance * fisher_mid_p(TwoByTwo(k, n1, events - k, n0))
    assert mean == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("method", DIFFERENCE_METHODS)
@given(table=tables, level=st.floats(0.5, 0.999))
def test_swapping_the_groups_negates_the_risk_difference(method: str, table: TwoByTwo, level: float) -> None:
    found = risk_difference(table, method=method, level=level)  # type: ignore[arg-type]
    turned = risk_difference(swapped(table), method=method, level=level)  # type: ignore[arg-type]
    assert found.value == pytest.approx(-turned.value, abs=1e-15)
    assert found.interval.low == pytest.approx(-turned.interval.high, abs=1e-8)
    assert found.interval.high == pytest.approx(-turned.interval.low, abs=1e-8)
    assert -1 <= found.interval.low <= found.value <= found.interval.high <= 1


@given(
    totals=st.tuples(st.integers(2, 80), st.integers(2, 80)),
    shares=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
)
def test_newcombes_interval_agrees_with_statsmodels_away_from_the_edges(
    totals: tuple[int, int], shares: tuple[float, float]
) -> None:
    # The other library divides by zero where a proportion is 0 or 1.
    x1, x0 = (min(max(round(p * n), 1), n - 1) for p, n in zip(shares, totals, strict=True))
    found = risk_difference(TwoByTwo(x1, totals[0], x0, totals[1])).interval
    expected = confint_proportions_2indep(x1, totals[0], x0, totals[1], method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def score_statistic(table: TwoByTwo, difference: float) -> float:
    """Miettinen and Nurminen's chi-squared, its restricted maximum found by search, not by formula."""
    x1, n1 = table.exposed_events, table.exposed_total
    x0, n0 = table.other_events, table.other_total

    def slope(p0: float) -> float:
        p1 = p0 + difference
        parts = ((x1, p1, 1), (n1 - x1, 1 - p1, -1), (x0, p0, 1), (n0 - x0, 1 - p0, -1))
        # A count of 0 has no term, also where its share is 0.
        return sum(sign * count / max(share, 1e-300) for count, share, sign in parts if count)

    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(200):  # the likelihood is concave: its slope falls
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    p0, p1 = low, low + difference
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
    return (x1 / n1 - x0 / n0 - difference) ** 2 / variance


@given(tables, st.floats(0.5, 0.99))
def test_the_score_statistic_equals_its_quantile_at_the_limits_of_miettinen_and_nurminen(
    table: TwoByTwo, level: float
) -> None:
    # statsmodels 0.15 is no oracle here: its restricted proportions do not maximise the likelihood.
    found = risk_difference(table, method="miettinen_nurminen", level=level).interval
    for limit in (found.low, found.high):
        if abs(limit) < 1:
            expected = stats.chi2.ppf(level, 1)
            assert score_statistic(table, limit) == pytest.approx(expected, rel=1e-4)


def test_miettinen_nurminen_reproduces_the_interval_of_another_implementation() -> None:
    # diffscoreci(7, 34, 1, 34, 0.95) of the R package PropCIs.
    found = risk_difference(TwoByTwo(7, 34, 1, 34), method="miettinen_nurminen").interval
    assert (found.low, found.high) == pytest.approx((0.0270416, 0.3452912), abs=1e-6)


def test_no_event_in_15_and_20_gives_the_published_difference_and_no_test() -> None:
    found = compare(TwoByTwo(0, 15, 0, 20))
    assert found.risk_difference is not None
    assert found.risk_difference.value == 0
    assert found.risk_difference.interval.low == pytest.approx(-0.161, abs=5e-4)
    assert found.risk_difference.interval.high == pytest.approx(0.204, abs=5e-4)
    assert found.odds_ratio is not None
    assert found.odds_ratio.odds_ratio == pytest.approx(1.32, abs=5e-3)
    assert (found.fisher_p, found.fisher_mid_p) == (None, None)
    assert found.verdict == "uninformative"
    assert not found.is_informative
    assert not found.table.has_event


def test_miettinen_nurminen_has_a_closed_form_when_no_event_occurred() -> None:
    # Then the likeliest proportions d apart are d and 0, and (N-1)/N n d / (1 - d) = z^2.
    found = risk_difference(TwoByTwo(0, 15, 0, 20), method="miettinen_nurminen").interval
    z2 = stats.norm.ppf(0.975) ** 2
    for size, limit in ((15, found.high), (20, -found.low)):
        ratio = z2 * 35 / 34 / size
        assert limit == pytest.approx(ratio / (1 + ratio), abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "p", "verdict"),
    [
        ((5, 17, 0, 23), 0.009, "difference shown"),
        ((24, 61, 6, 32), 0.061, "no difference shown"),
        ((24, 62, 6, 31), 0.065, "no difference shown"),
    ],
)
def test_published_p_values_are_fishers_exact_ones(
    counts: tuple[int, int, int, int], p: float, verdict: str
) -> None:
    found = compare(TwoByTwo(*counts))
    assert found.fisher_p == pytest.approx(p, abs=5e-4)
    assert found.verdict == verdict
    assert found.is_informative


def test_an_outcome_that_everyone_had_is_uninformative_but_keeps_its_intervals() -> None:
    found = compare(TwoByTwo(15, 15, 20, 20))
    assert found.verdict == "uninformative"
    assert found.fisher_p is None
    assert found.risk_difference is not None
    assert found.risk_difference.interval.low == pytest.approx(-0.204, abs=5e-4)
    assert found.table.has_event


@pytest.mark.parametrize("counts", [(0, 0, 3, 20), (3, 20, 0, 0), (0, 0, 0, 0)])
def test_an_empty_group_leaves_nothing_to_compare(counts: tuple[int, int, int, int]) -> None:
    found = compare(TwoByTwo(*counts))
    assert found.verdict == "uninformative"
    assert found.fisher_p is None
    assert found.fisher_mid_p is None
    assert found.risk_difference is None
    assert found.odds_ratio is None
    assert (found.exposed is None) == (counts[1] == 0)
    assert (found.other is None) == (counts[3] == 0)
    with pytest.raises(ValueError, match="empty"):
        risk_difference(found.table)


def test_the_verdict_follows_the_level() -> None:
    assert compare(TwoByTwo(5, 17, 0, 23), level=0.999).verdict == "no difference shown"
    assert compare(TwoByTwo(24, 61, 6, 32), level=0.90).verdict == "difference shown"


def test_impossible_tables_methods_and_levels_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="more events"):
        TwoByTwo(3, 2, 0, 1)
    with pytest.raises(ValueError, match="negative"):
        TwoByTwo(0, 2, -1, 1)
    with pytest.raises(ValueError, match="choose one of newcombe"):
        risk_difference(TwoByTwo(1, 2, 0, 1), method="wald")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="between 0 and 1"):
        compare(TwoByTwo(1, 2, 0, 1), level=95)
