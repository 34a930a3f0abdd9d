"""The dosing model applied to recorded patients: every infusion gets its trough and its saturation.

Each patient is simulated over the whole record, from the first infusion, with the doses, the times
and the weights that were written down, for the typical patient of that weight and for draws from the
spread between patients. What the record does not say is filled in by a named assumption, which is
counted in the notes. Measured levels and occupancies stand beside their prediction; they do not
change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from wearoff.cohort.courses import ANALYTES, Course, courses_of
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import DEFAULT_MODEL, Parameters, PkModel, load_model
from wearoff.dosing.streams import stream

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.cohort.records import Cohort

ASSUMED_WEIGHT_KG = (79.0, 20.0)  # mean and SD; NOVA baseline 79.7 (19.59) and 78.62 (20.28)
ASSUMED_WEIGHT_LIMITS_KG = (40.0, 150.0)
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
_GROUP = 20


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """What every recorded infusion and sample looks like to the dosing model.

    Concentrations are in mg/L and carry the suffix `typical` or a quantile of the spread between
    patients of this weight, `p05` to `p95`; saturations are fractions.

    Attributes:
        infusions: one row for each recorded infusion, with interval, trough, peak, saturation, and
            whether the prediction leaves the model's data.
        measurements: every level and occupancy beside its prediction, with the cycle day.
        patients: one row for each patient of the cohort, also without any infusion.
        notes: what was assumed, with counts.
        model: the dosing model.
        draws: draws for each patient.
        seed: the seed of the draws.
    """

    infusions: pl.DataFrame
    measurements: pl.DataFrame
    patients: pl.DataFrame
    notes: tuple[str, ...]
    model: PkModel
    draws: int
    seed: int

    @property
    def provenance(self) -> dict[str, str]:
        """The model, the curves and the random numbers behind the predictions."""
        curve = load_curve(curve_names()[0])
        return {
            **self.model.provenance,
            "curves": ", ".join(curve_names()),
            "curves_sha256": curve.digest,
            "draws": str(self.draws),
            "seed": str(self.seed),
        }


def predict_exposure(
    cohort: Cohort,
    *,
    model: str = DEFAULT_MODEL,
    draws: int = 200,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Exposure:
    """Predicted concentration and saturation for every infusion and sample of a cohort.

    Args:
        cohort: the records.
        model: name of the dosing model.
        draws: draws from the spread between patients, for each patient.
        seed: seed of the draws; a patient's draws do not depend on who else is in the cohort.
        progress: called with the number of patients done and the number in all.

    Raises:
        UnknownNameError: there is no such model.
        ComputationError: a prediction failed; names the patient, the time and the parameters.
    """
    chosen = load_model(model)
    courses, notes = courses_of(cohort)
    infusions: list[dict[str, Any]] = []
    measurements: list[dict[str, Any]] = []
    total = len(courses)
    for start in range(0, total, _GROUP):
        group = courses[start : start + _GROUP]
        for course, curves in zip(group, _levels(group, chosen, draws, seed), strict=True):
            infusions += _infusion_rows(course, curves, chosen)
            measurements += _measurement_rows(course, curves)
        if progress is not None:
            progress(min(start + _GROUP, total), total)
    measurements += _samples_without_infusion(cohort, {course.patient for course in courses})
    infusion_frame = pl.DataFrame(infusions, schema=infusion_schema(), orient="row")
    return Exposure(
        infusions=infusion_frame,
        measurements=pl.DataFrame(measurements, schema=measurement_schema(), orient="row").sort(
            "patient_id", "time", "row"
        ),
        patients=_patient_frame(cohort, courses, infusion_frame),
        notes=notes,
        model=chosen,
        draws=draws,
        seed=seed,
    )


def infusion_schema() -> dict[str, Any]:
    """Columns and types of `Exposure.infusions`."""
    return {
        "patient_id": pl.String,
        "row": pl.Int64,
        "number": pl.Int64,
        "start_time": pl.Datetime("us", "UTC"),
        "day": pl.Float64,
        "interval_d": pl.Float64,
        "dose_mg": pl.Float64,
        "route": pl.String,
        "weight_kg": pl.Float64,
        **{f"trough_{name}": pl.Float64 for name in ("typical", *_QUANTILES)},
        **{f"peak_{name}": pl.Float64 for name in ("typical", *_QUANTILES)},
        **{f"saturation_{name}": pl.Float64 for name in (*curve_names(), "low", "high")},
        "is_outside_model": pl.Boolean,
        "outside_reason": pl.String,
    }


def measurement_schema() -> dict[str, Any]:
    """Columns and types of `Exposure.measurements`."""
    return {
        "patient_id": pl.String,
        "row": pl.Int64,
        "time": pl.Datetime("us", "UTC"),
        "day": pl.Float64,
        "cycle_day": pl.Float64,
        "analyte": pl.String,
        "subset": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "lloq": pl.Float64,
        "is_below_lloq": pl.Boolean,
        "method": pl.String,
        "lab": pl.String,
        **{f"predicted_{name}": pl.Float64 for name in ("p05", "p50", "p95")},
        **{f"saturation_{name}": pl.Float64 for name in curve_names()},
    }


@dataclass(frozen=True, slots=True)
class _Levels:
    """Concentrations of one course, the typical patient in the first row and the draws below."""

    trough: Float[np.ndarray, "rows doses"]
    peak: Float[np.ndarray, "rows doses"]
    sample: Float[np.ndarray, "rows samples"]


def _levels(group: Sequence[Course], model: PkModel, draws: int, seed: int) -> list[_Levels]:
    """Simulate a group of patients."""
    from wearoff.dosing.pk.solve import simulate  # loads JAX, which the import of this module must not

    parameters = _parameters(group, model, draws, seed)
    times = [np.concatenate((course.regimen.start_d, *course.peak_d, course.sample_d)) for course in group]
    levels = []
    found = simulate(parameters, [course.regimen for course in group], times)
    for course, concentration in zip(group, found, strict=True):
        doses = course.regimen.start_d.size
        lengths = [candidates.size for candidates in course.peak_d]
        first = doses + np.concatenate(([0], np.cumsum(lengths)))
        peak = np.maximum.reduceat(concentration[:, : first[-1]], first[:-1], axis=1)
        levels.append(_Levels(concentration[:, :doses], peak, concentration[:, first[-1] :]))
    return levels


def _parameters(group: Sequence[Course], model: PkModel, draws: int, seed: int) -> Parameters:
    """The typical patient and the draws, with the weight of each infusion."""
    change = [_change_days(course) for course in group]
    segments = max(days.size for days in change)
    weight = np.empty((len(group), draws + 1, segments))
    has_antibodies = np.zeros((len(group), segments), dtype=bool)
    for index, (course, days) in enumerate(zip(group, change, strict=True)):
        has_antibodies[index] = (
            np.append(days, np.repeat(days[-1], segments - days.size)) >= course.antibodies_from_d
        )
        if course.weight_kg is None:
            weight[index, 0] = ASSUMED_WEIGHT_KG[0]
            weight[index, 1:] = assumed_weights(seed, course.patient, draws)[:, None]
        else:
            at = np.searchsorted(course.regimen.start_d, days, side="right") - 1
            weight[index] = np.pad(course.weight_kg[at], (0, segments - days.size), mode="edge")
    patients = tuple(course.patient for course in group)
    if model.antibody_clearance_factor is None:
        has_antibodies[:] = False
    typical = model.typical(weight[:, :1], patients, has_antibodies=has_antibodies, change_d=change)
    drawn = model.draw(weight[:, 1:], patients, draws, seed, has_antibodies=has_antibodies, change_d=change)
    return typical.joined(drawn)


def _change_days(course: Course) -> Float[np.ndarray, " segments"]:
    """The days on which the parameters of a patient change: his infusions, and when antibodies persist."""
    start = course.regimen.start_d
    later = [course.antibodies_from_d] if start[0] < course.antibodies_from_d < np.inf else []
    return np.unique([*start, *later])


def assumed_weights(seed: int, patient: str, draws: int) -> Float[np.ndarray, " draws"]:
    """Weights of a patient whose weight was never recorded, kg.

    They are normal with the mean and spread of a trial population (NOVA at baseline: mean 78.6 and
    79.7, SD 20.3 and 19.6 kg), cut off at 40 and 150 kg.
    """
    mean, spread = ASSUMED_WEIGHT_KG
    low, high = ndtr((np.array(ASSUMED_WEIGHT_LIMITS_KG) - mean) / spread)
    uniform = stream(seed, patient, "assumed weight").random(draws)
    return np.asarray(mean + spread * ndtri(low + (high - low) * uniform))


def _infusion_rows(course: Course, levels: _Levels, model: PkModel) -> list[dict[str, Any]]:
    """One row for each infusion of a patient."""
    start = course.regimen.start_d
    curves = {name: load_curve(name) for name in curve_names()}
    trough, peak = _summaries(levels.trough), _summaries(levels.peak)
    found = []
    for index, row in enumerate(course.rows):
        interval = float(start[index] - start[index - 1]) if index else None
        weight = None if course.weight_kg is None else float(course.weight_kg[index])
        entry: dict[str, Any] = {
            "patient_id": course.patient,
            "row": row["row"],
            "number": index + 1,
            "start_time": row["start_time"],
            "day": float(start[index]),
            "interval_d": interval,
            "dose_mg": row["dose_mg"],
            "route": row["route"],
            "weight_kg": weight,
            **{f"peak_{name}": float(values[index]) for name, values in peak.items()},
        }
        if index:
            entry |= {f"trough_{name}": float(values[index]) for name, values in trough.items()}
            under = {
                name: curve.saturation([trough[p][index] for p in ("p05", "p50", "p95")])
                for name, curve in curves.items()
            }
            entry |= {f"saturation_{name}": float(values[1]) for name, values in under.items()}
            entry["saturation_low"] = float(min(values[0] for values in under.values()))
            entry["saturation_high"] = float(max(values[2] for values in under.values()))
        reasons = _outside(model, weight, interval, row["route"])
        if not model.domain.antibodies and course.first_antibody_d < start[index]:
            reasons.append("antibodies against natalizumab found before")
            if course.antibodies_from_d < start[index] and model.antibody_clearance_factor is not None:
                factor = model.antibody_clearance_factor.value
                reasons[-1] += f", lasting, so that clearance is taken as {factor:g} times as fast"
        if (course.regimen.exchange_d <= start[index]).any():
            reasons.append("plasma exchange before, whose effect is assumed")
        if course.is_incomplete:
            reasons.append("an infusion record of this patient was refused")
        entry["is_outside_model"] = bool(reasons)
        entry["outside_reason"] = "; ".join(reasons) or None
        found.append(entry)
    return found


def _outside(model: PkModel, weight: float | None, interval: float | None, route: str) -> list[str]:
    """Why an infusion lies outside the model's data."""
    domain, reasons = model.domain, []
    low, high = domain.weight_kg
    if weight is not None and not low <= weight <= high:
        reasons.append(f"weight outside {low:g} to {high:g} kg")
    if interval is not None and interval > 7 * domain.longest_interval_weeks:
        reasons.append(f"interval above {domain.longest_interval_weeks:g} weeks")
    if route not in domain.routes:
        reasons.append(f"route {route}")
    return reasons


