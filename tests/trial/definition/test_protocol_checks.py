"""A protocol that contradicts itself is refused before anything is simulated, at its table and key."""

from __future__ import annotations

import re

import pytest

from wearoff.errors import InputError
from wearoff.trial.definition.protocol_checks import check_protocol, infusions_per_week
from wearoff.trial.definition.protocol_file import (
    load_protocol,
    parse_protocol,
    protocol_names,
    protocol_text,
)
from wearoff.trial.protocol import Protocol

COHORT = protocol_text("bergen-2020")
LARGER = protocol_text("larger-longer-cohort")
ARMS = protocol_text("sid-eid-randomised")
CHOSEN = protocol_text("sid-eid-observed")
PERSONAL = protocol_text("personal-dosing")

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
    "levels of no interval of an arm": (
        ARMS,
        "level_every_weeks = 24",
        "level_every_weeks = 80",
        "analysis 3, key endpoint: level is measured at entry and then after 80 weeks, and the window ends after 72",
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
    "two endpoints of one name": (
        COHORT,
        'name = "occupancy"',
        'name = "activity"',
        "endpoint 2, key name: there are two endpoints 'activity'",
    ),
    "an endpoint with a point": (
        COHORT,
        'name = "occupancy"',
        'name = "alpha.4"',
        "endpoint 2, key name: 'alpha.4' names columns of tables",
    ),
    "no endpoint": (
        COHORT,
        COHORT[COHORT.index("[[endpoint]]") :],
        "endpoint = []\nanalysis = []\n",
        "endpoint",
    ),
    "an unknown rule": (
        COHORT,
        'rule = "neda3_12w"',
        'rule = "neda3_12"',
        "endpoint 1, key rule: there is no NEDA rule 'neda3_12'. Did you mean 'neda3_12w'?",
    ),
    "an unknown relapse rule": (
        CHOSEN,
        'rule = "reported"',
        'rule = "merged"',
        "endpoint 2, key rule: there is no relapse rule 'merged'. Did you mean 'merged_30'?",
    ),
    "an unknown outcome rule": (
        ARMS,
        'rule = "from_start"',
        'rule = "neda3_12w"',
        "endpoint 2, key rule: there is no outcome rule 'neda3_12w'. Known: from_start, rebaselined_90d.",
    ),
    "an unknown diary rule": (
        LARGER,
        'rule = "rise_two_cycles"',
        'rule = "rise"',
        "endpoint 4, key rule: there is no diary rule 'rise'.",
    ),
    "a rule that nothing uses": (
        COHORT,
        'kind = "occupancy"',
        'kind = "occupancy"\nrule = "neda3_12w"',
        "endpoint 2, key rule: occupancy is read without a rule",
    ),
    "a window after the end": (
        COHORT,
        'rule = "neda3_12w"',
        'rule = "neda3_12w"\nuntil_weeks = 60',
        "endpoint 1, key until_weeks: its window ends after the follow-up of 52 weeks",
    ),
    "no scan where the window closes": (
        COHORT,
        "mri_every_weeks = 52",
        "mri_every_weeks = 60",
        "endpoint 1, key until_weeks: rule neda3_12w closes its window by a scan between day 319 and 424, and none",
    ),
    "no visit where the window closes": (
        COHORT,
        "visit_every_weeks = 26",
        "visit_every_weeks = 20",
        "endpoint 1, key until_weeks: rule neda3_12w closes its window by a visit between day 319 and 424",
    ),
    "nothing can be confirmed": (
        COHORT,
        "visit_every_weeks = 26",
        "visit_every_weeks = 52",
        "endpoint 1, key rule: rule neda3_12w confirms a worsening over 12 weeks, and no two visits after entry lie",
    ),
    "a confirmation longer than the follow-up": (
        COHORT.replace("followup_weeks = 52", "followup_weeks = 26").replace(
            "_every_weeks = 26", "_every_weeks = 13"
        ),
        'rule = "neda3_12w"',
        'rule = "neda3_24w"',
        "endpoint 1, key rule: rule neda3_24w confirms a worsening over 24 weeks",
    ),
    "brain volume": (
        COHORT,
        'rule = "neda3_12w"',
        'rule = "neda4_12w"',
        "endpoint 1, key rule: rule neda4_12w needs brain volume, which virtual scans do not have",
    ),
    "a new baseline without a scan": (
        COHORT,
        'rule = "neda3_12w"',
        'rule = "neda3_24w_rebaselined"',
        "endpoint 1, key rule: rule neda3_24w_rebaselined counts lesions against a scan near day 168, and none",
    ),
    "a new baseline after the end": (
        ARMS,
        'rule = "neda3_24w"',
        'rule = "neda3_24w_rebaselined"\nuntil_weeks = 24',
        "endpoint 1, key until_weeks: rule neda3_24w_rebaselined counts from day 168 on, and the window ends on",
    ),
    "time to activity without a scan": (
        LARGER,
        "mri_every_weeks = 52",
        "mri_every_weeks = 200",
        "endpoint 1, key kind: rule neda3_12w needs scans, and none is planned after entry",
    ),
    "lesions without two scans": (
        ARMS,
        "mri_every_weeks = 24",
        "mri_every_weeks = 100",
        "endpoint 2, key rule: rule from_start counts lesions between a scan from day 0 to 60 and a later one",
    ),
    "lesions after three months by yearly scans": (
        ARMS.replace("mri_every_weeks = 24", "mri_every_weeks = 52"),
        'rule = "from_start"',
        'rule = "rebaselined_90d"',
        "endpoint 2, key rule: rule rebaselined_90d counts lesions between a scan from day 30 to 180",
    ),
    "occupancy that is never measured": (
        COHORT,
        "occupancy_every_weeks = 52",
        'occupancy_every_weeks = "never"',
        "endpoint 2, key kind: no occupancy is measured (occupancy_every_weeks in [schedule])",
    ),
    "levels that are never measured": (
        ARMS,
        "level_every_weeks = 24",
        'level_every_weeks = "never"',
        "endpoint 3, key kind: no level is measured (level_every_weeks in [schedule])",
    ),
    "a diary that nobody keeps": (
        LARGER,
        "diary_weeks = 24",
        "diary_weeks = 0",
        "endpoint 4, key kind: nobody keeps a diary",
    ),
    "a diary of one cycle": (
        LARGER,
        "diary_weeks = 24",
        "diary_weeks = 7",
        "endpoint 4, key rule: rule rise_two_cycles needs 2 cycles, which are 8 weeks in arm 'every 4 weeks', and the",
    ),
    "a diary of long cycles": (
        LARGER,
        "weeks = 4.0",
        "weeks = 13.0",
        "endpoint 4, key rule: rule rise_two_cycles reads cycles of 21 to 84 days, and those of arm",
    ),
    "an answer after the end": (
        COHORT,
        'kind = "occupancy"',
        'kind = "answer"\nuntil_weeks = 26',
        "endpoint 2, key kind: the question is asked at entry and then after 52 weeks, and the window ends after 26",
    ),
    "an analysis of nothing": (
        COHORT,
        'endpoint = "activity"',
        'endpoint = "activities"',
        "analysis 1, key endpoint: there is no endpoint 'activities'. Did you mean 'activity'? Those of this",
    ),
    "two analyses of one name": (
        COHORT,
        'name = "occupancy by regular wearing-off"',
        'name = "activity by wearing-off"',
        "analysis 2, key name: there are two analyses 'activity by wearing-off'",
    ),
    "one arm compared": (
        COHORT,
        'by = "wearing_off"\ncoding = "any_vs_never"',
        'by = "arm"',
        'analysis 1, key by: the study has one arm, and arms are to be compared; add an [[arm]], or write by = "wea',
    ),
    "an unknown arm": (
        PERSONAL,
        'compared = "model-informed"',
        'compared = "model informed"',
        "analysis 2, key compared: there is no arm 'model informed'. Did you mean 'model-informed'?",
    ),
    "an arm compared with itself": (
        PERSONAL,
        'compared = "trough-guided"\nreference = "every 4 weeks"',
        'compared = "every 4 weeks"',
        "analysis 1, key compared: arm 'every 4 weeks' is compared with itself",
    ),
    "a coding of arms": (
        ARMS,
        'by = "arm"',
        'by = "arm"\ncoding = "regular_vs_rest"',
        "analysis 1, key coding: a coding makes groups of answers",
    ),
    "an arm of answers": (
        COHORT,
        'by = "wearing_off"',
        'by = "wearing_off"\nreference = "every 4 weeks"',
        "analysis 1, key reference: the answers make the groups",
    ),
    "an unknown coding": (
        COHORT,
        'coding = "any_vs_never"',
        'coding = "any"',
        "analysis 1, key coding: there is no coding 'any'.",
    ),
    "groups of nobody": (
        COHORT,
        "regularly = 0.2",
        "regularly = 0.0",
        "analysis 2, key coding: under coding regular_vs_rest 0 % of the patients have wearing-off",
    ),
    "an unknown method": (
        COHORT,
        'method = "fisher"',
        'method = "fischer"',
        "analysis 1, key method: there is no method 'fischer'. Did you mean 'fisher'? Known: newcombe_difference",
    ),
    "a method for another kind": (
        COHORT,
        'method = "fisher"',
        'method = "cox"',
        "analysis 1, key method: cox takes endpoints of the kinds first_activity, first_relapse, and 'activity' is",
    ),
    "a method for other groups": (
        COHORT,
        'method = "fisher"',
        'method = "weighted_risk_difference"',
        'analysis 1, key by: weighted_risk_difference compares groups by arm; write by = "arm"',
    ),
    "answers compared by answers": (
        COHORT.replace('kind = "occupancy"', 'kind = "answer"'),
        'method = "mann_whitney"',
        'method = "fisher"',
        "analysis 2, key by: the answers make the groups here, and cannot be compared between them as well",
    ),
    "no margin": (
        ARMS,
        "margin = 0.10",
        "",
        "analysis 1, key margin: non_inferiority_difference asks whether a difference is below a margin; add margin",
    ),
    "a margin of nothing": (
        COHORT,
        'method = "fisher"',
        'method = "fisher"\nmargin = 0.1',
        "analysis 1, key margin: fisher is no test of non-inferiority",
    ),
    "two groups of an ordered method": (
        COHORT,
        'method = "mann_whitney"',
        'method = "jonckheere"',
        "analysis 2, key coding: jonckheere uses all groups in their order",
    ),
    "the true value of a test": (
        LARGER,
        'method = "cox"',
        'method = "log_rank"\ntrue_value = 2.0',
        "analysis 1, key true_value: log_rank is a test and estimates nothing",
    ),
    "a ratio below nothing": (
        LARGER,
        'method = "cox"',
        'method = "cox"\ntrue_value = -2.0',
        "analysis 1, key true_value: the hazard ratio that cox estimates is more than 0",
    ),
    "a difference in percent": (
        COHORT,
        'method = "fisher"',
        'method = "fisher"\ntrue_value = 4.1',
        "analysis 1, key true_value: the risk difference that fisher estimates lies from -1 to 1",
    ),
    "looks at what tests nothing": (
        LARGER.replace('endpoint = "time to activity"', 'endpoint = "activity in year 1"'),
        'method = "cox"',
        'method = "share"',
        "looks: looks test at a level that is spent over them, and share tests nothing",
    ),
    "looks without a primary analysis": (
        LARGER,
        "is_primary = true",
        "",
        "looks: looks are at the primary analysis, and none is marked so",
    ),
    "looks at two primary analyses": (
        LARGER,
        'method = "newcombe_difference"',
        'method = "newcombe_difference"\nis_primary = true',
        "looks: looks are at the primary analysis, and 2 are marked so",
    ),
    "no look": (LARGER, "weeks = [104.0]", "weeks = []", "looks, key weeks: there is no look before the end"),
    "a look after the end": (
        LARGER,
        "weeks = [104.0]",
        "weeks = [104.0, 156.0]",
        "looks, key weeks: the study ends 156 weeks after the first patient entered",
    ),
    "a look before the beginning": (
        LARGER,
        "weeks = [104.0]",
        "weeks = [0.0, 104.0]",
        "looks, key weeks: a look is after the first patient has entered",
    ),
    "looks out of order": (
        LARGER,
        "weeks = [104.0]",
        "weeks = [104.0, 90.0]",
        "looks, key weeks: looks stand in order of time, each once",
    ),
    "a look at what everybody knows": (
        LARGER.replace('endpoint = "time to activity"', 'endpoint = "activity in year 1"').replace(
            '"cox"', '"fisher"'
        ),
        "weeks = [104.0]",
        "weeks = [80.0, 110.0]",
        "looks, key weeks: at week 110 all is known of 'time to activity by wearing-off' that ever will be",
    ),
    "looks that leave nothing for the end": (
        LARGER.replace('"obrien_fleming"', '"haybittle_peto"'),
        "is_primary = true",
        "is_primary = true\nalpha = 0.0005",
        "looks, key weeks: the looks before the last spend 0.001 of an error of 0.0005; make alpha larger",
    ),
    "a look at what nobody knows yet": (
        ARMS,
        "[[endpoint]]",
        "[looks]\nweeks = [60.0]\n[[endpoint]]",
        "looks, key weeks: at week 60 nothing is known of 'no more activity every 6 weeks' that was not known before",
    ),
}


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_protocol(text, "a.toml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_a_contradiction_is_told_with_file_table_and_key(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    found = faults(text.replace(old, new, 1))
    assert any(re.match(r"a\.toml(, line \d+)?(, |: )", each) and said in each for each in found), found


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


def test_an_ordered_method_needs_no_coding_with_two_groups() -> None:
    text = COHORT.replace("regularly = 0.2", "regularly = 0.0").replace('coding = "regular_vs_rest"\n', "")
    assert parse_protocol(text.replace('"mann_whitney"', '"jonckheere"')).world.regularly == 0.0


def test_infusions_a_week_are_those_of_the_longest_intervals() -> None:
    protocol = load_protocol("personal-dosing")
    assert infusions_per_week(protocol) == pytest.approx(0.99 * (60 / 4 + 60 / 8 + 60 / 8))
    is_kept: Protocol = load_protocol("sid-eid-randomised")
    assert infusions_per_week(is_kept) == pytest.approx(0.99 * (120 / 4 + 120 / 6))
