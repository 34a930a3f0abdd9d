"""The named analyses: what each is, what it takes, and the sentences that a plan states it with.

A protocol names its analyses by these names, so that a plan can be written from them before anybody is simulated, and
a result can be read without the code. None raises on data of whatever kind: where there is nothing to test the verdict
is `uninformative`, where an estimate was not found `not estimated`, and nothing is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from wearoff.errors import UnknownNameError
from wearoff.trial.reading import estimators, measured
from wearoff.trial.reading.method import By, Measure, Method, kind_of, run_method

if TYPE_CHECKING:
    from wearoff.trial.protocol import EndpointKind

__all__ = ["METHODS", "Measure", "Method", "kind_of", "load_method", "method_names", "run_method"]


def load_method(name: str) -> Method:
    """The named analysis.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    if name not in METHODS:
        raise UnknownNameError("analysis method", name, METHODS)
    return METHODS[name]


def method_names() -> tuple[str, ...]:
    """The names of the analyses, in the order of the registry."""
    return tuple(METHODS)


_BOTH: tuple[By, ...] = ("wearing_off", "arm")
_SHARES: tuple[EndpointKind, ...] = ("neda", "diary", "answer")
_TIMES: tuple[EndpointKind, ...] = ("first_activity", "first_relapse")
_COUNTS: tuple[EndpointKind, ...] = ("relapses", "lesions")
_MEASURED: tuple[EndpointKind, ...] = ("occupancy", "level")

_EVALUABLE = "Patients in whom the endpoint cannot be evaluated are left out and counted."
_NO_EVENT = (
    "Where nobody or everybody has an event there is nothing to test, and the verdict is uninformative."
)
_NO_EVENT_INTERVAL = (
    _NO_EVENT + " The interval, which says how large a difference remains possible, is given all the same."
)
_NO_GROUPS = "Where all are in one group, or all values are equal, the verdict is uninformative."
_WEIGHTS = (
    "Patients are weighted by the inverse of the probability of the arm they are in, given what is recorded at entry "
    "(a logistic model of all covariates that vary and are known in at least half of the patients, gaps filled with "
    "the mean; stabilised weights, cut at percentiles 1 and 99).",
    "Robust standard errors take the weights as known; they are corrected for few patients (HC2), with interval and "
    "test by t (Welch's degrees of freedom of the effective sizes).",
    "What was not recorded stays unbalanced. Where values of a covariate occur in one arm only, no weights exist and "
    "the verdict is not estimated.",
)

