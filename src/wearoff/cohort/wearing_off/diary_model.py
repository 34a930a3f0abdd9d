"""A mixed model of diary severity over the days since the infusion: the slope of the group, and how patients differ.

    severity = a + a_i + c_ij + (b + b_i) week + e

with patient i, cycle j, and the week of the cycle counted from the infusion. The slopes b + b_i are wearing-off; the
cycle's own level c_ij and the residual e are fluctuation that does not know the cycle day. Without c_ij a bad
month would count as as many witnesses as it has weeks. Fitted by restricted likelihood with statsmodels, which is
loaded only here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["DiaryModel", "NotFitted", "Randomness", "fit_diary_model"]

Randomness = Literal["patient", "patient_and_cycle"]
WEEK_D = 7
FEWEST_PATIENTS = 5
MOST_SEARCHES, FLAT = 8, 1e-5  # a search that gains less log-likelihood has reached the top


@dataclass(frozen=True, slots=True)
class NotFitted:
    """Why there is no model."""

    why: str


@dataclass(frozen=True, slots=True, eq=False)
class DiaryModel:
    """The fitted model; severities in points of 0 to 10, time in weeks since the infusion.

    Attributes:
        randomness: `patient`, or `patient_and_cycle` with a level for each cycle as well.
        slope: points a week, of the mean patient.
        slope_low, slope_high: 95 % interval, by t with one degree of freedom less than patients.
        p: two-sided, for a slope of 0.
        intercept: points on the day of the infusion, of the mean patient.
        sd_intercept, sd_slope: between patients (points; points a week).
        correlation: of the two; None where one of them is 0.
        sd_cycle: between the cycles of a patient (points); None without cycles in the model.
        sd_residual: what is left (points).
        share_by_week: the share of the variance within patients that goes with the week of the cycle.
        patients, cycles, entries: how many.
        by_patient: patient_id, intercept, slope (points, points a week), predicted with shrinkage toward the mean.
        notes: what the fit had to say: no convergence, a variance of 0.
    """

    randomness: Randomness
    slope: float
    slope_low: float
    slope_high: float
    p: float
    intercept: float
    sd_intercept: float
    sd_slope: float
    correlation: float | None
    sd_cycle: float | None
    sd_residual: float
    share_by_week: float
    patients: int
    cycles: int
    entries: int
    by_patient: pl.DataFrame
    notes: tuple[str, ...]

    def describe(self) -> str:
        """The methods paragraph."""
        cycle = " and a random intercept of each cycle" if self.randomness == "patient_and_cycle" else ""
        return (
            f"Severity (0 to 10) of {self.entries} diary weeks, {self.cycles} cycles and {self.patients} patients was "
            f"regressed on weeks since the infusion by a linear mixed model with a random intercept and slope of each "
            f"patient{cycle}, fitted by restricted maximum likelihood (statsmodels MixedLM). The interval of the slope "
            f"is by t with {self.patients - 1} degrees of freedom."
        )


def fit_diary_model(
    entries: pl.DataFrame, randomness: Randomness = "patient_and_cycle"
) -> DiaryModel | NotFitted:
    """The mixed model of the used diary entries.

    Args:
        entries: as in `DiaryResult.entries`; open cycles count too, since no last week is needed.
        randomness: whether each cycle of a patient has a level of its own.

    Returns:
        The model, or why there is none: too few patients, or weeks, or a likelihood without a maximum.
    """
    used = entries.filter(pl.col("not_used").is_null()).sort("patient_id", "cycle", "cycle_day")
    patients = used["patient_id"].n_unique()
    if patients < FEWEST_PATIENTS:
        return NotFitted(f"{patients} patients with usable entries; {FEWEST_PATIENTS} are needed")
    if used["cycle_day"].n_unique() < 2:
        return NotFitted("every entry is of the same cycle day")
    if used["severity"].n_unique() < 2:
        return NotFitted("every entry has the same severity")
    week = used["cycle_day"].to_numpy() / WEEK_D
    scale = _Scale(float(week.mean()), float(week.std()))
    fitted, notes = _fitted(used, scale, week, randomness)
    if fitted is None:
        return NotFitted("; ".join(("the likelihood has no maximum that could be found", *notes)))
    return _model(used, scale, week, fitted, randomness, notes)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Weeks about their mean in units of their SD, in which the search is better conditioned.

    Attributes:
        centre: mean, in weeks.
        unit: SD, in weeks.
    """

    centre: float
    unit: float

    @property
    def back(self) -> Float[np.ndarray, "2 2"]:
        """From intercept and slope in scaled weeks to those in weeks since the infusion."""
        return np.array([[1.0, -self.centre / self.unit], [0.0, 1.0 / self.unit]])


