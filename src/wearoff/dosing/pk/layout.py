"""One patient and a block of draws as arrays of fixed length, as the compiled code takes them.

Few lengths occur, so that little is compiled; what is padded costs memory and hardly any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.grid import Grid
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BLOCK = 256  # draws side by side


@dataclass(frozen=True, slots=True)
class Sizes:
    """Array lengths after padding; few of them occur, so little is compiled."""

    steps: int
    outputs: int
    segments: int
    draws: int


def sizes_for(grids: Sequence[Grid], parameters: Parameters) -> Sizes:
    """The lengths that hold every one of the grids."""
    _, draws, segments = parameters.shape
    return Sizes(
        steps=_bucket(max(grid.length_d.size for grid in grids), 4096, 4),
        outputs=_bucket(max(grid.outputs for grid in grids), 256),
        segments=_bucket(segments, 32),
        draws=min(_bucket(draws, 8) if draws <= 32 else -(-draws // 64) * 64, BLOCK),
    )


def unit_of(
    parameters: Parameters,
    grid: Grid,
    patient: int,
    start: int,
    sizes: Sizes,
    initial: Sequence[Float[np.ndarray, "rows draws"]] | None,
) -> dict[str, np.ndarray]:
    """One patient and one block of draws, padded, as the compiled code takes it."""
    cl, vc, vp, q, vmax, km, ka, f = values_of(parameters, patient, start, sizes).transpose(1, 0, 2)
    rates = np.stack([cl / vc, q / vc, q / vp, vmax, km * vc, ka, f, 1.0 / vc], axis=1)
    state = np.zeros((4, sizes.draws))
    if initial is not None:
        state[:3] = initial[patient][1:4][:, _chosen(parameters, start, sizes)]

    def padded(array: np.ndarray) -> np.ndarray:
        whole = np.zeros((sizes.steps, *array.shape[1:]), dtype=array.dtype)
        whole[: array.shape[0]] = array
        return whole

    return {
        "count": np.asarray(grid.length_d.size, dtype=np.int32),
        "events": padded(grid.events),
        "segment": padded(np.minimum(grid.segment, sizes.segments - 1)),
        "slot": padded(np.where(grid.slot < 0, sizes.outputs, grid.slot).astype(np.int32)),
        "rates": rates,
        "state": state,
    }


def values_of(
    parameters: Parameters, patient: int, start: int, sizes: Sizes
) -> Float[np.ndarray, "segments parameters draws"]:
    """The parameters of one patient and a block of draws in the order of `PARAMETER_NAMES`, padded."""
    chosen = _chosen(parameters, start, sizes)
    parts = []
    for name in PARAMETER_NAMES:
        array = getattr(parameters, name)
        mine = array[min(patient, array.shape[0] - 1)]
        mine = mine[chosen if mine.shape[0] > 1 else np.zeros_like(chosen)].T
        parts.append(np.pad(mine, ((0, sizes.segments - mine.shape[0]), (0, 0)), mode="edge"))
    return np.stack(parts, axis=1)


def _chosen(parameters: Parameters, start: int, sizes: Sizes) -> Int[np.ndarray, " draws"]:
    """The draws of a block, the last one repeated where there are no more."""
    return np.minimum(np.arange(start, start + sizes.draws), parameters.shape[1] - 1)


def idle(unit: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A unit without steps, to fill a chunk."""
    return {**unit, "count": np.asarray(0, dtype=np.int32)}


def _bucket(size: int, smallest: int, factor: int = 2) -> int:
    """The first of smallest, smallest x factor, ... that holds `size`."""
    bucket = smallest
    while bucket < size:
        bucket *= factor
    return bucket
