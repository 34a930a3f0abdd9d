"""The table of measurements: troughs, occupancies, antibodies and the JCV index as a laboratory states them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from wearoff.dosing.pk.models import load_model
from wearoff.trial.recording.assessments import planned_days
from wearoff.trial.recording.infusions import INFUSION_MINUTE
from wearoff.trial.recording.watched import last_day

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["SAMPLE_MINUTE", "level_cv", "record_samples"]

SAMPLE_MINUTE: Final = INFUSION_MINUTE - 20
"""A trough is drawn 20 minutes before the infusion."""
_NOON = 12 * 60
_DECIMALS_MG_PER_L, _DECIMALS_OCCUPANCY, _DECIMALS_INDEX = 2, 3, 2
_HIGHEST_MG_PER_L, _HIGHEST_INDEX = 1000.0, 20.0  # what the data dictionary allows
_NEGATIVE_INDEX = 0.2  # assumed: what the assay calls negative is below it
_ANTIBODIES = 10.0  # assumed titre
_ANTIBODIES_AGAIN_D = 43  # lasting if found again after six weeks, evidence P170


def record_samples(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each laboratory value, by patient, time and analyte.

    A trough, and with it the occupancy, is taken before the first infusion at or after entry and each of the planned
    weeks. What is lost after the plan, such as a sample that is not taken, is not made up for.
    """
    schedule, recording = protocol.schedule, protocol.recording
    parts = [_jcv_indices(truth, clock), _antibodies(truth, watched, clock)]
    if schedule.level_every_weeks is not None:
        taken = _Taken.of("level", schedule.level_every_weeks, protocol, truth, watched, chance)
        cv, limit = level_cv(protocol), recording.level_lloq_mg_per_l
        level = taken.true(truth.infusions.trough_mg_per_l) * (1.0 + cv * taken.normal)
        parts.append(
            _rows(
                clock,
                taken.patient,
                taken.day,
                analyte="natalizumab_conc",
                value=np.round(np.clip(level, 0.0, _HIGHEST_MG_PER_L), _DECIMALS_MG_PER_L),
                unit="mg/L",
                lloq=limit,
                method="ELISA",
            )
        )
    if schedule.occupancy_every_weeks is not None:
        taken = _Taken.of("occupancy", schedule.occupancy_every_weeks, protocol, truth, watched, chance)
        occupancy = taken.true(truth.infusions.saturation) + recording.occupancy_sd * taken.normal
        parts.append(
            _rows(
                clock,
                taken.patient,
                taken.day,
                analyte="receptor_occupancy",
                value=np.round(np.clip(occupancy, 0.0, 1.0), _DECIMALS_OCCUPANCY),
                unit="fraction",
                subset="CD4",
                method="flow cytometry",
            )
        )
    return pl.concat(parts).sort("patient_id", "time", "analyte")


def level_cv(protocol: Protocol) -> float:
    """The proportional error of a measured level: as stated, else the residual error of the model."""
    stated = protocol.recording.level_cv
    return load_model(protocol.world.model).residual_proportional.value if stated is None else stated


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """Samples that were taken before infusions.

    Attributes:
        patient: whose, shape [samples].
        infusion: before which infusion, its place in the row, shape [samples].
        day: when, days since entry, shape [samples].
        normal: the error of each in SDs, shape [samples].
    """

    patient: Int[np.ndarray, " samples"]
    infusion: Int[np.ndarray, " samples"]
    day: Int[np.ndarray, " samples"]
    normal: Float[np.ndarray, " samples"]

    @staticmethod
    def of(
        what: str, every_weeks: int, protocol: Protocol, truth: Truth, watched: Watched, chance: Chance
    ) -> _Taken:
        """The samples of one kind, by patient and day."""
        planned = planned_days(every_weeks, last_day(protocol))
        infusion, is_taken = _first_infusions(truth, watched, planned)
        normal = np.zeros(infusion.shape)
        for place in range(len(planned)):
            is_taken[:, place] &= ~chance.happens(protocol.recording.no_sample, f"{what} {place} not taken")
            normal[:, place] = chance.normal(f"{what} {place} error")
        patient, which = np.nonzero(is_taken)
        before = infusion[patient, which]
        day = np.rint(truth.infusions.day[patient, before]).astype(np.int64)
        return _Taken(patient, before, day, normal[patient, which])

    def true(self, values: Float[np.ndarray, "patients infusions"]) -> Float[np.ndarray, " samples"]:
        """The true value of each sample."""
        found: np.ndarray = values[self.patient, self.infusion]
        return found


