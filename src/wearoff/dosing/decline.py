"""What happens after the last dose while no other is given: stopping, a late dose, plasma exchange.

The level only falls then, so that one curve answers several questions: the trough of any next interval, what some
days of delay cost, until which date a floor holds, and when level and saturation have fallen under given values
after the drug was stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.by_dose import QUANTILES, share_error
from wearoff.dosing.intervals import Target, curves_for, quantiles
from wearoff.dosing.modifiers import exchange_share

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.several import Draws
    from wearoff.dosing.occupancy import SaturationCurve

FOLLOWED_WEEKS = 52
EXCHANGE_SESSIONS = 3
EXCHANGE_EVERY_D = 3.5
"""Three sessions in 5 or 8 days are what the published washout was measured after (evidence P153)."""


@dataclass(frozen=True, slots=True, eq=False)
class Decline:
    """Level and saturation after the last dose, while no other is given.

    Attributes:
        day: days after the start of the last dose, shape [days].
        level: quantiles of the level by name, mg/L, each of shape [days].
        saturation: quantiles of the saturation by name under each curve, each of shape [days].
        chance: probability of being at or above the user's floor, shape [days]; None without one.
        error: its Monte Carlo error.
    """

    day: Float[np.ndarray, " days"]
    level: Mapping[str, Float[np.ndarray, " days"]]
    saturation: Mapping[str, Mapping[str, Float[np.ndarray, " days"]]]
    chance: Float[np.ndarray, " days"] | None
    error: Float[np.ndarray, " days"] | None


@dataclass(frozen=True, slots=True)
class Holding:
    """How long a floor holds after the last dose, without another.

    Attributes:
        weeks: quantiles by name of the weeks until a patient falls below it, to the day; infinite where it still holds
            after `FOLLOWED_WEEKS` weeks, 0 where it never does after the first day.
        rule_until_d: the last day on which it holds as probably as the user asks for; 0 where it does not even on the
            first, infinite after `FOLLOWED_WEEKS` weeks, None where no probability is asked for.
    """

    weeks: Mapping[str, float]
    rule_until_d: float | None


@dataclass(frozen=True, slots=True)
class Delay:
    """What a dose so many days late would mean.

    Attributes:
        weeks: the interval that was meant.
        days: how much later the dose comes.
        trough: quantiles of the level just before it by name, mg/L.
        probability: of being at or above the user's floor then; None without one.
        error: its Monte Carlo error.
        days_below: mean days below the floor until then; None without one.
    """

    weeks: float
    days: float
    trough: Mapping[str, float]
    probability: float | None
    error: float | None
    days_below: float | None


@dataclass(frozen=True, slots=True)
class Washout:
    """What sessions of plasma exchange begun on one day would leave.

    Attributes:
        begin_d: day of the first session after the start of the last dose.
        sessions: how many.
        every_d: days between them.
        share: share of the drug in the blood that each removes.
        days_after: days from the last session to when the level is looked at.
        level: quantiles of the level then by name, mg/L.
        without: quantiles of the level then without any session, mg/L.
        fall: quantiles of the share by which the level has fallen since just before the first session.
        saturation: quantiles of the saturation then under each curve.
    """

    begin_d: float
    sessions: int
    every_d: float
    share: float
    days_after: float
    level: Mapping[str, float]
    without: Mapping[str, float]
    fall: Mapping[str, float]
    saturation: Mapping[str, Mapping[str, float]]


def decline(
    after: Draws,
    days: Sequence[float] | Float[np.ndarray, " days"],
    *,
    target: Target | None = None,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> Decline:
    """Level and saturation on some days after the last dose.

    Args:
        after: the patient after his levels.
        days: days after the start of the last dose, more than 0, increasing.
        target: the user's floor.
        curves: saturation curves by name; by default all known ones.

    Raises:
        ValueError: a day is not after the last dose, or the days do not increase.
    """
    day = np.asarray(days, dtype=float)
    if not day.size or not (np.diff(day, prepend=0.0) > 0).all():
        raise ValueError("the days of a decline begin after the last dose and increase")
    under, level = curves_for(target, curves), _levels(after, day)
    chance = None if target is None else target.is_met(level, under).mean(axis=0)
    return Decline(
        day=day,
        level=_by_name(level),
        saturation={name: _by_name(curve.saturation(level)) for name, curve in under.items()},
        chance=chance,
        error=None if chance is None else share_error(chance, _counting(after)),
    )


def holding(after: Draws, target: Target, *, curves: Mapping[str, SaturationCurve] | None = None) -> Holding:
    """How long the floor holds after the last dose in a patient who gets no other.

    Args:
        after: the patient after his levels.
        target: the floor, and the probability that the user asks for, if any.
        curves: saturation curves by name; by default all known ones.
    """
    days = np.arange(1.0, 7 * FOLLOWED_WEEKS + 1)
    is_met = target.is_met(_levels(after, days), curves_for(target, curves))
    # the level only falls after the first days; under the skin it rises first
    last = np.where(is_met.any(axis=1), days.size - is_met[:, ::-1].argmax(axis=1), 0).astype(float)
    last[is_met[:, -1]] = np.inf
    weeks = np.quantile(last / 7.0, list(QUANTILES.values()), method="inverted_cdf")
    until = None
    if target.at_least is not None:
        is_enough = (last[:, None] >= days).mean(axis=0) >= target.at_least
        until = float("inf") if is_enough[-1] else float(is_enough.sum())
    return Holding(dict(zip(QUANTILES, weeks.tolist(), strict=True)), until)


def delays(
    after: Draws,
    weeks: Sequence[float],
    days: Sequence[float],
    *,
    target: Target | None = None,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> tuple[Delay, ...]:
    """What doses some days later than meant would mean, interval by interval.

    Args:
        after: the patient after his levels.
        weeks: the intervals that are meant, from the last dose.
        days: how much later, 0 or more.
        target: the user's floor.
        curves: saturation curves by name; by default all known ones.

    Raises:
        ValueError: an interval is not positive, or a delay negative.
    """
    if not all(week > 0 for week in weeks) or not all(day >= 0 for day in days):
        raise ValueError("an interval is longer than 0 weeks, and a delay not negative")
    under = curves_for(target, curves)
    late = np.array([[7.0 * week + day for day in days] for week in weeks])
    daily = np.arange(1.0, np.ceil(late.max()) + 1)
    times, where = np.unique(np.concatenate((late.ravel(), daily)), return_inverse=True)
    level = _levels(after, times)
    met = None if target is None else target.is_met(level, under)
    counting, found = _counting(after), []
    for index, (week, day) in enumerate((week, day) for week in weeks for day in days):
        at = where[index]
        share = None if met is None else float(met[:, at].mean())
        below = None
        if met is not None:
            until = where[late.size :][daily <= late.ravel()[index]]
            below = float((~met[:, until]).sum(axis=1).mean())
        found.append(
            Delay(
                weeks=float(week),
                days=float(day),
                trough=quantiles(level[:, at]),
                probability=share,
                error=None if share is None else float(share_error(np.array(share), counting)),
                days_below=below,
            )
        )
    return tuple(found)


def washout(
    after: Draws,
    begin_d: float,
    *,
    sessions: int = EXCHANGE_SESSIONS,
    every_d: float = EXCHANGE_EVERY_D,
    share: float | None = None,
    days_after: float = 7.0,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> Washout:
    """What sessions of plasma exchange would leave, while no other dose is given.

    Args:
        after: the patient after his levels.
        begin_d: day of the first session after the start of the last dose, more than 0.
        sessions: how many.
        every_d: days between them.
        share: share of the drug in the blood that each removes; without it what `modifiers.exchange_share` assumes.
        days_after: days from the last session to when the level is looked at.
        curves: saturation curves by name; by default all known ones.

    Raises:
        ValueError: a number is not positive, or the share lies outside 0 to 1.
    """
    if not (begin_d > 0 and sessions >= 1 and every_d > 0 and days_after > 0):
        raise ValueError(
            "plasma exchange has at least one session, after the last dose, on days that increase"
        )
    removed = exchange_share().value if share is None else share
    given = after.subject.regimen
    begin = float(given.start_d[-1]) + begin_d
    days = begin + every_d * np.arange(sessions)
    times = np.array([begin, days[-1] + days_after])
    before, level = after.levels(given.exchanged(days.tolist(), removed), times).T
    without = after.levels(given, times[1:])[:, 0]
    return Washout(
        begin_d=begin_d,
        sessions=sessions,
        every_d=every_d,
        share=removed,
        days_after=days_after,
        level=quantiles(level),
        without=quantiles(without),
        fall=quantiles(1.0 - level / before),
        saturation={
            name: quantiles(curve.saturation(level)) for name, curve in curves_for(None, curves).items()
        },
    )


def _levels(after: Draws, days: Float[np.ndarray, " days"]) -> Float[np.ndarray, "draws days"]:
    """The level of every draw on some days after the last dose."""
    regimen = after.subject.regimen
    return after.levels(regimen, regimen.start_d[-1] + days)


def _by_name(drawn: Float[np.ndarray, "draws days"]) -> dict[str, Float[np.ndarray, " days"]]:
    return dict(zip(QUANTILES, np.quantile(drawn, list(QUANTILES.values()), axis=0), strict=True))


def _counting(after: Draws) -> int:
    return int(min(after.counting, after.draws))
