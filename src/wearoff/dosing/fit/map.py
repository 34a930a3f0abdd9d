"""The most probable parameters of many patients at once, each from his own levels (maximum a posteriori).

Newton steps on effects and estimated laboratory scales with damping of each patient's own (Levenberg and Marquardt);
where the Hessian is not positive, Gauss-Newton takes its place. Levels at shifted effects lie beside the level
itself in the lanes of one evaluation, so that first and second differences cost little more than the level. One
patient is a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.likelihood import Loss, ResidualError, loss_of
from wearoff.dosing.fit.occasions import by_occasion, changes_of, measured_occasions
from wearoff.dosing.fit.settings import FitSettings
from wearoff.dosing.fit.subject import Subject, effect_covariance, effect_names, typical_of, under_effects
from wearoff.dosing.pk.models import PARAMETER_NAMES, PkModel
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.pk.aligned import AlignedPlan

MOST_STEPS = 400
_SHIFT = 1e-3  # of an effect
_STILL = 1e-7  # an effect moves no more
_ACCURACY = 1e-9
_LEAST = 0.1  # of the Gauss-Newton Hessian, in every direction
_NOISE = 1e-7  # of an objective, far below what any probability would show
_PLAIN = FitSettings()


@dataclass(frozen=True, slots=True, eq=False)
class MapFit:
    """The most probable effects of each patient.

    Attributes:
        patients: identifiers.
        names: the parameters that the effects move, then the occasions in which something was measured, then
            `scale of ...` for each estimated laboratory.
        effects: logarithm of each patient's parameter over the typical one of his weight, and of each scale over
            its prior median.
        covariance: inverse of the Hessian at the effects, the Laplace covariance.
        objective: minus log posterior density, up to a constant that is the same for all effects.
        predicted: predicted measurement of each level, mg/L.
        steps: steps taken.
        is_settled: whether the last step moved no effect by more than 1e-7.
    """

    patients: tuple[str, ...]
    names: tuple[str, ...]
    effects: Float[np.ndarray, "patients effects"]
    covariance: Float[np.ndarray, "patients effects effects"]
    objective: Float[np.ndarray, " patients"]
    predicted: tuple[Float[np.ndarray, " levels"], ...]
    steps: int
    is_settled: Bool[np.ndarray, " patients"]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What failed, for whom, and what to do: a sentence for each patient who did not settle."""
        return tuple(unsettled(name) for name in np.array(self.patients)[~self.is_settled])


def unsettled(patient: str) -> str:
    """What is said of a patient whose most probable parameters were not found."""
    return (
        f"patient {patient}: the most probable parameters were not found; "
        "look at the levels for one that cannot be, and at the days of the infusions"
    )


def residual_error(model: PkModel) -> ResidualError:
    """The residual error that a model states."""
    residual = model.residual
    return ResidualError(
        0.0 if residual.proportional is None else residual.proportional.value,
        0.0 if residual.additive is None else residual.additive.value,
    )


