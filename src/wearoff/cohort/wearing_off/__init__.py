"""Wearing-off from the questionnaire and from diaries.

- `questionnaire`: one answer a patient, and the named codings that make groups of it
- `diary`: the rise from the first to the last week of a cycle, by a named rule
- `diary_rules`: those rules (`diary_rules.toml`)
- `diary_weeks`: where each week of a diary lies between infusions, and what else happened then
- `diary_model`: a mixed model of severity over the days since the infusion (loads statsmodels when it is called)
"""

from __future__ import annotations

from wearoff.cohort.wearing_off.diary import VERDICTS, DiaryResult, diary_wearing_off
from wearoff.cohort.wearing_off.diary_model import DiaryModel, NotFitted, fit_diary_model
from wearoff.cohort.wearing_off.diary_rules import DiaryRule, diary_rule_names, load_diary_rule
from wearoff.cohort.wearing_off.questionnaire import (
    ANSWERS,
    CODINGS,
    NO_ANSWER,
    Choice,
    Coding,
    answers_by_patient,
    load_coding,
)

__all__ = [
    "ANSWERS",
    "CODINGS",
    "NO_ANSWER",
    "VERDICTS",
    "Choice",
    "Coding",
    "DiaryModel",
    "DiaryResult",
    "DiaryRule",
    "NotFitted",
    "answers_by_patient",
    "diary_rule_names",
    "diary_wearing_off",
    "fit_diary_model",
    "load_coding",
    "load_diary_rule",
]
