"""The dosing model written out once more for SciPy's LSODA, sharing nothing with our solver.

`odeint` runs LSODA's own loop in compiled code, several times faster than `solve_ivp` does. Every engine here
and in the files beside this one solves each patient from one event to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.integrate import odeint

from wearoff.dosing.pk.parameters import Parameters
from wearoff.dosing.regimen import Regimen

NAMES = (
    "clearance",
    "central_volume",
    "peripheral_volume",
    "intercompartmental_clearance",
    "maximal_rate",
    "michaelis_constant",
)
SETTLED = 1e-5  # change of the trough from one dose to the next, relative
MOST_DOSES = 400
_MOST_STEPS = 50_000
Levels = tuple[np.ndarray, np.ndarray, np.ndarray | None]
_Slope = Callable[[float, list[float], float], list[float]]


@dataclass(frozen=True, slots=True)
class Course:
    """Equal infusions at a fixed interval from day 0: days, days, mg, and how many."""

    interval_d: float
    duration_d: float
    dose_mg: float
    doses: int

    @property
    def inflow(self) -> float:
        """Infusion rate, mg/day."""
        return self.dose_mg / self.duration_d

    @property
    def days(self) -> np.ndarray:
        """Every day from the first dose to one interval after the last."""
        return np.arange(self.interval_d * self.doses + 1)


def course_of(regimen: Regimen) -> Course:
    """A regimen of equal infusions at an interval of whole days."""
    duration = regimen.end_d[0] - regimen.start_d[0]
    return Course(float(regimen.start_d[1]), float(duration), float(regimen.dose_mg[0]), regimen.start_d.size)


def values_of(parameters: Parameters) -> np.ndarray:
    """The six parameters of the two compartments in the order of `NAMES`, one row for each draw."""
    draws = parameters.shape[1]
    return np.stack([np.broadcast_to(getattr(parameters, n)[0, :, 0], draws) for n in NAMES], axis=1)


def levels(values: np.ndarray, course: Course, tolerance: float, *, daily: bool) -> Levels:
    """Trough and peak of every dose, and where wanted the level of every day, patients x times, mg/L."""
    trough, peak = (np.empty((len(values), course.doses)) for _ in range(2))
    days = np.empty((len(values), course.days.size)) if daily else None
    length = int(course.interval_d)
    # one dose: its end, then its days or only the last of them
    after = np.array([course.duration_d, *(range(1, length + 1) if daily else [length])])
    for row, patient in enumerate(values):
        slope, volume = _slope(*patient.tolist()), patient[1]
        amounts = np.zeros(2)
        for dose in range(course.doses):
            trough[row, dose] = amounts[0] / volume
            amounts = _run(slope, amounts, np.array([0.0, course.duration_d]), course.inflow, tolerance)[-1]
            peak[row, dose] = amounts[0] / volume
            found = _run(slope, amounts, after, 0.0, tolerance)
            amounts = found[-1]
            if days is not None:
                days[row, dose * length] = trough[row, dose]
                days[row, dose * length + 1 : (dose + 1) * length + 1] = found[1:, 0] / volume
    return trough, peak, days


def settle(values: np.ndarray, course: Course, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Trough and peak once a further dose no longer changes the trough, mg/L."""
    trough, peak = np.empty(len(values)), np.empty(len(values))
    for row, patient in enumerate(values):
        slope, amounts = _slope(*patient.tolist()), np.zeros(2)
        for _ in range(MOST_DOSES):
            before = amounts[0]
            high = _run(slope, amounts, np.array([0.0, course.duration_d]), course.inflow, tolerance)[-1]
            amounts = _run(slope, high, np.array([course.duration_d, course.interval_d]), 0.0, tolerance)[-1]
            if abs(amounts[0] - before) <= SETTLED * amounts[0]:
                break
        trough[row], peak[row] = amounts[0] / patient[1], high[0] / patient[1]
    return trough, peak


def lsoda_levels(parameters: Parameters, regimen: Regimen, times_d: np.ndarray) -> list[np.ndarray]:
    """Concentration of every patient's first draw at the times, by LSODA at 1e-10, mg/L.

    Args:
        parameters: individual parameters; the first draw and segment is used.
        regimen: intravenous doses, the same for everyone.
        times_d: increasing times, each at the start or the end of an infusion.
    """
    shape = parameters.shape
    columns = [np.broadcast_to(getattr(parameters, name), shape)[:, 0, 0] for name in NAMES]
    return [_one(patient, regimen, times_d) for patient in np.stack(columns, axis=1)]


def _one(patient: np.ndarray, regimen: Regimen, times_d: np.ndarray) -> np.ndarray:
    cuts = np.unique(np.concatenate((regimen.start_d, regimen.end_d)))
    slope, found, amounts = _slope(*patient.tolist()), {0.0: 0.0}, np.zeros(2)
    for start, end in pairwise(cuts):
        running = (regimen.start_d <= start) & (start < regimen.end_d)
        rate = float(np.sum(regimen.dose_mg[running] / regimen.duration_d[running]))
        amounts = _run(slope, amounts, np.array([start, end]), rate, 1e-10, 1e-10)[-1]
        found[float(end)] = amounts[0] / patient[1]
    return np.array([found[float(time)] for time in times_d])


def _slope(cl: float, vc: float, vp: float, q: float, vmax: float, km: float) -> _Slope:
    """The slope of central and peripheral amount, mg/day."""

    def slope(_: float, amounts: list[float], rate: float) -> list[float]:
        c, c2 = amounts[0] / vc, amounts[1] / vp
        flow = q * (c - c2)
        return [rate - cl * c - vmax * c / (km + c) - flow, flow]

    return slope


def _run(
    slope: _Slope,
    amounts: np.ndarray,
    times: np.ndarray,
    rate: float,
    tolerance: float,
    absolute: float | None = None,
) -> np.ndarray:
    """The amounts at the times, the first of which is the start."""
    absolute = 1e-3 * tolerance if absolute is None else absolute
    found: np.ndarray = odeint(
        slope, amounts, times, args=(rate,), tfirst=True, rtol=tolerance, atol=absolute, mxstep=_MOST_STEPS
    )
    return found