def _measurement_rows(course: Course, levels: _Levels) -> list[dict[str, Any]]:
    """One row for each sample of a patient, beside its prediction."""
    if not course.samples:
        return []
    quantiles = _summaries(levels.sample)
    curves = {name: load_curve(name) for name in curve_names()}
    # a sample at the very start of an infusion belongs to the cycle before it
    last = np.searchsorted(course.regimen.start_d, course.sample_d, side="left") - 1
    found = []
    for index, sample in enumerate(course.samples):
        entry = _sample_entry(sample)
        day = float(course.sample_d[index])
        entry["day"] = day
        if last[index] >= 0:
            entry["cycle_day"] = day - float(course.regimen.start_d[last[index]])
            for name in ("p05", "p50", "p95"):
                entry[f"predicted_{name}"] = float(quantiles[name][index])
            for name, curve in curves.items():
                entry[f"saturation_{name}"] = float(curve.saturation(quantiles["p50"][index]))
        found.append(entry)
    return found


def _samples_without_infusion(cohort: Cohort, simulated: set[str]) -> list[dict[str, Any]]:
    """The samples of patients without a recorded infusion, without a prediction."""
    frame = cohort.measurement.filter(
        pl.col("analyte").is_in(ANALYTES) & ~pl.col("patient_id").is_in(list(simulated))
    )
    return [_sample_entry(sample) for sample in frame.to_dicts()]