def _fitted(
    used: pl.DataFrame, scale: _Scale, week: Float[np.ndarray, " entries"], randomness: Randomness
) -> tuple[Any, tuple[str, ...]]:
    """The result of statsmodels in scaled weeks, None where it failed, and what it warned of."""
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec

    design = np.column_stack([np.ones(used.height), (week - scale.centre) / scale.unit])
    components = None
    if randomness == "patient_and_cycle":
        names, matrices = _cycle_columns(used)
        components = VCSpec(["cycle"], [names], [matrices])
    model = MixedLM(
        used["severity"].to_numpy().astype(float),
        design,
        used["patient_id"].to_numpy(),
        exog_re=design,
        exog_vc=components,
    )
    result: Any = None
    start = None
    for _ in range(MOST_SEARCHES):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = model.fit(start_params=start, reml=True, method=["bfgs", "lbfgs", "powell"])
            except (np.linalg.LinAlgError, ValueError) as error:
                return result, (str(error),)
        gain = np.inf if result is None else found.llf - result.llf
        if gain > 0:
            result = found
        # one search may stop short of the top without a word, so it goes on from where it stopped
        if gain < FLAT:
            break
        start = MixedLMParams.from_components(
            fe_params=result.fe_params,
            cov_re=result.cov_re + 1e-6 * np.eye(2),
            vcomp=np.maximum(result.vcomp, 1e-6),
        )
    said = {str(warning.message).split(".")[0] for warning in caught}
    notes = {text for text in said if not text.startswith(("Retrying", "Maximum Likelihood optimization"))}
    if not result.converged:
        notes.add("the fit did not converge")
    return result, tuple(sorted(notes))


def _cycle_columns(used: pl.DataFrame) -> tuple[list[list[str]], list[np.ndarray]]:
    """For each patient, in order, the indicator columns of the cycles."""
    names, matrices = [], []
    for _, part in used.group_by("patient_id", maintain_order=True):
        cycles = part["cycle"].to_numpy()
        own = np.unique(cycles)
        names.append([f"cycle {cycle}" for cycle in own])
        matrices.append((cycles[:, None] == own[None, :]).astype(float))
    return names, matrices


def _model(
    used: pl.DataFrame,
    scale: _Scale,
    week: Float[np.ndarray, " entries"],
    result: Any,
    randomness: Randomness,
    notes: tuple[str, ...],
) -> DiaryModel:
    from scipy.stats import t

    people = used["patient_id"].unique(maintain_order=True).to_list()
    intercept, slope = (float(value) for value in scale.back @ result.fe_params)
    error = float(result.bse_fe[1]) / scale.unit
    freedom = len(people) - 1
    half = float(t.ppf(0.975, freedom)) * error
    covariance = scale.back @ np.asarray(result.cov_re, dtype=float) @ scale.back.T
    sd_intercept, sd_slope = (float(np.sqrt(max(covariance[k, k], 0.0))) for k in (0, 1))
    both = sd_intercept * sd_slope
    sd_cycle = float(np.sqrt(max(float(result.vcomp[0]), 0.0))) if len(result.vcomp) else None
    residual = float(np.sqrt(result.scale))
    by_week = (slope**2 + sd_slope**2) * float(np.var(week))
    rest = residual**2 + (sd_cycle or 0.0) ** 2
    effects = [scale.back @ np.asarray(result.random_effects[person])[:2] for person in people]
    return DiaryModel(
        randomness=randomness,
        slope=slope,
        slope_low=slope - half,
        slope_high=slope + half,
        p=float(2 * t.sf(abs(slope) / error, freedom)),
        intercept=intercept,
        sd_intercept=sd_intercept,
        sd_slope=sd_slope,
        correlation=float(covariance[0, 1]) / both if both > 0 else None,
        sd_cycle=sd_cycle,
        sd_residual=residual,
        share_by_week=by_week / (by_week + rest),
        patients=len(people),
        cycles=used.select("patient_id", "cycle").n_unique(),
        entries=used.height,
        by_patient=pl.DataFrame(
            {
                "patient_id": people,
                "intercept": [intercept + float(effect[0]) for effect in effects],
                "slope": [slope + float(effect[1]) for effect in effects],
            }
        ),
        notes=notes,
    )
