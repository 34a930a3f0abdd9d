"""The dosing model written out once more for SciPy, sharing nothing with the solver it is compared to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from wearoff.dosing.pk.models import Parameters
from wearoff.dosing.regimen import Regimen


def lsoda_levels(parameters: Parameters, regimen: Regimen, times_d: np.ndarray) -> list[np.ndarray]:
    """Concentration of every patient's first draw at the times, by LSODA at 1e-10, mg/L.

    Args:
        parameters: individual parameters; the first draw and segment is used.
        regimen: intravenous doses, the same for everyone.
        times_d: increasing times, each at the start or the end of an infusion.
    """
    return [_one(parameters, patient, regimen, times_d) for patient in range(len(parameters.patients))]


def _one(parameters: Parameters, patient: int, regimen: Regimen, times_d: np.ndarray) -> np.ndarray:
    def value(array: np.ndarray) -> float:
        patients, draws, segments = parameters.shape
        return float(np.broadcast_to(array, (patients, draws, segments))[patient, 0, 0])

    clearance, vc, vp = (
        value(a) for a in (parameters.clearance, parameters.central_volume, parameters.peripheral_volume)
    )
    q, vmax, km = (
        value(a)
        for a in (
            parameters.intercompartmental_clearance,
            parameters.maximal_rate,
            parameters.michaelis_constant,
        )
    )

    def slope(_: float, amounts: np.ndarray, rate: float) -> list[float]:
        c, c2 = amounts[0] / vc, amounts[1] / vp
        flow = q * (c - c2)
        return [rate - clearance * c - vmax * c / (km + c) - flow, flow]

    cuts = np.unique(np.concatenate((regimen.start_d, regimen.end_d)))
    levels = {0.0: 0.0}
    amounts = np.zeros(2)
    for start, end in pairwise(cuts):
        running = (regimen.start_d <= start) & (start < regimen.end_d)
        rate = float(np.sum(regimen.dose_mg[running] / regimen.duration_d[running]))
        solution = solve_ivp(
            slope, (start, end), amounts, method="LSODA", rtol=1e-10, atol=1e-10, args=(rate,)
        )
        amounts = solution.y[:, -1]
        levels[float(end)] = amounts[0] / vc
    return np.array([levels[float(time)] for time in times_d])
