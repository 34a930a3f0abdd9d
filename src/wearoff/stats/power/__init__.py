"""How large a comparison must be: power at a size, and the size at a power, each the inverse of the other.

normal   a signal against its standard error; yearly shares and hazards; whole people in two groups
events   hazards: Schoenfeld's events, and the members who will have them
tables   two groups and a count in each: Fisher's test and a margin, exactly
shares   one share against a value, exactly; two shares within a margin
counts   rates with spread between members: negative binomial
ranks    a measured quantity between groups, or against levels in an order
"""

from wearoff.stats.power.counts import rate_ratio_power, rate_ratio_total
from wearoff.stats.power.events import event_chance, schoenfeld_events, schoenfeld_power, schoenfeld_total
from wearoff.stats.power.normal import group_sizes, hazard_of_share, share_of_hazard
from wearoff.stats.power.ranks import (
    ordered_levels_power,
    ordered_levels_total,
    rank_sum_power,
    rank_sum_total,
    superiority_of_shift,
)
from wearoff.stats.power.shares import (
    binomial_power,
    binomial_total,
    noninferiority_chance,
    noninferiority_total,
)
from wearoff.stats.power.tables import (
    fisher_p_values,
    fisher_power,
    fisher_total,
    noninferiority_exact_total,
    noninferiority_power,
)

__all__ = [
    "binomial_power",
    "binomial_total",
    "event_chance",
    "fisher_p_values",
    "fisher_power",
    "fisher_total",
    "group_sizes",
    "hazard_of_share",
    "noninferiority_chance",
    "noninferiority_exact_total",
    "noninferiority_power",
    "noninferiority_total",
    "ordered_levels_power",
    "ordered_levels_total",
    "rank_sum_power",
    "rank_sum_total",
    "rate_ratio_power",
    "rate_ratio_total",
    "schoenfeld_events",
    "schoenfeld_power",
    "schoenfeld_total",
    "share_of_hazard",
    "superiority_of_shift",
]
