"""Estimators on arrays and counts, without a word of the field they are used in.

proportions    one share with its interval
two_groups     two shares: difference, exact tests, verdict
ordered        groups in an order: exact trend, Kruskal-Wallis, Jonckheere
ranks          two samples by ranks: shift, correlation
rare           odds ratios with few events or none: Firth's penalised logistic regression
rare_counts    the same of two groups from four counts, in closed form
ordinal        ordered levels with covariates: proportional odds, and whether they are
mixed          measurements that belong together: a random intercept for each group
rates          events over time at risk: one rate, two compared, exactly
counts         rate ratios for counts that vary more than chance: negative binomial
time_to_event  curves, log-rank, hazard ratios, competing ends, times known to lie between two looks
weights        two groups weighted until they are alike: balance, effective size, comparison
imputation     missing covariates filled in several times, and the results pooled
sensitivity    what something unseen must be to overturn a result: E-value, missing outcomes
terms          what a regression hands back for a predictor
power          how large a comparison must be: closed forms and exact enumeration, power and size
newton         the top of a likelihood and the profile of a parameter
"""

from wearoff.stats.counts import CountFit, negative_binomial
from wearoff.stats.imputation import COLUMN_KINDS, ColumnKind, Imputed, Pooled, analyse_imputed, impute, pool
from wearoff.stats.mixed import MixedFit, random_intercept
from wearoff.stats.ordered import RankTest, TrendTest, exact_trend, jonckheere, kruskal_wallis
from wearoff.stats.ordinal import OrdinalFit, ParallelTest, proportional_odds
from wearoff.stats.power import (
    binomial_power,
    binomial_total,
    event_chance,
    fisher_p_values,
    fisher_power,
    fisher_total,
    group_sizes,
    hazard_of_share,
    noninferiority_chance,
    noninferiority_exact_total,
    noninferiority_power,
    noninferiority_total,
    ordered_levels_power,
    ordered_levels_total,
    rank_sum_power,
    rank_sum_total,
    rate_ratio_power,
    rate_ratio_total,
    schoenfeld_events,
    schoenfeld_power,
    schoenfeld_total,
    share_of_hazard,
    superiority_of_shift,
)
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
from wearoff.stats.rare import FirthFit, FirthTerm, firth_logistic
from wearoff.stats.rare_counts import odds_ratio_firth
from wearoff.stats.rates import Rate, RateRatio, poisson_rate, poisson_ratio
from wearoff.stats.sensitivity import (
    RATIO_KINDS,
    EValue,
    MissingOutcomes,
    RatioKind,
    TippingPoint,
    e_value,
    missing_outcomes,
    shifted_means,
)
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
from wearoff.stats.weights import (
    TRUNCATIONS,
    Balance,
    Truncation,
    WeightedComparison,
    Weighting,
    effective_size,
    inverse_probability_weights,
    standardised_differences,
    weighted_comparison,
)

__all__ = [
    "COLUMN_KINDS",
    "DIFFERENCE_METHODS",
    "PROPORTION_METHODS",
    "RATIO_KINDS",
    "TRUNCATIONS",
    "Balance",
    "CauseCurve",
    "ColumnKind",
    "Comparison",
    "Correlation",
    "CountFit",
    "CoxFit",
    "CumulativeIncidence",
    "EValue",
    "Estimate",
    "FirthFit",
    "FirthTerm",
    "Imputed",
    "Interval",
    "IntervalRegression",
    "LogRank",
    "MissingOutcomes",
    "MixedFit",
    "OrdinalFit",
    "ParallelTest",
    "Pooled",
    "Proportion",
    "ProportionalityTest",
    "RankTest",
    "Rate",
    "RateRatio",
    "RatioKind",
    "ShiftTest",
    "SurvivalCurve",
    "Term",
    "TippingPoint",
    "TrendTest",
    "Truncation",
    "TwoByTwo",
    "WeightedComparison",
    "Weighting",
    "WindowedCurve",
    "analyse_imputed",
    "binomial_power",
    "binomial_total",
    "compare",
    "cox",
    "cumulative_incidence",
    "e_value",
    "effective_size",
    "event_chance",
    "exact_trend",
    "firth_logistic",
    "fisher_exact",
    "fisher_mid_p",
    "fisher_p_values",
    "fisher_power",
    "fisher_total",
    "group_sizes",
    "hazard_of_share",
    "impute",
    "indicators",
    "interval_regression",
    "inverse_probability_weights",
    "is_shown",
    "jonckheere",
    "kaplan_meier",
    "kruskal_wallis",
    "log_rank",
    "mann_whitney",
    "missing_outcomes",
    "negative_binomial",
    "noninferiority_chance",
    "noninferiority_exact_total",
    "noninferiority_power",
    "noninferiority_total",
    "numbers_at_risk",
    "odds_ratio_firth",
    "ordered_levels_power",
    "ordered_levels_total",
    "poisson_rate",
    "poisson_ratio",
    "pool",
    "proportion",
    "proportion_interval",
    "proportional_odds",
    "random_intercept",
    "rank_sum_power",
    "rank_sum_total",
    "rate_ratio_power",
    "rate_ratio_total",
    "risk_difference",
    "rule_of_three",
    "schoenfeld_events",
    "schoenfeld_power",
    "schoenfeld_total",
    "share_of_hazard",
    "shifted_means",
    "spearman",
    "standardised_differences",
    "superiority_of_shift",
    "turnbull",
    "upper_bound",
    "weighted_comparison",
]
