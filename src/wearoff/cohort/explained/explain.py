"""Every question answered, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wearoff import __version__
from wearoff.cohort.explained.doses import last_dose, next_dose
from wearoff.cohort.explained.known import known
from wearoff.cohort.explained.simulated import PEOPLE, SETS, Simulated
from wearoff.cohort.explained.tissue import after_infusion, inflamed_lung, six_weeks
from wearoff.cohort.explained.values import Explained
from wearoff.cohort.explained.wearing_off import wearing_off
from wearoff.dosing.activity import activity_digest
from wearoff.dosing.trafficking import trafficking_digest

if TYPE_CHECKING:
    from wearoff.dosing.pk.models import PkModel

WEIGHT_KG: Final = 75.0
DRAWS: Final = 500


def explain(
    model: PkModel | None = None, *, weight_kg: float = WEIGHT_KG, draws: int = DRAWS, seed: int = 0
) -> Explained:
    """Every question with its answer.

    Args:
        model: the concentration model; by default the one that everything else uses.
        weight_kg: body weight of everybody.
        draws: draws behind each band of tissue.
        seed: the seed of every drawn number.

    Raises:
        ValueError: the weight is no body weight, or there are no draws.
    """
    from wearoff.dosing.pk.models import load_model

    simulated = Simulated(load_model() if model is None else model, weight_kg, draws, seed)
    return Explained(
        (
            wearing_off(),
            six_weeks(simulated),
            inflamed_lung(simulated),
            after_infusion(simulated),
            last_dose(simulated),
            next_dose(simulated),
            known(simulated),
        ),
        {
            "version": __version__,
            **simulated.model.provenance,
            "trafficking_digest": trafficking_digest(),
            "activity_digest": activity_digest(),
            "body weight": f"{weight_kg:g} kg",
            "draws of tissue": str(draws),
            "people and sets of numbers of lesions": f"{PEOPLE} and {SETS}",
            "seed": str(seed),
        },
    )