def _sample_entry(sample: dict[str, Any]) -> dict[str, Any]:
    """What the record itself says about a sample."""
    kept = ("patient_id", "row", "time", "analyte", "subset", "value", "unit", "lloq", "method")
    return {
        **{name: sample[name] for name in kept},
        "lab": sample["lab"],
        "is_below_lloq": sample["below_lloq"] == "Y",
    }


def _summaries(
    concentration: Float[np.ndarray, "rows times"],
) -> dict[str, Float[np.ndarray, " times"]]:
    """Typical value and quantiles of the draws at each time."""
    bands = np.quantile(concentration[1:], list(_QUANTILES.values()), axis=0)
    return {"typical": concentration[0], **dict(zip(_QUANTILES, bands, strict=True))}


def _patient_frame(cohort: Cohort, courses: Sequence[Course], infusions: pl.DataFrame) -> pl.DataFrame:
    """One row for each patient of the cohort."""
    summary = infusions.group_by("patient_id", maintain_order=True).agg(
        infusions=pl.len().cast(pl.Int64),
        median_interval_d=pl.col("interval_d").median(),
        mean_trough_p50=pl.col("trough_p50").mean(),
        last_trough_p50=pl.col("trough_p50").last(),
        weight_kg=pl.col("weight_kg").first(),
        infusions_outside_model=pl.col("is_outside_model").sum().cast(pl.Int64),
        predicted_saturation_low=pl.col("saturation_low").mean(),
        predicted_saturation_high=pl.col("saturation_high").mean(),
    )
    assumed = pl.DataFrame(
        [(course.patient, course.weight_kg is None) for course in courses],
        schema={"patient_id": pl.String, "weight_assumed": pl.Boolean},
        orient="row",
    )
    heights = cohort.patient.select("patient_id", "height_cm").unique("patient_id", keep="first")
    return (
        pl.DataFrame({"patient_id": list(cohort.patients)}, schema={"patient_id": pl.String})
        .join(summary, on="patient_id", how="left", maintain_order="left")
        .join(assumed, on="patient_id", how="left", maintain_order="left")
        .join(heights, on="patient_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("infusions", "infusions_outside_model").fill_null(0),
            median_interval_weeks=pl.col("median_interval_d") / 7,
            bmi=pl.col("weight_kg") / (pl.col("height_cm") / 100) ** 2,
        )
        .select(
            "patient_id",
            "infusions",
            "median_interval_d",
            "median_interval_weeks",
            "mean_trough_p50",
            "last_trough_p50",
            "predicted_saturation_low",
            "predicted_saturation_high",
            "weight_kg",
            "weight_assumed",
            "bmi",
            "infusions_outside_model",
        )
    )
