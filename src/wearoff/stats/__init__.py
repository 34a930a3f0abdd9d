"""Estimators on arrays and counts, without a word of the field they are used in.

proportions    one share with its interval
two_groups     two shares: difference, exact tests, verdict
ordered        groups in an order: exact trend, Kruskal-Wallis, Jonckheere
ranks          two samples by ranks: shift, correlation
rare           odds ratios with few events or none: Firth's penalised logistic regression
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
    "Comparison",
    "Correlation",
    "Estimate",
    "FirthFit",
    "FirthTerm",
    "Interval",
    "Proportion",
    "RankTest",
    "ShiftTest",
    "TrendTest",
    "TwoByTwo",
    "compare",
    "exact_trend",
    "firth_logistic",
    "fisher_exact",
    "fisher_mid_p",
    "is_shown",
    "jonckheere",
    "kruskal_wallis",
    "mann_whitney",
    "odds_ratio_firth",
    "proportion",
    "proportion_interval",
    "risk_difference",
    "rule_of_three",
    "spearman",
    "upper_bound",
]
