"""What the solver has to do for one patient: his regimen as inputs, a schedule as one set for each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.inputs import Inputs, inputs_of
from wearoff.dosing.pk.unroll import slowest_rate_per_d, unroll
from wearoff.dosing.regimen import Regimen
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.pk.parameters import Parameters
    from wearoff.dosing.schedule import Schedule


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One patient under one set of inputs; a patient whose schedule has layers is several tasks."""

    patient: int
    inputs: Inputs
    times_d: Float[np.ndarray, " times"]
    is_after: Bool[np.ndarray, " times"]


def tasks_of(
    parameters: Parameters,
    patient: int,
    regimen: Regimen | Schedule,
    times_d: Float[np.ndarray, " times"],
    is_after: Bool[np.ndarray, " times"] | None,
) -> list[Task]:
    """What has to be solved for one patient; the results add up.

    Args:
        parameters: individual parameters.
        patient: index of the patient.
        regimen: what he is given.
        times_d: the times wanted, days.
        is_after: for each whether the value after what happens then is wanted; None for none.

    Raises:
        ValueError: `is_after` does not fit the times.
        ComputationError: a steady state cannot be had; names the patient.
    """
    times = np.asarray(times_d, dtype=np.float64)
    after = np.zeros(times.shape, dtype=bool) if is_after is None else np.asarray(is_after, dtype=bool)
    if after.shape != times.shape:
        raise ValueError("is_after needs one entry for each time")
    change = parameters.change_of(patient)
    if isinstance(regimen, Regimen):
        return [Task(patient, inputs_of(regimen, parameters.lag_d, change), times, after)]
    name = parameters.patients[patient]
    slowest = slowest_rate_per_d(parameters, patient)
    try:
        layers = unroll(regimen, lag_d=parameters.lag_d, slowest_per_d=slowest, change_d=change)
    except ValueError as fault:
        raise ComputationError(f"patient {name}: {fault}") from None
    rate = parameters.maximal_rate
    if len(layers) > 1 and (rate[min(patient, rate.shape[0] - 1)] > 0).any():
        raise ComputationError(
            f"patient {name}: a steady state on top of another (SS=2) is a sum only where elimination is "
            "linear; this model has a saturable way out. Write the doses out with ADDL and II"
        )
    return [Task(patient, layer.inputs, layer.clock(times, after), after) for layer in layers]
