"""Time until an event, where not everybody is watched until it comes.

spells                who is watched from when to when; numbers at risk
curves                the share without the event over time: Kaplan and Meier
log_rank              do groups differ in when it comes
cox                   hazard ratios: Efron's ties, delayed entry, strata, weights, clusters
proportionality       is a hazard ratio constant over time
competing             cumulative incidence where one end precludes another: Aalen and Johansen
intervals             times that are only known to lie between two looks
turnbull              the share without the event from such windows
interval_regression   hazard ratios from such windows: Weibull, or constant between knots
partial_likelihood    Cox's likelihood with its derivatives and residuals
"""

from wearoff.stats.time_to_event.competing import CauseCurve, CumulativeIncidence, cumulative_incidence
from wearoff.stats.time_to_event.cox import CoxFit, cox
from wearoff.stats.time_to_event.curves import SurvivalCurve, kaplan_meier
from wearoff.stats.time_to_event.interval_regression import IntervalRegression, interval_regression
from wearoff.stats.time_to_event.log_rank import LogRank, log_rank
from wearoff.stats.time_to_event.proportionality import ProportionalityTest
from wearoff.stats.time_to_event.spells import numbers_at_risk
from wearoff.stats.time_to_event.turnbull import WindowedCurve, turnbull

__all__ = [
    "CauseCurve",
    "CoxFit",
    "CumulativeIncidence",
    "IntervalRegression",
    "LogRank",
    "ProportionalityTest",
    "SurvivalCurve",
    "WindowedCurve",
    "cox",
    "cumulative_incidence",
    "interval_regression",
    "kaplan_meier",
    "log_rank",
    "numbers_at_risk",
    "turnbull",
]
