"""The dosing model written once more and integrated piece by piece by SciPy, sharing nothing with the solver."""

from __future__ import annotations

import numpy as np
from scipy.integrate import odeint, solve_ivp

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.regimen import Regimen


def concentration(
    given: Parameters,
    regimen: Regimen,
    days: np.ndarray,
    method: str = "DOP853",
    rtol: float = 1e-12,
    atol: float = 1e-13,
) -> np.ndarray:
    """The concentration of the only draw of the only patient on increasing days, mg/L, before what happens then.

    A parameter is one number, or one from each dose on.
    """
    each = np.broadcast_arrays(*(getattr(given, name)[0, 0] for name in PARAMETER_NAMES))
    segments = np.stack(each, axis=1)
    vc, f = segments[0, [1, 7]]
    under_skin = regimen.is_subcutaneous
    begins = regimen.start_d + np.where(under_skin, given.lag_d, 0.0)
    finishes = begins + regimen.duration_d
    share = np.where(under_skin, f, 1.0)
    at_once = regimen.duration_d == 0
    events = np.unique(np.concatenate((begins, finishes, regimen.exchange_d, days)))
    state, found = np.zeros(3), {}
    for begin, end in zip(events, np.append(events[1:], np.nan), strict=True):
        found[begin] = state[1] / vc
        if np.isnan(end):
            break
        latest = max(int(np.searchsorted(regimen.start_d, begin, side="right")) - 1, 0)
        values = segments[min(latest, len(segments) - 1)]
        vc = values[1]
        state = state * [1, np.prod(1 - regimen.exchange_share[regimen.exchange_d == begin]), 1]
        for place, goes_there in enumerate((under_skin, ~under_skin)):
            now = goes_there & at_once & (begins == begin)
            state[place] += (share * regimen.dose_mg)[now].sum()
        middle = (begin + end) / 2
        runs = ~at_once & (begins <= middle) & (middle < finishes)
        rate = np.zeros(2)
        for place, goes_there in enumerate((under_skin, ~under_skin)):
            for dose in np.flatnonzero(goes_there & runs):
                rate[place] += share[dose] * regimen.dose_mg[dose] / regimen.duration_d[dose]

        def slope(
            _: float, y: np.ndarray, rate: np.ndarray = rate, values: np.ndarray = values
        ) -> list[float]:
            cl, vc, vp, q, vmax, km, ka, _f = values
            level, exchange = y[1] / vc, q * (y[1] / vc - y[2] / vp)
            loss = cl * level + vmax * level / (km + level)
            return [rate[0] - ka * y[0], rate[1] + ka * y[0] - loss - exchange, exchange]

        if method == "LSODA":  # the same Fortran, called without SciPy's slow wrapper
            state = odeint(slope, state, [begin, end], tfirst=True, rtol=rtol, atol=atol, mxstep=100_000)[-1]
        else:
            state = solve_ivp(slope, (begin, end), state, method, rtol=rtol, atol=atol).y[:, -1]
    return np.array([found[day] for day in days])
