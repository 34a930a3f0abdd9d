from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from wearoff.stats import ColumnKind, Term, analyse_imputed, impute, pool
from wearoff.stats.terms import wald_term

Array = npt.NDArray[np.float64]
NAN = float("nan")


def regression(table: Array) -> list[Term]:
    """Least squares of the last column on the others."""
    design = np.column_stack([np.ones(len(table)), table[:, :-1]])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ table[:, -1]
    variance = float(((table[:, -1] - design @ beta) ** 2).sum()) / (len(table) - design.shape[1])
    return [
        wald_term(f"x{k}", float(beta[k]), float((variance * inverse[k, k]) ** 0.5))
        for k in range(1, design.shape[1])
    ]


def gappy(seed: int, rows: int = 200) -> tuple[Array, Array]:
    """A complete table of x, z, y and one in which x is missing more often where y is high."""
    rng = np.random.default_rng(seed)
    z = rng.random(rows) < 0.5
    x = 0.8 * z + rng.normal(size=rows)
    y = x - 0.5 * z + rng.normal(size=rows)
    table = np.column_stack([x, z, y]).astype(float)
    holed = table.copy()
    holed[rng.random(rows) < 1 / (1 + np.exp(-(y - 0.3) * 1.5)), 0] = NAN
    holed[rng.random(rows) < 0.15, 1] = NAN
    return table, holed


def test_rubins_rules_are_their_formulas() -> None:
    estimates, errors = np.array([1.0, 1.4, 0.9, 1.1, 1.2]), np.array([0.3, 0.35, 0.28, 0.31, 0.33])
    found = pool(estimates, errors, complete_freedom=57)
    within, between = (errors**2).mean(), estimates.var(ddof=1)
    total = within + 1.2 * between
    share = 1.2 * between / total
    classical = 4 / share**2
    seen = 58 / 60 * 57 * (1 - share)
    freedom = classical * seen / (classical + seen)
    assert found.term.coefficient == pytest.approx(1.12)
    assert found.term.standard_error == pytest.approx(total**0.5)
    assert found.freedom == pytest.approx(freedom)
    reach = stats.t.ppf(0.975, freedom) * total**0.5
    assert found.term.interval.high == pytest.approx(1.12 + reach)
    ratio = 1.2 * between / within
    assert found.missing_information == pytest.approx((ratio + 2 / (freedom + 3)) / (ratio + 1))
    assert pool(estimates, errors).freedom == pytest.approx(classical)
    assert found.freedom < 57


def test_without_gaps_every_table_and_the_pooled_result_are_the_complete_ones() -> None:
    complete, _ = gappy(1)
    imputed = impute(complete, names=["x", "z", "y"], kinds=["number", "yes or no", "number"], seed=1)
    assert (imputed.tables == complete).all()
    for mine, one in zip(
        analyse_imputed(imputed, regression, complete_freedom=197), regression(complete), strict=True
    ):
        assert mine.term.coefficient == pytest.approx(one.coefficient)
        assert mine.term.standard_error == pytest.approx(one.standard_error)
        assert mine.freedom == 197
        assert mine.missing_information == 0


def test_what_was_observed_stays_and_what_is_filled_was_seen_elsewhere() -> None:
    _, holed = gappy(2)
    kinds: list[ColumnKind] = ["matched number", "yes or no", "number"]
    imputed = impute(holed, names=["x", "z", "y"], kinds=kinds, seed=2)
    gaps = np.isnan(holed)
    assert (imputed.tables[:, ~gaps] == holed[~gaps]).all()
    assert np.isin(imputed.tables[:, gaps[:, 0], 0], holed[~gaps[:, 0], 0]).all()
    assert set(np.unique(imputed.tables[:, gaps[:, 1], 1])) == {0.0, 1.0}
    assert imputed.missing == (int(gaps[:, 0].sum()), int(gaps[:, 1].sum()), 0)
    assert imputed.tables[:, gaps[:, 0], 0].std(axis=0).mean() > 0.3  # the draws differ


