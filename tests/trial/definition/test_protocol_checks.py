"""A protocol that contradicts itself is refused before anything is simulated, at its table and key."""

from __future__ import annotations

import re

import pytest

from tests.trial.definition.refusals import ARMS, CHOSEN, COHORT, PERSONAL, faults, refuses
from wearoff.errors import InputError
from wearoff.trial.definition.protocol_checks import check_protocol, infusions_per_week
from wearoff.trial.definition.protocol_file import load_protocol, protocol_names
from wearoff.trial.protocol import Protocol

# the file, what is replaced in it, by what, and what is said of it
REFUSED: dict[str, tuple[str, str, str, str]] = {
    "nobody in an arm": (
        COHORT,
        "size = 40",
        "size = 0",
        "arm 1, key size: an arm has at least 1 patient, and this one 0",
    ),
    "less than nobody": (ARMS, "size = 120", "size = -120", "arm 1, key size: an arm has at least 1 patient"),
    "two arms of one name": (
        ARMS,
        'name = "every 6 weeks"',
        'name = "every 4 weeks"',
        "arm 2, key name: there are two arms 'every 4 weeks'",
    ),
    "a blank name": (ARMS, 'name = "every 6 weeks"', 'name = " 6"', "arm 2, key name: the name has blanks"),
    "no arm": (
        COHORT,
        '[[arm]]\nname = "every 4 weeks"\nsize = 40\npolicy = "fixed"\nweeks = 4.0\n',
        "",
        "the table [[arm]] is missing",
    ),
    "an empty list of arms": (
        COHORT,
        COHORT[COHORT.index("[patients]") : COHORT.index("[attendance]")],
        "arm = []\n",
        "arm: there is no arm; add an [[arm]]",
    ),
    "half a day": (
        COHORT,
        "weeks = 4.0",
        "weeks = 4.5",
        "arm 1, key weeks: an interval has a whole number of days, and 4.5 weeks have 31.5.",
    ),
    "an unknown policy": (
        COHORT,
        'policy = "fixed"',
        'policy = "fix"',
        "arm 1, key policy: there is no policy 'fix'. Did you mean 'fixed'? Known: fixed, trough_guided_tree",
    ),
    "a policy without its aim": (
        PERSONAL,
        "aim_mg_per_l = 10.0",
        "",
        "arm 2, key aim_mg_per_l: trough_guided_tree keeps a trough, and no aim is preset",
    ),
    "an aim of nothing": (
        PERSONAL,
        "aim_mg_per_l = 10.0",
        "aim_mg_per_l = 0.0",
        "arm 2, key aim_mg_per_l: 0 is not more than 0",
    ),
    "an aim that no laboratory sees": (
        PERSONAL,
        "aim_mg_per_l = 10.0",
        "aim_mg_per_l = 0.4",
        "arm 2, key aim_mg_per_l: the aim is not above the limit of quantification (0.5 mg/L",
    ),
    "an aim for a fixed interval": (
        COHORT,
        "weeks = 4.0",
        "weeks = 4.0\naim_mg_per_l = 10.0",
        "arm 1, key aim_mg_per_l: a fixed interval keeps no trough",
    ),
    "beyond the longest interval of a policy": (
        PERSONAL,
        'policy = "trough_guided_tree"\nweeks = 4.0',
        'policy = "trough_guided_tree"\nweeks = 9.0',
        "arm 2, key weeks: trough_guided_tree goes to 8 weeks at most",
    ),
    "a decision after the end": (
        PERSONAL,
        "decide_every_infusions = 2",
        "decide_every_infusions = 27",
        "arm 2, key decide_every_infusions: the first decision comes 108 weeks after entry, after the follow-up of 104",
    ),
    "an override that never comes": (
        PERSONAL.replace("[world]", "[world]\nregularly = 0.0\nsometimes = 0.0"),
        'when = "active"',
        'when = "wearing_off"',
        "arm 2, key override.when: nobody has wearing-off",
    ),
    "an override to where everybody is": (
        COHORT,
        "[attendance]",
        '[arm.override]\nwhen = "active"\nshare = 1.0\n[attendance]',
        "arm 1, key override.weeks: the clinician goes back to the 4 weeks that everyone has",
    ),
    "a ratio of modelled activity": (
        ARMS,
        "weeks = 6.0",
        "weeks = 6.0\nactivity_ratio = 2.0",
        "arm 2, key activity_ratio: activity follows from the levels here",
    ),
    "rows of no cohort": (
        COHORT,
        'population = "stable"',
        'source = "cohort"',
        "patients, key folder: rows of a cohort are to be drawn, and no folder is given",
    ),
    "a cohort that is not there": (
        COHORT,
        'population = "stable"',
        'source = "cohort"\nfolder = "nowhere"',
        "patients, key folder: there is no such folder",
    ),
    "a cohort that is not read": (
        COHORT,
        'population = "stable"',
        'folder = "nowhere"',
        "patients, key folder: patients are drawn from distributions, so that the folder is not read",
    ),
    "numbers that are not there": (
        COHORT,
        'population = "stable"',
        'numbers = "nowhere.toml"',
        "patients, key numbers: there is no such file",
    ),
    "an unknown covariate": (
        CHOSEN,
        "jcv_index = 0.8",
        "jcv_indx = 0.8",
        "assignment, key log_odds.jcv_indx: there is no covariate 'jcv_indx'. Did you mean 'jcv_index'?",
    ),
    "chance that hangs on something": (
        CHOSEN,
        'kind = "observed"',
        'kind = "randomised"',
        "assignment, key log_odds: chance alone decides in a randomised study",
    ),
    "a choice that nothing drives": (
        ARMS,
        'kind = "randomised"',
        'kind = "observed"',
        "assignment, key log_odds: nothing drives the choice",
    ),
    "a choice between one arm": (
        COHORT,
        "[attendance]",
        '[assignment]\nkind = "observed"\nlog_odds = { age = 0.2 }\n[attendance]',
        "assignment, key kind: with one arm there is nothing to choose",
    ),
    "an unknown model": (
        COHORT,
        "[world]",
        '[world]\nmodel = "van_den_berg"',
        "world, key model: there is no pharmacokinetic model 'van_den_berg'. Did you mean 'van_den_berg_2025'?",
    ),
    "a model that is not for prediction": (
        COHORT,
        "[world]",
        '[world]\nmodel = "toukam_2025_biib107"',
        "world, key model: ",
    ),
    "an unknown curve": (
        COHORT,
        "[world]",
        '[world]\ncurve = "brigde"',
        "world, key curve: there is no saturation curve 'brigde'. Did you mean 'bridge'?",
    ),
    "more than everybody": (
        COHORT,
        "sometimes = 0.225",
        "sometimes = 0.9",
        "world, key sometimes: the shares with regular and with some wearing-off make 1.1 together",
    ),
    "stated activity that is not stated": (
        COHORT,
        "yearly_activity = 0.041",
        "",
        "world, key yearly_activity: the activity is stated, and not how much",
    ),
    "modelled activity that is stated": (
        ARMS,
        'activity = "model"',
        'activity = "model"\nyearly_activity = 0.1',
        "world, key yearly_activity: activity follows from the levels here",
    ),
    "a share of modelled activity": (
        ARMS,
        'activity = "model"',
        'activity = "model"\nrelapse_share = 0.5',
        "world, key relapse_share: activity follows from the levels here",
    ),
    "the strength of nothing": (
        CHOSEN,
        'wearing_off = "independent"',
        'wearing_off = "independent"\nstrength = 2.0',
        "world, key strength: wearing-off is independent of the drug here",
    ),
    "no follow-up": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 0",
        "schedule, key followup_weeks: nobody is followed for 0 weeks",
    ),
    "days for weeks": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 3650",
        "schedule, key followup_weeks: 3650 weeks are 70 years; is the unit right?",
    ),
    "visits that change places": (
        ARMS,
        "visit_every_weeks = 12",
        "visit_every_weeks = 12\nvisit_window_d = 42",
        "schedule, key visit_window_d: visits are 84 days apart, and each may be 42 days early or late",
    ),
    "scans that change places": (
        ARMS,
        "mri_every_weeks = 24",
        "mri_every_weeks = 24\nmri_window_d = 90",
        "schedule, key mri_window_d: scans are 168 days apart",
    ),
    "a diary after the end": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 52\ndiary_weeks = 60",
        "schedule, key diary_weeks: the diary is longer than the follow-up of 52 weeks",
    ),
    "losses of no diary": (
        COHORT,
        "[recording]",
        "[recording]\nmissing_diary = 0.2",
        "recording, key missing_diary: nobody keeps a diary",
    ),
    "losses of no sample": (
        CHOSEN,
        "[recording]",
        "[recording]\nno_sample = 0.2",
        "recording, key no_sample: nothing is sampled",
    ),
    "scans that cannot lose their contrast": (
        CHOSEN,
        "[schedule]",
        "[schedule]\nis_with_gadolinium = false",
        "recording, key no_gadolinium: no scan is planned with contrast",
    ),
    "too few chairs": (
        PERSONAL,
        "infusions_per_week = 36",
        "infusions_per_week = 29",
        "capacity, key infusions_per_week: the arms need 29.7 infusions a week even at their longest intervals",
    ),
}


