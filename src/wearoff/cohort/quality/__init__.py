"""Quality: what in the records deserves a second look, by named rules; nothing is ever changed.

- `rules`: the named rules with their limits and sources (`rules.toml`)
- `report`: `check_quality(cohort)`, every finding with its file, row and patient
- `timing`, `assessments`, `levels`: what the rules do; `prepared` is what they look at
- `edss_steps`: the EDSS step that functional systems and walking call for
"""

from __future__ import annotations

from wearoff.cohort.quality.edss_steps import EdssSteps, load_edss_steps
from wearoff.cohort.quality.report import QualityReport, check_quality
from wearoff.cohort.quality.rules import QualityRule, load_quality_rule, quality_rule_names

__all__ = [
    "EdssSteps",
    "QualityReport",
    "QualityRule",
    "check_quality",
    "load_edss_steps",
    "load_quality_rule",
    "quality_rule_names",
]