def fit_map(
    model: PkModel,
    subjects: Sequence[Subject],
    *,
    settings: FitSettings = _PLAIN,
    start: Float[np.ndarray, "patients effects"] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MapFit:
    """The most probable effects of every patient.

    Args:
        model: the model, with its spread and residual error.
        subjects: the patients, each with at least one level.
        settings: laboratories to estimate, occasions, occupancies.
        start: effects to begin with, such as those before a further level was known; by default 0.
        progress: called with the number of patients who have settled and the number in all.

    Raises:
        ComputationError: a patient's levels cannot be computed; names him.
        ValueError: there is no patient, or one without a level, or the effects to begin with do not fit.
    """
    problem = MapProblem(model, subjects, settings)
    count, size = len(subjects), len(problem.names)
    effects = np.zeros((count, size)) if start is None else np.array(start, dtype=float)
    if effects.shape != (count, size):
        raise ValueError(f"{count} patients with {size} effects begin with as many numbers")
    damping = np.full(count, 1e-3)
    state = problem.at(effects, np.arange(count))
    is_settled, steps = np.zeros(count, dtype=bool), 0
    while not is_settled.all() and steps < MOST_STEPS:
        active, steps = np.flatnonzero(~is_settled), steps + 1
        diagonal = np.einsum("pii->pi", state.hessian[active])
        damped = state.hessian[active] + np.einsum("p,pi,ij->pij", damping[active], diagonal, np.eye(size))
        move = -np.linalg.solve(damped, state.gradient[active][..., None])[..., 0]
        move *= np.minimum(1.0, 1.0 / np.abs(move).max(axis=1, keepdims=True).clip(min=1e-300))
        tried = problem.at(effects[active] + move, active)
        is_better = tried.objective <= state.objective[active] + _NOISE
        better = active[is_better]
        effects[better] += move[is_better]
        state.take(better, tried, is_better)
        damping[active] = np.where(is_better, damping[active] / 10, damping[active] * 10).clip(1e-9, 1e9)
        is_settled[active] = (np.abs(move).max(axis=1) <= _STILL) | (damping[active] >= 1e9)
        if progress is not None:
            progress(int(is_settled.sum()), count)
    return MapFit(
        patients=tuple(subject.name for subject in subjects),
        names=problem.names,
        effects=effects,
        covariance=np.linalg.inv(state.hessian),
        objective=state.objective,
        predicted=tuple(row[: s.time_d.size] for row, s in zip(state.predicted, subjects, strict=True)),
        steps=steps,
        is_settled=is_settled & (damping < 1e9),
    )


@dataclass(slots=True)
class _State:
    """Objective, gradient and Hessian of some patients at their effects."""

    objective: Float[np.ndarray, " patients"]
    gradient: Float[np.ndarray, "patients effects"]
    hessian: Float[np.ndarray, "patients effects effects"]
    predicted: Float[np.ndarray, "patients levels"]

    def take(self, where: np.ndarray, other: _State, which: np.ndarray) -> None:
        """Some patients from another state."""
        for name in ("objective", "gradient", "hessian", "predicted"):
            getattr(self, name)[where] = getattr(other, name)[which]


class MapProblem:
    """The posterior density of many patients, ready to be looked at wherever a fit wants.

    Args:
        model: as for `fit_map`.
        subjects: as for `fit_map`.
        settings: as for `fit_map`.
    """

    def __init__(self, model: PkModel, subjects: Sequence[Subject], settings: FitSettings = _PLAIN) -> None:
        if not subjects or not all(subject.time_d.size for subject in subjects):
            raise ValueError("a fit needs patients, and each of them at least one level")
        self.subjects = tuple(subjects)
        self.settings = settings
        self.occasions = [
            measured_occasions(one) if settings.occasions else np.empty(0, dtype=int) for one in subjects
        ]
        self.parameters = effect_names(model)
        slots = max(mine.size for mine in self.occasions)
        self.moved = (*self.parameters, *(f"occasion {slot + 1}" for slot in range(slots)))
        self.names = (*self.moved, *(f"scale of {name}" for name, _ in settings.scales))
        self.error = residual_error(model)
        self.typical = typical_of(model, subjects)
        self.plan = aligned_plan(subjects, self.typical.lag_d, by_dose=slots > 0)
        self.covariance = np.zeros((len(self.names), len(self.names)))
        own = len(self.parameters)
        self.covariance[:own, :own] = effect_covariance(model)
        if settings.occasions is not None:
            at = np.arange(own, len(self.moved))
            self.covariance[at, at] = settings.occasions.log_sd**2
        for index, (_, cv) in enumerate(settings.scales, len(self.moved)):
            self.covariance[index, index] = np.log1p(cv**2)
        self.precision = np.linalg.inv(self.covariance)
        most = max(subject.time_d.size for subject in subjects)

        def padded(values: list[np.ndarray], fill: float) -> np.ndarray:
            whole = np.full((len(values), most), fill)
            for row, array in zip(whole, values, strict=True):
                row[: array.size] = array
            return whole

        self.measured = padded([subject.measured for subject in subjects], np.nan)
        self.is_below = padded([subject.is_below for subject in subjects], 0.0) > 0
        self.laboratory = padded([subject.laboratory for subject in subjects], -1.0).astype(int)
        self.is_occupancy = padded([subject.is_occupancy for subject in subjects], 0.0) > 0
        if self.is_occupancy.any() and settings.occupancy is None:
            raise ValueError("occupancies enter a fit only under a stated curve")

    def at(self, effects: Float[np.ndarray, "some effects"], where: np.ndarray) -> _State:
        """Objective and derivatives of some patients at their effects, by central differences in lanes.

        Args:
            effects: of these patients.
            where: their indices.
        """
        moved = len(self.moved)
        one, pairs = _SHIFT * np.eye(moved), list(combinations(range(moved), 2))
        both = np.array([one[i] + one[j] for i, j in pairs]).reshape(-1, moved)
        shifts = np.concatenate((np.zeros((1, moved)), one, -one, both))
        level = self.levels(effects[:, None, :moved] + shifts, where)
        predicted, by_level, by_level_twice = self.reading(
            level[:, 0], self.scale(effects, where), self.is_occupancy[where]
        )
        loss = self.loss(predicted, where)

        size = effects.shape[1]
        jacobian = np.zeros((len(where), size, predicted.shape[1]))
        second = np.zeros((len(where), size, size, predicted.shape[1]))
        up, down = level[:, 1 : moved + 1], level[:, moved + 1 : 2 * moved + 1]
        jacobian[:, :moved] = (up - down) / (2 * _SHIFT)
        for i in range(moved):
            second[:, i, i] = (up[:, i] - 2 * level[:, 0] + down[:, i]) / _SHIFT**2
        for lane, (i, j) in enumerate(pairs, 2 * moved + 1):
            cross = (level[:, lane] - up[:, i] - up[:, j] + level[:, 0]) / _SHIFT**2
            second[:, i, j] = second[:, j, i] = cross
        both_slopes = jacobian[:, :, None] * jacobian[:, None]
        second = second * by_level[:, None, None] + both_slopes * by_level_twice[:, None, None]
        jacobian = jacobian * by_level[:, None]
        for index in range(moved, size):  # the scale of a laboratory multiplies its predictions
            mine = self.laboratory[where] == index - moved
            jacobian[:, index] = np.where(mine, predicted, 0.0)
            second[:, index] = second[:, :, index] = np.where(mine[:, None], jacobian, 0.0)
        is_known = np.isfinite(self.measured[where])
        jacobian = np.where(is_known[:, None], jacobian, 0.0)
        second = np.where(is_known[:, None, None], second, 0.0)

        weighted = effects @ self.precision
        safe = np.einsum("pij,pj,pkj->pik", jacobian, loss.curvature, jacobian) + self.precision
        exact = np.einsum("pij,pj,pkj->pik", jacobian, loss.bend, jacobian) + self.precision
        exact += np.einsum("pikj,pj->pik", second, loss.slope)
        # far from the best place the exact one may promise far too much
        root = np.linalg.inv(np.linalg.cholesky(safe))
        is_positive = np.linalg.eigvalsh(root @ exact @ root.swapaxes(1, 2))[:, 0] > _LEAST
        return _State(
            objective=loss.value.sum(axis=1) + 0.5 * (weighted * effects).sum(axis=1),
            gradient=np.einsum("pij,pj->pi", jacobian, loss.slope) + weighted,
            hessian=np.where(is_positive[:, None, None], exact, safe),
            predicted=predicted,
        )

    def levels(
        self, effects: Float[np.ndarray, "some draws moved"], where: np.ndarray, accuracy: float = _ACCURACY
    ) -> Float[np.ndarray, "some draws levels"]:
        """The concentrations of some patients at their measurements, mg/L; NaN where there is none.

        Raises:
            ComputationError: a level cannot be computed; names the patient.
        """
        arrays = {
            name: array if (array := getattr(self.typical, name)).shape[0] == 1 else array[where]
            for name in PARAMETER_NAMES
        }
        chosen = [self.subjects[index] for index in where]
        change = tuple(one.change_d for one in chosen)
        mine = replace(self.typical, patients=tuple(one.name for one in chosen), change_d=change, **arrays)
        given = under_effects(mine, self.parameters, effects)
        if self.settings.occasions is not None:
            regimens = [one.regimen for one in chosen]
            factors = [self.by_dose(row, index) for row, index in zip(effects, where, strict=True)]
            given = by_occasion(given, self.settings.occasions.parameter, regimens, factors)
        found = self.plan.only(where).levels(given, accuracy=accuracy)
        failed = np.argwhere(found.status != 0)
        if failed.size:
            name = chosen[failed[0, 0]].name
            raise ComputationError(f"patient {name}: a level cannot be computed; check doses and weights")
        whole = np.full((len(chosen), effects.shape[1], self.measured.shape[1]), np.nan)
        for row, level in zip(whole, found.level, strict=True):
            row[:, : level.shape[1]] = level
        return whole

    def by_dose(
        self, effects: Float[np.ndarray, "draws effects"], index: int
    ) -> Float[np.ndarray, "draws doses"]:
        """The effect of one patient from each of his doses on; zero where nothing was measured."""
        factor = np.zeros((effects.shape[0], self.subjects[index].regimen.number))
        mine, own = self.occasions[index], len(self.parameters)
        factor[:, mine] = effects[:, own : own + mine.size]
        return factor

    def reading(
        self, level: np.ndarray, scale: np.ndarray, is_share: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is read of levels, mg/L or a fraction, and its two derivatives by the level; all arrays broadcast."""
        predicted, slope, bend = level * scale, scale, np.zeros_like(level)
        if self.settings.occupancy is not None:
            share, share_slope, share_bend = self.settings.occupancy.derivatives(level)
            predicted = np.where(is_share, share, predicted)
            slope, bend = np.where(is_share, share_slope, slope), np.where(is_share, share_bend, bend)
        return predicted, slope, bend

    def scale(self, effects: Float[np.ndarray, "some effects"], where: np.ndarray) -> np.ndarray:
        """What the laboratory of each measurement reports for 1 mg/L."""
        estimated = np.exp(effects[:, len(self.moved) :])
        known = np.ones((effects.shape[0], 1))
        table = np.concatenate((estimated, known), axis=1)  # the last one for laboratory -1
        return np.take_along_axis(table, self.laboratory[where] % table.shape[1], axis=1)

    def loss(self, predicted: np.ndarray, where: np.ndarray) -> Loss:
        """The loss of each measurement of some patients."""
        return self.loss_against(
            predicted, self.measured[where], self.is_below[where], self.is_occupancy[where]
        )

    def loss_against(
        self, predicted: np.ndarray, measured: np.ndarray, is_below: np.ndarray, is_occupancy: np.ndarray
    ) -> Loss:
        """The loss of measurements that are levels or occupancies; all arrays broadcast."""
        found = loss_of(predicted, measured, is_below, self.error)
        if self.settings.occupancy is None:
            return found
        error = ResidualError(0.0, self.settings.occupancy.sd)
        of_shares = loss_of(predicted, measured, np.zeros_like(is_below), error)
        parts = ("value", "slope", "bend", "curvature")
        return Loss(*(np.where(is_occupancy, getattr(of_shares, p), getattr(found, p)) for p in parts))


def aligned_plan(subjects: Sequence[Subject], lag_d: float, *, by_dose: bool = False) -> AlignedPlan:
    """The gaps of some patients between their doses and their measurements; parameters may change at each dose."""
    from wearoff.dosing.pk.aligned import AlignedPlan  # loads JAX, which the import of this module must not

    return AlignedPlan(
        [one.regimen for one in subjects],
        [one.time_d for one in subjects],
        lag_d,
        [changes_of(one.change_d, one.regimen) if by_dose else one.change_d for one in subjects],
    )
