"""One patient answered, as the faces show it: computed once for all their tests, and changed into odd ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from wearoff.dosing.assess import assess
from wearoff.dosing.assessment import Assessment
from wearoff.dosing.fit.patient_file import example_patient, parse_patient
from wearoff.dosing.intervals import Target

HOSTILE = (
    "<script>alert(1)</script>",
    '#import "@preview/cetz:0.1.0": * #panic("x") $ sum $ *b* _i_ ]',
    "=cmd|' /C calc'!A0 \"'`\\ {{7*7}} {% raw %}",
    "שלום عليكم",
)


@cache
def answered() -> Assessment:
    """The example patient against a floor of 5 mg/L at 0.9, also with another weight."""
    return assess(
        parse_patient(example_patient()), target=Target(5.0, at_least=0.9), what_if_kg=95.0, draws=300, seed=3
    )


@cache
def under_saturation() -> Assessment:
    """The example patient against a saturation, under one model, without a rule."""
    return assess(
        parse_patient(example_patient()),
        target=Target(0.8, "saturation", "bridge"),
        models=["van_den_berg_2025"],
        weeks=[4, 4.5, 6],
        draws=300,
        seed=3,
    )


def without_a_floor() -> Assessment:
    """The answer as it is where no floor was asked for."""
    found = answered()
    bare = {
        "probability_next": None,
        "probability_settled": None,
        "error_next": None,
        "error_settled": None,
        "days_below": None,
        "meets_rule": None,
    }

    def cleared(options):
        return tuple(replace(option, **bare) for option in options)

    return replace(
        found,
        target=None,
        options=cleared(found.options),
        fits=tuple(replace(fit, options=cleared(fit.options)) for fit in found.fits),
        delays=tuple(replace(one, probability=None, error=None, days_below=None) for one in found.delays),
        decline=replace(found.decline, chance=None, error=None),
        holding=None,
        policies=(),
        what_if=None,
    )


def hostile() -> Assessment:
    """The same numbers, with a patient, laboratories, notes and cautions whose names are code."""
    found = answered()
    patient, levels = found.patient, found.patient.levels
    names = dict(zip(patient.laboratories, HOSTILE[:2], strict=True))
    renamed = replace(
        patient,
        name="".join(HOSTILE),
        laboratories={names[old]: replace(one, name=names[old]) for old, one in patient.laboratories.items()},
        levels=replace(levels, laboratory=tuple(names[old] for old in levels.laboratory)),
        notes=HOSTILE,
    )
    return replace(found, patient=renamed, cautions=HOSTILE)


def crowded() -> Assessment:
    """Eight intervals, twelve long cautions and a name that fills a line."""
    found = answered()
    options = tuple(replace(found.options[at % 5], weeks=4.0 + 0.5 * at) for at in range(8))
    cautions = tuple(f"Caution {number}: " + "a long sentence about it " * 12 for number in range(1, 13))
    return replace(
        found,
        patient=replace(found.patient, name="A very long name " * 12),
        options=options,
        what_if=None,
        cautions=cautions,
    )
