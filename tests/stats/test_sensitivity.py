from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearoff.stats import (
    RATIO_KINDS,
    TwoByTwo,
    e_value,
    fisher_exact,
    is_shown,
    missing_outcomes,
    risk_difference,
    shifted_means,
)


def test_the_e_values_of_the_article_are_found() -> None:
    # VanderWeele and Ding 2017: breastfeeding and death from respiratory infection, 3.9 (1.8 to 8.7)
    found = e_value(3.9, 1.8, 8.7)
    assert found.estimate == pytest.approx(7.26, abs=5e-3)
    assert found.limit == pytest.approx(3.0, abs=5e-3)
    # Leukaemia in the child, 0.80 (0.71 to 0.91)
    found = e_value(0.80, 0.71, 0.91)
    assert found.estimate == pytest.approx(1.81, abs=5e-3)
    assert found.limit == pytest.approx(1.43, abs=5e-3)


@given(st.floats(1.001, 50), st.floats(0.2, 1), st.floats(1, 5), st.sampled_from(RATIO_KINDS))
def test_an_inverted_ratio_has_the_same_e_value(ratio: float, down: float, up: float, kind: str) -> None:
    found = e_value(ratio, ratio * down, ratio * up, kind=kind)  # type: ignore[arg-type]
    turned = e_value(1 / ratio, 1 / (ratio * up), 1 / (ratio * down), kind=kind)  # type: ignore[arg-type]
    assert turned.estimate == pytest.approx(found.estimate, rel=1e-9)
    assert turned.limit == pytest.approx(found.limit, rel=1e-6)
    assert found.estimate >= found.limit >= 1


@given(st.floats(1.01, 20))
def test_a_confounder_of_that_strength_just_explains_the_ratio(ratio: float) -> None:
    e = e_value(ratio, ratio, ratio).estimate
    # Ding and VanderWeele's bounding factor with both strengths equal
    assert e * e / (2 * e - 1) == pytest.approx(ratio, rel=1e-9)


def test_common_outcomes_are_first_taken_to_risk_ratios() -> None:
    assert e_value(4.0, 4.0, 4.0, kind="odds ratio, common").estimate == pytest.approx(2 + sqrt(2))
    risk = (1 - 0.5 ** sqrt(2.0)) / (1 - 0.5 ** sqrt(0.5))
    found = e_value(2.0, 2.0, 2.0, kind="hazard ratio, common")
    assert found.estimate == pytest.approx(risk + sqrt(risk * (risk - 1)))
    assert found.estimate < e_value(2.0, 2.0, 2.0).estimate


def test_an_interval_across_1_needs_no_confounder_and_bad_ratios_are_refused() -> None:
    assert e_value(1.5, 0.9, 2.5).limit == 1
    assert e_value(1.0, 1.0, 1.0).estimate == 1
    assert e_value(0.5, 0.0, 0.9).limit < e_value(0.5, 0.0, 0.9).estimate < inf
    for ratio, low, high in ((0.0, 0.0, 1.0), (2.0, 2.5, 3.0), (-1.0, -2.0, 0.0)):
        with pytest.raises(ValueError):
            e_value(ratio, low, high)


def test_the_five_lost_of_forty_could_have_overturned_a_study_without_events() -> None:
    found = missing_outcomes(TwoByTwo(0, 12, 0, 23), 5, 0)
    assert found.p_observed is None
    assert not found.is_robust
    assert found.p_least == pytest.approx(0.009, abs=5e-4)  # 5 of 17 against 0 of 23
    assert found.tipping[0].exposed == 4
    assert found.highest.value == pytest.approx(5 / 17)
    assert found.lowest.value == 0


cells = st.tuples(st.integers(0, 8), st.integers(1, 8), st.integers(0, 8), st.integers(1, 8))


def filled(table: TwoByTwo, a: int, b: int, exposed: int, other: int) -> TwoByTwo:
    return TwoByTwo(
        table.exposed_events + exposed,
        table.exposed_total + a,
        table.other_events + other,
        table.other_total + b,
    )


def conclusion(table: TwoByTwo) -> int:
    if not table.is_informative or not is_shown(fisher_exact(table)):
        return 0
    return 1 if table.exposed_events * table.other_total > table.other_events * table.exposed_total else -1


@settings(max_examples=30)
@given(cells, st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_whatever_the_missing_had_lies_within_the_bounds(
    found: tuple[int, int, int, int], a: int, b: int, exposed: int, other: int
) -> None:
    table = TwoByTwo(found[0], found[0] + found[1], found[2], found[2] + found[3])
    bounds = missing_outcomes(table, a, b)
    truth = risk_difference(filled(table, a, b, min(a, exposed), min(b, other)))
    assert bounds.lowest.value - 1e-12 <= truth.value <= bounds.highest.value + 1e-12
    assert all(conclusion(point.table) != conclusion(table) for point in bounds.tipping)
    turning = {
        k
        for k in range(a + 1)
        for m in range(b + 1)
        if conclusion(filled(table, a, b, k, m)) != conclusion(table)
    }
    assert {point.exposed for point in bounds.tipping} == turning
    assert bounds.is_robust == (not turning)


def test_with_nobody_missing_the_result_stands() -> None:
    table = TwoByTwo(5, 17, 0, 23)
    found = missing_outcomes(table, 0, 0)
    assert found.is_robust
    assert found.highest == found.lowest == risk_difference(table)
    with pytest.raises(ValueError):
        missing_outcomes(table, -1, 0)


def test_shifted_means_move_by_the_share_that_is_missing() -> None:
    found = shifted_means(2.0, 0.5, (0.1, 0.2), [[0, 0], [10, 0], [0, 10], [10, 10]])
    assert found[:, 0] == pytest.approx([2, 3, 0, 1])
    assert found[:, 1] == pytest.approx(found[:, 0] - 0.979982, abs=1e-6)
    tipping = (2.0 - 1.959964 * 0.5) / 0.2
    assert shifted_means(2.0, 0.5, (0.1, 0.2), [[0, tipping]])[0, 1] == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError):
        shifted_means(2.0, 0.5, (0.1, 1.2), np.zeros((1, 2)))
