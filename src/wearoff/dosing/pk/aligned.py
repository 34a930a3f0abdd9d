"""Many patients with regimens of their own, side by side: the k-th gap of one beside the k-th gap of another.

Between two events of his own every patient takes the steps that his series allows (`adaptive.py`), so what is
aligned is the number of a gap and not its length: who has fewer waits at no cost. A fit evaluates thousands of
patients many times; this is how it does. `solve.py` gives the same levels one patient after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.adaptive import sweep
from wearoff.dosing.pk.grid import EVENTS, Grid, Pace, build_grid
from wearoff.dosing.pk.inputs import inputs_of
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.population import ahead, days_ahead
from wearoff.dosing.regimen import Regimen

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Int8

_LANES = (8, 64, 128, 256, 512, 2048)  # patients and draws side by side
_GAPS = 32
_ONE_GAP = Pace(
    fastest_per_d=1e-12,
    crossing_mg=np.inf,
    uptake_mg_per_d_per_mg=1.0,
    slowest_uptake_per_d=1.0,
    return_per_d=0.0,
)
_TOLERANCE = 0.5  # error of one step over the accuracy asked for
_KEPT = slice(EVENTS.index("kept_depot"), None)


@dataclass(frozen=True, slots=True, eq=False)
class AlignedLevels:
    """The levels of many patients at times of their own.

    Attributes:
        level: for each patient the concentration, mg/L, of shape draws, times.
        status: 0 for a draw that was solved; 1 where a value was not finite, 2 where more steps were needed
            than are allowed.
    """

    level: list[Float[np.ndarray, "draws times"]]
    status: Int8[np.ndarray, "patients draws"]


class AlignedPlan:
    """The gaps of many patients, made once and solved for as many parameters as a fit wants to try.

    Args:
        regimens: the doses of each patient.
        times_d: for each the times wanted, days, at least one; a time at a dose means just before it.
        lag_d: delay of uptake from the depot, days.
        change_d: for each the days from which the segments of his parameters hold; by default those of his doses.

    Raises:
        ValueError: the lists do not fit each other, or a time is not finite.
    """

    def __init__(
        self,
        regimens: Sequence[Regimen],
        times_d: Sequence[Float[np.ndarray, " times"]],
        lag_d: float,
        change_d: Sequence[Float[np.ndarray, " segments"]] | None = None,
    ) -> None:
        changes = [None] * len(regimens) if change_d is None else list(change_d)
        self.has_depot = any(bool(regimen.is_subcutaneous.any()) for regimen in regimens)
        self.grids: list[Grid] = []
        self.ahead: list[Float[np.ndarray, " gaps"]] = []
        for regimen, times, change in zip(regimens, times_d, changes, strict=True):
            grid = build_grid(inputs_of(regimen, lag_d, change), times, pace=_ONE_GAP, max_step_d=1e9)
            self.grids.append(grid)
            self.ahead.append(days_ahead(grid, regimen))

    def only(self, patients: Sequence[int] | Int[np.ndarray, " some"]) -> AlignedPlan:
        """The plan of some of the patients, by their indices."""
        part = copy(self)
        part.grids = [self.grids[index] for index in patients]
        part.ahead = [self.ahead[index] for index in patients]
        return part

    def levels(self, parameters: Parameters, *, accuracy: float = 1e-9) -> AlignedLevels:
        """The levels under some parameters.

        Args:
            parameters: of as many patients as the plan has, any number of draws.
            accuracy: largest relative error of a level above 0.001 mg/L, between 1e-10 and 1e-2.

        Raises:
            ValueError: the patients are not those of the plan, or the accuracy is out of reach.
        """
        patients, draws, _ = parameters.shape
        if patients != len(self.grids):
            raise ValueError(f"the plan has {len(self.grids)} patients, the parameters have {patients}")
        if not 1e-10 <= accuracy <= 1e-2:
            raise ValueError("accuracy must lie between 1e-10 and 1e-2")
        level = [np.empty((draws, grid.gather.size)) for grid in self.grids]
        status = np.empty((patients, draws), dtype=np.int8)
        blocks = list(self._blocks(draws))
        for (patient, draw), found in zip(
            blocks, ahead(lambda block: self._solved(parameters, *block, accuracy), blocks), strict=True
        ):
            ends, failed = found
            status[patient, draw] = failed
            for index in np.unique(patient):
                mine = np.flatnonzero(patient == index)
                grid = self.grids[index]
                at = np.flatnonzero(grid.slot >= 0)[grid.gather]
                level[index][draw[mine]] = ends[np.ix_(at, mine)].T
        return AlignedLevels(level, status)

    def _blocks(self, draws: int) -> Iterator[tuple[Int[np.ndarray, " lanes"], Int[np.ndarray, " lanes"]]]:
        """Patients of about as many gaps together, with all their draws, as pairs of indices."""
        order = np.argsort([grid.length_d.size for grid in self.grids], kind="stable")
        patient, draw = np.repeat(order, draws), np.tile(np.arange(draws), order.size)
        # few lanes are cut smaller, so that every core has some
        size = _LANES[-1] if patient.size > 2 * _LANES[-1] else _LANES[-2]
        for start in range(0, patient.size, size):
            block = slice(start, start + size)
            yield patient[block], draw[block]

    def _solved(
        self,
        parameters: Parameters,
        patient: Int[np.ndarray, " lanes"],
        draw: Int[np.ndarray, " lanes"],
        accuracy: float,
    ) -> tuple[Float[np.ndarray, "gaps lanes"], Int8[np.ndarray, " lanes"]]:
        """The level at the end of every gap of a block, and the status."""
        lanes, number = next(size for size in _LANES if size >= patient.size), patient.size
        patient, draw = (np.pad(index, (0, lanes - number), mode="edge") for index in (patient, draw))
        present, place = np.unique(patient, return_inverse=True)
        most = max(self.grids[index].length_d.size for index in present)
        gaps = -(-most // _GAPS) * _GAPS
        segments = parameters.shape[2]
        events, wait = np.zeros((present.size, gaps, len(EVENTS))), np.zeros((present.size, gaps))
        events[:, :, _KEPT] = 1.0
        segment = np.zeros((present.size, gaps), dtype=np.int32)
        for row, index in enumerate(present):
            grid = self.grids[index]
            events[row, : grid.length_d.size] = grid.events
            wait[row, : grid.length_d.size] = self.ahead[index]
            segment[row, : grid.length_d.size] = np.minimum(grid.segment, segments - 1)
        rows = np.empty((segments, len(PARAMETER_NAMES), lanes))
        for column, name in enumerate(PARAMETER_NAMES):
            array: np.ndarray = getattr(parameters, name)
            who = np.minimum(patient, array.shape[0] - 1), np.minimum(draw, array.shape[1] - 1)
            rows[:, column] = array[who].T
        block = {
            "parameters": rows,
            "state": np.zeros((3, lanes)),
            "events": events[place].transpose(1, 2, 0),
            "segment": segment[place].T,
            "ahead": wait[place].T,
            "tolerance": np.float64(_TOLERANCE * accuracy),
        }
        found = sweep(block, order=16 if accuracy < 1e-6 else 8, has_depot=self.has_depot)
        return np.asarray(found["level"])[:, :number], np.asarray(found["status"])[:number]
