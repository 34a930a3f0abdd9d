from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from math import inf

import numpy as np
import numpy.typing as npt
import pytest

from tests.stats.published import GEHAN_PLACEBO, GEHAN_TREATED, bladder, lung
from wearoff.stats import cox

Array = npt.NDArray[np.float64]


def sample(seed: int, rows: int = 60) -> tuple[Array, Array, Array, Array]:
    """Times with many ties, events, two predictors, and entries."""
    rng = np.random.default_rng(seed)
    predictors = np.column_stack([rng.normal(size=rows), rng.random(rows) < 0.4]).astype(float)
    times = np.ceil(rng.exponential(6 * np.exp(-0.5 * predictors[:, 0])))
    entry = np.floor(times * rng.random(rows) * 0.9)
    return times, (rng.random(rows) < 0.7).astype(float), predictors, entry


def efron_by_hand(
    beta: Array, times: Array, events: Array, predictors: Array, entry: Array, weights: Array
) -> float:
    """The log partial likelihood by loops, straight from its definition."""
    total = 0.0
    hazard = weights * np.exp(predictors @ beta)
    for time in np.unique(times[events == 1]):
        dying = (times == time) & (events == 1)
        at_risk = (entry < time) & (times >= time)
        count, mean_weight = dying.sum(), weights[dying].mean()
        total += float((weights[dying] * (predictors[dying] @ beta)).sum())
        for k in range(count):
            total -= mean_weight * float(np.log(hazard[at_risk].sum() - k / count * hazard[dying].sum()))
    return total


def test_the_lung_trial_has_the_published_coefficients() -> None:
    rows = lung("time", "died", "age", "sex", "ecog")
    fit = cox(rows[:, 0], rows[:, 1], rows[:, 2:], names=["age", "sex", "ecog"])
    found = [term.coefficient for term in fit.terms]
    assert found == pytest.approx([0.01106677, -0.55261240, 0.46372848], abs=1e-8)
    assert [term.standard_error for term in fit.terms] == pytest.approx(
        [0.009267, 0.167739, 0.113577], abs=1e-6
    )
    assert fit.terms[1].ratio == pytest.approx(0.5754, abs=5e-5)
    assert fit.likelihood_ratio == pytest.approx(30.5, abs=0.05)
    assert (fit.rows, fit.events) == (227, 164)


def test_recurrent_bladder_tumours_have_the_published_robust_errors() -> None:
    rows = bladder()
    predictors = np.column_stack([rows["treated"], rows["number"], rows["size"]])
    names = ["treated", "number", "size"]
    args = (rows["stop"], rows["event"], predictors)
    fit = cox(*args, names=names, entry=rows["start"], clusters=rows["patient"].tolist())
    assert [term.standard_error for term in fit.terms] == pytest.approx([0.26556, 0.06304, 0.07762], abs=5e-6)
    assert [term.coefficient for term in fit.terms] == pytest.approx([-0.46469, 0.17496, -0.04366], abs=5e-6)
    assert fit.clusters == 85
    plain = cox(*args, names=names, entry=rows["start"])
    assert [term.standard_error for term in plain.terms] == pytest.approx(
        [0.19973, 0.04707, 0.06905], abs=5e-6
    )
    assert plain.clusters is None


def test_gehans_pairs_have_the_published_ratio_with_efrons_ties() -> None:
    times, events = GEHAN_TREATED[0] + GEHAN_PLACEBO[0], GEHAN_TREATED[1] + GEHAN_PLACEBO[1]
    fit = cox(times, events, [0] * 21 + [1] * 21, names=["placebo"])
    assert fit.terms[0].coefficient == pytest.approx(1.5721, abs=5e-5)
    assert fit.terms[0].standard_error == pytest.approx(0.4124, abs=5e-5)
    assert fit.likelihood_ratio == pytest.approx(16.35, abs=5e-3)


def test_constant_ratios_in_the_lung_trial_are_tested_as_in_r() -> None:
    # cox.zph(coxph(Surv(time, status) ~ age + sex + wt.loss, lung)), survival 3
    rows = lung("time", "died", "age", "sex", "weight_loss")
    fit = cox(rows[:, 0], rows[:, 1], rows[:, 2:], names=["age", "sex", "weight loss"])
    tests = fit.proportionality
    assert [test.name for test in tests] == ["age", "sex", "weight loss", "all"]
    assert [test.statistic for test in tests] == pytest.approx([0.5077, 2.5489, 0.0144, 3.0051], abs=5e-5)
    assert [test.p for test in tests] == pytest.approx([0.48, 0.11, 0.90, 0.39], abs=5e-3)


