"""Dosing intervals as occasions: the parameter of each has a factor of its own.

An occasion begins with a dose and ends with the next one; a level at the very start of a dose belongs to the occasion
before. Only occasions in which something was measured can be told apart, so a fit estimates those; the factors of
the others, and of those to come, are drawn from their spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.pk.parameters import PARAMETER_NAMES, Parameters

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.dosing.fit.subject import Subject
    from wearoff.dosing.regimen import Regimen

__all__ = ["by_occasion", "changes_of", "measured_occasions"]


def measured_occasions(subject: Subject) -> Int[np.ndarray, " occasions"]:
    """The occasions of a patient in which something was measured, by the index of the dose they begin with."""
    index = np.searchsorted(subject.regimen.start_d, subject.time_d, side="left") - 1
    return np.unique(np.maximum(index, 0))


def changes_of(change_d: Float[np.ndarray, " segments"], regimen: Regimen) -> Float[np.ndarray, " more"]:
    """The days on which the parameters of a patient change when every dose begins an occasion."""
    return np.unique(np.concatenate((change_d, regimen.start_d)))


def by_occasion(
    parameters: Parameters,
    name: str,
    regimens: Sequence[Regimen],
    effects: Sequence[Float[np.ndarray, "draws doses"]],
) -> Parameters:
    """The same parameters with one of them multiplied from dose to dose.

    Args:
        parameters: of the patients, with the days on which their segments begin.
        name: the parameter.
        regimens: the doses of each patient.
        effects: for each patient the logarithm of the factor from each dose on.

    Raises:
        ValueError: the parameters do not say from which days their segments hold.
    """
    if parameters.change_d is None:
        raise ValueError("occasions need the days from which the parameters hold")
    news = [changes_of(old, given) for old, given in zip(parameters.change_d, regimens, strict=True)]
    most = max(new.size for new in news)

    def index(starts: Sequence[np.ndarray]) -> np.ndarray:
        found = [
            np.maximum(np.searchsorted(start, new, side="right") - 1, 0)
            for start, new in zip(starts, news, strict=True)
        ]
        return np.stack([np.pad(one, (0, most - one.size), mode="edge") for one in found])

    old, dose = index(parameters.change_d), index([given.start_d for given in regimens])
    arrays: dict[str, Any] = {}
    for each in PARAMETER_NAMES:
        array: np.ndarray = getattr(parameters, each)
        if array.shape[2] > 1:
            whole = np.broadcast_to(array, (len(news), *array.shape[1:]))
            array = np.take_along_axis(whole, np.minimum(old, array.shape[2] - 1)[:, None, :], axis=2)
        arrays[each] = array
    factor = np.stack([np.exp(mine[:, at]) for mine, at in zip(effects, dose, strict=True)])
    arrays[name] = arrays[name] * factor
    return replace(parameters, change_d=tuple(news), **arrays)
