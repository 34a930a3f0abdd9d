"""A block is the join of simulating, recording, scoring and analysing, and its replicates do not know of each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.shared import ROOT
from tests.trial.running.test_run import files_of
from wearoff.cohort.records import read_cohort
from wearoff.errors import InputError
from wearoff.trial.definition.protocol_file import load_protocol
from wearoff.trial.protocol import Looks, Patients, Protocol
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.block import DECISION_SCHEMA, BlockResult, decision_frame, run_block, score_block
from wearoff.trial.running.run import run_trial
from wearoff.trial.world.simulate import simulate_truth


def small(name: str, size: int = 8, **changes: object) -> Protocol:
    """A protocol of the package with small arms."""
    study = load_protocol(name)
    arms = tuple(arm.model_copy(update={"size": size}) for arm in study.arms)
    return study.model_copy(update={"arms": arms, **changes})


@pytest.fixture(scope="module")
def personal() -> tuple[Protocol, BlockResult]:
    """Two replicates of three arms, two of which decide."""
    study = small("personal-dosing")
    return study, run_block(study, 5, 0, 2, is_kept=True)


def test_a_block_leaves_results_decisions_counts_and_tables(personal: tuple[Protocol, BlockResult]) -> None:
    study, block = personal
    assert dict(block.results.schema) == RESULT_SCHEMA
    assert dict(block.decisions.schema) == DECISION_SCHEMA
    rows = [(replicate, each.name) for replicate in (0, 1) for each in study.analyses]
    assert block.results.select("replicate", "analysis").rows() == rows
    assert block.cohort is not None
    assert block.counts["patients"] == len(block.cohort.patients) == 48
    assert block.counts["rows in infusion"] == block.cohort.infusion.height
    assert run_block(study, 5, 0, 2, is_kept=False).cohort is None


def test_every_decision_stands_in_the_log_with_its_patient_and_its_reason(
    personal: tuple[Protocol, BlockResult],
) -> None:
    study, block = personal
    truth = simulate_truth(study, 5, 0, 2)
    log, people = truth.decisions, truth.people
    assert log.patient.size > 20
    expected = []
    for at, patient in enumerate(log.patient):
        level = log.level[at]
        words = log.reasons[log.why[at]]
        if np.isfinite(level):
            words = words.format(level=f"{level:.3g} mg/L")
        expected.append(
            {
                "replicate": people.replicate[patient],
                "patient_id": f"r{people.replicate[patient] + 1:06d}-{people.number[patient] + 1:04d}",
                "arm": study.arms[people.arm[patient]].name,
                "day": log.day[at],
                "from_weeks": log.from_weeks[at],
                "to_weeks": log.to_weeks[at],
                "level_mg_per_l": level if np.isfinite(level) else None,
                "by": log.who[log.by[at]],
                "why": words,
            }
        )
    found = decision_frame(study, truth)
    # 12 mg/L may be written as 12.0
    plain = pl.col("why").str.replace(r"\.0 mg/L", " mg/L")
    assert_frame_equal(
        found.with_columns(plain), pl.DataFrame(expected, schema=DECISION_SCHEMA).with_columns(plain)
    )
    assert found.equals(block.decisions)


@pytest.mark.parametrize("name", ["bergen-2020", "sid-eid-observed"])
def test_a_replicate_alone_is_what_it_is_among_others(name: str) -> None:
    study = small(name)
    alone = run_block(study, 11, 3, 1, is_kept=True)
    among = run_block(study, 11, 0, 8, is_kept=True)
    assert_frame_equal(
        alone.results, among.results.filter(pl.col("replicate") == 3), rel_tol=1e-9, abs_tol=1e-9
    )
    assert_frame_equal(
        alone.decisions, among.decisions.filter(pl.col("replicate") == 3), rel_tol=1e-9, abs_tol=1e-9
    )
    assert alone.cohort is not None
    assert among.cohort is not None
    for table, frame in alone.cohort.tables.items():
        mine = among.cohort.tables[table].filter(pl.col("patient_id").str.starts_with("r000004-"))
        assert_frame_equal(frame.drop("row"), mine.drop("row"), rel_tol=1e-9, abs_tol=1e-9)


def test_each_look_is_analysed_with_what_was_known_by_then() -> None:
    schedule = load_protocol("bergen-2020").schedule.model_copy(update={"accrual_weeks": 52})
    study = small("bergen-2020", 30, schedule=schedule, looks=Looks(weeks=(90.0, 70.0)))
    found = run_block(study, 2, 0, 3, is_kept=False).results
    looks = found.filter(pl.col("analysis") == "activity by wearing-off")
    assert looks.select("replicate", "look").rows() == [(r, k) for r in range(3) for k in (1, 2, 3)]
    # what is not primary waits for the end
    assert set(found.filter(pl.col("analysis") != "activity by wearing-off")["look"]) == {3}
    patients = looks["patients"].to_numpy().reshape(3, 3)
    assert (np.diff(patients, axis=1) >= 0).all()
    assert (patients[:, 0] < patients[:, 2]).all()


def test_tables_of_an_archive_score_as_the_block_did(
    personal: tuple[Protocol, BlockResult], tmp_path: Path
) -> None:
    study, block = personal
    run_trial(study, tmp_path, replicates=2, seed=5, replicates_per_block=2)
    archive = Archive.open(tmp_path)
    assert archive.results().collect().equals(block.results)
    assert score_block(study, archive.cohort(0)).equals(block.results)


def test_patients_may_be_those_of_a_recorded_cohort_on_any_number_of_workers(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "simulated_cohort"
    study = small("bergen-2020", patients=Patients(source="cohort", folder=str(folder)))
    cohort = read_cohort(folder, as_of=date(2026, 1, 1))
    for workers in (1, 2):
        run_trial(
            study,
            tmp_path / str(workers),
            replicates=4,
            seed=5,
            workers=workers,
            cohort=cohort,
            replicates_per_block=2,
        )
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")
    weights = Archive.open(tmp_path / "1").cohort(0).infusion["weight_kg"].drop_nulls()
    recorded = set(cohort.infusion["weight_kg"].drop_nulls().to_list())
    assert recorded >= set(weights.to_list())
    with pytest.raises(InputError, match="none is given"):
        run_block(study, 5, 0, 1, is_kept=False)
