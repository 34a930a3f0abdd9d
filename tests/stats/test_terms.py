from __future__ import annotations

from math import inf

import pytest

from wearoff.stats.terms import checked_predictors, indicators, wald_term


def test_a_term_reads_the_same_in_coefficients_and_ratios() -> None:
    term = wald_term("group", 0.5, 0.25)
    assert term.interval.low == pytest.approx(0.5 - 1.959964 * 0.25, abs=1e-6)
    assert term.ratio == pytest.approx(1.6487213)
    assert term.ratio_interval.high == pytest.approx(2.69121, abs=1e-4)
    assert term.p == pytest.approx(0.0455003, abs=1e-7)


def test_few_degrees_of_freedom_widen_the_interval_by_students_distribution() -> None:
    term = wald_term("group", 1.0, 1.0, freedom=4)
    assert term.interval.high == pytest.approx(1 + 2.776445, abs=1e-6)
    assert term.p == pytest.approx(0.3739010, abs=1e-7)
    assert wald_term("group", 1.0, 1.0, freedom=1e9).p == pytest.approx(
        wald_term("group", 1.0, 1.0).p, abs=1e-8
    )


def test_an_unbounded_term_says_nothing() -> None:
    term = wald_term("group", inf, inf)
    assert (term.interval.low, term.interval.high, term.p) == (-inf, inf, 1.0)
    assert term.ratio == inf


def test_a_label_becomes_columns_against_its_first_value() -> None:
    columns, names = indicators(["b", "c", "a", "b"], name="site")
    assert names == ("site b", "site c")
    assert columns.tolist() == [[1, 0], [0, 1], [0, 0], [1, 0]]
    assert indicators(["a", "a"], name="site")[0].shape == (2, 0)


def test_a_missing_predictor_is_named_with_its_row() -> None:
    with pytest.raises(ValueError) as caught:
        checked_predictors([[1, 2], [3, float("nan")], [4, 5]], ["age", "weight"], 3)
    assert "'weight'" in str(caught.value)
    assert "row 1" in str(caught.value)
