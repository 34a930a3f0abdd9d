"""The boundary cases of NEDA-3, each from CSV text to the state that is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cohort.cohorts import cohort, on, one_patient
from tests.shared import ROOT
from wearoff.cohort.neda import (
    NedaRule,
    Window,
    count_components,
    kept_windows,
    load_rule,
    rule_names,
    score_neda,
    summarise_neda,
    yearly_windows,
)
from wearoff.cohort.records import Cohort, read_cohort

RULE = load_rule("neda3_12w")


def year_one(records: Cohort, rule: NedaRule = RULE) -> dict[str, Any]:
    rows = score_neda(records, rule, kept_windows(1)).to_dicts()
    assert len(rows) == 1
    return rows[0]


def test_a_patient_watched_for_a_year_without_activity_has_neda(tmp_path: Path) -> None:
    row = year_one(one_patient(tmp_path))
    assert (row["relapse"], row["worsening"], row["mri"], row["neda"]) == ("none", "none", "none", "neda")


def test_a_single_visit_with_clean_scans_is_unknown(tmp_path: Path) -> None:
    row = year_one(one_patient(tmp_path, edss="0:2"))
    assert (row["worsening"], row["mri"], row["neda"]) == ("unknown", "none", "unknown")


def test_a_worsening_at_the_last_visit_is_unconfirmed_and_unknown(tmp_path: Path) -> None:
    row = year_one(one_patient(tmp_path, edss="0:2 182:2 366:4"))
    assert (row["worsening"], row["neda"]) == ("unknown", "unknown")
    assert "unconfirmed" in row["worsening_reason"]


def test_new_t2_lesions_without_gadolinium_are_active(tmp_path: Path) -> None:
    row = year_one(one_patient(tmp_path, scans=[f"{on(0)},,0,N,", f"{on(365)},{on(0)},3,N,"]))
    assert (row["mri"], row["neda"]) == ("active", "active")
    alone = year_one(one_patient(tmp_path / "alone", scans=[f"{on(300)},,3,N,"]))
    assert alone["mri"] == "active"


@pytest.mark.parametrize("day", [360, 375, 320, 425])
def test_a_visit_and_scan_near_the_end_close_the_year(tmp_path: Path, day: int) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(day)},{on(0)},0,Y,0"]
    row = year_one(one_patient(tmp_path, edss=f"0:2 {day}:2", scans=scans, followup_end=max(day, 365)))
    assert row["neda"] == "neda"


@pytest.mark.parametrize("day", [319, 426])
def test_a_visit_and_scan_outside_the_tolerance_do_not(tmp_path: Path, day: int) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(day)},{on(0)},0,Y,0"]
    row = year_one(one_patient(tmp_path, edss=f"0:2 {day}:2", scans=scans, followup_end=500))
    assert (row["worsening"], row["mri"], row["neda"]) == ("unknown", "unknown", "unknown")


def test_the_tolerance_is_a_parameter(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(375)},{on(0)},0,Y,0"]
    records = one_patient(tmp_path, edss="0:2 375:2", scans=scans)
    assert year_one(records)["neda"] == "neda"
    assert year_one(records, RULE.with_settings(closes_late_days=9))["neda"] == "unknown"


def test_a_patient_without_edss_stays_in_the_table_and_the_counts(tmp_path: Path) -> None:
    records = cohort(
        tmp_path,
        patient=["patient_id,followup_start,followup_end", f"P1,{on(0)},{on(365)}", f"P2,{on(0)},{on(365)}"],
        visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P1,{on(365)},2", f"P2,{on(0)},"],
        mri=["patient_id,date,new_t2", *(f"{p},{on(d)},0" for p in ("P1", "P2") for d in (0, 365))],
        relapse=["patient_id,onset_date"],
    )
    scores = score_neda(records, RULE, kept_windows(1))
    assert scores["patient_id"].to_list() == ["P1", "P2"]
    assert scores["neda"].to_list() == ["neda", "unknown"]
    summary = summarise_neda(scores).to_dicts()[0]
    assert (summary["patients"], summary["neda"], summary["active"], summary["unknown"]) == (2, 1, 0, 1)
    assert summary["share_if_unknown_active"] == 0.5
    assert summary["share_if_unknown_none"] == 1.0


def test_a_relapse_is_activity_but_does_not_lengthen_observation(tmp_path: Path) -> None:
    records = one_patient(tmp_path, edss="0:2 180:2", relapses=[f"{on(500)},N,Y,72"], followup_end=None)
    first, second = score_neda(records, RULE, yearly_windows(2)).to_dicts()
    assert first["observed_to_day"] == 180
    assert first["relapse"] == "unknown"
    assert second["relapse"] == "active"


def test_after_rebaselining_a_scan_compared_with_day_0_is_unknown(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(180)},{on(0)},0,Y,0", f"{on(200)},{on(0)},2,Y,0"]
    records = one_patient(tmp_path, scans=scans)
    assert year_one(records)["mri"] == "active"
    rebaselined = year_one(records, RULE.with_settings(mri_rebaseline_day=180))
    assert rebaselined["mri"] == "unknown"
    assert "against day 0" in rebaselined["mri_reason"]
    without = one_patient(tmp_path / "b", scans=[f"{on(0)},,0,Y,0", f"{on(200)},{on(0)},2,Y,0"])
    assert year_one(without, RULE.with_settings(mri_rebaseline_day=180))["mri"] == "unknown"


def test_after_rebaselining_a_scan_compared_with_the_new_baseline_counts(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(180)},{on(0)},4,Y,0", f"{on(365)},{on(180)},0,Y,0"]
    records = one_patient(tmp_path, scans=scans)
    assert year_one(records)["mri"] == "active"
    assert year_one(records, RULE.with_settings(mri_rebaseline_day=180))["mri"] == "none"


def test_a_gap_between_comparisons_is_unknown(tmp_path: Path) -> None:
    scans = [f"{on(0)},,0,Y,0", f"{on(365)},{on(200)},0,Y,0"]
    assert year_one(one_patient(tmp_path, scans=scans))["mri"] == "unknown"


def test_enhancing_lesions_are_active_and_gadolinium_alone_does_not_clear_t2(tmp_path: Path) -> None:
    active = one_patient(tmp_path, scans=[f"{on(0)},,0,Y,0", f"{on(365)},{on(0)},,Y,1"])
    assert year_one(active)["mri"] == "active"
    no_t2 = one_patient(tmp_path / "b", scans=[f"{on(0)},,0,Y,0", f"{on(365)},{on(0)},,Y,0"])
    assert year_one(no_t2)["mri"] == "unknown"


def test_an_enhancing_lesion_is_activity_whatever_the_scan_was_compared_with(tmp_path: Path) -> None:
    old = one_patient(tmp_path, scans=[f"{on(300)},{on(-200)},0,Y,2"])
    assert year_one(old)["mri"] == "active"
    baseline = one_patient(tmp_path / "b", scans=[f"{on(10)},,0,Y,2", f"{on(365)},{on(10)},0,Y,0"])
    assert year_one(baseline)["mri"] == "none"


@pytest.mark.parametrize(
    ("details", "state"),
    [
        ("N,Y,72", "active"),
        (",,", "active"),
        ("Y,Y,72", "none"),
        ("N,N,72", "none"),
        ("N,Y,12", "none"),
        ("U,Y,72", "unknown"),
        ("N,U,72", "unknown"),
    ],
)
def test_fever_sign_and_duration_decide_whether_a_report_is_a_relapse(
    tmp_path: Path, details: str, state: str
) -> None:
    assert year_one(one_patient(tmp_path, relapses=[f"{on(100)},{details}"]))["relapse"] == state


def test_a_visit_soon_after_a_relapse_is_no_baseline(tmp_path: Path) -> None:
    records = one_patient(tmp_path, edss="0:4 60:2 200:3.5 365:3.5", relapses=[f"{on(-10)},N,Y,72"])
    row = year_one(records)
    assert row["worsening"] == "active"
    assert row["worsening_reason"] == "EDSS 2 to 3.5 on day 200, confirmed on day 365"


def test_a_refused_record_makes_a_quiet_component_unknown_and_leaves_an_active_one(tmp_path: Path) -> None:
    refused_relapse = one_patient(tmp_path, relapses=["13.03.2020,N,Y,72"])
    row = year_one(refused_relapse)
    assert (row["relapse"], row["neda"]) == ("unknown", "unknown")
    both = one_patient(tmp_path / "b", relapses=["13.03.2020,N,Y,72", f"{on(50)},N,Y,72"])
    assert year_one(both)["relapse"] == "active"


def test_a_cohort_without_a_table_cannot_say_that_nothing_happened(tmp_path: Path) -> None:
    records = cohort(tmp_path, visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P1,{on(365)},2"])
    row = year_one(records)
    assert (row["relapse"], row["worsening"], row["mri"]) == ("unknown", "none", "unknown")
    assert row["day_zero_from"] == "first visit or scan"


def test_a_patient_of_whom_only_the_end_of_follow_up_is_known_is_unknown(tmp_path: Path) -> None:
    row = year_one(cohort(tmp_path, patient=["patient_id,followup_end", f"P1,{on(365)}"]))
    assert row["neda"] == "unknown"
    assert row["relapse_reason"] == "nothing dated is recorded"
    assert (row["day_zero_from"], row["observed_to_day"]) == ("none", None)


def test_each_year_is_judged_on_its_own_and_kept_windows_remember(tmp_path: Path) -> None:
    scans = [f"{on(d)},{on(r)},{n},Y,0" for d, r, n in [(0, 0, 0), (365, 0, 2), (730, 365, 0)]]
    records = one_patient(tmp_path, edss="0:2 365:2 730:2", scans=scans, followup_end=730)
    assert score_neda(records, RULE, yearly_windows(2))["neda"].to_list() == ["active", "neda"]
    assert score_neda(records, RULE, kept_windows(2))["neda"].to_list() == ["active", "active"]


def test_counts_and_summary_add_up_over_states(tmp_path: Path) -> None:
    scores = score_neda(one_patient(tmp_path), RULE, [*yearly_windows(2), Window("other", 100, 200)])
    counts = count_components(scores)
    assert (
        counts.group_by("window", "component").agg(pl.col("patients").sum())["patients"].to_list() == [1] * 12
    )
    summary = summarise_neda(scores)
    assert (summary["neda"] + summary["active"] + summary["unknown"]).to_list() == [1, 1, 1]


# NEDA-4, clinical NEDA, re-baselining

NEDA4 = load_rule("neda4_12w")


def with_volume(folder: Path, *scans: tuple[int, int | str, str, str]) -> Cohort:
    """P1, quiet but for scans of (day, reference day, change of volume, region)."""
    rows = [
        f"P1,{on(day)},{on(since) if isinstance(since, int) else since},{region},0,0,{change}"
        for day, since, change, region in scans
    ]
    return cohort(
        folder,
        patient=["patient_id,followup_start,followup_end", f"P1,{on(0)},{on(1100)}"],
        visit=["patient_id,date,edss", *(f"P1,{on(d)},2" for d in (0, 180, 365, 730, 1096))],
        relapse=["patient_id,onset_date"],
        mri=["patient_id,date,reference_date,region,new_t2,gd_lesions,pbvc_pct", *rows],
    )


@pytest.mark.parametrize(
    ("change", "state"), [("-0.39", "none"), ("-0.4", "none"), ("-0.41", "active"), ("0.2", "none")]
)
def test_neda_4_allows_a_mean_loss_of_0_4_percent_a_year(tmp_path: Path, change: str, state: str) -> None:
    records = with_volume(tmp_path, (0, "", "", "brain"), (365, 0, change, "brain"))
    row = year_one(records, NEDA4)
    assert (row["mri"], row["brain_volume"]) == ("none", state)
    assert row["neda"] == ("neda" if state == "none" else "active")
    assert row["brain_volume_reason"] == f"brain volume {float(change):g} % a year from day 0 to day 365"


def test_a_year_between_two_scans_against_one_reference_is_their_ratio(tmp_path: Path) -> None:
    records = with_volume(
        tmp_path, (0, "", "", "brain"), (365, 0, "-0.2", "brain"), (730, 0, "-1.0", "brain")
    )
    first, second = score_neda(records, NEDA4, yearly_windows(2)).to_dicts()
    assert first["brain_volume_reason"] == "brain volume -0.2 % a year from day 0 to day 365"
    # (1 - 0.010) / (1 - 0.002) = 1 - 0.00802
    assert second["brain_volume_reason"] == "brain volume -0.8 % a year from day 365 to day 730"
    (kept,) = score_neda(records, NEDA4, kept_windows(2)[1:]).to_dicts()
    assert kept["brain_volume_reason"] == "brain volume -0.5 % a year from day 0 to day 730"


def test_changes_that_follow_each_other_are_multiplied(tmp_path: Path) -> None:
    records = with_volume(
        tmp_path, (0, "", "", "brain"), (365, 0, "-0.3", "brain"), (730, 365, "-0.7", "brain")
    )
    (kept,) = score_neda(records, NEDA4, kept_windows(2)[1:]).to_dicts()
    assert kept["brain_volume_reason"] == "brain volume -0.5 % a year from day 0 to day 730"
    assert kept["brain_volume"] == "active"


def test_brain_volume_that_was_not_measured_is_unknown(tmp_path: Path) -> None:
    never = with_volume(tmp_path, (0, "", "", "brain"), (365, 0, "", "brain"))
    row = year_one(never, NEDA4)
    assert (row["mri"], row["brain_volume"], row["neda"]) == ("none", "unknown", "unknown")
    assert row["brain_volume_reason"] == "brain volume was not measured"
    assert year_one(never)["neda"] == "neda"
    spine = with_volume(tmp_path / "b", (0, "", "", "brain"), (365, 0, "-0.9", "spine"))
    assert year_one(spine, NEDA4)["brain_volume"] == "unknown"
    early = with_volume(
        tmp_path / "c", (0, "", "", "brain"), (180, 0, "-0.9", "brain"), (365, 180, "", "brain")
    )
    assert "both ends" in year_one(early, NEDA4)["brain_volume_reason"]


def test_after_rebaselining_what_came_before_does_not_count(tmp_path: Path) -> None:
    rule = load_rule("neda3_24w_rebaselined")
    records = one_patient(
        tmp_path,
        edss="0:2 90:4 180:4 365:4",
        relapses=[f"{on(100)},N,Y,72"],
        scans=[f"{on(0)},,0,Y,0", f"{on(168)},{on(0)},3,Y,0", f"{on(365)},{on(168)},0,Y,0"],
    )
    row = year_one(records, rule)
    assert (row["relapse"], row["worsening"], row["mri"], row["neda"]) == ("none", "none", "none", "neda")
    assert year_one(records, load_rule("neda3_24w_guarded"))["neda"] == "active"
    early = score_neda(records, rule, [Window("first months", 0, 120)]).to_dicts()[0]
    assert early["neda"] == "unknown"
    assert "before activity counts (day 168)" in early["relapse_reason"]


def test_merged_reports_count_in_the_year_of_the_first(tmp_path: Path) -> None:
    records = one_patient(
        tmp_path,
        edss="0:2 365:2 730:2",
        relapses=[f"{on(360)},N,Y,72", f"{on(380)},N,Y,72"],
        followup_end=730,
    )
    apart = score_neda(records, RULE, yearly_windows(2))["relapse"].to_list()
    merged = score_neda(records, load_rule("neda3_12w_guarded"), yearly_windows(2))["relapse"].to_list()
    assert (apart, merged) == (["active", "active"], ["active", "none"])


def test_counts_name_the_neda_of_the_rule(tmp_path: Path) -> None:
    records = one_patient(tmp_path)
    for rule, kind in (("neda3_12w", "NEDA-3"), ("neda4_12w", "NEDA-4"), ("clinical_12w", "clinical NEDA")):
        counts = count_components(score_neda(records, load_rule(rule), kept_windows(1)))
        assert counts["component"].to_list()[-1] == kind
        assert counts["component"].n_unique() == len(load_rule(rule).components) + 1


@pytest.mark.parametrize("name", rule_names())
def test_shuffling_rows_and_shifting_dates_changes_nothing(name: str) -> None:
    records = read_cohort(ROOT / "examples" / "simulated_cohort", as_of=date(2026, 1, 1))
    rule = load_rule(name)
    before = score_neda(records, rule, kept_windows(2))
    moved = {
        table: frame.sample(fraction=1, shuffle=True, seed=5).with_columns(
            pl.col(pl.Date, pl.Datetime).dt.offset_by("-1001d")
        )
        for table, frame in records.tables.items()
    }
    after = score_neda(replace(records, **moved), rule, kept_windows(2))
    assert before.height == 80
    assert after.drop("day_zero").equals(before.drop("day_zero"))
    assert (before["day_zero"] - after["day_zero"]).unique().to_list() == [timedelta(days=1001)]
