"""Widely spread models and regimens, far beyond any antibody, so that nothing is easy by chance.

Each is a function of a generator of random numbers, whose seed hypothesis draws: hypothesis alone repeats the
same few models with small changes, and what counts here is how many different ones were tried.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.regimen import Regimen

KINDS = ("infusion", "bolus", "injection", "pump")
seeds = st.integers(0, 2**32 - 1)


def spread(random: np.random.Generator, low: float, high: float) -> float:
    """A positive number, evenly spread on a logarithmic scale."""
    return float(low * (high / low) ** random.random())


def one_patient(*values: float, lag_d: float = 0.125) -> Parameters:
    """One patient, one draw, values in the order of the equations."""
    return Parameters(("P1",), *(np.full((1, 1, 1), value) for value in values), lag_d=lag_d)


def wide_model(random: np.random.Generator, *, is_linear: bool = False) -> Parameters:
    """One patient: a third has one compartment; unless all are to be linear, nine in ten saturable elimination."""
    vmax = random.choice([0.0, *[random.uniform(0, 50)] * 5, *[spread(random, 0.01, 50)] * 4])
    return one_patient(
        spread(random, 0.01, 2),
        spread(random, 1, 20),
        spread(random, 0.5, 50),
        random.choice([0.0, *[spread(random, 0.01, 5)] * 2]),
        0.0 if is_linear else vmax,
        spread(random, 0.05, 20),
        spread(random, 0.05, 5),
        random.uniform(0.1, 1),
        lag_d=random.choice([0.0, random.uniform(0, 1)]),
    )


def wide_regimen(
    random: np.random.Generator, *, kinds: tuple[str, ...] = KINDS, sessions: int = 3, largest: int = 8
) -> Regimen:
    """Infusions of 2 minutes to 6 days, boluses, injections, pumps under the skin; sessions of plasma exchange."""
    start, free, rows = random.choice([0.0, 3.0, -40.0]), -np.inf, []
    for _ in range(random.integers(1, largest + 1)):
        kind = random.choice(kinds)
        length = spread(random, 2 / 1440, 6) if kind in ("infusion", "pump") else 0.0
        is_depot = kind in ("injection", "pump")
        if not is_depot:  # two infusions into the vein never run at the same time
            start = max(start, free)
            free = start + length
        rows.append(
            (start, random.choice([0.0, *[300.0] * 4, *[spread(random, 1, 1000)] * 5]), length, is_depot)
        )
        start += random.choice([0.0, 7.0, 28.0, *[spread(random, 0.05, 60)] * 5])
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    first, last = columns[0][[0, -1]]
    day = random.uniform(first, last + 20, random.integers(0, sessions + 1))
    is_with_dose = random.random(day.size) < 0.2
    day = np.sort(np.where(is_with_dose, random.choice(columns[0], day.size), day))
    return Regimen(*columns, day, random.uniform(0.05, 0.95, day.size))


def wide_days(random: np.random.Generator, regimen: Regimen, lag_d: float = 0.0, most: int = 8) -> np.ndarray:
    """Starts and ends of the doses, and some days between and up to two months after them, increasing."""
    first, last = regimen.start_d[0], regimen.end_d.max()
    between = random.uniform(first, last, random.integers(1, most))
    after = last + np.array([spread(random, 1e-3, 60) for _ in range(random.integers(1, most))])
    return np.unique(
        np.concatenate((regimen.start_d, regimen.end_d, regimen.start_d + lag_d, between, after))
    )


def together(models: list[Parameters]) -> Parameters:
    """Single patients as the draws of one, all with the lag of the first."""
    arrays = [np.concatenate([getattr(one, name) for one in models], axis=1) for name in PARAMETER_NAMES]
    return Parameters(("P1",), *arrays, lag_d=models[0].lag_d)


def single_of(people: Parameters, draw: int) -> Parameters:
    """One draw as a patient of his own."""
    arrays = {name: getattr(people, name)[:, draw : draw + 1] for name in PARAMETER_NAMES}
    return Parameters(("P1",), **arrays, lag_d=people.lag_d)
