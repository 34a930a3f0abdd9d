"""The most probable parameters of many patients who have nothing but troughs of the usual infusion, quickly.

A virtual trial asks for thousands of such fits. They are those of `map.py`: the same model, the same prior and the same
likelihood. Solving the levels is what costs, so that every solution is used for all that it says. Around some effects
the logarithm of every trough is nearly a polynomial of second degree, taken from levels at shifted effects that lie
beside one another in lanes; the posterior with that polynomial in it is minimised without solving anything; the next
polynomial is taken there. It ends where the lowest place of the polynomial lies so near its middle that the next one
could not move it any more. Whoever does not get there is handed to `fit_map`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.fit.likelihood import loss_of
from wearoff.dosing.fit.map import fit_map, residual_error
from wearoff.dosing.fit.subject import Subject, effect_covariance, effect_names
from wearoff.dosing.pk.grid import EVENTS
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.regimen import Regimen

if TYPE_CHECKING:
    from jaxtyping import Float, Int

__all__ = ["TroughRecord", "fit_troughs"]

DOSE_MG = 300.0
DURATION_D = 1.0 / 24.0
_SHIFT = 1e-3  # of an effect
_ACCURACY = 1e-8
_TOLERANCE = 0.5  # error of one step over the accuracy asked for
_NEAR = 1e-3  # of an effect, from the middle of a polynomial to its lowest place, which is then the fit
_FAR = 0.5  # of an effect; further out a polynomial is not believed
_MOST_ROUNDS = 20
_SHORTER = 0.3  # of the last move, for the next one from the same polynomial
_MOST_INNER = 40
_STILL = 1e-6  # an effect moves no more
_NOISE = 1e-7  # of an objective, far below what any probability would show
_LEAST_BEND = 0.1  # of that of the prior, in every direction
_LANES = 128
_INTERVALS = 8
_LEAST = 1e-9  # mg/L
_USUAL_LEVEL = 20.0  # mg/L
_NOT_BELOW = np.zeros((1, 1), dtype=bool)
_LENGTH, _RATE = EVENTS.index("length"), EVENTS.index("rate")
_KEPT = slice(EVENTS.index("kept_depot"), None)


@dataclass(frozen=True, slots=True, eq=False)
class TroughRecord:
    """What is known of one patient.

    Attributes:
        infused_d: when infusions of 300 mg over an hour began, days, increasing; the last one may be the one before
            which the last trough was measured.
        measured_before: indices of the infusions just before which a trough was measured, at least one, none of
            them 0.
        measured: these troughs, mg/L.
    """

    infused_d: Float[np.ndarray, " infusions"]
    measured_before: Int[np.ndarray, " troughs"]
    measured: Float[np.ndarray, " troughs"]


def fit_troughs(
    model: PkModel,
    typical: Parameters,
    weight_kg: Float[np.ndarray, " patients"],
    records: Sequence[TroughRecord],
    start: Float[np.ndarray, "patients effects"],
) -> Float[np.ndarray, "patients effects"]:
    """The most probable effects of every patient, in the order of `effect_names`.

    They are those of `fit_map` but for what moves a settled trough by less than the 1e-4 to which it is solved.

    Args:
        model: the model, with its spread and residual error.
        typical: the typical parameters of each patient, one draw and one segment.
        weight_kg: of each patient.
        records: what is known of each.
        start: effects to begin with; those before a further trough was known are near.

    Raises:
        ComputationError: a patient's levels cannot be computed; names him.
    """
    problem = _Problem(model, typical, records)
    effects = np.array(start, dtype=float)
    active, lost = np.arange(len(records)), np.zeros(len(records), dtype=bool)
    shape, reach = problem.shape(effects, active), np.full(len(records), _FAR)
    before = problem.objective(effects, shape.constant, active)
    lost |= ~np.isfinite(before)
    for _ in range(_MOST_ROUNDS):
        active = active[~lost[active]]
        move = problem.lowest(shape.only(active), active, reach[active])
        length = np.abs(move).max(axis=1, initial=0.0)
        effects[active] = shape.middle[active] + move
        is_on = length > _NEAR
        active, length = active[is_on], length[is_on]
        if not active.size:
            break
        following = problem.shape(effects[active], active)
        reached = problem.objective(following.middle, following.constant, active)
        # what the polynomial promised has to come about, or it was believed too far out
        is_better = reached <= before[active] + _NOISE
        shape.take(active[is_better], following, is_better)
        before[active[is_better]] = reached[is_better]
        reach[active[~is_better]] = _SHORTER * length[~is_better]
    lost[active] = True
    left = np.flatnonzero(lost)
    if left.size:
        subjects = [
            _subject(typical.patients[one], records[one], float(weight_kg[one])) for one in left.tolist()
        ]
        effects[left] = fit_map(model, subjects, start=np.asarray(start)[left]).effects
    return effects


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """The logarithm of every trough of some patients as a polynomial around some effects."""

    middle: Float[np.ndarray, "some effects"]
    constant: Float[np.ndarray, "some troughs"]
    slope: Float[np.ndarray, "some effects troughs"]
    bend: Float[np.ndarray, "some effects effects troughs"]

    def only(self, which: np.ndarray) -> _Shape:
        """That of some of the patients."""
        return _Shape(self.middle[which], self.constant[which], self.slope[which], self.bend[which])

    def take(self, where: np.ndarray, other: _Shape, which: np.ndarray) -> None:
        """Some patients from another one."""
        for name in ("middle", "constant", "slope", "bend"):
            getattr(self, name)[where] = getattr(other, name)[which]


class _Problem:
    """The posterior density of all patients, with the arrays that the solver wants."""

    def __init__(self, model: PkModel, typical: Parameters, records: Sequence[TroughRecord]) -> None:
        self.names = effect_names(model)
        self.typical = typical
        self.precision = np.linalg.inv(effect_covariance(model))
        self.least = _LEAST_BEND * float(np.linalg.eigvalsh(self.precision)[0])
        self.error = residual_error(model)
        most = max(one.infused_d.size for one in records) - 1
        intervals = -(-most // _INTERVALS) * _INTERVALS
        troughs = max(one.measured.size for one in records)
        self.interval_d = np.zeros((len(records), intervals))
        self.ends = np.zeros((len(records), troughs), dtype=int)  # interval that ends with each trough
        self.measured = np.full((len(records), troughs), np.nan)
        for row, one in enumerate(records):
            self.interval_d[row, : one.infused_d.size - 1] = np.diff(one.infused_d)
            self.ends[row, : one.measured.size] = one.measured_before - 1
            self.measured[row, : one.measured.size] = one.measured
        # how long after each infusion the level may yet be lowest
        self.longest_d = np.maximum.accumulate(self.interval_d[:, ::-1], axis=1)[:, ::-1]

    def objective(
        self, effects: np.ndarray, log_level: np.ndarray, where: np.ndarray
    ) -> Float[np.ndarray, " some"]:
        """Minus log posterior density; infinite where the levels were not solved."""
        loss = loss_of(np.exp(log_level), self.measured[where], _NOT_BELOW, self.error)
        prior = 0.5 * np.einsum("pi,ij,pj->p", effects, self.precision, effects)
        return np.where(np.isnan(log_level).any(axis=1), np.inf, loss.value.sum(axis=1) + prior)

    def shape(self, middle: np.ndarray, where: np.ndarray) -> _Shape:
        """The polynomials around some effects."""
        size = middle.shape[1]
        one, pairs = _SHIFT * np.eye(size), list(combinations(range(size), 2))
        both = np.array([one[i] + one[j] for i, j in pairs]).reshape(-1, size)
        shifts = np.concatenate((np.zeros((1, size)), one, -one, both))
        level = self.log_troughs(middle[:, None] + shifts, where)
        here, up, down = level[:, 0], level[:, 1 : size + 1], level[:, size + 1 : 2 * size + 1]
        bend = np.empty((where.size, size, size, here.shape[1]))
        at = np.arange(size)
        bend[:, at, at] = (up - 2 * here[:, None] + down) / _SHIFT**2
        for lane, (i, j) in enumerate(pairs, 2 * size + 1):
            mixed = (level[:, lane] - up[:, i] - up[:, j] + here) / _SHIFT**2
            bend[:, i, j] = bend[:, j, i] = mixed
        return _Shape(middle.copy(), here, (up - down) / (2 * _SHIFT), bend)

    def lowest(
        self, shape: _Shape, where: np.ndarray, reach: Float[np.ndarray, " some"]
    ) -> Float[np.ndarray, "some effects"]:
        """How far from their middle the posterior of the polynomials is lowest: Newton steps with damping.

        Args:
            shape: the polynomials of these patients.
            where: their indices.
            reach: how far out each is believed, in every effect.
        """
        count, size = shape.middle.shape
        move, damping = np.zeros((count, size)), np.full(count, 1e-3)
        active = np.arange(count)
        value, step = self._step(shape, where, move, damping)
        for _ in range(_MOST_INNER):
            far = reach[active, None]
            tried = np.clip(move[active] + step, -far, far)
            part, mine = shape.only(active), where[active]
            found, following = self._step(part, mine, tried, damping[active] / 10)
            is_better = found <= value[active]
            if not is_better.all():
                raise_ = active[~is_better]
                damping[raise_] *= 10
                _, again = self._step(part.only(~is_better), mine[~is_better], move[raise_], damping[raise_])
                following[~is_better] = again
            better = active[is_better]
            moved = np.abs(tried - move[active]).max(axis=1)
            move[better], value[better] = tried[is_better], found[is_better]
            damping[better] /= 10
            is_on = moved > _STILL
            active, step = active[is_on], following[is_on]
            if not active.size:
                break
        return move

    def _step(
        self, shape: _Shape, where: np.ndarray, move: np.ndarray, damping: np.ndarray
    ) -> tuple[Float[np.ndarray, " some"], Float[np.ndarray, "some effects"]]:
        """The objective at some moves from the middle, and the step from there."""
        turned = np.einsum("pijk,pj->pik", shape.bend, move)
        slope = shape.slope + turned
        log_level = shape.constant + np.einsum("pik,pi->pk", shape.slope + 0.5 * turned, move)
        level = np.exp(log_level)
        loss = loss_of(level, self.measured[where], _NOT_BELOW, self.error)
        effects = shape.middle + move
        weighted = effects @ self.precision
        value = loss.value.sum(axis=1) + 0.5 * (weighted * effects).sum(axis=1)
        # derivatives by the logarithm of the level
        first = loss.slope * level
        gradient = np.einsum("pik,pk->pi", slope, first) + weighted
        second = loss.bend * level**2 + first
        exact = np.einsum("pik,pk,pjk->pij", slope, second, slope) + self.precision
        exact += np.einsum("pijk,pk->pij", shape.bend, first)
        safe = np.einsum("pik,pk,pjk->pij", slope, loss.curvature * level**2, slope) + self.precision
        is_positive = np.linalg.eigvalsh(exact)[:, 0] > self.least
        hessian = np.where(is_positive[:, None, None], exact, safe)
        at = np.arange(move.shape[1])
        hessian[:, at, at] *= 1 + damping[:, None]
        return value, -np.linalg.solve(hessian, gradient[..., None])[..., 0]

    def log_troughs(
        self, effects: Float[np.ndarray, "some draws effects"], where: Int[np.ndarray, " some"]
    ) -> Float[np.ndarray, "some draws troughs"]:
        """The logarithm of every trough of some patients under each of their effects; NaN where one was not solved."""
        from wearoff.dosing.pk.adaptive import sweep  # loads JAX

        some, draws, _ = effects.shape
        rows = np.empty((1, len(PARAMETER_NAMES), some, draws))
        for column, name in enumerate(PARAMETER_NAMES):
            array: np.ndarray = getattr(self.typical, name)[:, 0, 0]
            rows[0, column] = (array[where] if array.size > 1 else array)[:, None]
        for index, name in enumerate(self.names):
            rows[0, PARAMETER_NAMES.index(name)] *= np.exp(effects[:, :, index])
        # who eliminates about equally fast stands together, because the slowest holds up the others
        cl, central, peripheral, _, maximal = rows[0, :5, :, 0]
        order = np.argsort((cl + maximal / _USUAL_LEVEL) / (central + peripheral), kind="stable")
        patient, draw = np.repeat(order, draws), np.tile(np.arange(draws), some)
        blocks = [slice(begin, begin + _LANES) for begin in range(0, patient.size, _LANES)]

        interval_d, longest_d = self.interval_d[where].T, self.longest_d[where].T
        gaps = 2 * interval_d.shape[0]
        events = np.zeros((gaps, len(EVENTS), some))
        events[:, _KEPT] = 1.0
        events[::2, _RATE] = DOSE_MG / DURATION_D
        events[::2, _LENGTH] = np.where(interval_d > 0, DURATION_D, 0.0)
        events[1::2, _LENGTH] = np.where(interval_d > 0, interval_d - DURATION_D, 0.0)
        wait = np.empty((gaps, some))
        wait[::2], wait[1::2] = longest_d, np.maximum(longest_d - DURATION_D, 0.0)

        def begun(block: slice) -> tuple[np.ndarray, dict[str, Any]]:
            """A block on its way; the compiled code goes on beside this one."""
            mine, its = (
                np.pad(one[block], (0, _LANES - one[block].size), mode="edge") for one in (patient, draw)
            )
            found = sweep(
                {
                    "parameters": rows[:, :, mine, its],
                    "state": np.zeros((3, _LANES)),
                    "events": events[:, :, mine],
                    "segment": np.zeros(gaps, dtype=np.int32),
                    "ahead": wait[:, mine],
                    "tolerance": np.float64(_TOLERANCE * _ACCURACY),
                },
                order=16,
                has_depot=False,
            )
            return mine, found

        whole = np.empty((some, draws, self.ends.shape[1]))
        for block, (mine, found) in zip(blocks, [begun(block) for block in blocks], strict=True):
            number = draw[block].size
            trough = np.asarray(found["level"])[1::2][self.ends[where[mine]].T, np.arange(_LANES)].T
            is_solved = np.asarray(found["status"]) == 0
            whole[mine[:number], draw[block]] = np.where(is_solved[:, None], trough, np.nan)[:number]
        whole[np.isnan(whole).any(axis=(1, 2))] = np.nan
        return np.asarray(np.log(np.maximum(whole, _LEAST)))


def _subject(name: str, record: TroughRecord, weight_kg: float) -> Subject:
    """The same patient as `fit_map` takes him."""
    start = record.infused_d - record.infused_d[0]
    regimen = Regimen(
        start,
        np.full(start.size, DOSE_MG),
        np.full(start.size, DURATION_D),
        np.zeros(start.size, dtype=bool),
    )
    days = start[record.measured_before].tolist()
    return Subject.of(name, regimen, weight_kg, days, record.measured.tolist())
