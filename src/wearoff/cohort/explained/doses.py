"""Two questions on doses: how long the last one protects, and what a missed, late or exchanged one does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from wearoff.cohort.explained.simulated import (
    EXCHANGE_BEGINS_D,
    Course,
    Simulated,
    usual_exchange_d,
)
from wearoff.cohort.explained.tissue import BAND, NO_RISK
from wearoff.cohort.explained.values import Explanation, Grid, Ranged
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.trafficking import band
from wearoff.sources import figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float

STOPPED_WEEKS: Final = (4, 6, 8, 10, 12, 16, 20, 28)
FOLLOWED_WEEKS: Final = 24
_DOSES = 7
STABLE: Final = (
    "Shares are of people, and their band is over the numbers of the model. Everybody had a year of 4-weekly dosing"
    " without a lesion before; the trials took people without recent activity."
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What may happen to the next dose of somebody on 4-weekly dosing.

    Attributes:
        words: what happens.
        given: the doses after day 0.
        exchange_d: days of sessions of plasma exchange.
    """

    words: str
    given: Regimen
    exchange_d: tuple[float, ...] = ()


def scenarios() -> tuple[Scenario, ...]:
    """As planned, late, missed, under the skin, and exchanged."""
    four = every(4, times=_DOSES)
    under = every(4, times=1, is_subcutaneous=True)
    return (
        Scenario("as planned", four.shifted(28)),
        Scenario("one week late", four.shifted(35)),
        Scenario("two weeks late", four.shifted(42)),
        Scenario("missed: the next one after 8 weeks", four.shifted(56)),
        Scenario("given under the skin once", under.then(four, after_weeks=4).shifted(28)),
        Scenario(
            f"plasma exchange, three sessions from day {EXCHANGE_BEGINS_D:.0f}",
            four.shifted(28),
            usual_exchange_d(),
        ),
    )


def last_dose(simulated: Simulated) -> Explanation:
    """How long protection lasts after the last dose, and when disease returns."""
    found, shares = simulated.stopped, simulated.shares_with_gd(None, 7.0 * STOPPED_WEEKS[-1])
    with_gd = {week: share_by(shares, week) for week in STOPPED_WEEKS}
    half = weeks_until_half(found)
    at8, at12, at28 = (with_gd[week].text for week in (8, 12, 28))
    return Explanation(
        name="last-dose",
        question="How long after the last dose does protection last, and when does disease return?",
        answer=(
            f"In the trial that stopped the drug, the first lesions were seen near week {figure('IO083').value}"
            f" after the last dose and most at week {figure('IO083b').value.removeprefix('>=')} or later; by week"
            f" 28, {figure('IO081').value} of {figure('IO081').n} on placebo had one, and {figure('IO080').value}"
            f" of {figure('IO080').n} who went on. The model, which was fitted to that, has {at8} % with a Gd+"
            f" lesion by week 8, {at12} % by week 12 and {at28} % by week 28. Entry of CD4 cells into the brain is"
            f" back to half of that without drug after {half.text} weeks."
        ),
        paragraphs=(
            "It is a slope and no date. Level, free alpha-4, entry and lesions follow one another, each later than"
            " the one before. Past week 8 the level rests on the Michaelis constant, the number of the model that"
            " is known worst.",
        ),
        grids=(
            Grid(
                f"After the last 4-weekly infusion, {simulated.weight_kg:.0f} kg",
                (
                    "week",
                    "level, mg/L",
                    "free alpha-4, %",
                    "CD4 entry, brain, %",
                    "share with a Gd+ lesion so far, %",
                ),
                tuple((str(week), _after(found, week, with_gd[week])) for week in STOPPED_WEEKS),
                f"{BAND} The level has one curve and people only. {STABLE} Lesions are those that monthly scans"
                " see, with the ones that the drug never prevented.",
            ),
        ),
        limits=(
            "People who had active disease before the drug, or stop it for another one, were not simulated.",
            "The return of activity was fitted to one trial; it bounds how fast lesions follow, not by how much"
            " people differ.",
        ),
        evidence=("IO069", "IO070", "IO074", "IO075", "IO080", "IO081", "IO083", "IO083b", "IO121"),
    )


