"""The simulations behind the answers: one body weight, people from the model's spread, numbers from their ranges.

A course begins with a year of 4-weekly dosing; day 0 is its last infusion. For tissue each draw is a person and a set
of numbers. For lesions every set of numbers meets every person, so that a band over the sets is one of shares of
people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.activity import ActivityNumbers, draw_activity, expected_events, infiltrate, share_without
from wearoff.dosing.cycle import TissueCycle, tissue_cycle
from wearoff.dosing.decline import EXCHANGE_EVERY_D, EXCHANGE_SESSIONS
from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.trafficking import (
    Traffic,
    draw_numbers,
    free_share,
    levels_over,
    sample_days,
    under_curves,
)
from wearoff.dosing.virtual_activity import RUN_IN_DOSES, RUN_IN_WEEKS

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.pk.models import PkModel

WEEK_D = 7.0
EXCHANGE_BEGINS_D = 7.0
PEOPLE = 60
SETS = 60
_NAME = "explained"


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Level and tissue from day 0 on.

    Attributes:
        day: days since the start of the last infusion of the run-in, shape [times].
        level: concentration, mg/L, shape [draws, times].
        traffic: what every saturation curve makes of it, by name.
    """

    day: Float[np.ndarray, " times"]
    level: Float[np.ndarray, "draws times"]
    traffic: Mapping[str, Traffic]

    def at(self, day: float) -> int:
        """The sample nearest to a day."""
        return int(np.abs(self.day - day).argmin())


@dataclass(frozen=True)
class Simulated:
    """What the answers share, each computed when it is first asked for.

    Attributes:
        model: the concentration model.
        weight_kg: body weight of everybody.
        draws: draws behind each band of tissue.
        seed: the seed of every drawn number.
    """

    model: PkModel
    weight_kg: float
    draws: int
    seed: int

    @cached_property
    def cycles(self) -> Mapping[tuple[float, float], TissueCycle]:
        """Settled cycles by interval in weeks and inflammation."""
        return {
            (weeks, inflammation): tissue_cycle(
                self.model,
                self.weight_kg,
                weeks,
                inflammation=inflammation,
                draws=self.draws,
                seed=self.seed,
            )
            for weeks in (4.0, 6.0)
            for inflammation in (0.0, 1.0)
        }

    @cached_property
    def stopped(self) -> Course:
        """After the last infusion, for 28 weeks."""
        return self.course(None, 7 * 28.0)

    def course(self, given: Regimen | None, until_d: float, exchange_d: Sequence[float] = ()) -> Course:
        """Level and tissue of the draws.

        Args:
            given: the doses after day 0, days counted from it; None where the drug is stopped.
            until_d: the last day.
            exchange_d: days of sessions of plasma exchange.
        """
        regimen, begin = run_in_then(given, exchange_d)
        day = sample_days(regimen, begin + until_d)
        level = levels_over(self.model.draw(self.weight_kg, [_NAME], self.draws, self.seed), regimen, day)
        traffic = under_curves(day, level, draw_numbers(self.draws, self.seed, _NAME))
        # from the end of the infusion of day 0 on
        here = np.flatnonzero(day >= begin + float(regimen.duration_d[0]) - 1e-9)
        return Course(
            day[here] - begin, level[:, here], {name: _cut(one, here) for name, one in traffic.items()}
        )

    def shares_with_gd(
        self, given: Regimen | None, until_d: float, exchange_d: Sequence[float] = ()
    ) -> dict[str, Float[np.ndarray, "sets weeks"]]:
        """The share of people with a Gd+ lesion by the end of each week, for every set of numbers, by curve.

        Arguments as for `course`. Lesions are those that monthly scans see. Everybody was stable: nobody had a
        lesion in the year before day 0.
        """
        regimen, begin = run_in_then(given, exchange_d)
        day = sample_days(regimen, begin + until_d)
        people = self.model.draw(self.weight_kg, [_NAME], PEOPLE, self.seed)
        level = np.repeat(levels_over(people, regimen, day), SETS, axis=0)
        ends = begin + np.arange(0.0, until_d + 1e-9, WEEK_D)
        found = {}
        for name in curve_names():
            numbers = _crossed(draw_activity(name, SETS, self.seed, _NAME))
            infiltrated = infiltrate(day, free_share(load_curve(name), level), numbers, 0.0)
            run_in = np.array([day[0], begin])
            seen = expected_events(day, infiltrated, numbers, "t2", run_in)
            mean = expected_events(day, infiltrated, numbers, "gd", ends).cumsum(axis=1)
            without = share_without(mean, numbers.lesion_shape[:, None], seen)
            found[name] = 1.0 - without.reshape(PEOPLE, SETS, -1).mean(axis=0)
        return found


def run_in_then(given: Regimen | None, exchange_d: Sequence[float] = ()) -> tuple[Regimen, float]:
    """A year of 4-weekly dosing with what follows, and the day of it that is day 0."""
    run_in = every(RUN_IN_WEEKS, times=RUN_IN_DOSES)
    begin = float(run_in.start_d[-1])
    regimen = run_in if given is None else run_in.then(given, after_weeks=float(given.start_d[0]) / 7)
    if not exchange_d:
        return regimen, begin
    return regimen.exchanged([begin + day for day in exchange_d], exchange_share().value), begin


def usual_exchange_d() -> tuple[float, ...]:
    """Days of three sessions of plasma exchange that begin a week after an infusion."""
    return tuple(EXCHANGE_BEGINS_D + EXCHANGE_EVERY_D * session for session in range(EXCHANGE_SESSIONS))


def _crossed(numbers: ActivityNumbers) -> ActivityNumbers:
    """Every set for every person: the sets run fastest."""
    fields = {name: getattr(numbers, name) for name in numbers.__dataclass_fields__}
    return replace(numbers, **{name: np.tile(values, PEOPLE) for name, values in fields.items()})


def _cut(one: Traffic, here: Float[np.ndarray, " times"]) -> Traffic:
    return Traffic(
        day=one.day[here],
        free=one.free[:, here],
        blood=one.blood[:, here],
        entry={name: values[:, here] for name, values in one.entry.items()},
        arriving={name: values[:, here] for name, values in one.arriving.items()},
        csf={name: values[:, here] for name, values in one.csf.items()},
    )
