"""What a protocol wants to read from records that will not be there is refused before anything is simulated."""

from __future__ import annotations

import pytest

from tests.trial.definition.refusals import ARMS, CHOSEN, COHORT, LARGER, PERSONAL, refuses
from wearoff.trial.definition.protocol_file import parse_protocol

# the file, what is replaced in it, by what, and what is said of it
REFUSED: dict[str, tuple[str, str, str, str]] = {
    "levels of no interval of an arm": (
        ARMS,
        "level_every_weeks = 24",
        "level_every_weeks = 80",
        "analysis 3, key endpoint: level is measured at entry and then after 80 weeks, and the window ends after 72",
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


@pytest.mark.parametrize(("text", "old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_a_contradiction_is_told_with_file_table_and_key(text: str, old: str, new: str, said: str) -> None:
    refuses(text, old, new, said)


def test_an_ordered_method_needs_no_coding_with_two_groups() -> None:
    text = COHORT.replace("regularly = 0.2", "regularly = 0.0").replace('coding = "regular_vs_rest"\n', "")
    assert parse_protocol(text.replace('"mann_whitney"', '"jonckheere"')).world.regularly == 0.0
