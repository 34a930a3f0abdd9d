"""The dosing model written out once more, for SciPy and for diffrax, sharing nothing with our solver."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
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


def diffrax_levels(
    parameters: Parameters, regimen: Regimen, tolerance: float
) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    """Diffrax's Tsit5 on everyone at once, ready to run: trough and peak of every dose, mg/L.

    Args:
        parameters: one patient with many draws and one segment.
        regimen: infusions at a fixed interval, the same for everyone.
        tolerance: relative tolerance of its step control; absolute a thousandth of that.
    """
    import diffrax
    import jax
    import jax.numpy as jnp

    draws, interval, duration = parameters.shape[1], regimen.interval_d[0], regimen.duration_d[0]
    names = PARAMETER_NAMES[:6]
    values = jnp.stack([jnp.broadcast_to(getattr(parameters, n)[0, :, 0], draws) for n in names], axis=1)
    rate = regimen.dose_mg[0] / duration

    def slope(_: object, amounts: jax.Array, given: tuple[jax.Array, float]) -> jax.Array:
        (cl, vc, vp, q, vmax, km), inflow = given
        c, c2 = amounts[0] / vc, amounts[1] / vp
        flow = q * (c - c2)
        return jnp.stack([inflow - cl * c - vmax * c / (km + c) - flow, flow])

    def over(amounts: jax.Array, mine: jax.Array, inflow: float, length: float) -> jax.Array:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(slope),
            diffrax.Tsit5(),
            t0=0.0,
            t1=length,
            dt0=None,
            y0=amounts,
            args=(mine, inflow),
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=1e-3 * tolerance),
            max_steps=10_000,
        )
        return solution.ys[0]

    def one(mine: jax.Array) -> tuple[jax.Array, jax.Array]:
        def dose(amounts: jax.Array, _: None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            end = over(amounts, mine, rate, duration)
            return over(end, mine, 0.0, interval - duration), (amounts[0] / mine[1], end[0] / mine[1])

        return jax.lax.scan(dose, jnp.zeros(2), None, length=regimen.number)[1]

    everyone = jax.jit(jax.vmap(one))

    def run() -> tuple[np.ndarray, np.ndarray]:
        trough, peak = everyone(values)
        return np.asarray(trough), np.asarray(peak)

    return run
