"""Interim looks: how much of the error each may spend, and the boundary that this leaves it.

Who looks at the accumulating data several times at 5 % is wrong more often than in 5 %. A spending function says how
much of the error may have been spent when a fraction of the information is there (Lan and DeMets 1983,
doi 10.1093/biomet/70.3.659); the boundary of each look follows from it and from the earlier ones. Standardised
statistics of information fractions t are a Brownian motion B(t) / sqrt(t), whose density inside of the boundaries is
carried from look to look by numerical integration (Armitage, McPherson and Rowe 1969, doi 10.2307/2343787).

Boundaries are symmetric and two-sided. Those of a one-sided test of level a are those of a two-sided one of 2 a, of
which the other side is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from math import ceil, e, exp, log, log1p, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special
from scipy.optimize import brentq

from wearoff.dosing.intervals import YEAR_D
from wearoff.errors import InputError, Problem
from wearoff.trial.reading.methods import load_method
from wearoff.trial.recording.clock import FIRST_ENTRY

if TYPE_CHECKING:
    from datetime import date

    from wearoff.trial.protocol import Analysis, Protocol

__all__ = [
    "SPENDING",
    "Boundary",
    "Look",
    "Spending",
    "boundaries",
    "fractions_of_events",
    "information_fraction",
    "planned_looks",
    "spent",
]

Spending = Literal["obrien_fleming", "pocock", "haybittle_peto"]
SPENDING: dict[Spending, str] = {
    "obrien_fleming": "the function of Lan and DeMets that resembles the boundaries of O'Brien and Fleming, "
    "4 (1 - Phi(z(1 - alpha / 4) / sqrt(t)))",
    "pocock": "the function of Lan and DeMets that resembles the boundaries of Pocock, alpha ln(1 + (e - 1) t)",
    "haybittle_peto": "a two-sided 0.001 at each look before the last (Haybittle 1971, Peto and others 1976), the rest "
    "at the last, so that the whole error is alpha",
}
"""How the error is spent, in words for a plan."""
_EARLY_LEVEL = 0.001
_TIMES = ("first_activity", "first_relapse", "relapses", "lesions")


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a look stops a study.

    Attributes:
        fraction: of the information.
        z: the standardised statistic, of either sign, from which on a difference is shown.
        nominal: the two-sided p value that this is.
        spent: the error spent by then, this look included.
    """

    fraction: float
    z: float
    nominal: float
    spent: float


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a protocol.

    Attributes:
        number: from 1.
        week: since accrual began; None for the last look, at the end of the study.
        day: its calendar day, None for the last look.
        boundary: of the primary analysis.
        alpha: its nominal level in the terms of `Analysis.alpha`: one-sided of a test of non-inferiority.
    """

    number: int
    week: float | None
    day: date | None
    boundary: Boundary
    alpha: float


def spent(fraction: float, alpha: float, spending: Spending) -> float:
    """The two-sided error that may have been spent at a fraction of the information.

    Args:
        fraction: above 0, at most 1.
        alpha: the whole error.
        spending: a spending function; `haybittle_peto` is none.

    Raises:
        ValueError: the spending is not a function of the fraction.

    Example:
        >>> round(spent(0.5, 0.05, "obrien_fleming"), 5), round(spent(0.5, 0.05, "pocock"), 5)
        (0.00305, 0.03101)
    """
    if spending == "obrien_fleming":
        return 4.0 * float(special.ndtr(special.ndtri(alpha / 4.0) / sqrt(fraction)))
    if spending == "pocock":
        return alpha * log1p((e - 1.0) * fraction)
    raise ValueError(f"{spending} states levels and no function of the information")


def boundaries(
    fractions: Sequence[float], *, alpha: float = 0.05, spending: Spending = "obrien_fleming"
) -> tuple[Boundary, ...]:
    """The boundary of each look.

    Args:
        fractions: of the information at each look, ascending, the last 1.
        alpha: the whole two-sided error.
        spending: how it is spent.

    Raises:
        ValueError: the fractions do not ascend to 1, or the early looks spend all of alpha.

    Example:
        >>> [round(one.z, 3) for one in boundaries([0.5, 1.0])]
        [2.963, 1.969]
    """
    places = tuple(float(fraction) for fraction in fractions)
    if not places or places[0] <= 0.0 or places[-1] != 1.0 or any(b <= a for a, b in pairwise(places)):
        raise ValueError(f"fractions of the information ascend from above 0 to 1, got {places}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha lies between 0 and 1, got {alpha}")
    return _boundaries(places, alpha, spending)


@lru_cache(maxsize=256)
def _boundaries(fractions: tuple[float, ...], alpha: float, spending: Spending) -> tuple[Boundary, ...]:
    found: list[Boundary] = []
    inside = _Inside.beginning()
    used = 0.0
    for fraction in fractions:
        is_last = fraction == 1.0
        if spending == "haybittle_peto" and not is_last:
            edge = -float(special.ndtri(_EARLY_LEVEL / 2.0)) * sqrt(fraction)
        else:
            allowed = (alpha if is_last else spent(fraction, alpha, spending)) - used
            if allowed <= 0.0:
                raise ValueError(f"the looks before the last spend {used:.4g} of an error of {alpha:g}")
            edge = inside.edge(fraction, allowed)
        used += inside.beyond(fraction, edge)
        z = edge / sqrt(fraction)
        found.append(Boundary(fraction, z, 2.0 * float(special.ndtr(-z)), used))
        if not is_last:
            inside = inside.carried(fraction, edge)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Inside:
    """The Brownian motion of those who have not stopped: weighted places after the last look."""

    fraction: float
    place: np.ndarray
    weight: np.ndarray

    @classmethod
    def beginning(cls) -> _Inside:
        return cls(0.0, np.zeros(1), np.ones(1))

    def beyond(self, fraction: float, edge: float) -> float:
        """The chance of having gone on and lying beyond an edge on either side at the next look."""
        spread = sqrt(fraction - self.fraction)
        tails = special.ndtr((-edge - self.place) / spread) + special.ndtr((self.place - edge) / spread)
        return float(self.weight @ tails)

    def edge(self, fraction: float, allowed: float) -> float:
        """The edge beyond which so much chance lies."""
        found = brentq(
            lambda edge: log(max(self.beyond(fraction, edge), 1e-300)) - log(allowed),
            0.0,
            37.0 * sqrt(fraction),
            xtol=1e-12,
        )
        return float(found)

    def carried(self, fraction: float, edge: float) -> _Inside:
        """Those within the edge at the next look, at the places of Gauss and Legendre."""
        spread = sqrt(fraction - self.fraction)
        # A motion does not get far beyond 8 of its standard deviations, however wide the edge is.
        width = min(edge, 8.5 * sqrt(fraction))
        nodes, weights = np.polynomial.legendre.leggauss(max(96, ceil(24.0 * width / spread)))
        place, step = nodes * width, weights * width
        gap = (place[:, None] - self.place) / spread
        density = np.exp(-0.5 * gap**2) @ self.weight / (spread * sqrt(2.0 * np.pi))
        return _Inside(fraction, place, step * density)


# Looks of a protocol


def planned_looks(protocol: Protocol) -> tuple[Look, ...]:
    """Every look of a protocol with its day and its boundary, the end of the study last.

    The information is that which is planned, by time: of a window the share of patients in whom it has ended, of times
    and counts the share of the expected time of observation. So the boundaries are the same in every replicate, and
    stated before the first patient.

    Args:
        protocol: with a primary analysis, the first of which sets the boundaries.

    Raises:
        InputError: there are looks without a primary analysis, or one at which no or all information is there.
    """
    primary = [analysis for analysis in protocol.analyses if analysis.is_primary]
    if not primary and protocol.looks is not None:
        raise InputError(
            Problem(
                "looks need an analysis with is_primary = true; mark one, or leave the looks out",
                table="looks",
            )
        )
    asked = (primary or list(protocol.analyses))[0]
    sides = 2.0 if load_method(asked.method).needs_margin else 1.0
    weeks = () if protocol.looks is None else tuple(sorted(protocol.looks.weeks))
    spending: Spending = "obrien_fleming" if protocol.looks is None else protocol.looks.spending
    fractions = [information_fraction(protocol, asked, week) for week in weeks]
    for week, before, fraction in zip(weeks, [0.0, *fractions], fractions, strict=False):
        if not before < fraction < 1.0:
            what = "no information that was not there before" if fraction <= before else "all information"
            raise InputError(
                Problem(
                    f"at week {week:g} there is {what} on {asked.name!r}; move the look between the end of the first "
                    "and of the last patient's window",
                    table="looks",
                    key="weeks",
                    value=f"{week:g}",
                )
            )
    edges = boundaries([*fractions, 1.0], alpha=sides * asked.alpha, spending=spending)
    return tuple(
        Look(
            number=number,
            week=week,
            day=None if week is None else FIRST_ENTRY + timedelta(days=round(7 * week)),
            boundary=edge,
            # a single look has the level itself, to the last digit
            alpha=asked.alpha if not weeks else edge.nominal / sides,
        )
        for number, (week, edge) in enumerate(zip((*weeks, None), edges, strict=True), start=1)
    )


def information_fraction(protocol: Protocol, analysis: Analysis, week: float) -> float:
    """The planned share of the information on an analysis that is there so many weeks after accrual began.

    Patients enter evenly over the accrual; time of observation shrinks by the yearly drop-out at a constant rate.

    Args:
        protocol: its schedule, drop-out and endpoints.
        analysis: one of its analyses.
        week: since accrual began.

    Raises:
        KeyError: the protocol has no such endpoint.
    """
    endpoint = {one.name: one for one in protocol.endpoints}[analysis.endpoint]
    window = float(endpoint.until_weeks or protocol.schedule.followup_weeks)
    accrual = float(protocol.schedule.accrual_weeks)
    if endpoint.kind not in _TIMES:
        if accrual == 0.0:
            return float(week >= window)
        return min(1.0, max(0.0, (week - window) / accrual))
    rate = -log1p(-protocol.recording.dropout_per_year) * 7.0 / YEAR_D
    entries = (np.arange(4096) + 0.5) / 4096 * accrual
    watched = np.clip(week - entries, 0.0, window)
    if rate == 0.0:
        return float(watched.mean() / window)
    return float((-np.expm1(-rate * watched)).mean() / (1.0 - exp(-rate * window)))


def fractions_of_events(events: Sequence[int], planned: int) -> tuple[float, ...]:
    """Fractions of the information by events seen, the last look taking whatever is left.

    Args:
        events: seen by each look, ascending.
        planned: events at which the study was to end.

    Raises:
        ValueError: a look before the last has no new event, or as many as were planned.

    Example:
        >>> fractions_of_events([20, 45, 66], 70)
        (0.2857142857142857, 0.6428571428571429, 1.0)
    """
    early = [count / planned for count in events[:-1]]
    if any(not a < b < 1.0 for a, b in pairwise([0.0, *early])):
        raise ValueError(
            f"events of looks before the last ascend from above 0 to under {planned}, got {list(events)}"
        )
    return (*early, 1.0)
