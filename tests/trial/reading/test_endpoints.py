"""Endpoints are what the rooms that score a real cohort say, patient by patient."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cohort import cohorts
from tests.trial.studies import ARMS, KINDS, example, protocol, repeated
from wearoff.cohort.association import outcomes_by_patient
from wearoff.cohort.exposure import predict_exposure
from wearoff.cohort.neda import histories, kept_windows, load_rule, score_neda
from wearoff.cohort.records import Cohort
from wearoff.cohort.values import patient_values
from wearoff.cohort.wearing_off import answers_by_patient, diary_wearing_off, load_diary_rule
from wearoff.errors import UnknownNameError
from wearoff.trial.protocol import Endpoint, Protocol, Schedule
from wearoff.trial.reading.endpoints import endpoints_of

STUDY = protocol()
LONG = protocol(weeks=521)


def only(kind: str, *, weeks: int = 52, rule: str | None = None) -> Protocol:
    endpoint = Endpoint(name="it", kind=kind, rule=rule)
    return STUDY.model_copy(
        update={"endpoints": (endpoint,), "schedule": Schedule(followup_weeks=weeks), "analyses": ()}
    )


def one(found: pl.DataFrame) -> dict[str, object]:
    return {name.removeprefix("it."): value for name, value in found.row(0, named=True).items()}


def test_neda_is_what_the_study_says_of_a_window_of_that_length() -> None:
    rule = load_rule("neda3_12w")
    year = kept_windows(1)[0]
    scored = score_neda(example(), rule, [year])
    found = endpoints_of(example(), only("neda"))
    assert found["patient_id"].to_list() == scored["patient_id"].to_list()
    # A window of 52 weeks ends a day before the year of 365 days; no look of this cohort lies between.
    assert found["it.state"].to_list() == scored["neda"].to_list()
    assert set(found["it.state"]) == {"neda", "active", "unknown"}


def test_relapses_and_lesions_are_those_of_the_study_over_the_whole_record() -> None:
    outcomes = outcomes_by_patient(histories(example()))
    found = endpoints_of(example(), LONG)
    for kind, count, days in (("relapses", "relapses", "observed_d"), ("lesions", "lesions", "scanned_d")):
        assert found[f"{kind}.count"].equals(outcomes[count], check_names=False)
        years = pl.when(pl.col(count).is_not_null()).then(pl.col(days) / 365.25)
        assert found[f"{kind}.years"].equals(outcomes.select(years.alias("x"))["x"], check_names=False)
    first = outcomes["first_relapse_d"].cast(pl.Float64)
    assert found["first_relapse.is_event"].to_list() == first.is_not_null().to_list()
    assert found["first_relapse.time_d"].to_list() == first.fill_null(outcomes["observed_d"]).to_list()


def test_answers_diaries_and_troughs_are_those_of_the_study() -> None:
    found = endpoints_of(example(), LONG)
    answers = answers_by_patient(example())
    assert found["answer"].equals(answers["answer"])
    verdicts = diary_wearing_off(example(), load_diary_rule("rise_two_cycles")).patients["verdict"]
    told = {"wearing-off": True, "cannot be told": None}
    assert found["diary.is_wearing_off"].to_list() == [told.get(one, False) for one in verdicts]
    values = patient_values(
        example(), histories(example()), answers, predict_exposure(example(), draws=2, seed=1)
    )
    for kind, name in (("occupancy", "measured occupancy"), ("level", "measured trough")):
        theirs = values.filter(pl.col("quantity").str.starts_with(name))
        # Of several assays or subsets, which are never pooled, one counts.
        agrees = []
        for quantity in theirs["quantity"].unique():
            same = theirs.filter(pl.col("quantity") == quantity).select("patient_id", "value")
            both = found.select("patient_id", mine=f"{kind}.value").join(same, on="patient_id", how="left")
            is_known = both["mine"].null_count() == both["value"].null_count() < 40
            agrees.append(is_known and np.allclose(both["mine"].drop_nulls(), both["value"].drop_nulls()))
        assert sum(agrees) == 1


def test_the_arm_is_the_recorded_one_and_null_where_none_is() -> None:
    assert endpoints_of(example(), STUDY)["arm"].to_list() == list(ARMS) * 20


def test_every_replicate_of_a_block_is_scored_as_if_it_stood_alone() -> None:
    alone, block = endpoints_of(example(), STUDY), endpoints_of(repeated(3), STUDY)
    assert block["replicate"].to_list() == [number // 40 for number in range(120)]
    for replicate in range(3):
        part = block.filter(pl.col("replicate") == replicate)
        assert part.drop("replicate", "patient_id").equals(alone.drop("replicate", "patient_id"))


# Windows


def test_a_lesion_of_the_closing_scan_counts_and_a_later_one_does_not(tmp_path: Path) -> None:
    def at(day: int) -> dict[str, object]:
        scans = [
            f"{cohorts.on(0)},,0,Y,0",
            f"{cohorts.on(200)},{cohorts.on(0)},0,Y,0",
            f"{cohorts.on(day)},{cohorts.on(200)},1,Y,0",
        ]
        return one(
            endpoints_of(cohorts.one_patient(tmp_path / f"{day}", scans=scans), only("first_activity"))
        )

    found = at(364 + 20)
    assert (found["time_d"], found["is_event"]) == (364.0, True)
    assert (found["low_d"], found["high_d"]) == (200.0, 384.0)
    found = at(364 + 61)  # behind the tolerance of the rule
    assert (found["time_d"], found["is_event"]) == (364.0, False)
    assert (found["low_d"], found["high_d"]) == (200.0, None)


def test_first_activity_is_dated_by_a_relapse_unless_a_lesion_may_have_come_before_it(tmp_path: Path) -> None:
    def with_lesions(number: int) -> dict[str, object]:
        scans = [f"{cohorts.on(0)},,0,Y,0", f"{cohorts.on(360)},{cohorts.on(0)},{number},Y,0"]
        relapses = [f"{cohorts.on(100)},N,Y,72"]
        cohort = cohorts.one_patient(tmp_path / f"{number}", scans=scans, relapses=relapses)
        return one(endpoints_of(cohort, only("first_activity")))

    assert with_lesions(0)["time_d"] == with_lesions(1)["time_d"] == 100.0
    assert (with_lesions(0)["low_d"], with_lesions(0)["high_d"]) == (100.0, 100.0)
    assert (with_lesions(1)["low_d"], with_lesions(1)["high_d"]) == (0.0, 100.0)


def test_a_confirmed_worsening_lies_behind_the_visit_before_it(tmp_path: Path) -> None:
    cohort = cohorts.one_patient(tmp_path, edss="0:2 170:2 280:3 364:3", followup_end=364)
    found = one(endpoints_of(cohort, only("first_activity")))
    assert (found["time_d"], found["low_d"], found["high_d"]) == (280.0, 170.0, 280.0)


def test_who_was_never_scanned_again_says_nothing_of_lesions_but_is_observed(tmp_path: Path) -> None:
    cohort = cohorts.one_patient(
        tmp_path, edss="0:2 182:2", scans=[f"{cohorts.on(0)},,0,Y,0"], followup_end=182
    )
    found = one(endpoints_of(cohort, only("first_activity")))
    assert (found["time_d"], found["is_event"], found["low_d"], found["high_d"]) == (182.0, False, 0.0, None)
    found = one(endpoints_of(cohort, only("lesions")))
    assert (found["count"], found["years"]) == (None, None)


def test_events_behind_the_window_do_not_count(tmp_path: Path) -> None:
    relapses = [f"{cohorts.on(day)},N,Y,72" for day in (50, 170, 300)]
    cohort = cohorts.one_patient(tmp_path, relapses=relapses)
    half = one(endpoints_of(cohort, only("relapses", weeks=26)))
    assert (half["count"], half["years"]) == (2, 182 / 365.25)
    assert one(endpoints_of(cohort, only("first_relapse", weeks=5)))["is_event"] is False


def test_a_cohort_without_relapses_or_scans_has_no_count_rather_than_none(tmp_path: Path) -> None:
    cohort = cohorts.cohort(
        tmp_path, patient=["patient_id,followup_start,followup_end", f"P1,{cohorts.on(0)},{cohorts.on(365)}"]
    )
    found = endpoints_of(cohort, STUDY).row(0, named=True)
    for name in ("relapses.count", "lesions.count", "first_relapse.time_d", "arm", "answer", "level.value"):
        assert found[name] is None
    assert found["neda.state"] == "unknown"


def test_a_trough_of_the_interval_before_entry_is_not_one_of_the_arm(tmp_path: Path) -> None:
    def given(day: int) -> str:
        return f"P1,{cohorts.on(day)}T09:00+00:00,300"

    def drawn(day: int, value: float) -> str:
        return f"P1,{cohorts.on(day)}T08:40+00:00,natalizumab_conc,{value},mg/L"

    cohort = cohorts.cohort(
        tmp_path,
        patient=["patient_id,followup_start,followup_end", f"P1,{cohorts.on(0)},{cohorts.on(365)}"],
        infusion=["patient_id,start_time,dose_mg", *(given(day) for day in (-28, 0, 42, 84))],
        measurement=[
            "patient_id,time,analyte,value,unit",
            drawn(0, 40.0),
            drawn(42, 20.0),
            drawn(50, 99.0),  # early in the cycle: no trough
            drawn(84, 10.0),
        ],
    )
    found = one(endpoints_of(cohort, only("level")))
    assert found["samples"] == [40.0, 20.0, 10.0]
    assert found["arm_samples"] == [20.0, 10.0]
    assert (found["value"], found["arm_value"]) == (pytest.approx(70 / 3), 15.0)


# Looks


def shifted(cohort: Cohort, day: int) -> date:
    return cohort.patient["followup_start"][0] + timedelta(days=day)


def test_a_window_that_has_not_ended_by_the_look_has_no_state_but_its_events_count(tmp_path: Path) -> None:
    cohort = cohorts.one_patient(tmp_path, relapses=[f"{cohorts.on(50)},N,Y,72"])
    study = only("neda")
    assert endpoints_of(cohort, study, shifted(cohort, 363))["it.state"].to_list() == ["unknown"]
    assert endpoints_of(cohort, study, shifted(cohort, 364))["it.state"].to_list() == ["active"]
    early = endpoints_of(cohort, only("first_relapse"), shifted(cohort, 49))
    late = endpoints_of(cohort, only("first_relapse"), shifted(cohort, 50))
    assert (one(early)["is_event"], one(late)["is_event"]) == (False, True)


def test_a_look_behind_the_last_record_sees_everything() -> None:
    assert endpoints_of(example(), STUDY, date(2030, 1, 1)).equals(endpoints_of(example(), STUDY))


def test_a_rule_that_does_not_exist_is_named() -> None:
    for kind in ("neda", "first_relapse", "lesions", "diary"):
        with pytest.raises(UnknownNameError, match="no_such_rule"):
            endpoints_of(example(), only(kind, rule="no_such_rule"))


def test_every_kind_of_endpoint_has_its_columns() -> None:
    found = endpoints_of(example(), STUDY)
    assert {name.split(".")[0] for name in found.columns} >= set(KINDS)