def test_a_seed_gives_the_same_tables_and_more_draws_begin_with_the_same_ones() -> None:
    _, holed = gappy(3, 60)
    kinds: list[ColumnKind] = ["number", "yes or no", "matched number"]
    one = impute(holed, names=list("xzy"), kinds=kinds, seed=5, draws=3)
    more = impute(holed, names=list("xzy"), kinds=kinds, seed=5, draws=6)
    other = impute(holed, names=list("xzy"), kinds=kinds, seed=6, draws=3)
    assert (more.tables[:3] == one.tables).all()
    assert (other.tables != one.tables).any()


def test_a_column_that_decides_another_one_fills_it_nearly_right() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    table = np.column_stack([x, 2 * x + 1, x > 0])
    holed = table.copy()
    holed[::7, 1] = NAN
    holed[3::7, 2] = NAN
    imputed = impute(holed, names=list("abc"), kinds=["number", "number", "yes or no"], seed=1, draws=5)
    assert np.abs(imputed.tables[:, ::7, 1] - table[::7, 1]).mean() < 0.1
    assert (imputed.tables[:, 3::7, 2] == table[3::7, 2]).mean() > 0.9


@pytest.mark.parametrize(
    ("table", "kinds", "message"),
    [
        ([[1, 2], [NAN, 3], [NAN, 4]], ["number", "number"], "too few"),
        ([[1, 2], [0, 3], [2, 4]], ["yes or no", "number"], "other than 1 and 0"),
        ([[1, 2], [0, inf], [2, 4]], ["number", "number"], "infinite"),
        ([[1, 2], [0, 3]], ["number"], "kinds"),
        ([[1], [NAN]], ["number"], "nothing to be imputed from"),
    ],
)
def test_tables_that_cannot_be_completed_are_refused(
    table: list[list[float]], kinds: list[str], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        impute(table, names=["a", "b"][: len(table[0])], kinds=kinds, seed=1)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_an_estimate_without_bound_is_not_pooled() -> None:
    with pytest.raises(ValueError) as caught:
        pool([1.0, inf], [0.2, inf], name="group")
    assert "group" in str(caught.value)
    with pytest.raises(ValueError):
        pool([1.0], [0.2])


@pytest.mark.parametrize("kind", ["number", "matched number"])
def test_gaps_that_depend_on_the_outcome_bias_complete_rows_and_not_the_imputed(kind: ColumnKind) -> None:
    complete, holed = gappy(7, 20_000)
    kept = holed[~np.isnan(holed).any(axis=1)]
    imputed = impute(
        holed, names=list("xzy"), kinds=["number", "yes or no", "number"], seed=3, draws=5, cycles=5
    )
    pooled = analyse_imputed(imputed, regression)
    truth = [term.coefficient for term in regression(complete)]
    assert regression(kept)[0].coefficient < truth[0] - 0.1
    assert [one.term.coefficient for one in pooled] == pytest.approx(truth, abs=0.06)


@pytest.mark.slow
def test_intervals_cover_the_true_slope_as_often_as_they_say() -> None:
    inside = 0
    kinds: list[ColumnKind] = ["number", "yes or no", "number"]
    for seed in range(500):
        _, holed = gappy(1000 + seed, 150)
        imputed = impute(holed, names=list("xzy"), kinds=kinds, seed=seed, draws=10, cycles=5)
        inside += 1.0 in analyse_imputed(imputed, regression, complete_freedom=147)[0].term.interval
    assert 0.925 < inside / 500 < 0.98


@pytest.mark.slow
def test_matched_numbers_cover_as_often_as_they_say_where_rows_alike_are_left() -> None:
    inside = 0
    kinds: list[ColumnKind] = ["matched number", "yes or no", "number"]
    for seed in range(500):
        complete, _ = gappy(1000 + seed, 200)
        holed = complete.copy()
        rng = np.random.default_rng(seed)
        holed[rng.random(200) < 1 / (1 + np.exp(1.5 - 0.5 * complete[:, 2])), 0] = NAN
        imputed = impute(holed, names=list("xzy"), kinds=kinds, seed=seed, draws=10, cycles=2)
        inside += 1.0 in analyse_imputed(imputed, regression, complete_freedom=197)[0].term.interval
    assert 0.925 < inside / 500 < 0.975
