"""What is true of virtual patients, before anything of it is recorded.

The patients of several replicates stand behind one another: replicate by replicate, each with as many as the protocol
has. Everything is an array over patients, or a list of moments with the patient's index; days count from entry
(day 0), and what came before it is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, Int

__all__ = ["Decisions", "Disability", "Events", "Infusions", "People", "Truth"]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Who the patients are at entry.

    Attributes:
        replicate: number of the replicate, from 0, shape [patients].
        number: number of the patient within it, from 0, shape [patients].
        weight_kg, height_cm, age, edss, ms_years, treatment_years: numbers at entry; `edss` is the true one in
            steps of 0.5.
        jcv_index: anti-JC-virus antibody index; NaN where negative.
        is_female, has_antibodies: truths; antibodies against the drug are persistent where they are.
        entry_d: day of entry in calendar days after the first possible one.
        arm: index into the arms of the protocol.
    """

    replicate: Int[np.ndarray, " patients"]
    number: Int[np.ndarray, " patients"]
    weight_kg: Float[np.ndarray, " patients"]
    height_cm: Float[np.ndarray, " patients"]
    age: Float[np.ndarray, " patients"]
    edss: Float[np.ndarray, " patients"]
    ms_years: Float[np.ndarray, " patients"]
    treatment_years: Float[np.ndarray, " patients"]
    jcv_index: Float[np.ndarray, " patients"]
    is_female: Bool[np.ndarray, " patients"]
    has_antibodies: Bool[np.ndarray, " patients"]
    entry_d: Float[np.ndarray, " patients"]
    arm: Int[np.ndarray, " patients"]


@dataclass(frozen=True, slots=True, eq=False)
class Infusions:
    """Every infusion of every patient, in order of time; unused places hold NaN at the end of a row.

    Attributes:
        day: when it began; whole days, the first ones before entry.
        planned: when it was planned.
        trough_mg_per_l: the level just before it.
        saturation: the saturation at that level.
        interval_weeks: the interval that was planned after it.
    """

    day: Float[np.ndarray, "patients infusions"]
    planned: Float[np.ndarray, "patients infusions"]
    trough_mg_per_l: Float[np.ndarray, "patients infusions"]
    saturation: Float[np.ndarray, "patients infusions"]
    interval_weeks: Float[np.ndarray, "patients infusions"]


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Moments of one kind, sorted by patient and day.

    Attributes:
        patient: index of the patient.
        day: when.
    """

    patient: Int[np.ndarray, " events"]
    day: Float[np.ndarray, " events"]


@dataclass(frozen=True, slots=True, eq=False)
class Disability:
    """Changes of the true EDSS beside its value at entry, sorted by patient and day.

    Attributes:
        patient: index of the patient.
        day: when the change begins.
        until_d: when it is gone; infinite where it stays.
        steps: change of the EDSS, points.
    """

    patient: Int[np.ndarray, " changes"]
    day: Float[np.ndarray, " changes"]
    until_d: Float[np.ndarray, " changes"]
    steps: Float[np.ndarray, " changes"]


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The log of decisions on intervals, sorted by patient and day.

    Attributes:
        patient: index of the patient.
        day: when.
        from_weeks, to_weeks: the interval before and after.
        level: the trough that decided, measured or predicted, mg/L; NaN where none did.
        by: index into `who`.
        why: index into `reasons`.
        who: `policy`, `clinician`, `capacity`.
        reasons: reasons in words, `{level}` standing for the trough.
    """

    patient: Int[np.ndarray, " decisions"]
    day: Float[np.ndarray, " decisions"]
    from_weeks: Float[np.ndarray, " decisions"]
    to_weeks: Float[np.ndarray, " decisions"]
    level: Float[np.ndarray, " decisions"]
    by: Int[np.ndarray, " decisions"]
    why: Int[np.ndarray, " decisions"]
    who: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Everything that is true of the patients of some replicates, over follow-up without any loss.

    Attributes:
        seed: the seed of every draw.
        first, replicates: number of the first replicate, and how many.
        people: who they are.
        wearing_off: 0 never, 1 sometimes, 2 regularly, shape [patients].
        infusions: what was given.
        relapses: onsets from entry on.
        lesions: new lesions that a T2 scan shows from then on, from entry on.
        enhancing: beginnings of enhancement of all lesions, those that only Gd shows among them, from 60 days before
            entry.
        enhancing_d: how long each enhances.
        disability: changes of the EDSS.
        decisions: why intervals changed.
        failed: patients whose levels could not be solved; their levels are NaN, shape [patients].
    """

    seed: int
    first: int
    replicates: int
    people: People
    wearing_off: Int[np.ndarray, " patients"]
    infusions: Infusions
    relapses: Events
    lesions: Events
    enhancing: Events
    enhancing_d: float
    disability: Disability
    decisions: Decisions
    failed: Bool[np.ndarray, " patients"]

    @property
    def patients(self) -> int:
        """Patients of all replicates."""
        return self.people.replicate.size
