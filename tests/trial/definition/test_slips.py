"""A number of the wrong size is told as a slip, at its table and key, before it can fill a machine."""

from __future__ import annotations

import re

import pytest

from wearoff.errors import InputError
from wearoff.trial.definition.protocol_file import (
    load_protocol,
    parse_protocol,
    protocol_names,
    protocol_text,
)
from wearoff.trial.definition.slips import MOST_PATIENTS
from wearoff.trial.protocol import Assignment, Protocol

COHORT = protocol_text("bergen-2020")
CHOSEN = protocol_text("sid-eid-observed")
PERSONAL = protocol_text("personal-dosing")

# the file, what is replaced in it, by what, and what is said of it
SLIPS: dict[str, tuple[str, str, str, str]] = {
    "a digit too many": (
        COHORT,
        "size = 40",
        "size = 4000000000000",
        "arm 1, key size: the study has 4,000,000,000,000 patients, more than can be simulated as one",
    ),
    "days for weeks": (
        COHORT,
        "weeks = 4.0",
        "weeks = 42.0",
        "arm 1, key weeks: 42 weeks between two infusions are half a year without the drug; is it days?",
    ),
    "an aim above every trough": (
        PERSONAL,
        "aim_mg_per_l = 10.0",
        "aim_mg_per_l = 10000.0",
        "arm 2, key aim_mg_per_l: 10000 mg/L is no trough that an interval could keep",
    ),
    "a ratio without end": (
        COHORT,
        "activity_ratio = 2.0",
        "activity_ratio = 1e300",
        "world, key activity_ratio: 1e+300 times the activity is not thought possible",
    ),
    "a follow-up that fills the memory": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 1000000000000000000",
        "schedule, key followup_weeks: 1000000000000000000 weeks are",
    ),
    "an accrual past the calendar": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 52\naccrual_weeks = 1000000",
        "schedule, key accrual_weeks: 1000000 weeks are 19,164 years; is the unit right?",
    ),
    "records from before the drug": (
        COHORT,
        "followup_weeks = 52",
        "followup_weeks = 52\nbefore_weeks = 5200",
        "schedule, key before_weeks: 5200 weeks are 100 years; is the unit right?",
    ),
    "per cent for a fraction": (
        COHORT,
        "[recording]",
        "[recording]\nlevel_cv = 15.0",
        "recording, key level_cv: 15 is no error of a level; it is written as a fraction, as in 0.15 for 15 %",
    ),
    "points for a fraction": (
        COHORT,
        "[recording]",
        "[recording]\noccupancy_sd = 2.0",
        "recording, key occupancy_sd: 2 is no spread of an occupancy; it is written as a fraction",
    ),
    "an odds ratio for its logarithm": (
        CHOSEN,
        "frailty = ",
        "age = 200.0, frailty = ",
        "assignment, key log_odds.age: log odds of 200 for one standard deviation leave nothing to choose",
    ),
    "a name that no folder takes": (
        COHORT,
        'name = "bergen-2020"',
        f'name = "{"a" * 300}"',
        "key name: the name has 300 letters and is to name files",
    ),
}


@pytest.mark.parametrize(("text", "old", "new", "said"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_with_file_line_table_and_key(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    with pytest.raises(InputError) as caught:
        parse_protocol(text.replace(old, new, 1), "a.toml")
    found = [str(problem) for problem in caught.value.problems]
    assert any(re.match(r"a\.toml, line \d+, ", each) and said in each for each in found), found


@pytest.mark.parametrize("days", [-10, 0])
def test_a_follow_up_of_nothing_is_told_once_and_not_at_everything_that_hangs_on_it(days: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_protocol(COHORT.replace("followup_weeks = 52", f"followup_weeks = {days}"), "a.toml")
    assert [problem.key for problem in caught.value.problems] == ["followup_weeks"]


@pytest.mark.parametrize("name", protocol_names())
def test_shipped_protocols_lie_far_inside_of_every_bound(name: str) -> None:
    study: Protocol = load_protocol(name)
    assert study.size * 10 < MOST_PATIENTS
    assert max(map(abs, study.assignment.log_odds.values()), default=0.0) < 5.0
    assert isinstance(study.assignment, Assignment)
