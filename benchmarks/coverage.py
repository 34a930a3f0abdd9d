"""How often the ranges of the 6-weekly trough hold the truth, for draws, for MAP bands, and with the models' doubt.

Truth: patients drawn from the default model, each with a weight and two 4-weekly troughs; once under the published
numbers of the model, and once with each patient's model as uncertain as its intervals say. Run by
`python -m benchmarks.coverage [PATIENTS]`; the table stands in `docs/explanation/one-patient.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.posterior import draw_posterior
from wearoff.dosing.fit.subject import Subject, typical_of, under_effects
from wearoff.dosing.pk.aligned import AlignedPlan
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.regimen import every

MODEL = load_model()
MONTHLY = every(4, times=14)
TROUGHS = MONTHLY.start_d[[12, 13]]
LATER = MONTHLY.then(every(6, times=9))
SHARES = (0.90, 0.50)
PATIENTS, DRAWS, SEED = 2000, 1000, 17
AS_PUBLISHED = "draws, numbers as published"
DEFAULT = "draws, uncertain numbers (default)"
LAPLACE = "MAP with its Laplace covariance"


@dataclass(frozen=True, slots=True)
class Line:
    """How often one kind of range held the truth.

    Attributes:
        name: what kind.
        truth: what the patients were drawn under.
        held: by the share that a range promises, the share of patients whose truth it held.
    """

    name: str
    truth: str
    held: dict[float, float]


def treated(count: int, seed: int, *, is_uncertain: bool = False) -> tuple[list[Subject], np.ndarray]:
    """Patients drawn from the model with two 4-weekly troughs each, and their true 6-weekly trough.

    Args:
        count: how many.
        seed: of all that is drawn.
        is_uncertain: whether each is drawn under numbers of the model of his own, from their published intervals.
    """
    rng = np.random.default_rng(seed)
    weight = np.clip(rng.normal(79, 18, count), 45, 125)
    names = [f"P{index}" for index in range(count)]
    truth = MODEL.draw(weight[:, None], names, 1, seed)
    if is_uncertain:
        own = [
            MODEL.draw(kg, [name], 1, seed, parameter_draws=MODEL.draw_parameters(1, 10_000 * seed + index))
            for index, (kg, name) in enumerate(zip(weight, names, strict=True))
        ]
        arrays = {each: np.concatenate([getattr(one, each) for one in own]) for each in PARAMETER_NAMES}
        truth = replace(truth, **arrays)
    levels = AlignedPlan([MONTHLY] * count, [TROUGHS] * count, truth.lag_d).levels(truth).level
    later = AlignedPlan([LATER] * count, [LATER.start_d[-1:]] * count, truth.lag_d).levels(truth).level
    subjects = []
    for index, name in enumerate(names):
        measured = levels[index][0] * (1 + 0.219 * rng.standard_normal(2))
        subjects.append(Subject.of(name, MONTHLY, weight[index], TROUGHS, np.maximum(measured, 0.05)))
    return subjects, np.array([level[0, 0] for level in later])


def coverage(
    count: int = PATIENTS, seed: int = SEED, progress: Callable[[str], None] = lambda _: None
) -> list[Line]:
    """Every kind of range held against the patients: draws, default draws, default draws of uncertain truth, MAP."""
    subjects, truth = treated(count, seed)
    unsure, unsure_truth = treated(count, seed, is_uncertain=True)
    found = []
    for name, is_uncertain, people, level in (
        (AS_PUBLISHED, False, subjects, truth),
        (DEFAULT, True, subjects, truth),
        (DEFAULT, True, unsure, unsure_truth),
    ):
        progress(name)
        posteriors = draw_posterior(
            MODEL, people, seed=1, draws=DRAWS, proposals=DRAWS, parameter_uncertainty=is_uncertain
        )
        levels = (one.levels(LATER, LATER.start_d[-1:])[:, 0] for one in posteriors)
        found.append(_line(name, "uncertain" if people is unsure else "published", levels, level))
    progress(LAPLACE)
    found.append(_line(LAPLACE, "published", _laplace(subjects, seed), truth))
    return found


def _laplace(subjects: list[Subject], seed: int) -> Iterator[np.ndarray]:
    """The 6-weekly trough under normal draws around the most probable effects."""
    fit, rng = fit_map(MODEL, subjects), np.random.default_rng(seed)
    for index, subject in enumerate(subjects):
        root = np.linalg.cholesky(fit.covariance[index])
        effects = fit.effects[index] + rng.standard_normal((DRAWS, len(fit.names))) @ root.T
        drawn: Parameters = under_effects(typical_of(MODEL, [subject]), fit.names, effects[None])
        plan = AlignedPlan([LATER], [LATER.start_d[-1:]], drawn.lag_d, list(drawn.change_d or ()))
        yield plan.levels(drawn, accuracy=1e-5).level[0][:, 0]


def _line(name: str, drawn_under: str, levels: Iterator[np.ndarray], truth: np.ndarray) -> Line:
    edges = [(1 - share) / 2 for share in SHARES]
    ends = np.array([np.quantile(level, [*edges, *(1 - edge for edge in edges)]) for level in levels])
    held = {
        share: float(((truth > ends[:, k]) & (truth < ends[:, k + len(SHARES)])).mean())
        for k, share in enumerate(SHARES)
    }
    return Line(name, drawn_under, held)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    lines = coverage(count, progress=lambda name: print(f"  {name} ...", file=sys.stderr))
    print(
        f"{count:,} patients, two 4-weekly troughs each, seed {SEED}: how often a range held the true trough"
    )
    for line in lines:
        held = "   ".join(
            f"{100 * share:.0f} % ranges {100 * value:.1f} %" for share, value in line.held.items()
        )
        print(f"  {line.name:35} truth {line.truth:10} {held}")
    error = {share: np.sqrt(share * (1 - share) / count) for share in SHARES}
    print("  chance alone: " + ", ".join(f"{100 * one:.1f} points" for one in error.values()))


if __name__ == "__main__":
    main()
