"""One settled cycle from drug to tissue: the level, the free alpha-4, and what enters brain, lung and gut, day by day.

Answers whether a patient is most vulnerable right after the infusion, as far as entry of cells goes: in which direction
entry changes over the cycle and by how many points of the untreated entry, over curves, people and the ranges of the
numbers. It is no risk of infection, and it shows of no day that it is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.by_dose import QUANTILES
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.regimen import every
from wearoff.dosing.trafficking import (
    CSF_ORGAN,
    Traffic,
    band,
    draw_numbers,
    levels_over,
    sample_days,
    trafficking_digest,
    trafficking_file,
    under_curves,
)

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.pk.models import PkModel

SETTLING_D = 2 * YEAR_D
_PATIENT = "cycle"

Band = Mapping[str, "Float[np.ndarray, ' times']"]


@dataclass(frozen=True, slots=True)
class Rise:
    """How much more enters just before the next infusion than just after this one, in points of the untreated entry.

    Attributes:
        low, high: the lowest 5 % and highest 95 % of any curve.
        middle_low, middle_high: the medians of the curves that differ most.
        by_curve: the median under each curve.
        share_rising: share of draws, over all curves, in which it is more.
    """

    low: float
    middle_low: float
    middle_high: float
    high: float
    by_curve: Mapping[str, float]
    share_rising: float


@dataclass(frozen=True, slots=True, eq=False)
class TissueCycle:
    """A cycle after two years of the interval; bands are those of `trafficking.band`, relative to no drug.

    Attributes:
        interval_weeks: the interval.
        weight_kg: body weight.
        dose_mg: each dose.
        inflammation: of every tissue, 0 quiet to 1.
        day: days since the start of the infusion; the first sample is its end, the last just before the next one.
        level: quantiles of the concentration by name, mg/L.
        free: band of the free alpha-4.
        blood: band of the cells in the blood.
        entry: band of the entry by route.
        csf: band of the cells in the cerebrospinal fluid by route.
        rise: by route.
        provenance: model, digests, draws and seed.
    """

    interval_weeks: float
    weight_kg: float
    dose_mg: float
    inflammation: float
    day: Float[np.ndarray, " times"]
    level: Mapping[str, Float[np.ndarray, " times"]]
    free: Band
    blood: Band
    entry: Mapping[str, Band]
    csf: Mapping[str, Band]
    rise: Mapping[str, Rise]
    provenance: Mapping[str, str]

    def at(self, day: float) -> int:
        """The sample nearest to a day of the cycle."""
        return int(np.abs(self.day - day).argmin())


def tissue_cycle(
    model: PkModel,
    weight_kg: float,
    interval_weeks: float,
    *,
    dose_mg: float = 300.0,
    inflammation: float = 0.0,
    draws: int = 500,
    seed: int = 0,
) -> TissueCycle:
    """One settled cycle of a person of a weight whose levels nobody has measured.

    Each draw is a person from the model's spread and a set of numbers from their scanned ranges.

    Args:
        model: the concentration model.
        weight_kg: body weight.
        interval_weeks: the interval, at least half a week and at most half a year.
        dose_mg: each dose.
        inflammation: of every tissue, from 0, quiet, to 1.
        draws: how many.
        seed: the seed of the draws.

    Raises:
        ValueError: the interval, the weight or the inflammation is out of range.
    """
    if not 0.5 <= interval_weeks <= 26:
        raise ValueError("an interval lies between half a week and 26 weeks")
    length = 7.0 * interval_weeks
    cycles = int(np.ceil(SETTLING_D / length))
    regimen = every(interval_weeks, dose_mg, cycles + 1)
    # the next infusion is never reached: the last sample is just before it
    day = sample_days(regimen, cycles * length)
    level = levels_over(model.draw(weight_kg, [_PATIENT], draws, seed), regimen, day)
    numbers = draw_numbers(draws, seed, _PATIENT)
    found = under_curves(day, level, numbers, inflammation=inflammation)
    begin = (cycles - 1) * length
    here = np.flatnonzero(day >= begin + float(regimen.duration_d[0]) - 1e-9)
    every_curve = list(found.values())
    routes = trafficking_file().routes
    return TissueCycle(
        interval_weeks=interval_weeks,
        weight_kg=weight_kg,
        dose_mg=dose_mg,
        inflammation=inflammation,
        day=day[here] - begin,
        level=dict(
            zip(QUANTILES, np.quantile(level[:, here], list(QUANTILES.values()), axis=0), strict=True)
        ),
        free=band([curve.free[:, here] for curve in every_curve]),
        blood=band([curve.blood[:, here] for curve in every_curve]),
        entry={name: band([curve.entry[name][:, here] for curve in every_curve]) for name in routes},
        csf={
            name: band([curve.csf[name][:, here] for curve in every_curve])
            for name, route in routes.items()
            if route.organ == CSF_ORGAN
        },
        rise={name: _rise(found, name, here) for name in routes},
        provenance={
            **model.provenance,
            "trafficking_digest": trafficking_digest(),
            "draws": str(draws),
            "seed": str(seed),
        },
    )


def _rise(found: Mapping[str, Traffic], route: str, here: Float[np.ndarray, " times"]) -> Rise:
    points = [
        100.0 * (curve.entry[route][:, here[-1]] - curve.entry[route][:, here[0]]) for curve in found.values()
    ]
    between = band(points)
    return Rise(
        low=float(between["p05"]),
        middle_low=float(between["p50_low"]),
        middle_high=float(between["p50_high"]),
        high=float(between["p95"]),
        by_curve={name: float(np.median(drawn)) for name, drawn in zip(found, points, strict=True)},
        share_rising=float(np.mean([drawn > 0 for drawn in points])),
    )
