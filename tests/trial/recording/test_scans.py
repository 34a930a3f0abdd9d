"""Tests of `trial/recording/scans.py`: what a scan shows."""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NO_WINDOWS, NOTHING_LOST, counted, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.record import record

OFTEN = {"mri_every_weeks": 13, "mri_window_d": 20}


def test_every_lesion_is_counted_once_between_baseline_and_last_scan() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"mri_every_weeks": 13} | NO_WINDOWS)
    people = truth(asked, replicates=5, lesions_per_year=3.0)
    scans = placed(record(asked, people), "mri", "date")
    total = scans.group_by("patient").agg(pl.col("new_t2").sum()).sort("patient")["new_t2"].to_numpy()
    assert np.array_equal(total, counted(people, people.lesions.patient))
    assert total.sum() > 100


def test_whatever_scan_is_left_out_the_next_counts_from_the_last_that_took_place() -> None:
    asked = protocol(recording={"unscanned": 0.4, "dropout_per_year": 0.3}, schedule=OFTEN)
    people = truth(asked, replicates=10, lesions_per_year=3.0)
    scans = placed(record(asked, people), "mri", "date")
    last = scans.group_by("patient").agg(pl.col("since").max(), pl.col("new_t2").sum()).sort("patient")
    lesions = people.lesions
    is_seen = lesions.day <= last["since"].to_numpy()[lesions.patient]
    assert np.array_equal(last["new_t2"].to_numpy(), counted(people, lesions.patient[is_seen]))
    before = pl.col("date").shift(1).over("patient")
    assert scans.filter(pl.col("reference_date").ne_missing(before)).is_empty()


def test_the_first_scan_has_nothing_to_be_compared_with() -> None:
    asked = protocol()
    scans = placed(record(asked, truth(asked)), "mri", "date")
    first, later = scans.filter(pl.col("since") == 0), scans.filter(pl.col("since") > 0)
    assert first.height == asked.size
    for name in ("new_t2", "reference_date"):
        assert first[name].null_count() == first.height
        assert set(first[f"{name}_missing"]) == {"NA"}
        assert later[name].null_count() == 0
        assert later[f"{name}_missing"].null_count() == later.height


def test_enhancing_are_the_lesions_that_enhance_on_the_day() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule=OFTEN)
    people = truth(asked, replicates=5, lesions_per_year=4.0)
    scans = placed(record(asked, people), "mri", "date")
    begun = people.enhancing
    expected = [
        sum(
            begin <= day < begin + people.enhancing_d
            for begin in begun.day[begun.patient == patient].tolist()
        )
        for patient, day in scans.select("patient", "since").iter_rows()
    ]
    assert scans["gd_lesions"].to_list() == expected
    assert max(expected) > 1


def test_without_contrast_nothing_is_said_of_enhancing_lesions() -> None:
    asked = protocol(size=4_000, recording={"no_gadolinium": 0.3})
    scans = record(asked, truth(asked)).mri
    without = scans.filter(pl.col("gd_given") == "N")
    assert is_near(without.height, scans.height, 0.3)
    assert without["gd_lesions"].null_count() == without.height
    assert set(without["gd_lesions_missing"]) == {"ND"}
    assert scans.filter(pl.col("gd_given") == "Y")["gd_lesions"].null_count() == 0
    never = protocol(schedule={"is_with_gadolinium": False})
    assert set(record(never, truth(never)).mri["gd_given"]) == {"N"}


def test_the_share_stated_is_not_scanned() -> None:
    asked = protocol(size=4_000, recording={"unscanned": 0.1}, schedule={"mri_every_weeks": 26})
    scans = placed(record(asked, truth(asked, lesions_per_year=0.0)), "mri", "date")
    assert is_near(3 * asked.size - scans.height, 2 * asked.size, 0.1)
    assert scans.filter(pl.col("since") == 0).height == asked.size
