from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from tests.cohort.cohorts import cohort, on, one_patient
from wearoff.cohort.association import FROM_START, REBASELINED, outcomes_by_patient
from wearoff.cohort.neda import histories


def only(folder: Path, **records: object) -> dict[str, object]:
    found = outcomes_by_patient(histories(one_patient(folder, **records)))  # type: ignore[arg-type]
    return found.to_dicts()[0]


def test_relapses_are_counted_over_the_time_observed_and_open_ones_apart(tmp_path: Path) -> None:
    row = only(
        tmp_path,
        relapses=[
            f"{on(100)},N,Y,48",
            f"{on(50)},N,U,48",
            f"{on(200)},Y,Y,48",  # fever
            f"{on(300)},N,Y,12",  # too short
            f"{on(-20)},N,Y,48",  # before the start
            f"{on(400)},N,Y,48",  # after the end
        ],
    )
    assert (row["observed_d"], row["relapses"], row["possible_relapses"]) == (365, 1, 1)
    assert row["first_relapse_d"] == 100
    assert row["relapse_why"] is None


def test_first_mri_activity_lies_between_the_last_clean_scan_and_the_one_that_shows_it(
    tmp_path: Path,
) -> None:
    scans = [
        f"{on(0)},,0,Y,0",
        f"{on(180)},{on(0)},0,Y,0",
        f"{on(360)},{on(180)},3,Y,0",
        f"{on(540)},{on(360)},2,Y,0",
    ]
    row = only(tmp_path, scans=scans)
    assert (row["clean_to_d"], row["mri_active_by_d"]) == (180, 360)
    assert (row["lesions"], row["scanned_d"]) == (5, 540)


def test_clean_scans_say_until_when_nothing_was_seen(tmp_path: Path) -> None:
    row = only(tmp_path)
    assert (row["clean_to_d"], row["mri_active_by_d"]) == (365, inf)
    assert (row["lesions"], row["scanned_d"]) == (0, 365)


def test_a_gap_between_comparisons_leaves_the_time_of_the_first_lesion_open(tmp_path: Path) -> None:
    # Nobody compared day 200 with day 0: activity may have come before day 200.
    row = only(tmp_path, scans=[f"{on(0)},,0,Y,0", f"{on(360)},{on(200)},1,Y,0"])
    assert (row["clean_to_d"], row["mri_active_by_d"]) == (0, 360)
    assert (row["lesions"], row["scanned_d"]) == (1, 160)


def test_clean_scans_after_a_gap_do_not_vouch_for_the_gap(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(180)},{on(0)},0,Y,0", f"{on(720)},{on(540)},0,Y,0"]
    row = only(tmp_path, scans=scans, followup_end=800)
    assert (row["clean_to_d"], row["mri_active_by_d"]) == (180, inf)
    assert row["scanned_d"] == 360


def test_a_day_covered_by_two_comparisons_is_counted_once(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(180)},{on(0)},2,Y,0", f"{on(360)},{on(0)},3,Y,0"]
    row = only(tmp_path, scans=scans)
    assert (row["lesions"], row["scanned_d"]) == (2, 180)


def test_enhancing_lesions_on_the_baseline_scan_are_no_activity_and_later_ones_are(tmp_path: Path) -> None:
    assert (
        only(tmp_path / "a", scans=[f"{on(5)},,0,Y,4", f"{on(365)},{on(5)},0,Y,0"])["mri_active_by_d"] == inf
    )
    row = only(tmp_path / "b", scans=[f"{on(5)},,0,Y,0", f"{on(200)},,,Y,1"])
    assert row["mri_active_by_d"] == 200


def test_who_was_not_scanned_or_not_watched_has_no_count(tmp_path: Path) -> None:
    row = only(tmp_path / "a", scans=[f"{on(0)},,0,Y,0"])
    assert row["lesions"] is None
    assert row["clean_to_d"] is None
    assert row["mri_why"] == "no comparison of scans from the baseline on"
    bare = cohort(tmp_path / "b", visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P1,{on(300)},2"])
    row = outcomes_by_patient(histories(bare)).to_dicts()[0]
    assert row["relapses"] is None
    assert row["relapse_why"] == "the cohort has no relapse table"
    assert row["mri_why"] == "the cohort has no mri table"


@pytest.mark.parametrize(("rule", "active_by"), [(FROM_START, 120.0), (REBASELINED, inf)])
def test_rebaselining_forgives_lesions_of_the_first_months(
    tmp_path: Path, rule: object, active_by: float
) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(120)},{on(0)},2,Y,0", f"{on(480)},{on(120)},0,Y,0"]
    people = histories(one_patient(tmp_path, scans=scans, followup_end=500))
    row = outcomes_by_patient(people, rule).to_dicts()[0]  # type: ignore[arg-type]
    assert row["mri_active_by_d"] == active_by
    assert rule.name in rule.describe()  # type: ignore[attr-defined]