def next_dose(simulated: Simulated) -> Explanation:
    """What a missed, late or exchanged dose does."""
    rows = {each.words: scenario_row(simulated, each) for each in scenarios()}
    planned, late, missed = (
        rows[words] for words in ("as planned", "two weeks late", "missed: the next one after 8 weeks")
    )
    return Explanation(
        name="next-dose",
        question="What does a missed, late or exchanged dose do?",
        answer=(
            "It lets the level fall further, once, and the next infusion brings it back. Two weeks late, the"
            f" lowest level is {late[0].text} mg/L instead of {planned[0].text}; after a missed dose"
            f" {missed[0].text}. Lesions follow late: within {FOLLOWED_WEEKS} weeks {planned[3].text} % have a Gd+"
            f" lesion as planned, {late[3].text} % after the late and {missed[3].text} % after the missed dose."
        ),
        paragraphs=(
            "A dose under the skin is absorbed in part and over days, so that the level before the dose after it"
            " is a little lower. Plasma exchange removes the drug from the blood: three sessions lowered the level"
            f" by {figure('P153').value} % a week after the last.",
        ),
        grids=(
            Grid(
                f"Within {FOLLOWED_WEEKS} weeks of an infusion, {simulated.weight_kg:.0f} kg, 4-weekly otherwise",
                (
                    "next dose",
                    "lowest level, mg/L",
                    "most free alpha-4, %",
                    "most CD4 entry, brain, %",
                    "share with a Gd+ lesion, %",
                ),
                tuple(rows.items()),
                f"{BAND} {STABLE}",
            ),
        ),
        limits=(
            "No trial has compared late or missed doses. Repeated delays are a longer interval, not several single"
            " ones.",
            "How much one session of exchange removes is assumed. In the study of it saturation fell under 50 %"
            f" below {figure('P154').value} mg/L, lower than under any of the curves here.",
            NO_RISK,
        ),
        evidence=("P153", "P154", "W101", "IO080"),
    )


def scenario_row(simulated: Simulated, scenario: Scenario) -> tuple[Ranged, Ranged, Ranged, Ranged]:
    """Lowest level, most free alpha-4, most CD4 entry and the share with a Gd+ lesion within the weeks followed."""
    until = 7.0 * FOLLOWED_WEEKS
    found = simulated.course(scenario.given, until, scenario.exchange_d)
    shares = simulated.shares_with_gd(scenario.given, until, scenario.exchange_d)
    over = partial(_over_curves, found)
    return (
        Ranged.of(band([found.level.min(axis=1)]), times=1.0),
        over(lambda name: found.traffic[name].free.max(axis=1)),
        over(lambda name: found.traffic[name].entry["cns_cd4"].max(axis=1)),
        share_by(shares, FOLLOWED_WEEKS),
    )


def share_by(shares: dict[str, Float[np.ndarray, "sets weeks"]], week: float) -> Ranged:
    """The share with a Gd+ lesion by the end of a week, %."""
    return Ranged.of(band([each[:, round(week) - 1] for each in shares.values()]))


def weeks_until_half(found: Course) -> Ranged:
    """Weeks until entry of CD4 cells into the brain is half of that without drug; the last week where it is not."""

    def weeks(name: str) -> Float[np.ndarray, " draws"]:
        is_half = found.traffic[name].entry["cns_cd4"] >= 0.5
        day = np.where(is_half.any(axis=1), found.day[is_half.argmax(axis=1)], found.day[-1])
        return np.asarray(day / 7)

    return Ranged.of(band([weeks(name) for name in found.traffic]), times=1.0)


def _after(found: Course, week: float, with_gd: Ranged) -> tuple[Ranged, ...]:
    at = found.at(7.0 * week)
    return (
        Ranged.of(band([found.level[:, at]]), times=1.0),
        _over_curves(found, lambda name: found.traffic[name].free[:, at]),
        _over_curves(found, lambda name: found.traffic[name].entry["cns_cd4"][:, at]),
        with_gd,
    )


def _over_curves(found: Course, of: Callable[[str], Float[np.ndarray, " draws"]]) -> Ranged:
    return Ranged.of(band([of(name) for name in found.traffic]))
