"""How the concentration answers to each individual parameter: forward-mode derivatives of the one solver.

The steps are those of `simulate`; they are chosen before the compiled code and do not depend on the shift by
which the derivative is taken, so what comes out is the derivative of the numbers that `simulate` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from wearoff.dosing.pk.grid import build_grid, pace_of
from wearoff.dosing.pk.inputs import inputs_of
from wearoff.dosing.pk.layout import BLOCK, sizes_for, unit_of, values_of
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.series import advance
from wearoff.dosing.regimen import Regimen
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Float


def sensitivities(
    parameters: Parameters,
    regimens: Sequence[Regimen],
    times_d: Sequence[Float[np.ndarray, " times"]],
) -> list[Float[np.ndarray, "parameters draws times"]]:
    """The derivative of every concentration by every individual parameter, in the order of `PARAMETER_NAMES`.

    A parameter that changes with the weight is shifted by the same amount in all its segments.

    Args:
        parameters: individual parameters.
        regimens: the doses of each patient.
        times_d: for each patient the times wanted, days, in any order; may be empty.

    Returns:
        For each patient an array of shape parameters, draws, times: mg/L per unit of the parameter.

    Raises:
        ValueError: the lists do not fit the patients, or a time is not finite.
        ComputationError: a derivative is not finite; names the patient.
    """
    patients, draws, _ = parameters.shape
    if not len(regimens) == len(times_d) == patients:
        raise ValueError("one regimen and one array of times for each patient")
    results = []
    for patient in range(patients):
        if not len(times_d[patient]):
            results.append(np.empty((len(PARAMETER_NAMES), draws, 0)))
            continue
        pace = pace_of(parameters, patient)
        inputs = inputs_of(regimens[patient], parameters.lag_d, parameters.change_of(patient))
        grid = build_grid(inputs, times_d[patient], pace=pace)
        sizes = sizes_for([grid], parameters)
        parts = []
        for start in range(0, draws, BLOCK):
            unit = unit_of(parameters, grid, patient, start, sizes, None)
            values = values_of(parameters, patient, start, sizes)
            slopes = np.asarray(_slopes(unit, values, outputs=sizes.outputs))
            width = min(sizes.draws, draws - start)
            parts.append(slopes[:, grid.gather, :width].transpose(0, 2, 1))
        whole = np.concatenate(parts, axis=1)
        if not np.isfinite(whole).all():
            name = parameters.patients[patient]
            raise ComputationError(
                f"patient {name}: a derivative of the level is not finite; check the parameters"
            )
        results.append(whole)
    return results


@partial(jax.jit, static_argnames=("outputs",))
def _slopes(unit: dict[str, Any], values: jax.Array, *, outputs: int) -> jax.Array:
    """Derivatives of the concentration: parameters, outputs, draws."""

    def level(shift: jax.Array) -> jax.Array:
        cl, vc, vp, q, vmax, km, ka, f = (values[:, row] + shift[row] for row in range(len(PARAMETER_NAMES)))
        rates = jnp.stack([cl / vc, q / vc, q / vp, vmax, km * vc, ka, f, 1.0 / vc], axis=1)
        moved = {name: array[None] for name, array in {**unit, "rates": rates}.items()}
        states, _ = advance(moved, outputs=outputs, is_balanced=False)
        levels: jax.Array = states[0, :, 0]
        return levels

    return jnp.moveaxis(jax.jacfwd(level)(jnp.zeros(len(PARAMETER_NAMES))), -1, 0)
