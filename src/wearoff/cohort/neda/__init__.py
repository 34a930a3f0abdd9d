"""No evidence of disease activity (NEDA), confirmed worsening, RAW and PIRA, from records, by named rules.

What a rule is:

- `rules`, `rules.toml`: the named rules with all their settings
- `methods`: the methods paragraph of each

The engine, on arrays over all patients:

- `dated`: rows of one table sorted by patient and day
- `followup`: everybody's records on one clock
- `relapses`: what counts as a relapse
- `changes`: visits, and the changes found in them
- `baselines`: what a change is measured from
- `confirmation`: confirmed change of the EDSS
- `labels`: RAW and PIRA
- `worsening`: the three together, and one patient of it

What is said of a window of time:

- `windows`: each year, and everything kept up to a year
- `verdicts`: active, none or unknown, with the reason
- `components`, `mri`: relapse, worsening; new lesions, brain volume
- `score`: every patient and window, and the cohort's figures with both bounds
- `events`: the changes themselves as a table, and their rates
- `multiverse`: how far the answer depends on the rule
- `tables`: what `wearoff neda` hands over
- `history`: one patient's records as values to look at
"""

from wearoff.cohort.neda.events import events_frame, summarise_events
from wearoff.cohort.neda.followup import Followup, read_followup
from wearoff.cohort.neda.history import History, histories, histories_of
from wearoff.cohort.neda.multiverse import Multiverse, multiverse
from wearoff.cohort.neda.relapses import RELAPSE
from wearoff.cohort.neda.rules import (
    LabelRule,
    NedaRule,
    RelapseRule,
    StepRule,
    WorseningRule,
    label_rule_names,
    load_label_rule,
    load_relapse_rule,
    load_rule,
    load_step_rule,
    load_worsening_rule,
    relapse_rule_names,
    rule_names,
    step_rule_names,
    worsening_rule_names,
)
from wearoff.cohort.neda.score import (
    Scores,
    count_components,
    kind_of_neda,
    score_followup,
    score_neda,
    summarise_neda,
)
from wearoff.cohort.neda.tables import (
    DEFAULT_RULE,
    NedaTables,
    load_any_rule,
    multiverse_tables,
    neda_tables,
)
from wearoff.cohort.neda.windows import Window, kept_windows, observed_windows, yearly_windows
from wearoff.cohort.neda.worsening import Events, Worsening, find_events, find_worsenings

__all__ = [
    "DEFAULT_RULE",
    "RELAPSE",
    "Events",
    "Followup",
    "History",
    "LabelRule",
    "Multiverse",
    "NedaRule",
    "NedaTables",
    "RelapseRule",
    "Scores",
    "StepRule",
    "Window",
    "Worsening",
    "WorseningRule",
    "count_components",
    "events_frame",
    "find_events",
    "find_worsenings",
    "histories",
    "histories_of",
    "kept_windows",
    "kind_of_neda",
    "label_rule_names",
    "load_any_rule",
    "load_label_rule",
    "load_relapse_rule",
    "load_rule",
    "load_step_rule",
    "load_worsening_rule",
    "multiverse",
    "multiverse_tables",
    "neda_tables",
    "observed_windows",
    "read_followup",
    "relapse_rule_names",
    "rule_names",
    "score_followup",
    "score_neda",
    "step_rule_names",
    "summarise_events",
    "summarise_neda",
    "worsening_rule_names",
    "yearly_windows",
]
