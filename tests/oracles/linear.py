"""Linear models in closed form: sums of exponentials at a hundred digits, without a solver of equations.

With D the depot, 1 the central and 2 the peripheral compartment, the central amount after a unit dose has the
Laplace transform N(s) / prod_i (s + r_i): N = s + k21 and the r_i are the two roots of the exchange (N = 1 and
k10 for one compartment), and a dose through the depot adds the factor ka / (s + ka). Its partial fractions
c_i = N(-r_i) / prod_{j != i} (r_j - r_i) are the weights of exp(-r_i t). An infusion is the integral of that, a
plasma exchange is a negative bolus, a steady state puts 1 / (1 - exp(-r_i tau)) before each exponential, and
doses add up. Equal rates are a limit: they are moved apart by 1e-25 of their size, which a hundred digits bear
and which moves the result by as little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext

import numpy as np

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.regimen import Regimen

_DIGITS = 100
_APART = Decimal("1e-25")
_Terms = list[tuple[Decimal, Decimal]]  # weight and rate of each exponential


def linear_levels(
    given: Parameters, regimen: Regimen, days: Sequence[float] | np.ndarray, *, is_after: bool = False
) -> np.ndarray:
    """The level of the only draw of the only patient, mg/L, before or after what happens at each moment."""
    with localcontext(prec=_DIGITS):
        _, vc, _, _, f, lag = _values(given)
        terms = {is_depot: _terms_of(given, is_depot=is_depot) for is_depot in (False, True)}
        doses = [
            # the moment of a dose is the nearest number to the sum, as a time asked for is
            (
                Decimal(float(start + lag)) if is_depot else start,
                dose * (f if is_depot else 1),
                length,
                terms[is_depot],
            )
            for start, dose, length, is_depot in _doses(regimen)
        ]

        def central(day: Decimal, count: int, *, is_after: bool) -> Decimal:
            """The central amount after the first `count` exchanges."""
            parts = [
                dose * _response(mine, day - start, length)
                for start, dose, length, mine in doses
                if start < day or (is_after and start == day)
            ]
            gone = [taken * _response(terms[False], day - at, Decimal(0)) for at, taken in removed[:count]]
            return sum(parts, Decimal(0)) - sum(gone, Decimal(0))

        removed: list[tuple[Decimal, Decimal]] = []
        for index, (at, share) in enumerate(zip(regimen.exchange_d, regimen.exchange_share, strict=True)):
            there = central(Decimal(float(at)), index, is_after=False)
            removed.append((Decimal(float(at)), Decimal(float(share)) * there))
        found = []
        for day in days:
            done = np.searchsorted(regimen.exchange_d, day, side="right" if is_after else "left")
            found.append(float(central(Decimal(float(day)), int(done), is_after=is_after) / vc))
        return np.array(found)


def linear_steady_levels(
    given: Parameters,
    dose_mg: float,
    every_d: float,
    duration_d: float,
    days: Sequence[float] | np.ndarray,
    *,
    is_depot: bool = False,
) -> np.ndarray:
    """The level so many days after the start of a dose that has been repeated for ever, mg/L.

    Args:
        given: one patient, one draw.
        dose_mg: dose, mg.
        every_d: the interval, at least as long as the dose.
        duration_d: length of the dose; 0 is all at once.
        days: days since the dose reached its compartment, 0 to the interval; at 0 a bolus is in already.
        is_depot: whether the dose goes into the depot.
    """
    with localcontext(prec=_DIGITS):
        _, vc, _, _, f, _ = _values(given)
        tau, length = Decimal(float(every_d)), Decimal(float(duration_d))
        amount = Decimal(float(dose_mg)) * (f if is_depot else 1)
        found = []
        for day in days:
            total = Decimal(0)
            for weight, rate in _terms_of(given, is_depot=is_depot):
                # the doses before are a geometric sum of what one leaves after one interval
                before = _exponential(rate, tau + Decimal(float(day)), length) / (1 - (-rate * tau).exp())
                total += weight * (_exponential(rate, Decimal(float(day)), length) + before)
            found.append(float(amount * total / vc))
        return np.array(found)


def rates_of(given: Parameters) -> list[float]:
    """The rates of the exponentials that a dose into the vein leaves behind, 1/day, the fastest first."""
    with localcontext(prec=_DIGITS):
        return [float(rate) for _, rate in _terms_of(given, is_depot=False)]


def _values(given: Parameters) -> tuple[Decimal, ...]:
    """Clearance, Vc, exchange rates as (k12, k21), F and lag."""
    value = {name: Decimal(getattr(given, name).item()) for name in PARAMETER_NAMES}
    if value["maximal_rate"]:
        raise ValueError("only a model without saturable elimination is a sum of exponentials")
    flow, vc = value["intercompartmental_clearance"], value["central_volume"]
    return (
        value["clearance"] / vc,
        vc,
        flow / vc,
        flow / value["peripheral_volume"],
        value["bioavailability"],
        Decimal(float(given.lag_d)),
    )


def _terms_of(given: Parameters, *, is_depot: bool) -> _Terms:
    """The exponentials of the central amount after a unit dose."""
    k10, _, k12, k21, _, _ = _values(given)
    rates = [k10]
    if k12:
        half = (k10 + k12 + k21) / 2
        fast = half + (half * half - k10 * k21).sqrt()
        rates = [fast, k10 * k21 / fast]
    ka = Decimal(given.absorption_rate.item())
    rates += [ka] if is_depot else []
    rates = list(_apart(rates))
    terms = []
    for rate in rates:
        weight = (ka if is_depot else Decimal(1)) * (k21 - rate if k12 else 1)
        for other in rates:
            weight /= other - rate if other != rate else 1
        terms.append((weight, rate))
    return terms


def _apart(rates: list[Decimal]) -> Iterator[Decimal]:
    """The rates, those that are zero or equal to one before moved by very little."""
    done: list[Decimal] = []
    step = _APART * max(*rates, Decimal("0.001"))
    for rate in rates:
        moved = max(rate, step)
        while any(abs(moved - other) < step for other in done):
            moved += 2 * step
        done.append(moved)
        yield moved


def _doses(regimen: Regimen) -> Iterator[tuple[Decimal, Decimal, Decimal, bool]]:
    arrays = (regimen.start_d, regimen.dose_mg, regimen.duration_d)
    for *numbers, is_depot in zip(*arrays, regimen.is_subcutaneous, strict=True):
        start, dose, length = (Decimal(float(number)) for number in numbers)
        yield start, dose, length, bool(is_depot)


def _response(terms: _Terms, since: Decimal, length: Decimal) -> Decimal:
    """The central amount that a unit dose leaves so long after its start."""
    return sum((weight * _exponential(rate, since, length) for weight, rate in terms), Decimal(0))


def _exponential(rate: Decimal, since: Decimal, length: Decimal) -> Decimal:
    """What is left of a unit dose that decays at one rate: at once, or spread over its length."""
    if not length:
        return (-rate * since).exp()
    running = min(since, length)
    return (1 - (-rate * running).exp()) * (-rate * (since - running)).exp() / (rate * length)
