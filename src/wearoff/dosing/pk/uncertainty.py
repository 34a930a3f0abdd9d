"""Draws of a model's own numbers from their published intervals: what is not known about the model.

Between-patient spread says how people differ; this says how well the model's typical values,
exponents and spreads are known. A number is drawn on the scale on which it may be normal, the
logarithm for what is positive, the number itself for an exponent. Each side of the interval has its
own width, z = (upper - value)/1.96 above and (value - lower)/1.96 below, so that the published value
stays the median and 95 % of the draws lie inside the published interval, however lopsided it is.

Numbers are drawn independently: the correlations of the estimates are not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.figures import Figure
from wearoff.dosing.pk.form import is_possible
from wearoff.dosing.streams import stream

if TYPE_CHECKING:
    from jaxtyping import Float

_Z = 1.959963984540054  # the 97.5 % point of the standard normal distribution
_LEVEL = "95 %"


@dataclass(frozen=True, slots=True)
class ModelDraws:
    """Draws of a model's numbers within their published uncertainty.

    Attributes:
        model: name of the model.
        digest: SHA-256 of its file.
        draws: number of draws.
        seed: the seed they were drawn with.
        values: draws by dotted name, such as `clearance.typical`; what is not in it keeps its value.
        redrawn: for each drawn number, how many draws fell outside physical bounds and were replaced.
        kept: the numbers that keep their value, and why.
    """

    model: str
    digest: str
    draws: int
    seed: int
    values: Mapping[str, Float[np.ndarray, " draws"]]
    redrawn: Mapping[str, int]
    kept: Mapping[str, str]

    @property
    def provenance(self) -> dict[str, str]:
        """The model, the random numbers and the count of replaced draws."""
        return {
            "model": self.model,
            "model_sha256": self.digest,
            "parameter_draws": str(self.draws),
            "parameter_seed": str(self.seed),
            "parameter_redrawn": str(sum(self.redrawn.values())),
        }

    def of(self, model: str, digest: str, draws: int) -> Mapping[str, Float[np.ndarray, " draws"]]:
        """The first draws by dotted name, for a model that has to be the one they were drawn for.

        Raises:
            ValueError: they belong to another model or another version of its file, or are too few.
        """
        if (self.model, self.digest) != (model, digest):
            raise ValueError(f"these parameter draws belong to another file of {self.model}, not to {model}")
        if self.draws < draws:
            raise ValueError(f"{draws} draws need as many parameter draws, not {self.draws}")
        return {key: values[:draws] for key, values in self.values.items()}


def draw_numbers(model: str, digest: str, figures: Mapping[str, Figure], draws: int, seed: int) -> ModelDraws:
    """Draws of every number that has a published 95 % interval; the others stay and are named.

    Args:
        model: name of the model; with the seed it keys the random numbers.
        digest: SHA-256 of its file.
        figures: the numbers by dotted name.
        draws: number of draws, at least 1.
        seed: the seed of the analysis.

    Raises:
        ValueError: fewer than one draw.
    """
    if draws < 1:
        raise ValueError("draws must be at least 1")
    values, redrawn, kept = {}, {}, {}
    for key, figure in figures.items():
        why = _why_kept(figure)
        if why is not None:
            kept[key] = why
            continue
        values[key], redrawn[key] = _drawn(model, key, figure, draws, seed)
        values[key].setflags(write=False)
    return ModelDraws(model, digest, draws, seed, values, redrawn, kept)


def _why_kept(figure: Figure) -> str | None:
    """Why a number is not drawn, or None when it is."""
    if figure.is_fixed:
        return "fixed by the authors"
    if figure.interval is None:
        return "no interval was published"
    if not (figure.interval_kind or "").startswith(_LEVEL):
        return f"its interval is not a {_LEVEL} interval"
    return None


def _drawn(
    model: str, key: str, figure: Figure, draws: int, seed: int
) -> tuple[Float[np.ndarray, " draws"], int]:
    """Possible draws of one number, in order, and how many impossible ones came before the last."""
    numbers = stream(seed, model, f"parameter-uncertainty:{key}")
    seen = np.empty(0)
    while True:
        seen = np.append(seen, scaled(key, figure, numbers.standard_normal(draws)))
        good = np.flatnonzero(is_possible(key, seen))
        if good.size >= draws:
            return seen[good[:draws]], int(good[draws - 1] + 1 - draws)


def scaled(key: str, figure: Figure, normal: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Standard normal numbers on the scale of one number, each side with its own width.

    Raises:
        ValueError: the number has no interval.
    """
    if figure.interval is None:
        raise ValueError(f"{key} has no interval")
    low, high = figure.interval
    # a positive number whose interval reaches zero has no logarithm there: drawn as it is
    is_logarithmic = low > 0 and not key.endswith("weight_exponent")
    change = np.log if is_logarithmic else np.asarray
    value, below, above = (float(change(number)) for number in (figure.value, low, high))
    width = np.where(normal < 0, value - below, above - value) / _Z
    drawn = value + width * normal
    return np.asarray(np.exp(drawn) if is_logarithmic else drawn)
