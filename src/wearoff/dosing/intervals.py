"""What each interval would mean for one patient: troughs, saturation, and the chance of staying above a floor.

From the draws that a patient's levels leave open every candidate interval is followed to the next infusion and on
until it has settled. Whether a candidate meets the user's own rule is stated; none is preferred, and no floor is
preset. Intervals above `LONGEST_WEEKS` are compared only on explicit request: no trial supports them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.dosing.by_dose import share_error
from wearoff.dosing.figures import Strict, read_figures
from wearoff.dosing.occupancy import SaturationCurve, curve_names, load_curve
from wearoff.dosing.regimen import Regimen, every

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.posterior import Posterior

LONGEST_WEEKS = 8.0
USUAL_WEEKS = (4.0, 5.0, 6.0, 7.0, 8.0)
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
YEAR_D = 365.25
FOLLOWED_WEEKS = 52
_SETTLING_D = 2 * YEAR_D
_ACCURACY = 1e-5


@dataclass(frozen=True, slots=True)
class Target:
    """The floor that a user sets.

    Attributes:
        value: a concentration, mg/L, or a saturation, 0..1.
        kind: which of the two.
        curve: name of the saturation curve that a saturation is meant under.
        at_least: the probability of staying above it that the user asks for; None to ask for none.

    Raises:
        ValueError: a value outside its range, or a saturation without a curve.
    """

    value: float
    kind: Literal["concentration", "saturation"] = "concentration"
    curve: str | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if self.kind == "saturation" and self.curve is None:
            raise ValueError("a saturation is a floor under a named curve; say which")
        if not (0 < self.value < (1 if self.kind == "saturation" else np.inf)):
            raise ValueError("a floor lies above 0, and a saturation below 1")
        if self.at_least is not None and not 0 < self.at_least < 1:
            raise ValueError("a probability lies between 0 and 1")

    def is_met(
        self, level: Float[np.ndarray, "..."], curves: Mapping[str, SaturationCurve]
    ) -> Float[np.ndarray, "..."]:
        """Whether each concentration is at or above the floor."""
        if self.curve is None:
            return np.asarray(level >= self.value)
        return np.asarray(curves[self.curve].saturation(level) >= self.value)


class IntervalEvidence(Strict):
    """What is known of a range of intervals.

    Attributes:
        over_weeks: intervals longer than this, weeks.
        up_to_weeks: and no longer than this.
        badge: `trial`, `cohort`, `none` or `failed`.
        sentence: in words.
        evidence: ids of the rows of the evidence table behind it.
    """

    over_weeks: float
    up_to_weeks: float
    badge: Literal["trial", "cohort", "none", "failed"]
    sentence: str
    evidence: tuple[str, ...]


class _EvidenceFile(Strict):
    intervals: tuple[IntervalEvidence, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IntervalOption:
    """One candidate interval for one patient.

    Attributes:
        weeks: the interval.
        next_d: day of the next infusion.
        next_trough, settled_trough: quantiles of the level just before the next infusion and once the interval has
            settled, mg/L, by name.
        saturation: median saturation at the settled trough under each curve.
        probability_next, probability_settled: probability of being at or above the floor then; None without one.
        error_next, error_settled: their Monte Carlo errors.
        days_below: mean days below the floor in a settled interval; None without one.
        infusions_per_year: how many.
        evidence: what is known of such an interval.
        meets_rule: whether both probabilities reach the one that the user asks for; None where none is asked for.
    """

    weeks: float
    next_d: float
    next_trough: Mapping[str, float]
    settled_trough: Mapping[str, float]
    saturation: Mapping[str, float]
    probability_next: float | None
    probability_settled: float | None
    error_next: float | None
    error_settled: float | None
    days_below: float | None
    infusions_per_year: float
    evidence: IntervalEvidence
    meets_rule: bool | None


def interval_evidence(weeks: float) -> IntervalEvidence:
    """What is known of an interval.

    Args:
        weeks: its length, more than 0.

    Raises:
        ValueError: the interval is not positive.
    """
    if not weeks > 0:
        raise ValueError("an interval is longer than 0 weeks")
    return next(entry for entry in _evidence() if entry.over_weeks < weeks <= entry.up_to_weeks)


def compare_intervals(
    posterior: Posterior,
    *,
    weeks: Sequence[float] = USUAL_WEEKS,
    target: Target | None = None,
    dose_mg: float = 300.0,
    allow_long: bool = False,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> tuple[IntervalOption, ...]:
    """Every candidate interval from the patient's last dose on, in the order given.

    Args:
        posterior: the patient after his levels.
        weeks: candidate intervals.
        target: the user's floor and rule; without it none is asked for.
        dose_mg: the dose that goes on, an infusion of an hour.
        allow_long: whether intervals above 8 weeks were asked for explicitly.
        curves: saturation curves by name; by default all known ones.

    Raises:
        ValueError: there is no candidate, one is not positive, or one is above 8 weeks and was not allowed.
    """
    if not weeks or not all(week > 0 for week in weeks):
        raise ValueError("candidates are intervals of more than 0 weeks, at least one")
    if max(weeks) > LONGEST_WEEKS and not allow_long:
        raise ValueError(
            f"no trial supports intervals above {LONGEST_WEEKS:g} weeks; ask for them explicitly"
        )
    under = {name: load_curve(name) for name in curve_names()} if curves is None else dict(curves)
    if target is not None and target.curve is not None and target.curve not in under:
        raise ValueError(f"there is no saturation curve {target.curve!r}; known are {', '.join(under)}")
    futures = [_future(posterior.subject.regimen, week, dose_mg) for week in weeks]
    found = []
    for week, (regimen, next_d) in zip(weeks, futures, strict=True):
        begin, end = regimen.start_d[-2:]
        days = np.arange(begin + 1, end + 1e-9)
        level = _levels(posterior, regimen, np.concatenate(([next_d], days, [end])))
        found.append(_option(posterior, week, next_d, level, target, under))
    return tuple(found)


def weeks_above(
    posterior: Posterior, target: Target, *, curves: Mapping[str, SaturationCurve] | None = None
) -> dict[str, float]:
    """Weeks from the last dose until a patient who gets no other falls below the floor: quantiles by name.

    Args:
        posterior: the patient after his levels.
        target: the floor.
        curves: saturation curves by name; by default all known ones.

    Returns:
        To the day; infinite where the floor still holds after `FOLLOWED_WEEKS` weeks, 0 where it never does after the
        first day.
    """
    under = {name: load_curve(name) for name in curve_names()} if curves is None else dict(curves)
    regimen = posterior.subject.regimen
    days = np.arange(1.0, 7 * FOLLOWED_WEEKS + 1)
    is_met = target.is_met(_levels(posterior, regimen, regimen.start_d[-1] + days), under)
    # the level only falls after the first days; under the skin it rises first
    last = np.where(is_met.any(axis=1), days.size - is_met[:, ::-1].argmax(axis=1), 0).astype(float)
    last[is_met[:, -1]] = np.inf
    found = np.quantile(last / 7.0, list(QUANTILES.values()), method="inverted_cdf")
    return dict(zip(QUANTILES, found.tolist(), strict=True))


def _future(given: Regimen, weeks: float, dose_mg: float) -> tuple[Regimen, float]:
    """The regimen that goes on at an interval until it has settled, and the day of the next infusion."""
    times = max(3, int(np.ceil(_SETTLING_D / (7 * weeks))))
    further = every(weeks, dose_mg, times)
    return given.then(further, after_weeks=weeks), float(given.start_d[-1] + 7 * weeks)


def _levels(
    posterior: Posterior, regimen: Regimen, times_d: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "draws times"]:
    from wearoff.dosing.pk.aligned import AlignedPlan  # loads JAX, which the import of this module must not

    parameters = posterior.parameters
    change = None if parameters.change_d is None else list(parameters.change_d)
    plan = AlignedPlan([regimen], [times_d], parameters.lag_d, change)
    return plan.levels(parameters, accuracy=_ACCURACY).level[0]


def _option(
    posterior: Posterior,
    weeks: float,
    next_d: float,
    level: Float[np.ndarray, "draws times"],
    target: Target | None,
    curves: Mapping[str, SaturationCurve],
) -> IntervalOption:
    """One candidate from the levels before the next infusion, on every day of the last interval, and at its end."""
    first, daily, last = level[:, 0], level[:, 1:-1], level[:, -1]
    next_p = settled_p = next_error = settled_error = below = meets = None
    if target is not None:
        counting = int(min(posterior.counting, posterior.draws))
        next_p, settled_p = (float(target.is_met(part, curves).mean()) for part in (first, last))
        next_error, settled_error = (float(share_error(np.array(p), counting)) for p in (next_p, settled_p))
        below = float((~target.is_met(daily, curves)).sum(axis=1).mean())
        if target.at_least is not None:
            meets = min(next_p, settled_p) >= target.at_least
    return IntervalOption(
        weeks=float(weeks),
        next_d=next_d,
        next_trough=_quantiles(first),
        settled_trough=_quantiles(last),
        saturation={name: float(np.median(curve.saturation(last))) for name, curve in curves.items()},
        probability_next=next_p,
        probability_settled=settled_p,
        error_next=next_error,
        error_settled=settled_error,
        days_below=below,
        infusions_per_year=YEAR_D / (7.0 * weeks),
        evidence=interval_evidence(weeks),
        meets_rule=meets,
    )


def _quantiles(level: Float[np.ndarray, " draws"]) -> dict[str, float]:
    found = np.quantile(level, list(QUANTILES.values()))
    return dict(zip(QUANTILES, found.tolist(), strict=True))


@cache
def _evidence() -> tuple[IntervalEvidence, ...]:
    return read_figures(_EvidenceFile, files("wearoff.dosing") / "interval_evidence.toml").intervals
