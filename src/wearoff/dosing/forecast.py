"""What following a regimen through comes to: the level and the saturation of a typical patient and of a population.

A forecast holds the level of the typical patient at every day and dose, the spread between drawn patients before and
after every dose, the saturation under every curve, the means of each run of equal intervals with their Monte
Carlo error, the share of patients at or above each target, and why a prediction leaves the model's data.
`follow.py` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.by_dose import Run, Spread, share_error
from wearoff.dosing.pk.models import ModelDraws
from wearoff.dosing.plan import Plan

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False)
class ByDay:
    """The spread between the drawn patients at every time of a forecast.

    Attributes:
        bands: quantiles of the level by name, mg/L, each of shape [times].
        saturation_low, saturation_high: range over the curves and the 5-95 % band, shape [times].
        shares: share of patients at or above each target, shape [times].
    """

    bands: Mapping[str, Float[np.ndarray, " times"]]
    saturation_low: Float[np.ndarray, " times"]
    saturation_high: Float[np.ndarray, " times"]
    shares: Mapping[float, Float[np.ndarray, " times"]]


@dataclass(slots=True)
class DrawnNumbers:
    """Which of a model's own numbers were drawn for each virtual patient, and which were not.

    Attributes:
        names: dotted names of the drawn numbers.
        redrawn: how many draws fell outside physical bounds and were replaced.
        kept: the numbers that keep their published value, and why.
    """

    names: tuple[str, ...] = ()
    redrawn: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)

    def count(self, draws: ModelDraws) -> None:
        """Add the draws of some more patients."""
        self.names, self.kept = tuple(draws.values), draws.kept
        self.redrawn += sum(draws.redrawn.values())


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a plan comes to.

    Attributes:
        plan: the plan, cut at the end asked for.
        model, draws, seed: what it was computed with.
        failed: drawn patients who could not be solved; they are in no figure.
        day: days since the first dose, shape [times].
        dose_number: the dose given last; at the very start of a dose it is still the one before.
        is_trough: whether the time is the start of a dose after the first.
        typical: level of the typical patient, mg/L, shape [times].
        saturations: saturation of the typical patient under each curve, shape [times].
        outside: for each time why the prediction leaves the model's data; empty where it does not.
        at: index of each dose, and of the end, among the times.
        troughs: before each dose, and at the end; doses + 1 levels.
        peaks: after each dose; doses levels.
        shares: share of patients whose trough is at or above each target, shape [doses + 1].
        runs: the runs of equal intervals.
        numbers: the model's own numbers, where each patient has his own draw of them; None where all have the
            published ones.
        by_day: the drawn patients at every time; None for a population that was streamed.
    """

    plan: Plan
    model: str
    draws: int
    seed: int
    failed: int
    day: Float[np.ndarray, " times"]
    dose_number: Float[np.ndarray, " times"]
    is_trough: Float[np.ndarray, " times"]
    typical: Float[np.ndarray, " times"]
    saturations: Mapping[str, Float[np.ndarray, " times"]]
    outside: tuple[str, ...]
    at: tuple[int, ...]
    troughs: Spread
    peaks: Spread
    shares: Mapping[float, Float[np.ndarray, " levels"]]
    runs: tuple[Run, ...]
    numbers: DrawnNumbers | None
    by_day: ByDay | None

    def columns(self) -> dict[str, Sequence[object]]:
        """What `wearoff simulate -o` writes: by time, or by dose where no days were kept."""
        return self._columns_by_dose() if self.by_day is None else self._columns_by_time(self.by_day)

    def _columns_by_time(self, found: ByDay) -> dict[str, Sequence[object]]:
        return {
            "patient_id": [self.plan.patient] * self.day.size,
            "day": self.day.tolist(),
            "week": (self.day / 7.0).tolist(),
            "dose_number": self.dose_number.tolist(),
            "is_trough": self.is_trough.tolist(),
            "level_typical": self.typical.tolist(),
            **{f"level_{name}": values.tolist() for name, values in found.bands.items()},
            **{f"saturation_{name}": values.tolist() for name, values in self.saturations.items()},
            "saturation_low": found.saturation_low.tolist(),
            "saturation_high": found.saturation_high.tolist(),
            **self._shares(found.shares),
            "outside_model": [reason or None for reason in self.outside],
            **self._made_with(self.day.size),
        }

    def _columns_by_dose(self) -> dict[str, Sequence[object]]:
        """A row before each dose and one for the end, where no dose is given and nothing follows."""
        at, regimen = np.array(self.at), self.plan.regimen
        routes = ["SC" if is_subcutaneous else "IV" for is_subcutaneous in regimen.is_subcutaneous]
        return {
            "patient_id": [self.plan.patient] * at.size,
            "next_dose": [*range(1, at.size), None],
            "day": self.day[at].tolist(),
            "week": (self.day[at] / 7.0).tolist(),
            "dose_mg": [*regimen.dose_mg.tolist(), None],
            "route": [*routes, None],
            **self.troughs.columns("trough"),
            **{name: [*values, None] for name, values in self.peaks.columns("peak").items()},
            **{f"saturation_{name}": values[at].tolist() for name, values in self.saturations.items()},
            **self._shares(self.shares),
            "outside_model": [self.outside[where] or None for where in at],
            **self._made_with(at.size),
        }

    def _shares(self, shares: Mapping[float, Float[np.ndarray, " rows"]]) -> dict[str, Sequence[object]]:
        found: dict[str, Sequence[object]] = {}
        for target, share in shares.items():
            found[f"share_at_or_above_{target:g}"] = share.tolist()
            found[f"share_error_{target:g}"] = share_error(share, self.draws - self.failed).tolist()
        return found

    def _made_with(self, rows: int) -> dict[str, Sequence[object]]:
        made = {
            "unit": "mg/L",
            "model": self.model,
            "draws": self.draws,
            "seed": self.seed,
            "parameter_uncertainty": self.numbers is not None,
        }
        return {name: [value] * rows for name, value in made.items()}
