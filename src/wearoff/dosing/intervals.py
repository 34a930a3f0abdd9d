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

from wearoff.dosing.by_dose import QUANTILES, share_error
from wearoff.dosing.figures import Strict, read_figures
from wearoff.dosing.occupancy import SaturationCurve, curve_names, load_curve
from wearoff.dosing.regimen import Regimen, every

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.several import Draws

LONGEST_WEEKS = 8.0
USUAL_WEEKS = (4.0, 5.0, 6.0, 7.0, 8.0)
YEAR_D = 365.25
_SETTLING_D = 2 * YEAR_D


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
        next_saturation, settled_saturation: quantiles of the saturation at these two troughs under each curve.
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
    next_saturation: Mapping[str, Mapping[str, float]]
    settled_saturation: Mapping[str, Mapping[str, float]]
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
    after: Draws,
    *,
    weeks: Sequence[float] = USUAL_WEEKS,
    target: Target | None = None,
    dose_mg: float | None = None,
    allow_long: bool = False,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> tuple[IntervalOption, ...]:
    """Every candidate interval from the patient's last dose on, in the order given.

    Args:
        after: the patient after his levels, under one model or several.
        weeks: candidate intervals.
        target: the user's floor and rule; without it none is asked for.
        dose_mg: the dose that goes on; by default that of the last one. Route and length are those of the last one.
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
    under = curves_for(target, curves)
    futures = [_future(after.subject.regimen, week, dose_mg) for week in weeks]
    found = []
    for week, (regimen, next_d) in zip(weeks, futures, strict=True):
        begin, end = regimen.start_d[-2:]
        days = np.arange(begin + 1, end + 1e-9)
        level = after.levels(regimen, np.concatenate(([next_d], days, [end])))
        found.append(_option(after, week, next_d, level, target, under))
    return tuple(found)


def curves_for(
    target: Target | None, curves: Mapping[str, SaturationCurve] | None = None
) -> dict[str, SaturationCurve]:
    """The curves that predictions are made under: those given, or all known ones.

    Args:
        target: the user's floor.
        curves: saturation curves by name.

    Raises:
        ValueError: the floor names a curve that is not among them.
    """
    under = {name: load_curve(name) for name in curve_names()} if curves is None else dict(curves)
    if target is not None and target.curve is not None and target.curve not in under:
        raise ValueError(f"there is no saturation curve {target.curve!r}; known are {', '.join(under)}")
    return under


def _future(given: Regimen, weeks: float, dose_mg: float | None) -> tuple[Regimen, float]:
    """The regimen that goes on at an interval until it has settled, and the day of the next infusion."""
    times = max(3, int(np.ceil(_SETTLING_D / (7 * weeks))))
    further = every(
        weeks,
        float(given.dose_mg[-1]) if dose_mg is None else dose_mg,
        times,
        24.0 * float(given.duration_d[-1]),
        is_subcutaneous=bool(given.is_subcutaneous[-1]),
    )
    return given.then(further, after_weeks=weeks), float(given.start_d[-1] + 7 * weeks)


def _option(
    after: Draws,
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
        counting = int(min(after.counting, after.draws))
        next_p, settled_p = (float(target.is_met(part, curves).mean()) for part in (first, last))
        next_error, settled_error = (float(share_error(np.array(p), counting)) for p in (next_p, settled_p))
        below = float((~target.is_met(daily, curves)).sum(axis=1).mean())
        if target.at_least is not None:
            meets = min(next_p, settled_p) >= target.at_least
    return IntervalOption(
        weeks=float(weeks),
        next_d=next_d,
        next_trough=quantiles(first),
        settled_trough=quantiles(last),
        next_saturation={name: quantiles(curve.saturation(first)) for name, curve in curves.items()},
        settled_saturation={name: quantiles(curve.saturation(last)) for name, curve in curves.items()},
        probability_next=next_p,
        probability_settled=settled_p,
        error_next=next_error,
        error_settled=settled_error,
        days_below=below,
        infusions_per_year=YEAR_D / (7.0 * weeks),
        evidence=interval_evidence(weeks),
        meets_rule=meets,
    )


def quantiles(drawn: Float[np.ndarray, " draws"]) -> dict[str, float]:
    """The quantiles of equally likely draws by name."""
    found = np.quantile(drawn, list(QUANTILES.values()))
    return dict(zip(QUANTILES, found.tolist(), strict=True))


@cache
def _evidence() -> tuple[IntervalEvidence, ...]:
    return read_figures(_EvidenceFile, files("wearoff.dosing") / "interval_evidence.toml").intervals