def _first_infusions(
    truth: Truth, watched: Watched, planned: tuple[int, ...]
) -> tuple[Int[np.ndarray, "patients planned"], Bool[np.ndarray, "patients planned"]]:
    """The place of the first infusion at or after each planned day, and whether there is one of its own.

    The infusion that comes first after two planned days gives one sample.
    """
    day, is_own = truth.infusions.day, np.zeros((truth.patients, len(planned)), dtype=bool)
    infusion = np.zeros(is_own.shape, dtype=np.int64)
    everyone = np.arange(truth.patients)
    with np.errstate(invalid="ignore"):  # an unused place holds NaN, which is after no day
        for place, plan in enumerate(planned):
            infusion[:, place] = np.argmax(day >= plan, axis=1)
            at = day[everyone, infusion[:, place]]
            is_own[:, place] = (at >= plan) & (at <= watched.last_d) & watched.is_known
            if place:
                is_own[:, place] &= infusion[:, place] != infusion[:, place - 1]
    return infusion, is_own


def _jcv_indices(truth: Truth, clock: Clock) -> pl.DataFrame:
    """The index of everybody on the day of entry; below the limit where negative."""
    everyone = np.arange(truth.patients)
    index = np.nan_to_num(truth.people.jcv_index, nan=0.0)
    return _rows(
        clock,
        everyone,
        np.zeros(truth.patients, dtype=np.int64),
        analyte="jcv_index",
        value=np.round(np.clip(index, 0.0, _HIGHEST_INDEX), _DECIMALS_INDEX),
        unit="index",
        lloq=_NEGATIVE_INDEX,
        method="ELISA",
        is_dated_only=True,
    )


def _antibodies(truth: Truth, watched: Watched, clock: Clock) -> pl.DataFrame:
    """Of those with lasting antibodies: found before the first infusion from entry on, and again after six weeks."""
    day = truth.infusions.day
    everyone = np.arange(truth.patients)
    with np.errstate(invalid="ignore"):
        first = day[everyone, np.argmax(day >= 0, axis=1)]
        again = day[everyone, np.argmax(day >= first[:, None] + _ANTIBODIES_AGAIN_D, axis=1)]
        has = truth.people.has_antibodies & watched.is_known
        is_found = np.stack([has & (first >= 0), has & (again >= first + _ANTIBODIES_AGAIN_D)], axis=1)
        days = np.stack([first, again], axis=1)
        is_found &= days <= watched.last_d[:, None]
    patient, place = np.nonzero(is_found)
    return _rows(
        clock,
        patient,
        np.rint(days[patient, place]).astype(np.int64),
        analyte="anti_natalizumab_ab",
        value=np.full(patient.size, _ANTIBODIES),
        unit="AU/mL",
        method="ELISA",
    )


def _rows(
    clock: Clock,
    patient: Int[np.ndarray, " samples"],
    day: Int[np.ndarray, " samples"],
    *,
    analyte: str,
    value: Float[np.ndarray, " samples"],
    unit: str,
    method: str,
    lloq: float | None = None,
    subset: str | None = None,
    is_dated_only: bool = False,
) -> pl.DataFrame:
    """Rows of one analyte; a value below the limit of quantification is not stated."""
    is_below = pl.lit(value=False) if lloq is None else pl.col("value") < lloq
    flag = None if lloq is None else pl.when(is_below).then(pl.lit("Y")).otherwise(pl.lit("N"))
    return pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "time": clock.time(patient, day, _NOON if is_dated_only else SAMPLE_MINUTE),
            "value": pl.Series(value + 0.0, dtype=pl.Float64),  # no -0.0, which no file holds
        }
    ).select(
        "patient_id",
        "time",
        pl.lit(is_dated_only).alias("time_is_date_only"),
        pl.lit(analyte).alias("analyte"),
        pl.lit(subset, pl.String).alias("subset"),
        pl.when(~is_below).then("value").alias("value"),
        pl.lit(unit).alias("unit"),
        pl.lit(lloq, pl.Float64).alias("lloq"),
        (pl.lit(None, pl.String) if flag is None else flag).alias("below_lloq"),
        pl.lit(method).alias("method"),
    )
