from __future__ import annotations

import numpy as np
import pytest

from wearoff.cohort.neda import load_rule, load_step_rule, rule_names, step_rule_names
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
