"""Wearing-off against disease activity, and against level, occupancy and weight.

- `activity`: how often patients were active, by wearing-off
- `attrition`: what the lost patients could do to that
- `quantities`: whether levels, occupancy and weight differ by wearing-off
"""

from wearoff.cohort.association.activity import (
    COMPARISON_SCHEMA,
    RISK_SCHEMA,
    GroupedActivity,
    comparison_row,
    comparisons_table,
    group_activity,
    risk_row,
    risk_table,
    trend_table,
)
from wearoff.cohort.association.attrition import (
    ATTRITION_SCHEMA,
    AttritionBound,
    attrition_bound,
    attrition_row,
    attrition_table,
)
from wearoff.cohort.association.quantities import (
    ASSOCIATION_SCHEMA,
    correlations,
    quantity_associations,
)

__all__ = [
    "ASSOCIATION_SCHEMA",
    "ATTRITION_SCHEMA",
    "COMPARISON_SCHEMA",
    "RISK_SCHEMA",
    "AttritionBound",
    "GroupedActivity",
    "attrition_bound",
    "attrition_row",
    "attrition_table",
    "comparison_row",
    "comparisons_table",
    "correlations",
    "group_activity",
    "quantity_associations",
    "risk_row",
    "risk_table",
    "trend_table",
]
