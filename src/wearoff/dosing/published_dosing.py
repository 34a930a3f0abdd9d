"""The published figures of personal dosing, recomputed by simulation beside what was published.

Each policy arrives at an interval for virtual patients (`virtual_troughs.py`), and the trough that this settles to is
compared with the aim. The abstract says neither between what a prediction error is taken nor which settings the
rules had, so the plausible readings and settings stand side by side, and a figure that is missed is called missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.dosing.policies import ModelInformed, Policy, TroughGuidedTree, load_policy, policy_card
from wearoff.dosing.settled import SettledTroughs
from wearoff.dosing.virtual_troughs import VirtualCohort, arrive, draw_cohort, refitted, standard_weeks
from wearoff.sources import figure

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.pk.models import PkModel

PUBLISHED_AIM = 10.0  # mg/L, of the tree whose rule could be read
AIMS = (10.0, 5.0, 2.0)
NEAR_SHARE = 0.25
NEAR_WITHIN = {"percent": 3.0, "fewer": 5.0, "extended": 5.0, "weeks": 0.5}  # points, points, points, weeks

Reading = Literal["achieved", "measured", "predicted", "refitted"]
READINGS: dict[Reading, str] = {
    "achieved": "the patient's own settled trough less the aim, over the aim",
    "measured": "that trough as it is measured less the aim, over the aim",
    "predicted": "the predicted trough (of the tree: its aim) less the measured one, over the measured one",
    "refitted": "the settled trough by a fit of all troughs, the tree's among them, less the aim, over the aim",
}
PUBLISHED = {  # policy, aim, what: row of the evidence table
    ("model_informed", 10.0, "percent"): "P013",
    ("trough_guided_tree", 10.0, "percent"): "P014",
    ("model_informed", 10.0, "rmse"): "P015",
    ("trough_guided_tree", 10.0, "rmse"): "P016",
    ("model_informed", 5.0, "percent"): "P017",
    ("trough_guided_tree", 5.0, "percent"): "P018",
    ("model_informed", 5.0, "rmse"): "P019",
    ("trough_guided_tree", 5.0, "rmse"): "P020",
    ("model_informed", 2.0, "weeks"): "P021",
    ("model_informed", 2.0, "fewer"): "P022",
    ("trough_guided_tree", 10.0, "extended"): "P115",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A simulated figure and its Monte Carlo error (one SD)."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy comes to in the patients that count.

    Attributes:
        patients: how many count.
        percent: mean prediction error, %, under each reading.
        rmse: root mean square error, mg/L, under each reading.
        weeks: mean interval.
        fewer: infusions saved against every 4 weeks, %.
        extended: share that arrives at 5 to 7 weeks, %, of those whose first trough lies above the threshold of the
            published tree.
    """

    patients: int
    percent: dict[Reading, Estimate]
    rmse: dict[Reading, Estimate]
    weeks: Estimate
    fewer: Estimate
    extended: Estimate


@dataclass(frozen=True, slots=True)
class Compared:
    """One published figure beside the simulated one.

    Attributes:
        id: row of the evidence table.
        policy: name of the rule.
        aim_mg_per_l: the trough aimed for.
        what: `percent`, `rmse`, `weeks`, `fewer` or `extended`, as in `Outcome`.
        reading: how a prediction error is read; None where there is one reading.
        published: the published value.
        simulated: the simulated one.
        is_near: as `is_near` says.
    """

    id: str
    policy: str
    aim_mg_per_l: float
    what: str
    reading: Reading | None
    published: float
    simulated: Estimate
    is_near: bool


@dataclass(frozen=True, slots=True)
class Recomputation:
    """The published figures, and what other settings would have given.

    Attributes:
        model: name of the model.
        patients: virtual patients drawn.
        seed: the seed of the draws.
        compared: published figures beside simulated ones, in the order of `PUBLISHED`, one for each reading.
        outcomes: what each policy comes to, by name and aim.
        variants: the same under other settings, by name, aim and setting in words.
    """

    model: str
    patients: int
    seed: int
    compared: tuple[Compared, ...]
    outcomes: dict[tuple[str, float], Outcome]
    variants: dict[tuple[str, float, str], Outcome]


