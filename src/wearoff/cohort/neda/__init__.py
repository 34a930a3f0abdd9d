"""No evidence of disease activity (NEDA-3), from records, by named rules.

- `rules`: the named rules and their methods paragraph
- `worsening`: confirmed disability worsening in one EDSS history
- `history`: one patient's records on one clock
- `components`: relapse, worsening and MRI in a window: active, none or unknown
- `score`: every patient and window, and the cohort's figures with both bounds
"""

from wearoff.cohort.neda.components import Component, Window, kept_windows, yearly_windows
from wearoff.cohort.neda.history import History, histories
from wearoff.cohort.neda.rules import (
    NedaRule,
    StepRule,
    load_rule,
    load_step_rule,
    rule_names,
    step_rule_names,
)
from wearoff.cohort.neda.score import (
    count_components,
    neda_state,
    score_history,
    score_neda,
    summarise_neda,
)
from wearoff.cohort.neda.worsening import Worsening, find_worsenings

__all__ = [
    "Component",
    "History",
    "NedaRule",
    "StepRule",
    "Window",
    "Worsening",
    "count_components",
    "find_worsenings",
    "histories",
    "kept_windows",
    "load_rule",
    "load_step_rule",
    "neda_state",
    "rule_names",
    "score_history",
    "score_neda",
    "step_rule_names",
    "summarise_neda",
    "yearly_windows",
]
