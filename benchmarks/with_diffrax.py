"""The dosing model for diffrax: Tsit5 in double precision, compiled, patients side by side in blocks.

Its step control starts each stretch with a step that suits it, which spares the search for one. Blocks keep
a hard patient from setting the steps of everyone, and every core takes blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.reference import MOST_DOSES, SETTLED, Course, Levels

BLOCK = 500  # of 250, 500, 1000 and 4000 about the fastest
_FIRST_STEP_D = 0.1


def levels(course: Course, tolerance: float, *, daily: bool) -> Callable[[np.ndarray], Levels]:
    """Trough and peak of every dose, and where wanted the level of every day, of one row of values a patient."""
    import jax
    import jax.numpy as jnp

    over = _stretch(tolerance)
    rest = course.interval_d - course.duration_d
    days = jnp.arange(1.0, course.interval_d + 1) - course.duration_d if daily else None

    def one(mine: jax.Array) -> Any:
        def dose(amounts: jax.Array, _: None) -> Any:
            end = over(amounts, mine, course.inflow, course.duration_d, None)[-1]
            later = over(end, mine, 0.0, rest, days)
            return later[-1], (amounts[0] / mine[1], end[0] / mine[1], later[:, 0] / mine[1])

        trough, peak, later = jax.lax.scan(dose, jnp.zeros(2), None, length=course.doses)[1]
        return (trough, peak, later) if daily else (trough, peak)

    blocks = _in_blocks(jax.jit(jax.vmap(one)))

    def run(values: np.ndarray) -> Levels:
        found = blocks(values)
        if not daily:
            return found[0], found[1], None
        first = np.zeros((len(values), 1))
        return found[0], found[1], np.concatenate((first, found[2].reshape(len(values), -1)), axis=1)

    return run


def settle(course: Course, tolerance: float) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Trough and peak once a further dose no longer changes the trough."""
    import jax
    import jax.numpy as jnp

    over = _stretch(tolerance)
    rest = course.interval_d - course.duration_d

    def one(mine: jax.Array) -> Any:
        def is_moving(loop: Any) -> jax.Array:
            amounts, before, _, count = loop
            return (jnp.abs(amounts[0] - before) > SETTLED * amounts[0]) & (count < MOST_DOSES)

        def dose(loop: Any) -> Any:
            end = over(loop[0], mine, course.inflow, course.duration_d, None)[-1]
            return over(end, mine, 0.0, rest, None)[-1], loop[0][0], end[0], loop[3] + 1

        first = dose((jnp.zeros(2), 0.0, 0.0, 0))
        amounts, _, high, _ = jax.lax.while_loop(is_moving, dose, first)
        return amounts[0] / mine[1], high / mine[1]

    blocks = _in_blocks(jax.jit(jax.vmap(one)))

    def run(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        trough, peak = blocks(values)
        return trough, peak

    return run


def _stretch(tolerance: float) -> Callable[..., Any]:
    """The amounts at the times of one stretch between two events, or only at its end."""
    import diffrax
    import jax.numpy as jnp

    def slope(_: object, amounts: Any, given: Any) -> Any:
        (cl, vc, vp, q, vmax, km), inflow = given
        c, c2 = amounts[0] / vc, amounts[1] / vp
        flow = q * (c - c2)
        return jnp.stack([inflow - cl * c - vmax * c / (km + c) - flow, flow])

    def over(amounts: Any, mine: Any, inflow: float, length: float, times: Any) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(slope),
            diffrax.Tsit5(),
            t0=0.0,
            t1=length,
            dt0=min(_FIRST_STEP_D, length / 4),
            y0=amounts,
            args=(mine, inflow),
            saveat=diffrax.SaveAt(t1=True) if times is None else diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=1e-3 * tolerance),
            max_steps=10_000,
            throw=False,
        ).ys

    return over


def _in_blocks(solve: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    """The solver on blocks of patients, a thread for each core; a multiple of the block, or fewer than one."""

    def run(values: np.ndarray) -> tuple[np.ndarray, ...]:
        parts = [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(lambda part: [np.asarray(array) for array in solve(part)], parts))
        return tuple(np.concatenate(arrays) for arrays in zip(*found, strict=True))

    return run
