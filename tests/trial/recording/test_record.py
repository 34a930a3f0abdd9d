"""Tests of `trial/recording/record.py`: the records of virtual patients as a cohort like any other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.shared import ROOT
from tests.trial.truths import protocol, truth, with_failed
from wearoff.cohort.neda import load_rule, read_followup, score_followup
from wearoff.cohort.neda.verdicts import ACTIVE
from wearoff.cohort.neda.windows import Window
from wearoff.cohort.quality import check_quality
from wearoff.cohort.records import Cohort, read_cohort
from wearoff.cohort.records.frames import cohort_of_frames
from wearoff.cohort.records.writers.csv import write_csv
from wearoff.trial.protocol import Recording
from wearoff.trial.recording.record import record

NOTHING_LOST = {
    "edss_sd": 0.0,
    "level_cv": 0.0,
    "level_lloq_mg_per_l": 0.0,
    "occupancy_sd": 0.0,
    "diary_sd": 0.0,
}
EVERY_LOSS = {
    "dropout_per_year": 0.15,
    "missed_visit": 0.1,
    "unscanned": 0.1,
    "no_gadolinium": 0.3,
    "no_edss": 0.1,
    "edss_sd": 0.4,
    "unreported_relapse": 0.2,
    "other_answer": 0.2,
    "level_lloq_mg_per_l": 10.0,
    "occupancy_sd": 0.1,
    "no_sample": 0.2,
    "missing_diary": 0.2,
    "diary_fatigue_per_week": 0.02,
    "missing_weight": 0.3,
}
OFTEN = {
    "visit_every_weeks": 13,
    "mri_every_weeks": 26,
    "question_every_weeks": 26,
    "level_every_weeks": 12,
    "occupancy_every_weeks": 16,
    "diary_weeks": 52,
    "accrual_weeks": 26,
}
PROTOCOLS = {
    "nothing lost": protocol(),
    "everything lost": protocol(recording=EVERY_LOSS, schedule=OFTEN),
    "two arms": protocol(weeks=(4.0, 6.0), schedule=OFTEN, recording={"edss_sd": 0.25}),
    "two years, no contrast, no samples": protocol(
        schedule={
            "followup_weeks": 104,
            "is_with_gadolinium": False,
            "level_every_weeks": None,
            "occupancy_every_weeks": None,
        },
        recording={"dropout_per_year": 0.1},
    ),
    "nobody before entry": protocol(schedule={"before_weeks": 0, "level_every_weeks": None}),
}
IMPOSSIBLE = (
    "infusion_order",
    "infusion_far_from_plan",
    "dose_unusual",
    "after_death",
    "same_day_duplicate",
    "diary_overlap",
    "refused_on_reading",
    "weight_jump",
    "weight_in_pounds",
    "level_thousandfold",
    "occupancy_hundredth",
    "level_too_high_for_day",
    "level_before_first_infusion",
)
"""Rules whose findings no virtual patient should give; a late or a missed assessment may be listed by the others."""

DATED = {
    "infusion": "start_time",
    "measurement": "time",
    "visit": "date",
    "relapse": "onset_date",
    "mri": "date",
    "wearing_off": "date",
    "diary": "week_ending",
    "event": "start_date",
}


def of(cohort: Cohort, replicate: int) -> dict[str, pl.DataFrame]:
    """The tables of one replicate, without the numbers of rows."""
    name = f"r{replicate + 1:06d}-"
    return {
        table: frame.filter(pl.col("patient_id").str.starts_with(name)).drop("row")
        for table, frame in cohort.tables.items()
    }


def same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    """All ten tables are equal."""
    assert one.keys() == other.keys()
    for name in one:
        assert_frame_equal(one[name], other[name], check_exact=True)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_recorded_can_be_written_and_read_again(name: str, tmp_path: Path) -> None:
    asked = PROTOCOLS[name]
    recorded = record(asked, with_failed(truth(asked, replicates=2), [3, 41]))
    write_csv(recorded, tmp_path / "cohort")
    read = read_cohort(tmp_path / "cohort", as_of=recorded.as_of)
    assert read.receipt.refusals.is_empty()
    same(recorded.tables, read.tables)
    assert (read.present, read.timezone, read.label) == (recorded.present, recorded.timezone, recorded.label)
    assert read.is_simulated
    assert recorded.is_simulated
    assert read.patients == recorded.patients
    counts = recorded.receipt.files.select("table", "file", "read", "accepted", "refused")
    assert_frame_equal(counts, read.receipt.files.select(counts.columns))
    assert recorded.receipt.is_balanced


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_record_is_impossible(name: str) -> None:
    asked = PROTOCOLS[name]
    report = check_quality(record(asked, truth(asked, replicates=3)))
    found = dict(report.counts.select("rule", "findings").iter_rows())
    assert {rule: found[rule] for rule in IMPOSSIBLE} == dict.fromkeys(IMPOSSIBLE, 0)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_replicate_is_the_same_alone_and_among_others(name: str) -> None:
    asked = PROTOCOLS[name]
    together = record(asked, truth(asked, first=5, replicates=4))
    for replicate in (5, 7):
        alone = record(asked, truth(asked, first=replicate))
        same(of(alone, replicate), of(together, replicate))


TOUCHED = {
    "missed_visit": {"visit"},
    "no_edss": {"visit"},
    "edss_sd": {"visit"},
    "unscanned": {"mri"},
    "no_gadolinium": {"mri"},
    "unreported_relapse": {"relapse"},
    "other_answer": {"wearing_off"},
    "level_cv": {"measurement"},
    "level_lloq_mg_per_l": {"measurement"},
    "occupancy_sd": {"measurement"},
    "no_sample": {"measurement"},
    "missing_diary": {"diary"},
    "diary_fatigue_per_week": {"diary"},
    "diary_sd": {"diary"},
    "diary_rise": {"diary"},
    "missing_weight": {"infusion"},
}
"""The tables that each setting of what is lost or blurred may change; drop-out touches them all."""


@pytest.mark.parametrize("setting", TOUCHED)
def test_what_is_lost_of_one_thing_changes_no_other(setting: str) -> None:
    losses = EVERY_LOSS | {"level_cv": 0.2}
    less = {**losses, setting: losses.get(setting, 1.0) / 2.0}
    people = truth(PROTOCOLS["everything lost"], relapses_per_year=1.5)
    one, other = (
        record(protocol(recording=recording, schedule=OFTEN), people).tables for recording in (losses, less)
    )
    assert {name for name in one if not one[name].equals(other[name])} == TOUCHED[setting]


def test_whoever_is_not_lost_is_recorded_as_if_nobody_were() -> None:
    people = truth(PROTOCOLS["everything lost"], replicates=5)
    losing = record(PROTOCOLS["everything lost"], people)
    keeping = record(protocol(recording=EVERY_LOSS | {"dropout_per_year": 0.0}, schedule=OFTEN), people)
    stays = losing.patient.filter(pl.col("end_reason") == "end of study")["patient_id"].to_list()
    assert 0 < len(stays) < people.patients
    for name, frame in losing.tables.items():
        mine, theirs = (
            table.filter(pl.col("patient_id").is_in(stays)).drop("row")
            for table in (frame, keeping.tables[name])
        )
        assert_frame_equal(mine, theirs, check_exact=True)
    for name in DATED:
        assert losing.tables[name].height <= keeping.tables[name].height


def test_every_setting_of_the_losses_is_heard_and_documented() -> None:
    assert set(Recording.model_fields) == {*TOUCHED, "dropout_per_year"}
    page = (ROOT / "docs" / "explanation" / "recorded-as-a-cohort.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", page, flags=re.MULTILINE))
    defaults = {
        name: "that of the model" if field.default is None else f"{field.default:g}"
        for name, field in Recording.model_fields.items()
    }
    assert told == defaults


def test_another_seed_records_otherwise() -> None:
    asked = PROTOCOLS["everything lost"]
    patients = truth(asked)
    one, other = record(asked, patients), record(asked, replace(patients, seed=patients.seed + 1))
    assert not one.visit.equals(other.visit)
    assert one.patient["birth_year"].equals(other.patient["birth_year"])


def test_patients_who_could_not_be_solved_are_lost_at_entry_and_counted() -> None:
    asked = PROTOCOLS["everything lost"]
    whole = truth(asked)
    recorded = record(asked, with_failed(whole, [0, 7]))
    lost = recorded.patient.filter(pl.col("end_reason").str.starts_with("lost at entry"))
    assert lost["patient_id"].to_list() == ["r000001-0001", "r000001-0008"]
    assert lost["followup_end"].equals(lost["followup_start"].alias("followup_end"))
    assert recorded.patient.height == asked.size == recorded.event.height
    for table in ("mri", "relapse", "wearing_off", "diary"):
        assert not set(recorded.tables[table]["patient_id"]) & set(lost["patient_id"])
    samples = recorded.measurement.filter(pl.col("patient_id").is_in(lost["patient_id"].to_list()))
    assert set(samples["analyte"]) == {"jcv_index"}
    kept = ~recorded.patient["patient_id"].is_in(lost["patient_id"].to_list())
    assert (
        recorded.patient.filter(kept)
        .drop("row")
        .equals(record(asked, whole).patient.filter(kept).drop("row"))
    )


def test_nothing_is_recorded_after_somebody_was_lost() -> None:
    asked = PROTOCOLS["everything lost"]
    recorded = record(asked, truth(asked, replicates=20))
    ends = recorded.patient.select("patient_id", "followup_end")
    for table, column in DATED.items():
        day = pl.col(column).dt.date() if column in ("start_time", "time") else pl.col(column)
        rows = recorded.tables[table].join(ends, on="patient_id")
        assert rows.filter(day > pl.col("followup_end")).is_empty(), table
    lost = recorded.patient.filter(pl.col("end_reason") == "lost to follow-up")
    assert 0 < lost.height < recorded.patient.height
    assert (lost["followup_end"] - lost["followup_start"]).max() < timedelta(weeks=52)


def test_the_engine_that_scores_a_real_cohort_finds_the_true_activity() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"visit_window_d": 0, "mri_window_d": 0})
    patients = truth(asked, replicates=5, relapses_per_year=0.3, lesions_per_year=0.5)
    followup = read_followup(record(asked, patients))
    (score,) = score_followup(followup, load_rule("neda3_12w"), [Window("year 1", 0, 364)]).windows
    everyone = np.arange(patients.patients)
    has_relapse = np.isin(everyone, patients.relapses.patient)
    shown = patients.enhancing
    is_seen = (shown.day <= 364) & (shown.day + patients.enhancing_d > 364)
    has_lesion = np.isin(everyone, [*patients.lesions.patient, *shown.patient[is_seen]])
    for name, expected in (("relapse", has_relapse), ("mri", has_lesion)):
        assert np.array_equal(score.components[name].state == ACTIVE, expected)
        assert 0 < np.count_nonzero(expected) < expected.size


def test_a_restored_cohort_is_the_one_that_was_stored(tmp_path: Path) -> None:
    asked = PROTOCOLS["everything lost"]
    recorded = record(asked, truth(asked, replicates=2))
    for name in recorded.present:
        recorded.tables[name].write_parquet(tmp_path / f"{name}.parquet")
    restored = cohort_of_frames(
        {path.stem: pl.read_parquet(path) for path in tmp_path.iterdir()},
        as_of=recorded.as_of,
        label=recorded.label,
        is_simulated=True,
    )
    same(recorded.tables, restored.tables)
    assert restored.present == recorded.present
    digests = dict(recorded.receipt.files.select("table", "sha256").iter_rows())
    assert dict(restored.receipt.files.select("table", "sha256").iter_rows()) == digests
