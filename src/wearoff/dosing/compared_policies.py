"""At which interval each published policy arrives for one patient, beside the user's own options.

A policy says what its authors did. It stands here for comparison, under the aim that the user has named as a floor; no
aim is preset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.settings import FitSettings
from wearoff.dosing.fit.subject import subject_of
from wearoff.dosing.policies import Known, load_policy, policy_card
from wearoff.dosing.settled import settled_after

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.patient import Patient
    from wearoff.dosing.pk.models import PkModel

__all__ = ["COMPARED", "PolicyFinding", "compare_policies", "measured_troughs"]

COMPARED = ("trough_guided_tree", "model_informed")
TROUGH_WITHIN_D = 1.0
"""A level drawn no longer than this before a dose is a trough."""


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """Where a published policy arrives for one patient.

    Attributes:
        name: the policy.
        title: one line for people.
        weeks: the interval that it arrives at; None where it cannot say.
        reason: why, in words.
        source: where it was published.
    """

    name: str
    title: str
    weeks: float | None
    reason: str
    source: str


def compare_policies(patient: Patient, model: PkModel, aim_mg_per_l: float) -> tuple[PolicyFinding, ...]:
    """Where each published policy arrives for one patient.

    Args:
        patient: with at least one level.
        model: the model behind the predicted troughs of model-informed dosing.
        aim_mg_per_l: the trough that the policies are to keep.

    Raises:
        ComputationError: a level cannot be computed; names the patient.
    """
    gaps, troughs = np.round(patient.regimen.interval_d), measured_troughs(patient)  # in whole days
    found = []
    for name in COMPARED:
        card, policy = policy_card(name), load_policy(name, aim_mg_per_l=aim_mg_per_l)
        if not gaps.size:
            weeks, reason = None, "a single dose has no interval to begin from"
        else:
            predicted = None
            if name == "model_informed":
                subject, scales = subject_of(patient)
                fit = fit_map(model, [subject], settings=FitSettings(scales=scales))
                predicted = settled_after(model, [subject], fit, float(patient.regimen.dose_mg[-1]))
            known = Known(np.array([gaps[-1] / 7.0]), troughs[None], predicted)
            decided = policy.decide(known)
            weeks, reason = float(decided.interval_weeks[0]), decided.reason(0)
        found.append(PolicyFinding(name, card.title, weeks, reason, card.reference.citation))
    return tuple(found)


def measured_troughs(patient: Patient) -> Float[np.ndarray, " troughs"]:
    """The levels drawn at most a day before a dose, the latest last, mg/L, by the scale of their laboratory.

    Levels below quantification are none: a policy that wants a number has none.
    """
    levels, start = patient.levels, patient.regimen.start_d
    after = np.searchsorted(start, levels.time_d, side="left")
    next_d = np.append(start, np.inf)[after]
    is_trough = (next_d - levels.time_d <= TROUGH_WITHIN_D) & ~levels.is_below
    scale = np.array([patient.laboratories[name].scale for name in levels.laboratory])
    return np.asarray((levels.value_mg_per_l / scale)[is_trough]) if scale.size else np.empty(0)
