from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from wearoff.cohort.neda import (
    NedaRule,
    WorseningRule,
    load_rule,
    load_step_rule,
    load_worsening_rule,
    rule_names,
    step_rule_names,
    worsening_rule_names,
)
from wearoff.cohort.neda.rules import WHICH_CHANGES
from wearoff.errors import UnknownNameError

# The published step rules: from 0, from the low range, from just above it.
STEPS = {
    "ge5_5": {0.0: 1.5, 1.0: 1.0, 5.0: 1.0, 5.5: 0.5, 6.0: 0.5},
    "ge6_0": {0.0: 1.5, 1.0: 1.0, 5.0: 1.0, 5.5: 1.0, 6.0: 0.5},
    "plus_one": {0.0: 1.0, 1.0: 1.0, 5.5: 1.0, 6.0: 1.0},
    "ascend": {0.0: 1.0, 5.5: 1.0, 6.0: 0.5},
}


@pytest.mark.parametrize("name", step_rule_names())
def test_every_step_rule_asks_the_published_points(name: str) -> None:
    rule = load_step_rule(name)
    levels = np.array(list(STEPS[name]))
    np.testing.assert_array_equal(rule.step(levels), list(STEPS[name].values()))
    assert rule.source
    assert rule.mark in {"measured", "secondary", "derived", "assumed"}


@pytest.mark.parametrize(
    ("step", "before", "after", "worse"),
    [
        ("ge5_5", 0.0, 1.0, False),
        ("ge5_5", 0.0, 1.5, True),
        ("ge5_5", 5.0, 5.5, False),
        ("ge5_5", 5.0, 6.0, True),
        ("ge5_5", 5.5, 6.0, True),
        ("ge6_0", 5.5, 6.0, False),
        ("ge6_0", 6.0, 6.5, True),
        ("ge5_5", 6.0, 6.5, True),
    ],
)
def test_the_boundary_between_no_step_and_a_step(step: str, before: float, after: float, worse: bool) -> None:
    assert bool(load_step_rule(step).is_worse(np.array([after]), before)[0]) is worse


@pytest.mark.parametrize("name", rule_names())
def test_every_rule_writes_its_methods_paragraph(name: str) -> None:
    rule = load_rule(name)
    text = rule.describe()
    assert rule.name in text
    assert f"{rule.worsening.confirmation_days[0]} days" in text
    assert rule.worsening.step.description in text
    assert f"{rule.closes_early_days} days before to {rule.closes_late_days} days after" in text


def test_an_unknown_rule_is_answered_with_the_close_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'neda3_12w'"):
        load_rule("neda3_12")


def test_a_changed_setting_stands_in_the_name_and_in_the_paragraph() -> None:
    rule = load_rule("neda3_12w").with_settings(closes_late_days=30)
    assert rule.name == "neda3_12w[closes_late_days=30]"
    assert "30 days after its end" in rule.describe()
    assert load_rule("neda3_12w").with_settings(closes_late_days=60).name == "neda3_12w"


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="closes_late"):
        load_rule("neda3_12w").with_settings(closes_latish=1)


# One other value of every setting: the paragraph has to change with each.
OTHER: dict[str, object] = {
    "step": "plus_one",
    "confirmation_weeks": (12, 48),
    "confirmation_early_days": 14,
    "confirmation_late_days": 90,
    "must_hold_between": False,
    "sustained_days": 336,
    "baseline": "roving_improvement",
    "reference": "onset",
    "sub_threshold": "improvement",
    "rebaseline_after_relapse": True,
    "relapse_to_baseline_days": (60, 14),
    "relapse_to_event_days": (30, 0),
    "relapse_to_confirmation_days": (0, 30),
    "scheduled_only": True,
    "impute_last_visit": True,
    "counts": "improvement",
    "occurrence": "first",
    "counted_label": "RAW",
    "label": "cagol_2022",
    "raw_before_days": 60,
    "raw_after_days": 30,
    "relapses": "examined_30",
    "baseline_early_days": 30,
    "baseline_late_days": 14,
}
OTHER_OF_NEDA: dict[str, object] = {
    "components": ("relapse", "mri"),
    "closes_early_days": 10,
    "closes_late_days": 10,
    "rebaseline_day": 90,
    "mri_rebaseline_day": 90,
    "brain_volume_loss_pct_per_year": 0.5,
}
BASE = load_worsening_rule("roving_12w")


def test_every_setting_is_tried() -> None:
    settings = {field.name for field in fields(WorseningRule)} - {"name", "description"}
    assert set(OTHER) == settings
    assert set(OTHER_OF_NEDA) == {f.name for f in fields(NedaRule)} - {"name", "description", "worsening"}


@pytest.mark.parametrize("setting", OTHER)
def test_every_setting_of_worsening_stands_in_the_methods_paragraph(setting: str) -> None:
    changed = BASE.with_settings(**{setting: OTHER[setting]})
    assert changed.describe().replace(changed.name, "") != BASE.describe().replace(BASE.name, "")
    assert changed.name.startswith(f"{BASE.name}[{setting}=")


@pytest.mark.parametrize("setting", sorted({*OTHER, *OTHER_OF_NEDA} - WHICH_CHANGES))
def test_every_setting_of_neda_stands_in_its_methods_paragraph(setting: str) -> None:
    base = load_rule("neda4_12w").with_settings(baseline="roving")
    other = (OTHER | OTHER_OF_NEDA)[setting]
    changed = base.with_settings(**{setting: other})
    # NEDA asks whether a worsening began in the window: whether it is RAW or PIRA is no matter
    is_no_matter = setting in {"label", "raw_before_days", "raw_after_days"}
    is_same = changed.describe().replace(changed.name, "") == base.describe().replace(base.name, "")
    assert is_same is is_no_matter


@pytest.mark.parametrize("setting", sorted(WHICH_CHANGES))
def test_in_neda_every_confirmed_worsening_counts(setting: str) -> None:
    with pytest.raises(UnknownNameError, match=setting):
        load_rule("neda3_12w").with_settings(**{setting: OTHER[setting]})
    for name in rule_names():
        rule = load_rule(name).worsening
        assert (rule.counts, rule.occurrence, rule.counted_label) == ("worsening", "every", "any")


@pytest.mark.parametrize("name", worsening_rule_names())
def test_every_rule_of_change_writes_its_methods_paragraph(name: str) -> None:
    rule = load_worsening_rule(name)
    text = rule.describe()
    assert rule.description in text
    assert all(f"{days} days" in text for days in rule.confirmation_days)
    assert ("PIRA" in text) is (rule.counts != "improvement")
    assert "  " not in text


def test_a_choice_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UnknownNameError, match="roving_improvement"):
        BASE.with_settings(baseline="rowing")
    with pytest.raises(UnknownNameError, match="kappos_2020"):
        BASE.with_settings(label="kapos_2020")
    with pytest.raises(UnknownNameError, match="brain_volume"):
        load_rule("neda4_12w").with_settings(components=("relapse", "brain"))


def test_names_of_changed_settings_add_up() -> None:
    once = load_rule("neda3_12w").with_settings(closes_late_days=30)
    twice = once.with_settings(step="plus_one")
    assert twice.name == "neda3_12w[closes_late_days=30, step=plus_one]"
    assert twice.worsening.step.name == "plus_one"