@pytest.mark.parametrize("size", ["20_1", "50_1", "50_2", "100_5", "1000_10"])
@pytest.mark.parametrize("kind", ["", "et_", "st_", "et_st_"])
def test_delayed_entry_and_strata_give_what_r_printed_for_a_librarys_tests(size: str, kind: str) -> None:
    folder = "statsmodels.duration.tests.results"
    printed = import_module(f"{folder}.survival_r_results")
    text = files(folder).joinpath(f"survival_data_{size}.csv").read_text(encoding="utf-8")
    rows = np.array([[float(cell) for cell in line.split()] for line in text.splitlines()])
    time, status, entry, predictors = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3:]
    # The data were printed with few digits, and R's own fit had kept rows that never were at risk.
    keep = entry < time if "et" in kind else np.ones(len(rows), dtype=bool)
    strata = np.kron(np.arange(5), np.ones(len(rows) // 5))[keep].tolist()
    fit = cox(
        time[keep],
        status[keep],
        predictors[keep],
        names=[f"x{k}" for k in range(predictors.shape[1])],
        entry=entry[keep] if "et" in kind else None,
        strata=strata if "st" in kind else None,
    )
    assert [term.coefficient for term in fit.terms] == pytest.approx(
        getattr(printed, f"coef_{size}_{kind}efr").tolist(), rel=1e-5, abs=1e-6
    )
    assert [term.standard_error for term in fit.terms] == pytest.approx(
        getattr(printed, f"se_{size}_{kind}efr").tolist(), rel=1e-5
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_likelihood_is_that_of_its_definition_and_at_its_top(seed: int) -> None:
    times, events, predictors, entry = sample(seed)
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, len(times))
    fit = cox(times, events, predictors, names=["a", "b"], entry=entry, weights=weights)
    beta = np.array([term.coefficient for term in fit.terms])
    args = (times, events, predictors, entry, weights)
    # Centring the predictors shifts the likelihood by nothing.
    assert fit.log_likelihood == pytest.approx(efron_by_hand(beta, *args), abs=1e-8)
    assert fit.log_likelihood_null == pytest.approx(efron_by_hand(np.zeros(2), *args), abs=1e-8)
    for k in range(2):
        for step in (-1e-4, 1e-4):
            moved = beta.copy()
            moved[k] += step
            assert efron_by_hand(moved, *args) < fit.log_likelihood


@pytest.mark.parametrize("seed", range(4))
def test_model_errors_are_those_of_the_likelihoods_curvature(seed: int) -> None:
    times, events, predictors, entry = sample(seed)
    fit = cox(times, events, predictors, names=["a", "b"], entry=entry)
    beta = np.array([term.coefficient for term in fit.terms])
    ones, h = np.ones(len(times)), 1e-4
    hessian = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            corners = [
                si
                * sj
                * efron_by_hand(
                    beta + h * (si * np.eye(2)[i] + sj * np.eye(2)[j]), times, events, predictors, entry, ones
                )
                for si in (-1, 1)
                for sj in (-1, 1)
            ]
            hessian[i, j] = sum(corners) / (4 * h * h)
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    assert [term.standard_error for term in fit.terms] == pytest.approx(errors.tolist(), rel=1e-4)


def test_robust_errors_add_up_how_the_estimate_moves_with_each_rows_weight() -> None:
    times, events, predictors, entry = sample(11, 40)
    args = (times, events, predictors)
    fit = cox(*args, names=["a", "b"], entry=entry, clusters=list(range(40)))
    moves = []
    for row in range(40):
        up, down = np.ones(40), np.ones(40)
        up[row], down[row] = 1 + 1e-4, 1 - 1e-4
        ends = [
            [term.coefficient for term in cox(*args, names=["a", "b"], entry=entry, weights=weights).terms]
            for weights in (up, down)
        ]
        moves.append((np.array(ends[0]) - ends[1]) / 2e-4)
    errors = np.sqrt((np.array(moves) ** 2).sum(axis=0))
    assert [term.standard_error for term in fit.terms] == pytest.approx(errors.tolist(), rel=1e-5)


def test_a_weight_of_2_is_a_row_twice_in_the_coefficient() -> None:
    times, events, predictors, _ = sample(5)
    times = times + np.random.default_rng(1).random(
        len(times)
    )  # no ties, which weights and copies treat apart
    weights = np.where(np.arange(len(times)) < 20, 2.0, 1.0)
    weighted = cox(times, events * (weights == 1), predictors, names=["a", "b"], weights=weights)
    twice = np.repeat(np.arange(len(times)), weights.astype(int))
    copied = cox(times[twice], (events * (weights == 1))[twice], predictors[twice], names=["a", "b"])
    assert [term.coefficient for term in weighted.terms] == pytest.approx(
        [term.coefficient for term in copied.terms]
    )


def test_weights_of_1_are_no_weights_and_each_row_its_own_cluster() -> None:
    times, events, predictors, entry = sample(6)
    args, names = (times, events, predictors), ["a", "b"]
    weighted = cox(*args, names=names, entry=entry, weights=np.ones(60))
    plain = cox(*args, names=names, entry=entry, clusters=list(range(60)))
    for one, other in zip(weighted.terms, plain.terms, strict=True):
        assert (one.coefficient, one.standard_error) == (other.coefficient, other.standard_error)


def test_entry_at_0_is_no_delayed_entry() -> None:
    times, events, predictors, _ = sample(7)
    plain = cox(times, events, predictors, names=["a", "b"])
    delayed = cox(times, events, predictors, names=["a", "b"], entry=np.zeros(60))
    for one, other in zip(plain.terms, delayed.terms, strict=True):
        assert one.coefficient == pytest.approx(other.coefficient, abs=1e-12)


def test_a_spell_cut_in_two_says_the_same() -> None:
    times, events, predictors, _ = sample(8)
    cut = np.floor(times / 2) + 0.5
    whole = cox(times, events, predictors, names=["a", "b"], clusters=list(range(60)))
    halves = cox(
        np.concatenate([cut, times]),
        np.concatenate([np.zeros(60), events]),
        np.concatenate([predictors, predictors]),
        names=["a", "b"],
        entry=np.concatenate([np.zeros(60), cut]),
        clusters=list(range(60)) * 2,
    )
    for one, other in zip(whole.terms, halves.terms, strict=True):
        assert one.coefficient == pytest.approx(other.coefficient, abs=1e-10)
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-8)


def test_swapped_groups_invert_the_ratio_and_units_do_not_matter() -> None:
    times, events, predictors, entry = sample(9)
    found = cox(times, events, predictors, names=["a", "b"], entry=entry)
    turned = predictors.copy()
    turned[:, 0] = 1000 * turned[:, 0] + 37
    turned[:, 1] = 1 - turned[:, 1]
    other = cox(times * 365.25, events, turned, names=["a", "b"], entry=entry * 365.25)
    assert other.terms[0].coefficient == pytest.approx(found.terms[0].coefficient / 1000, rel=1e-9)
    assert other.terms[1].ratio == pytest.approx(1 / found.terms[1].ratio, rel=1e-9)
    assert other.terms[1].ratio_interval.low == pytest.approx(
        1 / found.terms[1].ratio_interval.high, rel=1e-9
    )
    assert other.terms[1].p == pytest.approx(found.terms[1].p, abs=1e-9)


def test_events_on_one_side_have_no_finite_ratio_but_a_finite_limit() -> None:
    times, events, group = np.arange(1.0, 11.0), [1] * 5 + [0] * 5, np.array([1.0] * 5 + [0.0] * 5)
    fit = cox(times, events, group, names=["group"])
    term = fit.terms[0]
    assert term.ratio == inf
    assert "no finite estimate" in str(fit.note)
    # With everybody of the group gone first, the likelihood is a product of five risk sets.
    ones = np.ones(10)

    def height(beta: float) -> float:
        return efron_by_hand(np.array([beta]), times, np.array(events), group[:, None], 0 * ones, ones)

    assert 2 * (height(40.0) - height(term.interval.low)) == pytest.approx(3.841459, abs=1e-5)
    assert term.interval.high == inf
    turned = cox(times, events, 1 - group, names=["group"])
    assert turned.terms[0].ratio == 0
    assert turned.terms[0].interval.high == pytest.approx(-term.interval.low, rel=1e-6)


def test_a_predictor_that_does_not_vary_at_any_event_is_named() -> None:
    fit = cox([1, 2, 3, 4], [0, 0, 1, 0], [[1, 1], [0, 2], [1, 3], [1, 5]], names=["group", "age"])
    assert not fit.is_converged
    assert fit.terms == ()
    assert str(fit.note).startswith("group: the same for all")


def test_few_clusters_are_mentioned() -> None:
    times, events, predictors, _ = sample(10)
    fit = cox(times, events, predictors, names=["a", "b"], clusters=[row % 4 for row in range(60)])
    assert "4 clusters" in str(fit.note)


@pytest.mark.parametrize(
    ("event", "predictors", "message"),
    [
        ([0, 0, 0], [1, 2, 3], "no event"),
        ([1, 0, 1], [2, 2, 2], "same value in every row"),
        ([1, 0, 1], [1, float("nan"), 2], "row 1"),
        ([1, 0, 1], [[1, 2], [2, 4], [3, 6]], "not linearly independent"),
    ],
)
def test_rows_that_cannot_be_fitted_are_refused(
    event: list[int], predictors: list[float], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        cox([1, 2, 3], event, predictors, names=["a", "b"][: np.ndim(predictors)])
    assert message in str(caught.value)


@pytest.mark.slow
def test_intervals_cover_the_true_ratio_as_often_as_they_say() -> None:
    rng = np.random.default_rng(12)
    plain = robust = rejected = 0
    for _ in range(1000):
        group = rng.integers(0, 2, 120).astype(float)
        true, watched, entry = (
            rng.exponential(10 * np.exp(-0.5 * group)),
            rng.uniform(2, 20, 120),
            rng.uniform(0, 4, 120),
        )
        end = np.minimum(true, watched)
        seen = entry < end  # who had the event before entering never appears
        args = (end[seen], (true <= watched)[seen], group[seen])
        fit = cox(*args, names=["group"], entry=entry[seen])
        plain += 0.5 in fit.terms[0].interval
        robust += (
            0.5
            in cox(*args, names=["group"], entry=entry[seen], clusters=list(range(int(seen.sum()))))
            .terms[0]
            .interval
        )
        rejected += (fit.proportionality[0].p or 1.0) < 0.05
    assert 0.935 < plain / 1000 < 0.967
    assert 0.93 < robust / 1000 < 0.965
    assert 0.03 < rejected / 1000 < 0.07
