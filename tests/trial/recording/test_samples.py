"""Tests of `trial/recording/samples.py`: what a laboratory states."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.cohort.records import Cohort
from wearoff.dosing.antibodies import persistent_from
from wearoff.dosing.pk.models import load_model
from wearoff.trial.recording.record import record
from wearoff.trial.recording.samples import level_cv
from wearoff.trial.truth import Truth


def of(cohort: Cohort, analyte: str) -> pl.DataFrame:
    """The values of one analyte, with the patient's place and the day since entry."""
    return placed(cohort, "measurement", "time").filter(pl.col("analyte") == analyte)


def true(people: Truth, rows: pl.DataFrame, values: np.ndarray) -> np.ndarray:
    """What was true before the infusion of the day of each row."""
    pairs = rows.select("patient", "since").iter_rows()
    return np.array(
        [values[patient][people.infusions.day[patient] == since].item() for patient, since in pairs]
    )


def test_without_error_a_level_is_the_true_trough_to_a_hundredth() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"level_every_weeks": 8})
    people = truth(asked, replicates=3)
    levels = of(record(asked, people), "natalizumab_conc")
    assert np.array_equal(
        levels["value"].to_numpy(), np.round(true(people, levels, people.infusions.trough_mg_per_l), 2)
    )
    assert set(levels["time"].dt.strftime("%H:%M")) == {"08:40"}
    assert set(levels["unit"]) == {"mg/L"}


@pytest.mark.parametrize("every", [1, 4, 7, 12])
def test_a_trough_comes_before_the_first_infusion_after_each_planned_week(every: int) -> None:
    asked = protocol(weeks=(6.0,), recording=NOTHING_LOST, schedule={"level_every_weeks": every})
    people = truth(asked, late_d=2.0)
    levels = of(record(asked, people), "natalizumab_conc")
    expected = set()
    for patient, days in enumerate(people.infusions.day):
        for plan in range(0, 365, 7 * every):
            later = days[days >= plan]
            if later.size:
                expected.add((patient, int(later[0])))
    assert levels.select("patient", "since").rows() == sorted(expected)


def test_levels_err_by_the_residual_of_the_model_unless_another_is_stated() -> None:
    asked = protocol(size=4_000)
    assert level_cv(asked) == load_model(asked.world.model).residual_proportional.value == 0.219
    for stated in (None, 0.1):
        asked = protocol(size=4_000, recording={"level_cv": stated, "level_lloq_mg_per_l": 0.0})
        people = truth(asked)
        levels = of(record(asked, people), "natalizumab_conc")
        cv = level_cv(asked)
        error = levels["value"].to_numpy() / true(people, levels, people.infusions.trough_mg_per_l) - 1.0
        assert abs(error.mean()) < 3.0 * cv / np.sqrt(error.size)
        assert abs(error.std() - cv) < 3.0 * cv / np.sqrt(2.0 * error.size)


def test_a_level_below_quantification_is_not_stated() -> None:
    asked = protocol(recording={"level_lloq_mg_per_l": 25.0}, size=500)
    levels = of(record(asked, truth(asked)), "natalizumab_conc")
    below = levels.filter(pl.col("below_lloq") == "Y")
    assert 0 < below.height < levels.height
    assert below["value"].null_count() == below.height
    assert levels.filter(pl.col("below_lloq") == "N")["value"].min() >= 25.0
    assert set(levels["lloq"]) == {25.0}


def test_a_lower_limit_of_quantification_never_adds_a_level_below_it() -> None:
    limits = (40.0, 30.0, 20.0, 10.0, 5.0, 0.5, 0.0)
    below = []
    for limit in limits:
        asked = protocol(size=300, recording={"level_lloq_mg_per_l": limit})
        levels = of(record(asked, truth(asked)), "natalizumab_conc")
        below.append(set(levels.filter(pl.col("below_lloq") == "Y").select("patient", "since").rows()))
    assert all(fewer <= more for more, fewer in pairwise(below))
    assert len(below[0]) > len(below[-2]) >= len(below[-1]) == 0


def test_an_occupancy_scatters_about_the_saturation_as_a_fraction_on_cd4_cells() -> None:
    asked = protocol(size=2_000, recording={"occupancy_sd": 0.03}, schedule={"occupancy_every_weeks": 26})
    people = truth(asked)
    trough = np.where(np.isnan(people.infusions.day), np.nan, 0.7)
    people = replace(people, infusions=replace(people.infusions, saturation=trough))
    found = of(record(asked, people), "receptor_occupancy")
    error = found["value"].to_numpy() - 0.7
    assert abs(error.mean()) < 3.0 * 0.03 / np.sqrt(error.size)
    assert abs(error.std() - 0.03) < 3.0 * 0.03 / np.sqrt(2.0 * error.size)
    assert (set(found["unit"]), set(found["subset"]), found["method"].n_unique()) == (
        {"fraction"},
        {"CD4"},
        1,
    )
    full = replace(
        people, infusions=replace(people.infusions, saturation=np.where(np.isnan(trough), np.nan, 1.0))
    )
    assert of(record(asked, full), "receptor_occupancy")["value"].max() == 1.0


def test_the_share_stated_of_samples_is_not_taken() -> None:
    plan = {"level_every_weeks": 26, "occupancy_every_weeks": 26}
    whole = protocol(size=3_000, schedule=plan)
    some = protocol(size=3_000, schedule=plan, recording={"no_sample": 0.25})
    people = truth(whole)
    for analyte in ("natalizumab_conc", "receptor_occupancy"):
        planned, taken = of(record(whole, people), analyte), of(record(some, people), analyte)
        assert is_near(planned.height - taken.height, planned.height, 0.25)
        assert taken.join(planned, on=["patient", "since", "value"], nulls_equal=True).height == taken.height


def test_lasting_antibodies_are_found_twice_more_than_six_weeks_apart() -> None:
    asked = protocol(recording=NOTHING_LOST, weeks=(5.0,))
    people = truth(asked, replicates=5)
    found = of(record(asked, people), "anti_natalizumab_ab")
    has = np.flatnonzero(people.people.has_antibodies)
    assert found["patient"].unique().sort().to_list() == has.tolist()
    for _, rows in found.group_by("patient"):
        days = rows["since"].sort().to_list()
        assert len(days) == 2
        assert days[1] - days[0] > 42
        assert persistent_from([(day, True) for day in days]) == days[0]


def test_a_negative_jcv_index_is_below_its_limit_and_a_positive_one_stated() -> None:
    asked = protocol(size=200)
    people = truth(asked)
    found = of(record(asked, people), "jcv_index")
    index = people.people.jcv_index
    is_negative = ~(np.round(index, 2) >= 0.2)
    assert found["patient"].to_list() == list(range(200))
    assert np.array_equal((found["below_lloq"] == "Y").to_numpy(), is_negative)
    assert np.array_equal(found["value"].is_null().to_numpy(), is_negative)
    assert np.array_equal(found["value"].drop_nulls().to_numpy(), np.round(index[~is_negative], 2))
    assert set(found["since"]) == {0}


def test_nothing_is_measured_that_is_not_planned() -> None:
    asked = protocol(schedule={"level_every_weeks": None, "occupancy_every_weeks": None})
    assert set(record(asked, truth(asked)).measurement["analyte"]) == {"jcv_index", "anti_natalizumab_ab"}
