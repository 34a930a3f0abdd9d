"""Estimators on arrays and counts, without a word of the field they are used in.

proportions    one share with its interval
two_groups     two shares: difference, exact tests, verdict
ordered        groups in an order: exact trend, Kruskal-Wallis, Jonckheere
ranks          two samples by ranks: shift, correlation
rare           odds ratios with few events or none: Firth's penalised logistic regression
time_to_event  curves, log-rank, hazard ratios, competing ends, times known to lie between two looks
terms          what a regression hands back for a predictor
newton         the top of a likelihood and the profile of a parameter
"""

from wearoff.stats.ordered import RankTest, TrendTest, exact_trend, jonckheere, kruskal_wallis
from wearoff.stats.proportions import (
    PROPORTION_METHODS,
    Interval,
    Proportion,
    proportion,
    proportion_interval,
    rule_of_three,
    upper_bound,
)
from wearoff.stats.ranks import Correlation, ShiftTest, mann_whitney, spearman
from wearoff.stats.rare import FirthFit, FirthTerm, firth_logistic, odds_ratio_firth
from wearoff.stats.terms import Term, indicators
from wearoff.stats.time_to_event import (
    CauseCurve,
    CoxFit,
    CumulativeIncidence,
    IntervalRegression,
    LogRank,
    ProportionalityTest,
    SurvivalCurve,
    WindowedCurve,
    cox,
    cumulative_incidence,
    interval_regression,
    kaplan_meier,
    log_rank,
    numbers_at_risk,
    turnbull,
)
from wearoff.stats.two_groups import (
    DIFFERENCE_METHODS,
    Comparison,
    Estimate,
    TwoByTwo,
    compare,
    fisher_exact,
    fisher_mid_p,
    is_shown,
    risk_difference,
)

__all__ = [
    "DIFFERENCE_METHODS",
    "PROPORTION_METHODS",
    "CauseCurve",
    "Comparison",
    "Correlation",
    "CoxFit",
    "CumulativeIncidence",
    "Estimate",
    "FirthFit",
    "FirthTerm",
    "Interval",
    "IntervalRegression",
    "LogRank",
    "Proportion",
    "ProportionalityTest",
    "RankTest",
    "ShiftTest",
    "SurvivalCurve",
    "Term",
    "TrendTest",
    "TwoByTwo",
    "WindowedCurve",
    "compare",
    "cox",
    "cumulative_incidence",
    "exact_trend",
    "firth_logistic",
    "fisher_exact",
    "fisher_mid_p",
    "indicators",
    "interval_regression",
    "is_shown",
    "jonckheere",
    "kaplan_meier",
    "kruskal_wallis",
    "log_rank",
    "mann_whitney",
    "numbers_at_risk",
    "odds_ratio_firth",
    "proportion",
    "proportion_interval",
    "risk_difference",
    "rule_of_three",
    "spearman",
    "turnbull",
    "upper_bound",
]
