"""Every rule in its list: a case that fires and a near miss that does not, both read as a user's files are."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cohort.cohorts import AS_OF, cohort, on
from tests.shared import ROOT
from wearoff.cohort.quality import check_quality, load_quality_rule, quality_rule_names
from wearoff.cohort.quality.report import CHECKS
from wearoff.cohort.records import Cohort, read_cohort
from wearoff.errors import UnknownNameError
from wearoff.sources import Mark, figure

Tables = dict[str, list[str]]
SYSTEMS = "fs_visual,fs_brainstem,fs_pyramidal,fs_cerebellar,fs_sensory,fs_bowel_bladder,fs_cerebral"


def infusions(*days: float, more: str = "", cells: str = "") -> list[str]:
    """The table infusion of patient P with one row for each day, a time of day for a fraction."""
    return [f"patient_id,start_time{more}", *(f"P,{moment(day)}{cells}" for day in days)]


def moment(day: float) -> str:
    """The date of a whole day, or the time in UTC of a fraction."""
    hours = round(24 * (day % 1), 6)
    minutes = round(60 * (hours % 1))
    return on(int(day)) if day == int(day) else f"{on(int(day))}T{int(hours):02d}:{minutes:02d}+00:00"


def levels(*pairs: tuple[float, str], below: str = "") -> list[str]:
    """The table measurement of patient P with levels in mg/L."""
    rows = [
        f"P,{moment(day)},natalizumab_conc,{value},mg/L,{'0.5' if below else ''},{below}"
        for day, value in pairs
    ]
    return ["patient_id,time,analyte,value,unit,lloq,below_lloq", *rows]


def visits(*pairs: tuple[int, str]) -> list[str]:
    return ["patient_id,date,edss", *(f"P,{on(day)},{edss}" for day, edss in pairs)]


def scored(edss: str, systems: str, walking: str = "0") -> list[str]:
    return [f"patient_id,date,edss,{SYSTEMS},ambulation_score", f"P,{on(0)},{edss},{systems},{walking}"]


def weights(*pairs: tuple[int, str]) -> list[str]:
    return ["patient_id,start_time,weight_kg", *(f"P,{on(day)},{weight}" for day, weight in pairs)]


def scans(*rows: str) -> list[str]:
    return ["patient_id,date,region,new_t2", *rows]


FOLLOWED = ["patient_id,followup_start,followup_end,end_reason", f"P,{on(0)},{on(800)},moved"]
DIED = ["patient_id,followup_start,followup_end,end_reason", f"P,{on(0)},{on(100)},Death (accident)"]
TALL = ["patient_id,height_cm", "P,180"]

# rule, tables that fire, the (table, row) found, tables that nearly do
CASES: list[tuple[str, Tables, set[tuple[str, int]], Tables]] = [
    (
        "infusion_gap",
        {"infusion": infusions(0, 28, 113)},
        {("infusion", 4)},
        {"infusion": infusions(0, 28, 112)},
    ),
    ("infusion_too_soon", {"infusion": infusions(0, 20)}, {("infusion", 3)}, {"infusion": infusions(0, 21)}),
    (
        "infusion_order",
        {"infusion": infusions(0, 28, 56, 84, 70, 112, 140)},
        {("infusion", 6)},
        {"infusion": infusions(140, 112, 84, 56, 28, 0)},
    ),
    (
        "infusion_far_from_plan",
        {"infusion": ["patient_id,start_time,planned_date", f"P,{on(40)},{on(11)}"]},
        {("infusion", 2)},
        {"infusion": ["patient_id,start_time,planned_date", f"P,{on(40)},{on(12)}"]},
    ),
    (
        "dose_unusual",
        {"infusion": infusions(0, more=",dose_mg", cells=",30")},
        {("infusion", 2)},
        {"infusion": infusions(0, more=",dose_mg", cells=",300.0")},
    ),
    (
        "visit_gap",
        {"patient": FOLLOWED, "visit": visits((0, "2"), (401, "2"), (799, "2"))},
        {("visit", 3)},
        {"patient": FOLLOWED, "visit": visits((0, "2"), (400, "2"), (800, "2"))},
    ),
    (
        "visit_gap",
        {"patient": FOLLOWED, "visit": visits((350, "2"), (399, "2"))},
        {("visit", 3)},
        {"patient": FOLLOWED, "visit": visits((350, "2"), (400, "2"))},
    ),
    (
        "visit_gap",
        {"patient": [*FOLLOWED, f"Q,{on(0)},{on(401)},"], "visit": visits((400, "2"), (800, "2"))},
        {("patient", 3)},
        {"patient": [*FOLLOWED, f"Q,{on(0)},{on(400)},"], "visit": visits((400, "2"), (800, "2"))},
    ),
    (
        "scan_gap",
        {"mri": scans(f"P,{on(0)},brain,0", f"P,{on(549)},brain,0")},
        {("mri", 3)},
        {"mri": scans(f"P,{on(0)},brain,0", f"P,{on(548)},brain,0")},
    ),
    (
        "after_death",
        {"patient": DIED, "visit": visits((100, "4"), (101, "4")), "infusion": infusions(130)},
        {("visit", 3), ("infusion", 2)},
        {"patient": DIED, "visit": visits((90, "4"), (100, "4")), "infusion": infusions(100)},
    ),
    (
        "after_death",
        {
            "event": ["patient_id,start_date,kind", f"P,{on(50)},died at home"],
            "score": ["patient_id,date,instrument,value", f"P,{on(51)},SDMT,50"],
        },
        {("score", 2)},
        {
            "event": ["patient_id,start_date,kind", f"P,{on(50)},deadlock"],
            "score": ["patient_id,date,instrument,value", f"P,{on(51)},SDMT,50"],
        },
    ),
    (
        "after_death",
        {"visit": visits((0, "9.5"), (30, "10"), (60, "9.5"))},
        {("visit", 4)},
        {"visit": visits((0, "9.5"), (30, "9.5"), (60, "10"))},
    ),
    (
        "same_day_duplicate",
        {"measurement": levels((10, "30"), (10, "31"))},
        {("measurement", 3)},
        {"measurement": levels((10.25, "30"), (10.5, "90"))},
    ),
    (
        "same_day_duplicate",
        {"score": ["patient_id,date,instrument,value", f"P,{on(0)},SDMT,50", f"P,{on(0)},sdmt,51"]},
        {("score", 3)},
        {"score": ["patient_id,date,instrument,value", f"P,{on(0)},SDMT,50", f"P,{on(1)},sdmt,51"]},
    ),
    (
        "same_day_duplicate",
        {"mri": scans(f"P,{on(0)},brain,0", f"P,{on(0)},brain_and_spine,1")},
        {("mri", 3)},
        {"mri": scans(f"P,{on(0)},brain,0", f"P,{on(0)},spine,1")},
    ),
    (
        "diary_overlap",
        {"diary": ["patient_id,week_ending,severity_0_10", f"P,{on(7)},1", f"P,{on(13)},2"]},
        {("diary", 3)},
        {"diary": ["patient_id,week_ending,severity_0_10", f"P,{on(7)},1", f"P,{on(14)},2"]},
    ),
    ("refused_on_reading", {"visit": visits((0, "2.3"))}, {("visit", 2)}, {"visit": visits((0, "2.5"))}),
    (
        "edss_jump",
        {
            "visit": visits((0, "2"), (182, "5"), (364, "5")),
            "relapse": ["patient_id,onset_date", f"P,{on(183)}"],
        },
        {("visit", 3)},
        {
            "visit": visits((0, "2"), (182, "5"), (364, "5")),
            "relapse": ["patient_id,onset_date", f"P,{on(182)}"],
        },
    ),
    (
        "edss_jump",
        {"visit": visits((0, "2"), (200, "5"))},
        {("visit", 3)},
        {"visit": visits((0, "2"), (201, "5"))},
    ),
    (
        "edss_jump",
        {"visit": visits((0, "5"), (90, "2"))},
        {("visit", 3)},
        {"visit": visits((0, "5"), (90, "2.5"))},
    ),
    (
        "edss_spike",
        {"visit": visits((0, "2"), (182, "4"), (364, "2"))},
        {("visit", 3)},
        {"visit": visits((0, "2"), (182, "4"), (364, "3.5"))},
    ),
    (
        "edss_spike",
        {"visit": visits((0, "5"), (182, "3"), (364, "4.5"), (500, "6.5"))},
        set(),
        {"visit": visits((0, "5"), (182, "3.5"), (364, "5"))},
    ),
    (
        "edss_spike",
        {"visit": visits((0, "5"), (182, "3"), (364, "5"))},
        {("visit", 3)},
        {"visit": visits((0, "5"), (182, "3"))},
    ),
    (
        "edss_below_systems",
        {"visit": scored("2", "0,2,2,0,0,0,0")},
        {("visit", 2)},
        {"visit": scored("2.5", "0,2,2,0,0,0,0")},
    ),
    (
        "edss_below_systems",
        {"visit": scored("1.5", "0,2,,0,0,0,0", "")},
        {("visit", 2)},
        {"visit": scored("2", "0,2,,0,0,0,0", "")},
    ),
    (
        "edss_below_systems",
        {"visit": scored("5.0", "0,0,0,0,0,0,0", "5")},
        {("visit", 2)},
        {"visit": scored("5.5", "0,0,0,0,0,0,0", "5")},
    ),
    (
        "edss_above_systems",
        {"visit": scored("3", "0,2,2,0,0,0,0")},
        {("visit", 2)},
        {"visit": scored("2.5", "0,2,2,0,0,0,0")},
    ),
    (
        "edss_above_systems",
        {"visit": scored("3", "0,2,2,0,0,0,0", "")},
        {("visit", 2)},
        {"visit": scored("4.5", "0,2,2,0,0,0,0", "")},
    ),
    (
        "edss_above_systems",
        {"visit": scored("7", "0,2,2,0,0,0,0", "5")},
        {("visit", 2)},
        {"visit": scored("6.5", "0,2,2,0,0,0,0", "5")},
    ),
    (
        "edss_above_systems",
        {"visit": scored("3", "0,2,2,0,0,0,0")},
        {("visit", 2)},
        {"visit": scored("3", "0,2,2,0,0,0,", "0")},
    ),
    (
        "weight_jump",
        {"infusion": weights((0, "80"), (28, "92.5"))},
        {("infusion", 3)},
        {"infusion": weights((0, "80"), (28, "92"))},
    ),
    (
        "weight_jump",
        {"infusion": weights((0, "80"), (90, "60"))},
        {("infusion", 3)},
        {"infusion": weights((0, "80"), (91, "60"))},
    ),
    (
        "weight_jump",
        {"infusion": weights((0, "80"), (28, "200"))},
        {("infusion", 3)},
        {"infusion": weights((0, "80"), (28, "176"))},
    ),
    (
        "weight_in_pounds",
        {"infusion": weights((0, "80"), (28, "81"), (56, "177"), (84, "80"))},
        {("infusion", 4)},
        {"infusion": weights((0, "80"), (28, "81"), (56, "120"), (84, "80"))},
    ),
    (
        "weight_in_pounds",
        {"infusion": weights((0, "70"), (28, "154"))},
        {("infusion", 3)},
        {"infusion": weights((0, "70"), (28, "140"))},
    ),
    (
        "weight_in_pounds",
        {"infusion": weights((0, "176"), (28, "80"), (56, "177"))},
        {("infusion", 3)},
        {"infusion": weights((0, "176"), (28, "90"), (56, "177"))},
    ),
    (
        "weight_in_pounds",
        {"patient": TALL, "infusion": weights((0, "195"))},
        {("infusion", 2)},
        {"patient": TALL, "infusion": weights((0, "194"))},
    ),
    (
        "level_thousandfold",
        {"infusion": infusions(0, 28, 56), "measurement": levels((28.25, "30"), (55, "25"), (84, "0.03"))},
        {("measurement", 4)},
        {"infusion": infusions(0, 28, 56), "measurement": levels((28.25, "30"), (55, "25"), (84, "0.3"))},
    ),
    (
        "level_thousandfold",
        {"infusion": infusions(0), "measurement": levels((28, "0.029"))},
        {("measurement", 2)},
        {"infusion": infusions(0), "measurement": levels((43, "0.029"))},
    ),
    (
        "occupancy_hundredth",
        {
            "infusion": infusions(0),
            "measurement": ["patient_id,time,analyte,value,unit", f"P,{on(28)},receptor_occupancy,0.85,%"],
        },
        {("measurement", 2)},
        {
            "infusion": infusions(0),
            "measurement": [
                "patient_id,time,analyte,value,unit",
                f"P,{on(28)},receptor_occupancy,0.85,fraction",
            ],
        },
    ),
    (
        "level_jump",
        {"infusion": infusions(0, 28), "measurement": levels((27, "40"), (55, "8"))},
        {("measurement", 3)},
        {"infusion": infusions(0, 28), "measurement": levels((27, "40"), (55, "8.1"))},
    ),
    (
        "level_jump",
        {"infusion": infusions(0, 28), "measurement": levels((27, "8"), (52, "40"))},
        {("measurement", 3)},
        {"infusion": infusions(0, 28), "measurement": levels((27, "8"), (51, "40"))},
    ),
    (
        "level_too_high_for_day",
        {"infusion": infusions(0), "measurement": levels((28, "101"))},
        {("measurement", 2)},
        {"infusion": infusions(0), "measurement": levels((28, "99"))},
    ),
    (
        "level_too_high_for_day",
        {"infusion": infusions(0), "measurement": levels((300, "1.1"))},
        {("measurement", 2)},
        {"infusion": infusions(0, 300), "measurement": levels((300, "110"))},
    ),
    (
        "level_too_low_for_day",
        {"infusion": infusions(0.25), "measurement": levels((0.75, "20"))},
        {("measurement", 2)},
        {"infusion": infusions(0), "measurement": levels((0.75, "20"))},
    ),
    (
        "level_too_low_for_day",
        {"infusion": infusions(0.25), "measurement": levels((10, "0.5"), below="Y")},
        {("measurement", 2)},
        {"infusion": infusions(0.25), "measurement": levels((15, "0.5"), below="Y")},
    ),
    (
        "level_too_low_for_day",
        {"infusion": infusions(0.25, more=",route", cells=",IV"), "measurement": levels((1.25, "20"))},
        {("measurement", 2)},
        {"infusion": infusions(0.25, more=",route", cells=",SC"), "measurement": levels((1.25, "20"))},
    ),
    (
        "level_before_first_infusion",
        {"infusion": infusions(10), "measurement": levels((9, "20"))},
        {("measurement", 2)},
        {"infusion": infusions(10), "measurement": levels((10, "20"))},
    ),
]


def found_by(rule: str, records: Cohort) -> set[tuple[str, int]]:
    """Table and row of every finding of one rule."""
    report = check_quality(records, [load_quality_rule(rule)])
    return set(report.findings.select("table", "row").iter_rows())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_rule_fires_on_its_case_and_not_on_a_near_miss(tmp_path: Path, case: Any) -> None:
    rule, fires, rows, near = case
    assert found_by(rule, cohort(tmp_path / "fires", **fires)) == rows
    assert found_by(rule, cohort(tmp_path / "near", **near)) == set()


def test_every_rule_has_a_check_and_a_case() -> None:
    assert set(CHECKS) == set(quality_rule_names())
    assert {case[0] for case in CASES} == set(quality_rule_names())


@pytest.mark.parametrize("name", quality_rule_names())
def test_every_limit_has_a_unit_a_source_and_a_mark(name: str) -> None:
    rule = load_quality_rule(name)
    assert rule.check.endswith((".", "?"))
    assert all(limit.unit and limit.source for limit in rule.limits)
    assert all(f"{limit.value:g} {limit.unit} ({limit.mark}" in rule.describe() for limit in rule.limits)


@pytest.mark.parametrize("name", quality_rule_names())
def test_what_is_absent_is_not_checked_and_not_called_clean(tmp_path: Path, name: str) -> None:
    records = cohort(tmp_path, patient=["patient_id", "P"])
    (count,) = check_quality(records, [load_quality_rule(name)]).counts.to_dicts()
    if name == "refused_on_reading":
        assert count["state"] == "checked"
    else:
        assert (count["state"], count["findings"]) == ("not checked", 0)
        assert count["why"].startswith("no ")


def test_a_finding_names_file_row_patient_rule_what_was_seen_and_what_to_check(tmp_path: Path) -> None:
    records = cohort(tmp_path, infusion=infusions(0, 28, 113))
    (finding,) = check_quality(records, [load_quality_rule("infusion_gap")]).findings.to_dicts()
    assert finding == {
        "rule": "infusion_gap",
        "table": "infusion",
        "file": "infusion.csv",
        "row": 4,
        "other_row": 3,
        "patient_id": "P",
        "date": dt.date.fromisoformat(on(113)),
        "seen": f"85 days after {on(28)}",
        "check": load_quality_rule("infusion_gap").check,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_every_finding_says_what_was_seen_in_words_without_a_gap(tmp_path: Path, case: Any) -> None:
    report = check_quality(cohort(tmp_path, **case[1]))
    assert report.findings.height >= len(case[2])
    assert report.findings["seen"].null_count() == 0
    assert report.findings["row"].null_count() == 0
    assert not report.findings["seen"].str.contains("null|NaN").any()
    assert report.counts["findings"].sum() == report.findings.height


def test_a_report_changes_no_record(tmp_path: Path) -> None:
    tables: Tables = {}
    for _, fires, _, _ in CASES:
        for name, lines in fires.items():
            tables.setdefault(name, lines)
    records = cohort(tmp_path, **tables)
    before = {name: frame.clone() for name, frame in records.tables.items()}
    report = check_quality(records)
    assert report.findings.height > 5
    assert all(frame.equals(before[name]) for name, frame in records.tables.items())


def test_the_simulated_cohort_shows_three_patients_without_a_scan_for_a_year_and_a_half() -> None:
    """Of its scans one in twenty was left out; nothing else in it is odd, and no functional system was scored."""
    records = read_cohort(ROOT / "examples" / "simulated_cohort", as_of=AS_OF)
    report = check_quality(records)
    seen = report.findings.filter(pl.col("rule") == "scan_gap")
    assert seen["patient_id"].to_list() == ["S14", "S17", "S23"]
    assert seen["seen"].to_list()[0] == "748 days after 2021-05-02"
    assert report.findings.height == 3
    not_checked = report.counts.filter(pl.col("state") == "not checked")["rule"].to_list()
    assert not_checked == [
        "infusion_far_from_plan",
        "after_death",
        "edss_below_systems",
        "edss_above_systems",
    ]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(8)))
def test_the_order_of_rows_changes_no_finding_of_the_other_rules(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    rows = [
        f"P,{moment(day)},{weight},300"
        for day, weight in zip(
            (0, 28, 40, 68, 160, 188, 216, 244),
            ["80", "81", "80", "178", "80", "60", "61", "61"],
            strict=True,
        )
    ]
    header = "patient_id,start_time,weight_kg,dose_mg"

    def findings(rows: list[str]) -> list[tuple[Any, ...]]:
        folder = tmp_path_factory.mktemp("order")
        report = check_quality(cohort(folder, infusion=[header, *rows]))
        kept = report.findings.filter(pl.col("rule") != "infusion_order")
        return sorted(kept.select("rule", "patient_id", "date", "seen").iter_rows())

    assert findings(rows) == findings([rows[place] for place in order])
    assert len(findings(rows)) >= 3


def test_a_limit_of_ones_own_stands_in_the_name_of_the_rule(tmp_path: Path) -> None:
    rule = load_quality_rule("infusion_gap").with_limits(longest_d=60)
    assert rule.name == "infusion_gap[longest_d=60]"
    assert rule.limits[0].mark is Mark.ASSUMED
    report = check_quality(cohort(tmp_path, infusion=infusions(0, 61)), [rule])
    assert report.findings["rule"].to_list() == [rule.name]
    assert load_quality_rule("infusion_gap").with_limits(longest_d=84).name == "infusion_gap"
    with pytest.raises(UnknownNameError, match="longest_d"):
        rule.with_limits(longest=1)


def test_an_unknown_rule_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="infusion_gap"):
        load_quality_rule("gap")


def test_the_derived_limits_of_levels_follow_from_their_figures() -> None:
    peak, sd = figure("P032").number, float(figure("P032").spread)
    assert peak is not None
    assert load_quality_rule("level_too_high_for_day")["day_0"] == peak + 5 * sd
    volume = figure("P002").number * (150 / 75) ** figure("P008").number + figure("P003").number  # type: ignore[operator]
    lowest = 300 / volume * (1 - 2 * figure("P012").number / 100)  # type: ignore[operator]
    assert math.isclose(load_quality_rule("level_too_low_for_day")["day_1"], lowest, abs_tol=0.5)
    assert load_quality_rule("level_thousandfold")["usual_mg_per_l"] == figure("P034").number
