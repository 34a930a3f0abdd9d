"""Every named analysis says what the estimator behind it says, and no data can stop one."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats as scipy_stats

from wearoff import stats
from wearoff.errors import UnknownNameError
from wearoff.trial.reading.found import ESTIMATED, NOT_ESTIMATED, UNINFORMATIVE, Found, Question
from wearoff.trial.reading.measured import usable_covariates
from wearoff.trial.reading.methods import METHODS, load_method, method_names, run_method
from wearoff.trial.reading.rows import Rows

SIZE = 60
USUAL = Question(0.95, margin=0.1)


def rows(seed: int = 1, size: int = SIZE) -> Rows:
    """Patients of three groups in an order, the first of which is the reference, with everything recorded."""
    rng = np.random.default_rng(seed)
    place = rng.choice(3, size, p=[0.5, 0.25, 0.25])
    time = rng.exponential(700.0 / (1 + place)).round() + 1
    event = (time < 365).astype(float)
    value = rng.normal(80.0 - place, 4.0)
    each = rng.integers(1, 4, size)
    low = np.where(event == 1.0, np.where(time > 182, 182.0, 0.0), 364.0)
    high = np.where(event == 1.0, np.where(time > 182, 364.0, 182.0), inf)
    return Rows(
        group=(place > 0).astype(int),
        place=place,
        places=3,
        event=event,
        time=np.minimum(time, 365.0),
        low=low,
        high=high,
        count=rng.poisson(0.8 + 0.5 * place).astype(float),
        years=rng.uniform(0.5, 2.0, size),
        value=value,
        samples=np.repeat(value, each) + rng.normal(0.0, 2.0, each.sum()),
        sampled=np.concatenate([[0], np.cumsum(each)]),
        covariates=rng.normal(size=(size, 3)) + place[:, None] * 0.5,
        covariate_names=("age", "edss", "weight_kg"),
    )


def ask(name: str, data: Rows, question: Question = USUAL) -> Found:
    return run_method(load_method(name), data, question)


# Against the estimators and independent implementations


def table(data: Rows) -> stats.TwoByTwo:
    counts = [(int(data.event[data.group == g].sum()), int((data.group == g).sum())) for g in (1, 0)]
    return stats.TwoByTwo(*counts[0], *counts[1])


def test_shares_are_compared_as_the_estimators_compare_them() -> None:
    data = rows()
    counts = table(data)
    for name, method in (
        ("newcombe_difference", "newcombe"),
        ("miettinen_nurminen_difference", "miettinen_nurminen"),
    ):
        theirs = stats.risk_difference(counts, method=method)
        mine = ask(name, data)
        assert (mine.estimate, mine.low, mine.high) == (
            theirs.value,
            theirs.interval.low,
            theirs.interval.high,
        )
        assert mine.is_shown == (theirs.interval.low > 0 or theirs.interval.high < 0)
    odds = stats.odds_ratio_firth(
        counts.exposed_events, counts.exposed_total, counts.other_events, counts.other_total
    )
    mine = ask("firth_odds_ratio", data)
    assert (mine.estimate, mine.low, mine.high, mine.p) == (
        odds.odds_ratio,
        odds.interval.low,
        odds.interval.high,
        odds.p,
    )
    assert (mine.events, mine.patients) == (int(data.event.sum()), SIZE)


def test_fisher_agrees_with_scipy() -> None:
    data = rows()
    counts = table(data)
    theirs = scipy_stats.fisher_exact(
        [
            [counts.exposed_events, counts.exposed_total - counts.exposed_events],
            [counts.other_events, counts.other_total - counts.other_events],
        ]
    ).pvalue
    assert ask("fisher", data).p == pytest.approx(theirs, rel=1e-9)
    assert ask("fisher_mid_p", data).p < theirs


def test_the_trend_is_the_exact_one() -> None:
    data = rows()
    events = [int(data.event[data.place == k].sum()) for k in range(3)]
    totals = [int((data.place == k).sum()) for k in range(3)]
    assert ask("exact_trend", data).p == stats.exact_trend(events, totals).p


def test_times_agree_with_statsmodels() -> None:
    data = rows(seed=2)
    model = sm.PHReg(data.time, data.group.astype(float), status=data.event, ties="efron").fit()
    mine = ask("cox", data)
    assert np.log(mine.estimate) == pytest.approx(float(model.params[0]), abs=1e-6)
    low, high = np.exp(model.conf_int()[0])
    assert (mine.low, mine.high) == (pytest.approx(low, rel=1e-5), pytest.approx(high, rel=1e-5))
    assert mine.p == pytest.approx(float(model.pvalues[0]), rel=1e-5)
    _, p = sm.duration.survdiff(data.time, data.event, data.group)
    assert ask("log_rank", data).p == pytest.approx(p, rel=1e-9)
    fit = stats.interval_regression(data.low, data.high, data.group.astype(float), names=["g"])
    assert ask("interval_regression", data).estimate == fit.terms[0].ratio


def test_rates_agree_with_the_binomial_test_and_statsmodels() -> None:
    data = rows(seed=3)
    first = data.group == 1
    x1, x0 = int(data.count[first].sum()), int(data.count[~first].sum())
    t1, t0 = data.years[first].sum(), data.years[~first].sum()
    test = scipy_stats.binomtest(x1, x1 + x0, t1 / (t1 + t0))
    mine = ask("poisson_rate_ratio", data)
    assert mine.p == pytest.approx(test.pvalue, rel=1e-9)
    assert mine.estimate == pytest.approx((x1 / t1) / (x0 / t0))
    design = sm.add_constant(data.group.astype(float))
    model = sm.NegativeBinomial(data.count, design, exposure=data.years).fit(disp=0, maxiter=200)
    mine = ask("negative_binomial_rate_ratio", data)
    if model.params[-1] > 1e-4:
        assert np.log(mine.estimate) == pytest.approx(float(model.params[1]), abs=1e-3)
    assert mine.events == x1 + x0


def test_measurements_agree_with_scipy_and_statsmodels() -> None:
    data = rows(seed=4)
    groups = [data.value[data.place == k] for k in range(3)]
    first, second = data.value[data.group == 1], data.value[data.group == 0]
    mine = ask("mann_whitney", data)
    assert mine.p == pytest.approx(scipy_stats.mannwhitneyu(first, second, method="exact").pvalue, rel=1e-9)
    assert mine.estimate == pytest.approx(np.median(np.subtract.outer(first, second)))
    assert ask("kruskal_wallis", data).p == pytest.approx(scipy_stats.kruskal(*groups).pvalue, rel=1e-9)
    assert ask("jonckheere", data).p == stats.jonckheere(groups, seed=5, permutations=1).p
    patient = np.repeat(np.arange(SIZE), np.diff(data.sampled))
    design = sm.add_constant(data.group[patient].astype(float))
    fit = sm.MixedLM(data.samples, design, groups=patient).fit(reml=True)
    assert ask("random_intercept", data).estimate == pytest.approx(float(fit.params[1]), rel=1e-3)


def test_the_ordered_answer_is_compared_by_proportional_odds() -> None:
    data = rows(seed=5)
    fit = stats.proportional_odds(data.place, data.value, names=["value"])
    mine = ask("proportional_odds", data)
    assert (mine.estimate, mine.p) == (fit.terms[0].ratio, fit.terms[0].p)
    answers = replace(data, value=data.place.astype(float), group=np.arange(SIZE) % 2)
    fit = stats.proportional_odds(answers.value, answers.group.astype(float), names=["arm"])
    assert ask("proportional_odds_by_arm", answers).estimate == fit.terms[0].ratio


def test_weights_remove_a_difference_that_a_covariate_makes() -> None:
    rng = np.random.default_rng(6)
    size = 4000
    ill = rng.normal(size=size)
    group = (rng.random(size) < 1 / (1 + np.exp(-ill))).astype(int)
    event = (rng.random(size) < 0.15 * np.exp(0.5 * ill).clip(0, 5)).astype(float)
    count = rng.poisson(0.2 * np.exp(0.6 * ill)).astype(float)
    data = replace(
        rows(size=size),
        group=group,
        event=event,
        count=count,
        years=np.ones(size),
        covariates=np.column_stack([ill, rng.normal(size=size)]),
        covariate_names=("ill", "other"),
    )
    for kind, null in (("risk_difference", 0.0), ("rate_ratio", 1.0)):
        plain, weighted = ask(f"unweighted_{kind}", data), ask(f"weighted_{kind}", data)
        assert plain.is_shown
        assert not plain.low <= null <= plain.high
        assert weighted.low <= null <= weighted.high
    plain = ask("unweighted_risk_difference", data)
    assert plain.estimate == pytest.approx(event[group == 1].mean() - event[group == 0].mean())
    ratio = (count[group == 1].mean()) / (count[group == 0].mean())
    assert ask("unweighted_rate_ratio", data).estimate == pytest.approx(ratio)


def test_covariates_are_used_where_they_vary_and_are_known() -> None:
    table = np.array([[1.0, 5.0, np.nan], [2.0, 5.0, np.nan], [np.nan, 5.0, 3.0]])
    used, names = usable_covariates(table, ("age", "same", "rare"))
    assert names == ["age"]
    np.testing.assert_allclose(used, [[1.0], [2.0], [1.5]])


def test_non_inferiority_is_the_upper_limit_against_the_margin_at_one_side() -> None:
    data = replace(rows(size=400), group=np.arange(400) % 2, event=np.r_[np.ones(20), np.zeros(380)])
    limits = stats.risk_difference(stats.TwoByTwo(10, 200, 10, 200), method="miettinen_nurminen", level=0.9)
    found = ask("non_inferiority_difference", data, Question(0.9, margin=0.1))
    assert (found.low, found.high) == (limits.interval.low, limits.interval.high)
    assert (found.is_shown, found.verdict) == (True, "non-inferior")
    tight = ask("non_inferiority_difference", data, Question(0.9, margin=limits.interval.high))
    assert (tight.is_shown, tight.verdict) == (False, "non-inferiority not shown")
    # Without an event a large study still shows it: the limit says how much remains possible.
    none = replace(data, event=np.zeros(400))
    assert ask("non_inferiority_difference", none, Question(0.9, margin=0.1)).is_shown


def test_a_share_is_that_of_the_compared_group_alone() -> None:
    data = rows()
    mine = ask("share", data)
    theirs = stats.proportion(int(data.event[data.group == 1].sum()), int((data.group == 1).sum()))
    assert (mine.estimate, mine.low) == (theirs.estimate, theirs.interval.low)
    assert (mine.verdict, mine.is_shown, mine.p) == (ESTIMATED, False, None)


def test_the_level_decides_what_is_shown() -> None:
    data = rows(seed=7)
    for name in METHODS:
        p = ask(name, data).p
        if p is None or not 0.001 < p < 0.5:
            continue
        assert ask(name, data, Question(1 - p * 1.01)).is_shown, name
        assert not ask(name, data, Question(1 - p * 0.99)).is_shown, name


# Data that tell nothing


NOTHING = {
    "no patient": lambda data: data.stretch(0, 0),
    "one patient": lambda data: data.stretch(0, 1),
    "all in one group": lambda data: replace(
        data, group=np.ones(SIZE, dtype=int), place=np.zeros(SIZE, dtype=int)
    ),
    "nobody in a group": lambda data: replace(data, group=np.full(SIZE, -1), place=np.full(SIZE, -1)),
    "nobody evaluable": lambda data: replace(
        data,
        **dict.fromkeys(("event", "time", "low", "high", "count", "years", "value"), np.full(SIZE, np.nan)),
        samples=np.zeros(0),
        sampled=np.zeros(SIZE + 1, dtype=int),
    ),
    "no event and no variation": lambda data: replace(
        data,
        event=np.zeros(SIZE),
        low=np.full(SIZE, 300.0),
        high=np.full(SIZE, inf),
        count=np.zeros(SIZE),
        value=np.full(SIZE, 80.0),
        samples=np.full(len(data.samples), 80.0),
    ),
}
STANDS_WITHOUT_EVENTS = {"share", "non_inferiority_difference"}
ESTIMATES_WITHOUT_TEST = {"no event and no variation"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("case", NOTHING)
def test_without_information_nothing_is_shown_and_nothing_fails(name: str, case: str) -> None:
    found = ask(name, NOTHING[case](rows()))
    if case in ESTIMATES_WITHOUT_TEST and name in STANDS_WITHOUT_EVENTS:
        assert found.verdict in (ESTIMATED, "non-inferior", "non-inferiority not shown")
        return
    if name == "share" and case in ("all in one group", "one patient"):
        return  # a group alone is all that a share asks for
    assert found.is_shown is False
    assert found.verdict in (UNINFORMATIVE, NOT_ESTIMATED)
    assert found.p is None or case in ESTIMATES_WITHOUT_TEST


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", METHODS)
def test_nothing_fails_on_small_and_lopsided_data_and_numbers_are_numbers(name: str) -> None:
    rng = np.random.default_rng(8)
    for seed in range(40):
        data = rows(seed=seed, size=int(rng.integers(2, 25)))
        chosen = rng.random(len(data.event)) < 0.2
        rare = replace(
            data,
            event=np.where(chosen, data.event, 0.0),
            high=np.where(chosen, data.high, inf),
            count=np.where(chosen, data.count * 9, 0.0),
            value=np.where(chosen, np.nan, data.value.round()),
        )
        found = ask(name, rare)
        assert all(one is None or not isnan(one) for one in (found.estimate, found.low, found.high, found.p))
        if found.low is not None and found.high is not None and found.estimate is not None:
            assert found.low <= found.estimate <= found.high


def test_events_on_one_side_leave_the_ratio_open_and_the_interval_closed_on_the_other() -> None:
    data = rows(seed=9)
    sided = replace(data, event=np.where(data.group == 1, data.event, 0.0))
    found = ask("cox", sided)
    assert found.estimate is None
    assert found.low > 0.0
    assert found.high == inf
    counted = replace(data, count=np.where(data.group == 1, data.count, 0.0))
    assert ask("poisson_rate_ratio", counted).high == inf
    assert ask("weighted_rate_ratio", counted).verdict == NOT_ESTIMATED


# The registry


def test_every_method_is_a_whole_member_of_the_registry() -> None:
    for name, method in METHODS.items():
        assert method.name == name
        assert method.kinds
        assert method.by
        assert any(method.takes(kind, by) for kind in method.kinds for by in method.by)
        assert len(method.sentences) > 1
        assert all(sentence.endswith(".") for sentence in method.sentences)
        assert method.describe().count("  ") == 0
    assert method_names() == tuple(METHODS)
    assert len({method.title for method in METHODS.values()}) == len(METHODS)


def test_the_answer_is_never_compared_between_groups_that_it_makes() -> None:
    assert not any(method.takes("answer", "wearing_off") for method in METHODS.values())


def test_an_unknown_method_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="chi_squared"):
        load_method("chi_squared")
