"""Wearing-off against disease activity, and against level, occupancy and weight.

- `activity`: how often patients were active, by wearing-off
- `attrition`: what the lost patients could do to that
- `outcomes`: relapses and lesions of each patient over the time that somebody looked
- `first_activity`: how soon activity came, by wearing-off
- `competing_end`: the first relapse where the treatment may end before it
- `rates`: how much activity there was per year, by wearing-off
- `missing`: what those without a count could do to both
- `target_trial`: standard against extended dosing as an emulated trial: who enters when
- `dosing_arms`: its arms, weighted until they are alike
- `ordered_answer`: who reports wearing-off more often, over the ordered answer
- `repeated_levels`: levels and occupancies of every sample, those of one patient taken together
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
from wearoff.cohort.association.competing_end import COMPETING_SCHEMA, competing_curves, ended_patients
from wearoff.cohort.association.dosing_arms import Arm, DosingComparison, balance_table, compare_dosing
from wearoff.cohort.association.first_activity import (
    CURVE_SCHEMA,
    FIRST_ACTIVITY_SCHEMA,
    activity_curves,
    first_activity_table,
)
from wearoff.cohort.association.missing import MISSING_SCHEMA, missing_outcome_table
from wearoff.cohort.association.ordered_answer import ORDERED_SCHEMA, ordered_answer_table
from wearoff.cohort.association.outcomes import (
    FROM_START,
    OUTCOME_SCHEMA,
    REBASELINED,
    OutcomeRule,
    outcomes_by_patient,
)
from wearoff.cohort.association.quantities import (
    ASSOCIATION_SCHEMA,
    correlations,
    quantity_associations,
)
from wearoff.cohort.association.rates import (
    RATE_RATIO_SCHEMA,
    RATE_SCHEMA,
    rate_ratio_table,
    rate_table,
)
from wearoff.cohort.association.repeated_levels import (
    REPEATED_SCHEMA,
    SAMPLE_SCHEMA,
    repeated_level_table,
)
from wearoff.cohort.association.target_trial import SID_EID, TRIAL_SCHEMA, TargetTrial, emulate_trials

__all__ = [
    "ASSOCIATION_SCHEMA",
    "ATTRITION_SCHEMA",
    "COMPARISON_SCHEMA",
    "COMPETING_SCHEMA",
    "CURVE_SCHEMA",
    "FIRST_ACTIVITY_SCHEMA",
    "FROM_START",
    "MISSING_SCHEMA",
    "ORDERED_SCHEMA",
    "OUTCOME_SCHEMA",
    "RATE_RATIO_SCHEMA",
    "RATE_SCHEMA",
    "REBASELINED",
    "REPEATED_SCHEMA",
    "RISK_SCHEMA",
    "SAMPLE_SCHEMA",
    "SID_EID",
    "TRIAL_SCHEMA",
    "Arm",
    "AttritionBound",
    "DosingComparison",
    "GroupedActivity",
    "OutcomeRule",
    "TargetTrial",
    "activity_curves",
    "attrition_bound",
    "attrition_row",
    "attrition_table",
    "balance_table",
    "compare_dosing",
    "comparison_row",
    "comparisons_table",
    "competing_curves",
    "correlations",
    "emulate_trials",
    "ended_patients",
    "first_activity_table",
    "group_activity",
    "missing_outcome_table",
    "ordered_answer_table",
    "outcomes_by_patient",
    "quantity_associations",
    "rate_ratio_table",
    "rate_table",
    "repeated_level_table",
    "risk_row",
    "risk_table",
    "trend_table",
]