_ALL = (
    Method(
        "newcombe_difference",
        "Difference of risks, Newcombe",
        _SHARES,
        _BOTH,
        "risk difference",
        (
            "The share with the event in the compared group minus that in the reference, with Newcombe's interval of "
            "two Wilson intervals (method 10, 1998).",
            "A difference is shown where the interval does not hold 0.",
            _EVALUABLE,
            _NO_EVENT_INTERVAL,
        ),
        estimators.newcombe_difference,
    ),
    Method(
        "miettinen_nurminen_difference",
        "Difference of risks, Miettinen and Nurminen",
        _SHARES,
        _BOTH,
        "risk difference",
        (
            "The share with the event in the compared group minus that in the reference, with the score interval of "
            "Miettinen and Nurminen (1985).",
            "A difference is shown where the interval does not hold 0.",
            _EVALUABLE,
            _NO_EVENT_INTERVAL,
        ),
        estimators.miettinen_nurminen_difference,
    ),
    Method(
        "fisher",
        "Fisher's exact test",
        _SHARES,
        _BOTH,
        "risk difference",
        (
            "Fisher's exact test, two-sided: the probability of all tables no likelier than the observed one.",
            "The estimate is the difference of the two shares, its interval Newcombe's; the test decides.",
            _EVALUABLE,
            _NO_EVENT_INTERVAL,
        ),
        estimators.fisher,
    ),
    Method(
        "fisher_mid_p",
        "Fisher's test, mid-P",
        _SHARES,
        _BOTH,
        "risk difference",
        (
            "Fisher's test, two-sided, with half of the probability of tables as likely as the observed one (mid-P), "
            "which is less conservative and no longer exact.",
            "The estimate is the difference of the two shares, its interval Newcombe's; the test decides.",
            _EVALUABLE,
            _NO_EVENT_INTERVAL,
        ),
        estimators.mid_p,
    ),
    Method(
        "firth_odds_ratio",
        "Odds ratio, Firth",
        _SHARES,
        _BOTH,
        "odds ratio",
        (
            "The odds ratio of the event by Firth's penalised logistic regression, which is finite however few the "
            "events are, with the interval and the likelihood ratio test of the penalised profile.",
            _EVALUABLE,
            _NO_EVENT_INTERVAL,
        ),
        estimators.firth,
    ),
    Method(
        "exact_trend",
        "Exact trend of the share",
        ("neda", "diary"),
        _BOTH,
        "none",
        (
            "The exact Cochran-Armitage test of a trend of the share with the event over the ordered groups (never, "
            "sometimes, regularly; or the arms in their order), two-sided, given all totals.",
            "There is no estimate and no interval.",
            _EVALUABLE,
            _NO_EVENT,
        ),
        estimators.trend,
        is_ordered=True,
    ),
    Method(
        "share",
        "Share with its exact interval",
        _SHARES,
        _BOTH,
        "share",
        (
            "The share with the event in the compared group alone, with the exact interval of Clopper and Pearson; of "
            "a diary it is the share in whom the diary rule finds wearing-off.",
            "Nothing is tested.",
            _EVALUABLE,
            "Where nobody has an event the share is 0 and the interval begins at 0.",
        ),
        estimators.share,
    ),
    Method(
        "non_inferiority_difference",
        "Non-inferiority of the risk",
        ("neda",),
        ("arm",),
        "risk difference",
        (
            "The share with activity in the compared arm minus that in the reference, with the score interval of "
            "Miettinen and Nurminen of level 1 - 2 alpha.",
            "The compared arm is non-inferior where the upper limit lies below the margin, a test at one-sided alpha.",
            _EVALUABLE,
            "Without any event the upper limit still says how large a difference remains possible, so the test stands.",
        ),
        estimators.non_inferiority,
        needs_margin=True,
    ),
    Method(
        "log_rank",
        "Log-rank test",
        _TIMES,
        _BOTH,
        "none",
        (
            "The log-rank test of the time to the event; who left without it is censored on the last day of "
            "observation, and activity seen by a scan or visit counts on the day of that look.",
            "There is no estimate and no interval.",
            "Where nobody has an event, or the groups were never at risk together, the verdict is uninformative.",
        ),
        estimators.log_rank_test,
    ),
    Method(
        "cox",
        "Hazard ratio, Cox",
        _TIMES,
        _BOTH,
        "hazard ratio",
        (
            "The hazard ratio by Cox's proportional hazards regression, ties by Efron, with Wald's interval and test; "
            "censoring as in the log-rank test.",
            "Where all events lie in one group the ratio has no finite estimate, and its interval and test are those "
            "of the profile likelihood.",
            "Where nobody has an event the verdict is uninformative.",
        ),
        estimators.cox_regression,
    ),
    Method(
        "interval_regression",
        "Hazard ratio of windows, Weibull",
        _TIMES,
        _BOTH,
        "hazard ratio",
        (
            "The hazard ratio by a Weibull proportional hazards model in which the event lies between the last look "
            "without it and the first with it, with the interval and the test of the profile likelihood.",
            "Who was never looked at after entry says nothing.",
            "Where nobody has an event the verdict is uninformative.",
        ),
        estimators.interval_censored,
    ),
    Method(
        "poisson_rate_ratio",
        "Rate ratio, exact",
        _COUNTS,
        _BOTH,
        "rate ratio",
        (
            "Events over the time they were looked for, compared as a ratio of rates with exact conditional limits and "
            "the exact test, as if events came one by one; too sure where patients differ.",
            "Where nobody has an event the verdict is uninformative.",
        ),
        estimators.poisson,
    ),
    Method(
        "negative_binomial_rate_ratio",
        "Rate ratio, negative binomial",
        _COUNTS,
        _BOTH,
        "rate ratio",
        (
            "Events over the time they were looked for, compared by negative binomial regression, which is Poisson "
            "where the counts vary no more than that, with the interval and the test of the profile likelihood.",
            "Where nobody has an event the verdict is uninformative.",
        ),
        estimators.negative_binomial_ratio,
    ),
    Method(
        "mann_whitney",
        "Shift of a measurement",
        _MEASURED,
        _BOTH,
        "shift",
        (
            "The mean of each patient's troughs in the compared group against the reference by the Mann-Whitney test, "
            "with the shift of Hodges and Lehmann and its interval; between arms only troughs of intervals that began "
            "at entry or later count.",
            _NO_GROUPS,
        ),
        measured.rank_shift,
    ),
    Method(
        "kruskal_wallis",
        "Several groups of a measurement",
        _MEASURED,
        _BOTH,
        "none",
        (
            "Whether any of the groups (never, sometimes, regularly; or the arms) differs in the mean of each "
            "patient's troughs, by the Kruskal-Wallis test.",
            "There is no estimate and no interval.",
            _NO_GROUPS,
        ),
        measured.kruskal,
        is_ordered=True,
    ),
    Method(
        "jonckheere",
        "Trend of a measurement",
        _MEASURED,
        _BOTH,
        "none",
        (
            "Whether the mean of each patient's troughs rises or falls along the ordered groups, by the "
            "Jonckheere-Terpstra test with its tie-corrected normal approximation.",
            "There is no estimate and no interval.",
            _NO_GROUPS,
        ),
        measured.ordered_ranks,
        is_ordered=True,
    ),
    Method(
        "proportional_odds",
        "Odds ratio of a more frequent answer",
        _MEASURED,
        ("wearing_off",),
        "odds ratio",
        (
            "Proportional odds regression of the ordered answer at entry (never, sometimes, regularly) on the mean of "
            "each patient's troughs: the odds ratio of a more frequent answer for one unit more, with the interval and "
            "the test of the profile likelihood.",
            "With fewer than 10 patients, one answer only, or values that do not vary the verdict is uninformative.",
        ),
        measured.odds_of_answer,
        is_ordered=True,
    ),
    Method(
        "proportional_odds_by_arm",
        "Odds ratio of a more frequent answer between arms",
        ("answer",),
        ("arm",),
        "odds ratio",
        (
            "Proportional odds regression of the last answer after entry (never, sometimes, regularly): the odds ratio "
            "of a more frequent answer in the compared arm against the reference, with the interval and the test of "
            "the profile likelihood.",
            "With fewer than 10 patients, one answer only, or one arm only the verdict is uninformative.",
        ),
        measured.odds_by_arm,
    ),
    Method(
        "random_intercept",
        "Mean difference of repeated samples",
        _MEASURED,
        _BOTH,
        "mean difference",
        (
            "The mean difference of all troughs between the groups by a linear model with a random intercept of each "
            "patient (restricted likelihood), interval and test by t with the degrees of freedom of patients.",
            "With fewer than 10 patients, one group only, or values that do not vary the verdict is uninformative.",
            "With one sample of every patient it is not estimated.",
        ),
        measured.repeated_difference,
    ),
    Method(
        "unweighted_risk_difference",
        "Difference of risks as observed",
        ("neda",),
        ("arm",),
        "risk difference",
        (
            "The difference of risks as observed, without weights, to stand beside the weighted one; robust standard "
            "errors corrected for few patients (HC2), interval and test by t (Welch).",
            "Whatever made the arms differ is in it.",
            _EVALUABLE,
            _NO_EVENT,
        ),
        measured.unweighted_difference,
    ),
    Method(
        "weighted_risk_difference",
        "Difference of risks, weighted",
        ("neda",),
        ("arm",),
        "risk difference",
        ("The difference of risks between arms that nobody randomised.", *_WEIGHTS, _EVALUABLE, _NO_EVENT),
        measured.weighted_difference,
    ),
    Method(
        "unweighted_rate_ratio",
        "Rate ratio as observed",
        _COUNTS,
        ("arm",),
        "rate ratio",
        (
            "The ratio of rates as observed, without weights, to stand beside the weighted one; robust standard errors "
            "of its logarithm corrected for few patients (HC2), interval and test by t (Welch).",
            "Whatever made the arms differ is in it.",
            "Where nobody has an event the verdict is uninformative, where one arm has none not estimated.",
        ),
        measured.unweighted_ratio,
    ),
    Method(
        "weighted_rate_ratio",
        "Rate ratio, weighted",
        _COUNTS,
        ("arm",),
        "rate ratio",
        (
            "The ratio of rates between arms that nobody randomised.",
            *_WEIGHTS,
            "Where nobody has an event the verdict is uninformative, where one arm has none not estimated.",
        ),
        measured.weighted_ratio,
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _ALL})
"""Every named analysis by its name."""
