from __future__ import annotations

from pathlib import Path

import pytest

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.association import SID_EID, emulate_trials
from wearoff.cohort.neda import histories

RUN_IN = [28 * k for k in range(7)]  # the seventh infusion is on day 168


def trials(
    folder: Path, days: list[int], *, relapses: list[int] | None = None, end: int = 1000
) -> list[dict[str, object]]:
    found = cohort(
        folder,
        patient=[
            "patient_id,birth_year,sex,ms_onset_date,followup_start,followup_end",
            f"P1,1980,F,2010-01-01,{on(0)},{on(end)}",
        ],
        infusion=[
            "patient_id,start_time,dose_mg,route,weight_kg",
            *(f"P1,{on(day)},300,IV,{60 + day / 28:g}" for day in days),
        ],
        relapse=["patient_id,onset_date", *(f"P1,{on(day)}" for day in relapses or [])],
        visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P1,{on(150)},2.5", f"P1,{on(400)},3"],
    )
    return emulate_trials(found, histories(found)).to_dicts()


def test_a_stable_patient_enters_at_the_seventh_infusion_and_the_next_gap_says_the_arm(
    tmp_path: Path,
) -> None:
    standard = trials(tmp_path / "a", [*RUN_IN, 196])
    assert [row["infusion"] for row in standard] == [7, 8]
    assert standard[0]["arm"] == "sid"
    assert standard[0]["gap_d"] == 28
    extended = trials(tmp_path / "b", [*RUN_IN, 168 + 42])
    assert extended[0]["arm"] == "eid"
    assert len(extended) == 1  # after an extended gap nobody is stable on standard dosing


def test_follow_up_begins_at_the_end_of_the_grace_period_in_both_arms(tmp_path: Path) -> None:
    for name, gap in (("sid", 28), ("eid", 42)):
        row = trials(tmp_path / name, [*RUN_IN, 168 + gap], relapses=[400])[0]
        assert row["arm"] == name
        assert row["time_d"] == 400 - (168 + SID_EID.grace_d)
        assert row["is_event"] is True
    censored = trials(tmp_path / "c", [*RUN_IN, 196], end=600)[0]
    assert (censored["time_d"], censored["is_event"]) == (600 - 224, False)
    late = trials(tmp_path / "d", [*RUN_IN, 196], relapses=[990], end=1800)[0]
    assert (late["time_d"], late["is_event"]) == (SID_EID.horizon_d, False)


@pytest.mark.parametrize(
    ("days", "relapses", "end", "why"),
    [
        ([*RUN_IN, 196], [200], 1000, "relapse within the grace period"),
        ([*RUN_IN, 196], [], 220, "record ends within the grace period"),
        ([*RUN_IN], [], 1000, "no infusion within the grace period"),
        ([*RUN_IN, 168 + 60], [], 1000, "no infusion within the grace period"),
        ([*RUN_IN, 168 + 14], [], 1000, "next infusion after less than 21 days"),
    ],
)
def test_who_is_in_neither_arm_is_listed_with_the_reason(
    tmp_path: Path, days: list[int], relapses: list[int], end: int, why: str
) -> None:
    row = trials(tmp_path, days, relapses=relapses, end=end)[0]
    assert (row["arm"], row["why"], row["time_d"]) == (None, why, None)


def test_the_arm_never_depends_on_what_came_after_the_grace_period(tmp_path: Path) -> None:
    one = trials(tmp_path / "a", [*RUN_IN, 210])[0]
    other = trials(tmp_path / "b", [*RUN_IN, 210, 238, 266], relapses=[700])[0]
    assert one["arm"] == other["arm"] == "eid"


def test_covariates_are_those_known_at_entry(tmp_path: Path) -> None:
    row = trials(tmp_path, [*RUN_IN, 196], relapses=[-100, 90, 300])[0]
    assert (row["age"], row["is_female"]) == (40, 1)
    assert row["edss"] == 2.5
    assert row["relapses_before"] == 2  # on day 90 and, before the start, on day -100
    assert row["weight"] == 66
    assert row["infusions"] == 7
    assert row["duration"] == pytest.approx(10.46, abs=0.01)
    assert row["year"] == pytest.approx(2020.46, abs=0.01)


def test_a_refused_infusion_makes_no_gap(tmp_path: Path) -> None:
    days = [*RUN_IN, 210]
    found = cohort(
        tmp_path,
        patient=["patient_id,followup_start,followup_end", f"P1,{on(0)},{on(900)}"],
        infusion=[
            "patient_id,start_time,dose_mg,route",
            *(f"P1,{on(day)},300,IV" for day in days),
            f"P1,{on(189)},many,IV",
        ],
        relapse=["patient_id,onset_date"],
    )
    assert emulate_trials(found, histories(found)).height == 0


def test_the_protocol_describes_itself() -> None:
    text = SID_EID.describe()
    for word in ("7th", "21 to 34", "35 to 56", "grace period", "assumed", SID_EID.name):
        assert word in text
