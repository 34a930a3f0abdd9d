"""One patient, answered whole: the fit under every model, the options, the decline, and every caution.

    patient -> fit under each model -> averaged -> options, delays, decline, washout -> what a page shows

Nothing is chosen for the user: no floor is preset, no interval is preferred, and every model for predictions is heard
unless others are named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.assessment import Assessment, Course, Individual, ModelFit, WhatIf
from wearoff.dosing.by_dose import QUANTILES
from wearoff.dosing.compared_policies import compare_policies
from wearoff.dosing.decline import (
    decline,
    delays,
    holding,
    washout,
)
from wearoff.dosing.fit.diagnostics import (
    FAR,
    OccupancyFit,
    levels_beside,
    models_disagree,
    occupancies_beside,
    outside_population,
    pulls_of,
    remaining_spread,
)
from wearoff.dosing.fit.posterior import Posterior, draw_posterior
from wearoff.dosing.fit.settings import FitSettings, Occasions, OccupancyUse
from wearoff.dosing.fit.several import Averaged, Draws, average
from wearoff.dosing.fit.subject import subject_of, typical_of
from wearoff.dosing.intervals import (
    USUAL_WEEKS,
    IntervalOption,
    Target,
    compare_intervals,
    curves_for,
    quantiles,
)
from wearoff.dosing.pk.models import Parameters, PkModel, load_model, model_names
from wearoff.dosing.pk.solve import simulate
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.patient import Patient

DELAYS_D = (3.0, 7.0, 14.0)
DECLINE_WEEKS = 16
SHOWN_DOSES = 6
"""How many of the last doses a course goes back."""
_STEP_D = 0.5
_COURSE_ACCURACY = 1e-4


def assess(
    patient: Patient,
    *,
    target: Target | None = None,
    weeks: Sequence[float] = USUAL_WEEKS,
    allow_long: bool = False,
    models: Sequence[str] | None = None,
    parameter_uncertainty: bool = True,
    occasions: Occasions | None = None,
    occupancy: OccupancyUse | None = None,
    delays_d: Sequence[float] = DELAYS_D,
    falls_under: Sequence[Target] = (),
    what_if_kg: float | None = None,
    draws: int = 2000,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Assessment:
    """Fit one patient under several models and answer every question about his intervals.

    Args:
        patient: with at least one level.
        target: the user's floor, and the probability that he asks for; nothing is preset.
        weeks: candidate intervals, weeks.
        allow_long: whether intervals above 8 weeks were asked for explicitly.
        models: names of the models, or paths of files of one's own; by default all that are for predictions.
        parameter_uncertainty: whether the draws carry the uncertainty of the models' own numbers.
        occasions: how a parameter changes from one dosing interval to the next; without it not at all.
        occupancy: how measured occupancies enter the fit; without it they are only shown beside the prediction.
        delays_d: how many days late a dose is looked at.
        falls_under: values of which it is asked when they are passed after the last dose, without another.
        what_if_kg: another weight from today on, for which the options are shown too.
        draws: draws of the patient's parameters under each model.
        seed: seed of every drawn number.
        progress: called with what is being done.

    Raises:
        InputError: the patient has no level.
        UnknownNameError: there is no such model.
        ModelUseError: a model is not for predictions.
        ComputationError: a level cannot be computed; names the patient.
        ValueError: a candidate is not positive, or above 8 weeks and not allowed.

    Example:
        >>> from wearoff.dosing.fit.patient_file import example_patient, parse_patient
        >>> found = assess(parse_patient(example_patient()), weeks=[6], draws=200)
        >>> [option.meets_rule for option in found.options]  # no rule was given
        [None]
    """
    if not patient.levels.number:
        raise InputError(
            Problem("there is no level to fit; give at least one.", table="level", patient=patient.name)
        )
    say = progress or (lambda _: None)
    chosen = [load_model(name) for name in models or model_names()]

    def drawn(who: Patient) -> list[Posterior]:
        subject, scales = subject_of(who, occupancy=occupancy)
        how = FitSettings(scales=scales, occasions=occasions, occupancy=occupancy)
        found = []
        for model in chosen:
            say(f"fitting {model.name}")
            found += draw_posterior(
                model,
                [subject],
                seed=seed,
                draws=draws,
                proposals=2 * draws,
                parameter_uncertainty=parameter_uncertainty,
                settings=how,
            )
        return found

    def compared(after: Draws) -> tuple[IntervalOption, ...]:
        return compare_intervals(after, weeks=weeks, target=target, allow_long=allow_long)

    after = average(drawn(patient))
    say("following the intervals")
    fits = [
        ModelFit(
            model=model,
            weight=weight,
            posterior=part,
            options=compared(part),
            levels=levels_beside(model, patient, part),
            pulls=pulls_of(model, part),
            individual=_individual(patient, model, part),
            remaining=remaining_spread(model, part),
            outside=outside_population(model, patient),
        )
        for model, weight, part in zip(chosen, after.weights, after.parts, strict=True)
    ]
    fits.sort(key=lambda fit: -fit.weight)
    what_if = None
    if what_if_kg is not None:
        changed = average(drawn(patient.with_weight(what_if_kg, patient.today_d)))
        what_if = WhatIf(what_if_kg, compared(changed))
    since_d = patient.today_d - float(patient.regimen.start_d[-1])
    beside = occupancies_beside(patient, after, curves_for(target))
    return Assessment(
        patient=patient,
        target=target,
        fits=tuple(fits),
        after=after,
        options=fits[0].options if len(fits) == 1 else compared(after),
        delays=delays(after, weeks, delays_d, target=target),
        decline=decline(after, 7.0 * np.arange(1, DECLINE_WEEKS + 1), target=target),
        holding=None if target is None else holding(after, target),
        falls=tuple((value, holding(after, value)) for value in falls_under),
        what_if=what_if,
        policies=()
        if target is None or target.curve is not None
        else compare_policies(patient, fits[0].model, target.value),
        exchange=washout(after, max(since_d, 1.0)),
        occupancies=beside,
        course=_course(patient, fits[0], after, 7.0 * max(*weeks, 8.0)),
        cautions=cautions_of(patient, fits, beside),
        seed=seed,
    )


def _course(patient: Patient, main: ModelFit, after: Averaged, follow_d: float) -> Course:
    """The level every half day since the last few doses, around them, and on after the last without another."""
    regimen = patient.regimen
    begin = float(regimen.start_d[max(regimen.number - SHOWN_DOSES, 0)])
    end = float(regimen.start_d[-1]) + follow_d
    turns = np.concatenate((regimen.start_d, regimen.end_d, regimen.exchange_d, [patient.today_d]))
    day = np.unique(np.concatenate((np.arange(begin, end, _STEP_D), turns, [end])))
    day = day[(day >= begin) & (day <= end)]
    drawn = after.levels(regimen, day, accuracy=_COURSE_ACCURACY)
    bands = np.quantile(drawn, list(QUANTILES.values()), axis=0)
    usual = typical_of(main.model, [main.posterior.subject])
    return Course(
        day=day,
        is_future=day > patient.today_d,
        typical=simulate(usual, [regimen], [day])[0][0],
        level=dict(zip(QUANTILES, bands, strict=True)),
        # a saturation only rises with the level, so that its quantiles are those of the level
        saturation={
            name: dict(zip(QUANTILES, curve.saturation(bands), strict=True))
            for name, curve in curves_for(None).items()
        },
    )


def _individual(patient: Patient, model: PkModel, part: Posterior) -> dict[str, Individual]:
    """What is known of each parameter at the weight of today."""
    usual = typical_of(model, [part.subject])
    today = np.searchsorted(part.subject.change_d, patient.today_d, side="right") - 1
    most_probable = dict(zip(part.names, np.exp(part.best), strict=True))

    def at_today(parameters: Parameters, name: str) -> Float[np.ndarray, " draws"]:
        array: np.ndarray = getattr(parameters, name)[0]
        return np.asarray(array[:, np.clip(today, 0, array.shape[1] - 1)])

    found = {}
    for name, parameter in model.parameters.items():
        if parameter is not None:
            typical = float(at_today(usual, name)[0])
            drawn = quantiles(at_today(part.parameters, name))
            found[name] = Individual(typical, typical * float(most_probable.get(name, 1.0)), drawn)
    for index, name in enumerate(part.names):
        if name not in found:  # the scale of a laboratory, or the factor of one interval
            known = patient.laboratories.get(name.removeprefix("scale of "))
            usual_value = 1.0 if known is None else known.scale
            drawn = quantiles(usual_value * np.exp(part.effects[:, index]))
            found[name] = Individual(usual_value, usual_value * float(most_probable[name]), drawn)
    return found


def cautions_of(patient: Patient, fits: Sequence[ModelFit], occupancies: OccupancyFit) -> tuple[str, ...]:
    """What limits an answer, each a sentence with what to do.

    Args:
        patient: who.
        fits: under every model.
        occupancies: the measured ones beside their predictions.
    """
    said: dict[str, None] = {}
    for fit in fits:
        if fit.posterior.verdict:
            what = fit.posterior.verdict.removeprefix(f"patient {patient.name}: ")
            said[f"Under {fit.model.name} {what}."] = None
    for index in np.flatnonzero(np.all([fit.levels.is_far for fit in fits], axis=0)):
        date = patient.date_of(float(patient.levels.time_d[index]))
        said[
            f"The level of {date} lies more than {FAR:g} residual SDs from its prediction under every model: "
            "look at its value, its unit and its time."
        ] = None
    for fit in fits:
        if fit.outside:
            said[
                f"Outside the data of {fit.model.name}: {'; '.join(fit.outside)}. The prediction is an extrapolation."
            ] = None
    for first, second in combinations(fits, 2):
        apart = [
            f"{one.weeks:g}"
            for one, other in zip(first.options, second.options, strict=True)
            if models_disagree(one.settled_trough, other.settled_trough)
        ]
        if apart:
            said[
                f"{first.model.name} and {second.model.name} part by more than their bands at "
                f"{', '.join(apart)} weeks: look at each, and do not rest on the average."
            ] = None
    for index in np.flatnonzero(~occupancies.is_within):
        seen = patient.occupancies
        said[
            f"The occupancy of {patient.date_of(float(seen.time_d[index]))} ({100 * seen.share[index]:.0f} %, "
            f"{seen.assay[index]}, {seen.subset[index]}) lies outside what any curve predicts; the assay may mean "
            "something else by occupancy."
        ] = None
    return tuple(said)
