"""One patient and ten thousand after two levels each, against a loop of SciPy over the same likelihood."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
from scipy.integrate import odeint
from scipy.optimize import minimize

from wearoff.dosing.assess import assess
from wearoff.dosing.fit.map import MapFit, fit_map
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.patient_file import example_patient, parse_patient
from wearoff.dosing.fit.posterior import draw_posterior
from wearoff.dosing.fit.subject import Subject, effect_covariance, effect_names, typical_of, under_effects
from wearoff.dosing.intervals import Target, compare_intervals
from wearoff.dosing.pk.aligned import AlignedPlan
from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.regimen import Regimen, every

MODEL = load_model()
MANY, LOOPED = 10_000, 6
ALLOWED = 1e-4
_Result = TypeVar("_Result")


def report() -> list[str]:
    """Print both workloads; what was too far from SciPy comes back in words."""
    subjects = people(MANY, 2025)
    example = parse_patient(example_patient())
    alone = [timed(lambda: options(subjects[0]))[0] for _ in range(4)]
    whole = [timed(lambda: answered(example))[0] for _ in range(3)]
    cold, _ = timed(lambda: fit_map(MODEL, subjects))
    warm, found = timed(lambda: fit_map(MODEL, subjects))
    slow, theirs = timed(lambda: np.array([looped(one) for one in subjects[:LOOPED]]))
    error = float(np.abs(np.expm1(found.effects[:LOOPED] - theirs)).max())
    each = slow / LOOPED
    print("one patient: two levels, model uncertainty, five intervals against a floor")
    print(f"  MAP, 4000 proposals and options   first {alone[0]:.2f} s   then {min(alone[1:]):.2f} s")
    print(f"  the whole answer, two models      first {whole[0]:.2f} s   then {min(whole[1:]):.2f} s")
    print(f"{MANY:,} patients, two levels each: the most probable parameters")
    print(f"  first {cold:.1f} s   then {warm:.1f} s   settled {found.is_settled.mean():.4f}")
    print(
        f"  SciPy's simplex on LSODA: {LOOPED} of them {each:.2f} s each, {MANY * each:.0f} s for all by multiplication"
    )
    print(f"  ratio {MANY * each / warm:.0f}x   largest relative difference of a parameter {error:.1e}")
    wrong = [f"{MANY:,} fits: {error:.1e} from SciPy, over {ALLOWED:.0e}"] if not error <= ALLOWED else []
    return wrong + ([] if found.is_settled.all() else [f"{MANY:,} fits: {unsettled(found)} did not settle"])


def people(count: int, seed: int) -> list[Subject]:
    """Patients drawn from the model, each with two 4-weekly troughs."""
    rng = np.random.default_rng(seed)
    weight, regimen = np.clip(rng.normal(79, 18, count), 45, 125), every(4, times=14)
    times, names = regimen.start_d[[12, 13]], [f"P{index}" for index in range(count)]
    truth = MODEL.draw(weight[:, None], names, 1, seed)
    levels = AlignedPlan([regimen] * count, [times] * count, truth.lag_d).levels(truth).level
    noise = np.maximum(1 + 0.219 * rng.standard_normal((count, 2)), 0.2)
    return [
        Subject.of(name, regimen, weight[k], times, levels[k][0] * noise[k]) for k, name in enumerate(names)
    ]


def options(subject: Subject) -> None:
    """All that a question about one patient takes."""
    (posterior,) = draw_posterior(MODEL, [subject], seed=1)
    compare_intervals(posterior, target=Target(5.0, at_least=0.9))


def answered(patient: Patient) -> None:
    """All that `wearoff patient` says of one patient."""
    assess(patient, target=Target(5.0, at_least=0.9))


def looped(subject: Subject) -> np.ndarray:
    """The most probable effects of one patient by SciPy alone."""
    typical, names = typical_of(MODEL, [subject]), effect_names(MODEL)
    precision = np.linalg.inv(effect_covariance(MODEL))

    def objective(effects: np.ndarray) -> float:
        mine = under_effects(replace(typical, change_d=None), names, effects[None, None])
        predicted = levels_of(mine, subject.regimen, subject.time_d)
        sd = 0.219 * predicted
        loss = 0.5 * ((subject.measured - predicted) / sd) ** 2 + np.log(sd)
        return float(loss.sum() + 0.5 * effects @ precision @ effects)

    options = {"xatol": 1e-6, "fatol": 1e-10, "initial_simplex": 0.2 * np.eye(4, 3)}
    return np.asarray(minimize(objective, np.zeros(3), method="Nelder-Mead", options=options).x)


def levels_of(given: Parameters, regimen: Regimen, times_d: np.ndarray) -> np.ndarray:
    """LSODA at 1e-10 from dose to dose, infusions into the central compartment, mg/L."""
    names = ("clearance", "central_volume", "peripheral_volume", "intercompartmental_clearance")
    cl, vc, vp, q = (getattr(given, name).item() for name in names)
    vmax, km = given.maximal_rate.item(), given.michaelis_constant.item()

    def slope(state: np.ndarray, _: float, rate: float) -> list[float]:
        c, c2 = state[0] / vc, state[1] / vp
        flow = q * (c - c2)
        return [rate - cl * c - vmax * c / (km + c) - flow, flow]

    cuts = np.unique(np.concatenate((regimen.start_d, regimen.end_d, times_d)))
    state, found = np.zeros(2), {float(cuts[0]): 0.0}
    for begin, end in pairwise(cuts):
        running = (regimen.start_d <= begin) & (begin < regimen.end_d)
        rate = float((regimen.dose_mg / regimen.duration_d)[running].sum())
        state = odeint(slope, state, [begin, end], args=(rate,), rtol=1e-10, atol=1e-12)[-1]
        found[float(end)] = state[0] / vc
    return np.array([found[float(time)] for time in times_d])


def unsettled(fit: MapFit) -> int:
    """How many fits did not settle."""
    return int((~fit.is_settled).sum())


def timed(work: Callable[[], _Result]) -> tuple[float, _Result]:
    """Seconds of one run, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
