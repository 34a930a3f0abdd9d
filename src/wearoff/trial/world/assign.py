"""Who comes into which arm: by lot to exact sizes, or by a choice that hangs on who the patient is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wearoff.errors import InputError, Problem
from wearoff.trial.protocol import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int

    from wearoff.trial.world.people import Covariates
    from wearoff.trial.world.reference import Reference

__all__ = ["CHOSEN_BY", "chances", "choose", "randomise"]

CHOSEN_BY = (*COVARIATES, "frailty", "wearing_off")
"""What a choice may hang on."""
_MOST_ROUNDS = 200
_STILL = 1e-12


def randomise(chance: Float[np.ndarray, " patients"], sizes: Sequence[int]) -> Int[np.ndarray, " patients"]:
    """The arm of each patient, by lot within each replicate, so that every arm has exactly its size.

    Args:
        chance: a number between 0 and 1 of each patient, replicate by replicate.
        sizes: patients of each arm.
    """
    lots = chance.reshape(-1, sum(sizes))
    rank = np.argsort(np.argsort(lots, axis=1, kind="stable"), axis=1)
    return np.asarray(np.searchsorted(np.cumsum(sizes), rank, side="right").ravel())


def choose(
    reference: Reference,
    log_odds: dict[str, float],
    sizes: Sequence[int],
    people: Covariates,
    frailty: Float[np.ndarray, " patients"],
    wearing_off: Int[np.ndarray, " patients"],
    chance: Float[np.ndarray, " patients"],
) -> Int[np.ndarray, " patients"]:
    """The arm of each patient, chosen with a chance that hangs on covariates; sizes are those expected.

    The log odds of an arm against the one before it are a constant plus the sum of `log_odds` times the standard
    deviations by which the patient lies above the average of the reference population.

    Args:
        reference: the population that says what is average, and in which arms have their expected shares.
        log_odds: by name in `CHOSEN_BY`.
        sizes: expected patients of each arm.
        people: the patients.
        frailty: the normal number behind the lesions of each.
        wearing_off: true wearing-off of each.
        chance: a number between 0 and 1 of each.

    Raises:
        InputError: the choice hangs on something that there is not.
    """
    for name in log_odds:
        if name not in CHOSEN_BY:
            reason = f"a choice hangs on one of {', '.join(CHOSEN_BY)}"
            raise InputError(Problem(reason, column="assignment.log_odds", value=name))
    everyone = np.zeros(reference.frailty.size)
    mine = np.zeros(frailty.size)
    for name, odds in log_odds.items():
        population = _values(name, reference.covariates, reference.frailty, reference.wearing_off)
        spread = population.std()
        if not spread:  # nobody differs, so that nothing hangs on it
            continue
        everyone += odds * (population - population.mean()) / spread
        mine += odds * (_values(name, people, frailty, wearing_off) - population.mean()) / spread
    share = np.asarray(sizes, dtype=float) / sum(sizes)
    constant = _constants(everyone, share)
    below = np.cumsum(chances(mine, constant), axis=1)[:, :-1]
    return np.asarray((chance[:, None] >= below).sum(axis=1))


def chances(
    score: Float[np.ndarray, " patients"], constant: Float[np.ndarray, " arms"]
) -> Float[np.ndarray, "patients arms"]:
    """The chance of each arm, where each step up has the log odds of the score.

    Args:
        score: log odds of one arm against the one before it, without the constant.
        constant: of each arm.
    """
    log = constant + score[:, None] * np.arange(constant.size)
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _constants(score: np.ndarray, share: np.ndarray) -> Float[np.ndarray, " arms"]:
    """The constants under which the arms have their shares in a population, by Newton steps."""
    constant: Float[np.ndarray, " arms"] = np.log(share)
    for _ in range(_MOST_ROUNDS):
        chance = chances(score, constant)
        missing = share - chance.mean(axis=0)
        if np.abs(missing).max() < _STILL:
            break
        slope = np.diag(chance.mean(axis=0)) - chance.T @ chance / score.size
        step = np.zeros(share.size)
        step[1:] = np.linalg.solve(slope[1:, 1:], missing[1:])
        constant = constant + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
    return np.asarray(constant)


def _values(
    name: str,
    people: Covariates,
    frailty: Float[np.ndarray, " patients"],
    wearing_off: Int[np.ndarray, " patients"],
) -> Float[np.ndarray, " patients"]:
    """One of the things that a choice may hang on; a negative antibody test counts as an index of 0."""
    if name == "frailty":
        return frailty
    found: np.ndarray = wearing_off if name == "wearing_off" else getattr(people, name)
    return np.asarray(np.nan_to_num(np.asarray(found, dtype=float), nan=0.0))
