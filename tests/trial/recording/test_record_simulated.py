"""The records of simulated patients, under the protocols that come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.trial.recording.recorded import NO_WINDOWS, NOTHING_LOST, counted, placed
from wearoff.cohort.records import read_cohort
from wearoff.cohort.records.writers.csv import write_csv
from wearoff.trial.definition.protocol_file import load_protocol, protocol_names
from wearoff.trial.protocol import Protocol
from wearoff.trial.recording.record import record
from wearoff.trial.world.simulate import simulate_truth

PREDICTING = "personal-dosing"
"""Its patients are fitted at every decision, which takes most of a minute."""
NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name == PREDICTING else ()) for name in protocol_names()
]


def without_loss(protocol: Protocol) -> Protocol:
    """The same study, in which nothing is lost, late or blurred."""
    return Protocol.model_validate(
        protocol.model_dump(by_alias=True)
        | {"recording": NOTHING_LOST, "schedule": protocol.schedule.model_dump() | NO_WINDOWS}
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_records_of_every_shipped_protocol_can_be_written_and_read_again(
    name: str, tmp_path: Path
) -> None:
    protocol = load_protocol(name)
    recorded = record(protocol, simulate_truth(protocol, 1, 0, 1))
    assert recorded.patient.height == recorded.event.height == protocol.size
    write_csv(recorded, tmp_path / "cohort")
    read = read_cohort(tmp_path / "cohort", as_of=recorded.as_of)
    assert read.receipt.refusals.is_empty()
    for table, frame in recorded.tables.items():
        assert_frame_equal(frame, read.tables[table], check_exact=True)


def test_without_loss_the_records_are_what_was_simulated() -> None:
    protocol = without_loss(load_protocol("larger-longer-cohort"))
    truth = simulate_truth(protocol, 2, 0, 1)
    recorded = record(protocol, truth)
    scans = placed(recorded, "mri", "date")
    last = scans.group_by("patient").agg(pl.col("since").max(), pl.col("new_t2").sum()).sort("patient")
    is_seen = truth.lesions.day <= last["since"].to_numpy()[truth.lesions.patient]
    assert np.array_equal(last["new_t2"].to_numpy(), counted(truth, truth.lesions.patient[is_seen]))
    onsets = placed(recorded, "relapse", "onset_date").select("patient", "since").rows()
    days = np.rint(truth.relapses.day).astype(int).tolist()
    assert onsets == list(dict.fromkeys(zip(truth.relapses.patient.tolist(), days, strict=True)))
    levels = placed(recorded, "measurement", "time").filter(pl.col("analyte") == "natalizumab_conc")
    given = truth.infusions
    for patient, since, value in levels.select("patient", "since", "value").iter_rows():
        (at,) = np.flatnonzero(given.day[patient] == since)
        assert value == np.round(given.trough_mg_per_l[patient, at], 2)
    assert min(len(onsets), truth.lesions.day.size, levels.height) > 10
