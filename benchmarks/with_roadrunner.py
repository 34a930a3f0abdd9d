"""The dosing model as SBML for libroadrunner: rate rules for the amounts, events for the infusions, CVODE.

One call simulates all doses of a patient; cut at every event from outside it takes about half as long again.
The stiff method is slower here at the same error, so it is turned off.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from benchmarks.reference import MOST_DOSES, SETTLED, Course, Levels

_MATH = 'xmlns="http://www.w3.org/1998/Math/MathML"'
_TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">time</csymbol>'
_FIXED = ("cl", "vc", "vp", "q", "vmax", "km", "rate", "interval")
_CHANGING = ("a1", "a2", "inflow", "next_start", "next_end")
_TOGETHER = 4  # doses simulated in one call on the way to the steady state


def levels(values: np.ndarray, course: Course, tolerance: float, *, daily: bool) -> Levels:
    """Trough and peak of every dose, and where wanted the level of every day, patients x times, mg/L."""
    starts = course.interval_d * np.arange(course.doses)
    ends = starts + course.duration_d
    wanted = [starts, ends, course.days if daily else [course.interval_d * course.doses]]
    times = np.unique(np.concatenate(wanted))
    at_start, at_end, at_day = (np.searchsorted(times, some) for some in wanted)
    found = np.empty((len(values), times.size))
    for row, patient in enumerate(values):
        found[row] = _simulated(patient, course, tolerance, (0.0, 0.0), times.tolist())[:, 0] / patient[1]
    return found[:, at_start], found[:, at_end], found[:, at_day] if daily else None


def settle(values: np.ndarray, course: Course, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Trough and peak once a further dose no longer changes the trough, a few doses at a time, mg/L."""
    trough, peak = np.empty(len(values)), np.empty(len(values))
    before, end = (_TOGETHER - 1) * course.interval_d, _TOGETHER * course.interval_d
    times = [0.0, before, before + course.duration_d, end]
    for row, patient in enumerate(values):
        amounts = (0.0, 0.0)
        for _ in range(MOST_DOSES // _TOGETHER):
            found = _simulated(patient, course, tolerance, amounts, times)
            amounts = (float(found[3, 0]), float(found[3, 1]))
            if abs(found[3, 0] - found[1, 0]) <= SETTLED * found[3, 0]:
                break
        trough[row], peak[row] = found[3, 0] / patient[1], found[2, 0] / patient[1]
    return trough, peak


def _simulated(
    patient: np.ndarray, course: Course, tolerance: float, amounts: tuple[float, float], times: list[float]
) -> np.ndarray:
    """Both amounts at the times, from a dose at time 0 on."""
    runner = _loaded(tolerance)
    runner.reset()
    model = runner.model
    for name, value in zip(_FIXED, (*patient.tolist(), course.inflow, course.interval_d), strict=True):
        model[name] = value
    # an event does not fire at the very start, so the first infusion is already running
    changing = (*amounts, course.inflow, course.interval_d, course.duration_d)
    for name, value in zip(_CHANGING, changing, strict=True):
        model[name] = value
    return np.array(runner.simulate(times=times))


@cache
def _loaded(tolerance: float) -> Any:
    """The compiled model with its integrator set."""
    import roadrunner

    runner = roadrunner.RoadRunner(sbml())
    runner.timeCourseSelections = ["a1", "a2"]
    integrator = runner.getIntegrator()
    integrator.setValue("relative_tolerance", tolerance)
    integrator.setValue("absolute_tolerance", 1e-3 * tolerance)
    integrator.setValue("stiff", False)
    return runner


def sbml() -> str:
    """The model as SBML text."""
    level, tissue = _apply("divide", "a1", "vc"), _apply("divide", "a2", "vp")
    flow = _apply("times", "q", _apply("minus", level, tissue))
    saturable = _apply("divide", _apply("times", "vmax", level), _apply("plus", "km", level))
    loss = _apply("plus", _apply("times", "cl", level), saturable, flow)
    parameters = [f'<parameter id="{name}" value="1" constant="true"/>' for name in _FIXED]
    parameters += [f'<parameter id="{name}" value="0" constant="false"/>' for name in _CHANGING]
    rules = _rule("a1", _apply("minus", "inflow", loss)) + _rule("a2", flow)
    events = _event("next_start", "<ci>rate</ci>") + _event("next_end", "<cn>0</cn>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="dosing">'
        f"<listOfParameters>{''.join(parameters)}</listOfParameters>"
        f"<listOfRules>{rules}</listOfRules><listOfEvents>{events}</listOfEvents></model></sbml>"
    )


def _apply(operator: str, *parts: str) -> str:
    inner = "".join(part if part.startswith("<") else f"<ci>{part}</ci>" for part in parts)
    return f"<apply><{operator}/>{inner}</apply>"


def _rule(variable: str, slope: str) -> str:
    return f'<rateRule variable="{variable}"><math {_MATH}>{slope}</math></rateRule>'


def _event(when: str, inflow: str) -> str:
    """At the time that `when` holds the inflow changes, and `when` moves on by one interval."""
    changes = {"inflow": inflow, when: _apply("plus", when, "interval")}
    assignments = "".join(
        f'<eventAssignment variable="{name}"><math {_MATH}>{value}</math></eventAssignment>'
        for name, value in changes.items()
    )
    return (
        f'<event id="at_{when}" useValuesFromTriggerTime="true"><trigger initialValue="false" persistent="true">'
        f"<math {_MATH}>{_apply('geq', _TIME, when)}</math></trigger>"
        f"<listOfEventAssignments>{assignments}</listOfEventAssignments></event>"
    )