def recompute(
    patients: int,
    seed: int,
    *,
    model: PkModel | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Recomputation:
    """The published figures by simulation.

    Args:
        patients: virtual patients, at least 2.
        seed: the seed of the draws.
        model: by default the published model the figures come from.
        progress: called with the patients fitted and their number in all; everyone is fitted three times.

    Raises:
        ValueError: fewer than two patients.
    """
    from wearoff.dosing.pk.models import load_model

    def part(number: int) -> Callable[[int, int], None] | None:
        if progress is None:
            return None
        return lambda done, in_all: progress(number * in_all + done, 3 * in_all)

    chosen = load_model() if model is None else model
    cohort = draw_cohort(chosen, patients, seed, progress=part(0))
    outcomes, variants = {}, {}
    for number, aim in enumerate(AIMS, 1):
        tree = load_policy("trough_guided_tree", aim_mg_per_l=aim)
        again = None
        if ("trough_guided_tree", aim, "percent") in PUBLISHED:
            interval = arrive(tree, cohort)
            later = cohort.measure(cohort.truth.settled(interval), 0)
            again = refitted(cohort, interval, later, part(number))
        for name in ("model_informed", "trough_guided_tree"):
            policy = load_policy(name, aim_mg_per_l=aim)
            outcomes[name, aim] = follow_policy(policy, cohort, aim, again=again)
            for words, other, everyone in _variants(name, policy, aim):
                variants[name, aim, words] = follow_policy(other, cohort, aim, again=again, everyone=everyone)
    return Recomputation(chosen.name, patients, seed, tuple(_compared(outcomes)), outcomes, variants)


def follow_policy(
    policy: Policy,
    cohort: VirtualCohort,
    aim_mg_per_l: float,
    *,
    again: SettledTroughs | None = None,
    everyone: bool = False,
) -> Outcome:
    """What a policy comes to against an aim.

    Args:
        policy: the rule.
        cohort: the patients.
        aim_mg_per_l: the aim of the rule.
        again: settled troughs by a fit of all troughs, for the reading `refitted`; without it that is left out.
        everyone: whether patients count whose 4-weekly troughs already lie below the aim, on average.
    """
    interval = arrive(policy, cohort)
    level = cohort.truth.settled(interval)
    aim = np.full(level.shape, aim_mg_per_l)
    measured = cohort.measure(level, 0)
    predicted = cohort.predicted.settled(interval) if isinstance(policy, ModelInformed) else aim
    errors: dict[Reading, tuple[np.ndarray, np.ndarray]] = {
        "achieved": (level - aim, aim),
        "measured": (measured - aim, aim),
        "predicted": (predicted - measured, measured),
    }
    if again is not None:
        errors["refitted"] = (again.settled(interval) - aim, aim)
    counts = np.ones(level.size, dtype=bool) if everyone else cohort.measured.mean(axis=1) >= aim_mg_per_l
    margin = policy_card("trough_guided_tree").settings["margin"].value
    began = cohort.measured[:, 0] > PUBLISHED_AIM + margin
    is_extended = (interval > 4.5) & (interval < 7.5)  # 5 to 7 weeks, rounded
    return Outcome(
        patients=int(counts.sum()),
        percent={reading: _mean(100 * error / over, counts) for reading, (error, over) in errors.items()},
        rmse={reading: _root(error, counts) for reading, (error, _) in errors.items()},
        weeks=_mean(interval, counts),
        fewer=_mean(100 * (1 - standard_weeks() / interval), counts),
        extended=_mean(100.0 * is_extended, began),
    )


def is_near(what: str, published: float, simulated: float) -> bool:
    """Whether a simulated figure is near the published one.

    An error is near within `NEAR_SHARE` of the published value, a mean error in per cent also within 3 points. An
    interval is near within half a week, a share within 5 points.

    Args:
        what: as in `Compared`.
        published: the published value.
        simulated: the simulated one.
    """
    share = NEAR_SHARE * abs(published) if what in ("percent", "rmse") else 0.0
    return abs(simulated - published) <= max(share, NEAR_WITHIN.get(what, 0.0))


def _variants(name: str, policy: Policy, aim: float) -> Iterator[tuple[str, Policy, bool]]:
    """Other settings of a policy, each in words, and whether everyone counts."""
    yield "everyone counts", policy, True
    if isinstance(policy, ModelInformed):
        yield "whole weeks", replace(policy, step_d=7.0), False
        yield "up to 12 weeks", replace(policy, longest_weeks=12.0), False
    if isinstance(policy, TroughGuidedTree):
        ratio = 1.0 + policy_card(name).settings["margin"].value / PUBLISHED_AIM
        if aim != PUBLISHED_AIM:
            yield f"threshold {ratio:g} x aim", replace(policy, threshold_mg_per_l=ratio * aim), False
        yield "two troughs decide", replace(policy, troughs=2), False


def _compared(outcomes: dict[tuple[str, float], Outcome]) -> Iterator[Compared]:
    """Each published figure beside each reading of it."""
    for (policy, aim, what), row in PUBLISHED.items():
        found = getattr(outcomes[policy, aim], what)
        published = figure(row).number
        assert published is not None  # noqa: S101 - a test reads every row
        for reading, simulated in (found if isinstance(found, dict) else {None: found}).items():
            near = is_near(what, published, simulated.value)
            yield Compared(row, policy, aim, what, reading, published, simulated, near)


def _mean(values: Float[np.ndarray, " patients"], counts: Bool[np.ndarray, " patients"]) -> Estimate:
    """The mean of those who count, not a number for fewer than two."""
    chosen = values[counts]
    if chosen.size < 2:
        return Estimate(float("nan"), float("nan"))
    return Estimate(float(chosen.mean()), float(chosen.std(ddof=1) / np.sqrt(chosen.size)))


def _root(errors: Float[np.ndarray, " patients"], counts: Bool[np.ndarray, " patients"]) -> Estimate:
    """The root of the mean square of those who count, its error by the delta method."""
    square = _mean(errors**2, counts)
    root = float(np.sqrt(square.value))
    return Estimate(root, square.error / (2 * root) if root > 0 else 0.0)
