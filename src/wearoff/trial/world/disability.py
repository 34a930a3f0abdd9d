"""How the true EDSS changes: a rise with each relapse, what it leaves, and worsening apart from relapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wearoff.trial.truth import Disability
from wearoff.trial.world.events import Process, Rate, Stretch
from wearoff.trial.world.luck import Luck

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.trial.truth import Events
    from wearoff.trial.world.people_file import PeopleFile

__all__ = ["disability_of"]

_SHORTEST_D = 14.0
_HIGHEST = 10.0
_LOWEST_STEP_FROM_0 = 1.5  # times a step


def disability_of(
    numbers: PeopleFile,
    worsening_per_year: float,
    edss: Float[np.ndarray, " patients"],
    relapses: Events,
    seed: int,
    first: int,
    until_d: float,
) -> Disability:
    """Every change of the true EDSS from entry on.

    Args:
        numbers: what relapses do and what a step is.
        worsening_per_year: share of patients who worsen by a step in a year without relapse; the rate is constant.
        edss: the true EDSS of each patient at entry.
        relapses: their onsets.
        seed: the seed of the draws.
        first: index of the first patient.
        until_d: end of the follow-up, days.
    """
    steps = _Steps(numbers, edss)
    own = _worsening(worsening_per_year, edss.size, seed, first, until_d)
    rank = np.arange(relapses.patient.size) - np.searchsorted(relapses.patient, relapses.patient)
    luck = Luck(seed, first, edss.size)
    chance, rest = (luck.uniforms(what, relapses.patient, rank) for what in ("rise", "rest"))
    rise_d = np.maximum(-numbers.relapse_d.value * np.log(chance), _SHORTEST_D)
    stays = rest < numbers.relapse_leaves.value
    patient = np.concatenate((relapses.patient, relapses.patient[stays], own.patient))
    day = np.concatenate((relapses.day, (relapses.day + rise_d)[stays], own.day))
    until = np.concatenate((relapses.day + rise_d, np.full(stays.sum() + own.day.size, np.inf)))
    is_step = np.isinf(until)
    order = np.lexsort((day, patient))
    patient, day, until, is_step = patient[order], day[order], until[order], is_step[order]
    rise = np.full(patient.size, numbers.relapse_rise.value)
    rise[is_step] = steps.of(patient[is_step])
    # a change that would lead beyond the scale is none
    is_any = (rise > 0) & (day <= until_d)
    return Disability(patient[is_any], day[is_any], until[is_any], rise[is_any])


class _Steps:
    """The size of lasting steps, one after another, by the EDSS on which each comes."""

    def __init__(self, numbers: PeopleFile, edss: Float[np.ndarray, " patients"]) -> None:
        self._step, self._from = numbers.step.value, numbers.step_from.value
        self._edss = edss.copy()

    def of(self, patient: np.ndarray) -> Float[np.ndarray, " steps"]:
        """The size of each step of some patients, sorted by patient and day; 0 at the end of the scale."""
        found = np.zeros(patient.size)
        rank = np.arange(patient.size) - np.searchsorted(patient, patient)
        for number in range(int(rank.max(initial=-1)) + 1):
            here = rank == number
            now = self._edss[patient[here]]
            step = np.where(now == 0, _LOWEST_STEP_FROM_0 * self._step, self._step)
            step = np.where(now >= self._from, 0.5 * self._step, step)
            step = np.where(now + step > _HIGHEST, 0.0, step)
            found[here] = step
            self._edss[patient[here]] = now + step
        return found


def _worsening(yearly: float, patients: int, seed: int, first: int, until_d: float) -> Events:
    """Onsets of worsening apart from relapses, at a constant rate."""
    rate = np.full(patients, -np.log1p(-yearly))
    process = Process("worsening", seed, first, Rate(rate, rate))
    everyone = np.arange(patients)
    day = np.stack((np.zeros(patients), np.full(patients, until_d)))
    process.follow(Stretch(everyone, day, np.zeros_like(day)))
    return process.events(0.0, until_d)
