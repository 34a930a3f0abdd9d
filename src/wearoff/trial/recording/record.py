"""The records of virtual patients: what clinic, scanner, laboratory and diary leave of what is true.

The tables are those of any cohort, so that the code that reads a real one reads these. Whatever is lost, late or
blurred is drawn by patient and purpose: the records of a replicate are the same alone and among others, and a
protocol that loses more of one thing changes no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wearoff.cohort.records.frames import cohort_of_frames
from wearoff.trial.recording.answers import record_answers
from wearoff.trial.recording.chance import Chance
from wearoff.trial.recording.clock import Clock, frozen_on
from wearoff.trial.recording.diary import record_diary
from wearoff.trial.recording.infusions import record_infusions
from wearoff.trial.recording.people import record_arms, record_patients
from wearoff.trial.recording.relapses import record_relapses
from wearoff.trial.recording.samples import record_samples
from wearoff.trial.recording.scans import record_scans
from wearoff.trial.recording.visits import record_visits
from wearoff.trial.recording.watched import watch

if TYPE_CHECKING:
    import polars as pl

    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.truth import Truth

__all__ = ["record", "recorded_tables"]


def record(protocol: Protocol, truth: Truth) -> Cohort:
    """The cohort that is recorded of virtual patients.

    Args:
        protocol: when somebody looks, and what is lost.
        truth: what is true of the patients of some replicates.

    Returns:
        The patients of all replicates as one cohort. There is a table of diaries if the protocol asks for one, and
        none of scores. Patients whose levels could not be solved are there, lost at entry.

    Raises:
        InputError: windows of assessments that touch, or a truth that has no place in the tables.
    """
    return cohort_of_frames(
        recorded_tables(protocol, truth),
        as_of=frozen_on(protocol),
        timezone="UTC",
        label=protocol.title,
        is_simulated=True,
    )


def recorded_tables(protocol: Protocol, truth: Truth) -> dict[str, pl.DataFrame]:
    """The rows of each table that is recorded, by its name."""
    chance, clock = Chance.of(truth, protocol.size), Clock.of(truth.people)
    watched = watch(protocol, truth, chance)
    tables = {
        "patient": record_patients(truth, watched, clock),
        "infusion": record_infusions(protocol, truth, watched, clock, chance),
        "measurement": record_samples(protocol, truth, watched, clock, chance),
        "visit": record_visits(protocol, truth, watched, clock, chance),
        "relapse": record_relapses(protocol, truth, watched, clock, chance),
        "mri": record_scans(protocol, truth, watched, clock, chance),
        "wearing_off": record_answers(protocol, truth, watched, clock, chance),
        "event": record_arms(protocol, truth, clock),
    }
    if protocol.schedule.diary_weeks:
        tables["diary"] = record_diary(protocol, truth, watched, clock, chance)
    return tables