@pytest.mark.parametrize(("text", "old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_a_contradiction_is_told_with_file_table_and_key(text: str, old: str, new: str, said: str) -> None:
    refuses(text, old, new, said)


@pytest.mark.parametrize("name", protocol_names())
def test_a_shipped_protocol_contradicts_nothing(name: str) -> None:
    check_protocol(load_protocol(name))


def test_all_contradictions_of_a_file_are_told_together_in_the_order_of_its_lines() -> None:
    text = (
        COHORT.replace("size = 40", "size = 0").replace("_12w", "_13w").replace("weeks = 4.0", "weeks = 4.5")
    )
    found = faults(text)
    assert [re.sub(r".*(arm|endpoint) 1, key (\w+).*", r"\1 \2", each) for each in found] == [
        "arm size",
        "arm weeks",
        "endpoint rule",
    ]


def test_a_protocol_from_python_is_refused_without_a_file() -> None:
    protocol = load_protocol("bergen-2020")
    arm = protocol.arms[0].model_copy(update={"size": 0})
    with pytest.raises(InputError, match="arm 1, key size: an arm has at least 1 patient"):
        check_protocol(protocol.model_copy(update={"arms": (arm,)}))


def test_infusions_a_week_are_those_of_the_longest_intervals() -> None:
    protocol = load_protocol("personal-dosing")
    assert infusions_per_week(protocol) == pytest.approx(0.99 * (60 / 4 + 60 / 8 + 60 / 8))
    is_kept: Protocol = load_protocol("sid-eid-randomised")
    assert infusions_per_week(is_kept) == pytest.approx(0.99 * (120 / 4 + 120 / 6))
